"""The images, built for real from a local Debian, and the small study inside them.

Fetching Apptainer takes minutes; GENBOOST_CONTAINER_TEST names a folder to keep what was fetched.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import apptainer
import pytest
from checkouts import copy_parts

PINS = ("requirements.txt", "constraints.txt")
STEPS = ("data", "train", "report")
STUDY = {
    "data": {"source": "synthetic"},
    "model": {"hidden_layers": 1, "width": 4},
    "training": {"epochs": 3, "epochs_sam": 2},
    "grid": {
        "optimizer": ["sgd", "adam"],
        "learning_rate": [0.001],
        "weight_decay": [0],
        "sam_rho": ["none", 0.05],
        "seeds": 2,
    },
    "studies": {"grid": {"title": "The grid"}},
}


def run(folder: Path, *command, expect: int = 0, **environment: str) -> str:
    """Run a command in a folder and return what it prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == expect, done.stdout
    return done.stdout


def snakemake(folder: Path, *arguments: str, **options) -> str:
    program = Path(sys.executable).parent / "snakemake"
    return run(folder, program, "--cores", "2", *arguments, **options)


def copy(folder: Path) -> Path:
    return copy_parts(folder, STUDY, "Makefile", "containers", *PINS)


def results(folder: Path) -> dict[str, str]:
    """Return the records and tables, without the line that may differ from run to run."""
    files = [*(folder / "results/models").rglob("*.json"), *(folder / "results").glob("*/tables/*")]
    texts = {str(file.relative_to(folder)): file.read_text() for file in files}
    return {file: re.sub('^"run".*', "", text, flags=re.M) for file, text in texts.items()}


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    folder = Path(os.environ.get("GENBOOST_CONTAINER_TEST") or tmp_path_factory.mktemp("fetched"))
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def path(kept) -> str:
    """Return a PATH on which `apptainer` is found."""
    shutil.rmtree(kept / "bin", ignore_errors=True)
    try:
        return f"{apptainer.obtain(kept)}:{os.environ['PATH']}:/usr/sbin:/sbin"
    except apptainer.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    return copy(tmp_path_factory.mktemp("inside") / "checkout")


@pytest.fixture(scope="module")
def outside(tmp_path_factory, checkout) -> Path:
    """Return a copy in which the study ran without containers."""
    folder = tmp_path_factory.mktemp("outside") / "checkout"
    shutil.copytree(checkout, folder)
    snakemake(folder)
    return folder


@pytest.fixture(scope="module")
def built(checkout, kept, path) -> Path:
    """Return a copy with images, built by `make containers` from a local base."""
    try:
        base, options = apptainer.base(kept)
    except apptainer.Unavailable as reason:
        pytest.skip(str(reason))
    arguments = {"BOOTSTRAP": "localimage", "BASE": str(base), "PIP_OPTIONS": "", "TORCH": ""}
    options += [word for item in arguments.items() for word in ("--build-arg", "=".join(item))]
    options.append("--mksquashfs-args=-no-compression")  # which takes a core for minutes
    run(checkout, "make", "containers", f"BUILD_ARGS={' '.join(options)}", PATH=path)
    return checkout


@pytest.fixture(scope="module")
def inside(built, path) -> Path:
    """Return a copy in which the study ran in its images, without a network."""
    snakemake(built, "--sdm", "apptainer", PATH=path, UNSHARE="--net")
    return built


def test_an_image_that_has_not_been_built_is_one_message_with_the_command(outside):
    output = snakemake(outside, "--sdm", "apptainer", "--dry-run", expect=1)
    lines = [line for line in output.splitlines() if line.startswith("error: ")]
    images = ", ".join(f"containers/{step}.sif" for step in STEPS)
    assert lines == [f"error: {images} missing; build with: make containers"]
    assert "Traceback" not in output


def test_results_inside_are_those_outside(inside, outside):
    assert len(results(outside)) > 8
    assert results(inside) == results(outside)


def test_going_into_the_images_trains_nothing_again(built, outside, path, tmp_path):
    shutil.copytree(outside, tmp_path / "checkout")
    for step in STEPS:
        image = f"containers/{step}.sif"
        (tmp_path / "checkout" / image).symlink_to(built / image)
    output = snakemake(tmp_path / "checkout", "--sdm", "apptainer", "--dry-run", PATH=path)
    assert "Nothing to be done" in output


def test_training_inside_has_the_kernel_without_a_compiler(inside):
    engines = set()
    for record in (inside / "results/models").rglob("*.json"):
        engines |= set(re.findall('"engine": "(.*?)"', record.read_text()))
    assert all(engine.startswith("simd") for engine in engines)


@pytest.mark.parametrize("step", STEPS)
def test_images_are_read_only_and_hold_the_pinned_versions(built, path, step):
    image = f"containers/{step}.sif"
    command = ["apptainer", "exec", image, "/opt/venv/bin/python", "-c"]
    listing = (
        "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions()]"
    )
    installed = dict(
        line.split()
        for line in run(built, *command, listing, PATH=path).splitlines()
        if len(line.split()) == 2
    )
    pins = dict(
        re.findall(r"^([\w-]+)==(\S+)", (built / "constraints.txt").read_text(), flags=re.M)
    )
    pinned = {name: version for name, version in installed.items() if name in pins}
    assert len(pinned) > 3
    assert pinned == {name: pins[name] for name in pinned}
    write = "open('/opt/venv/x', 'w')"
    assert "Read-only" in run(built, *command, write, PATH=path, expect=1)
