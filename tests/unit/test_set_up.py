"""First steps: what `make` says while it sets up, and README's way without `make`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

PYTHON = """\
#!/bin/sh
# Python as Debian has it without the package python3-venv, or one whose venv breaks off.
case "$2" in
    "import ensurepip") {ensurepip} ;;
    venv) mkdir -p .venv/bin && ln -sf "$0" .venv/bin/python; exit {venv} ;;
    pip) exit ;;
    *) exec {python} "$@" ;;
esac
"""


@pytest.fixture
def make(tmp_path):
    """Return a function that runs `make setup` with some Python in a folder of its own."""
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    for name in ("requirements.txt", "constraints.txt"):
        (tmp_path / name).touch()

    def run(python: str) -> subprocess.CompletedProcess:
        (tmp_path / "python").write_text(python)
        (tmp_path / "python").chmod(0o755)
        command = ["make", "setup", f"PYTHON={tmp_path / 'python'}"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return run


def test_the_package_that_is_missing_is_named(make, tmp_path):
    done = make(PYTHON.format(ensurepip="exit 1", venv=1, python=sys.executable))
    assert done.returncode
    assert "apt install python3-venv" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_an_environment_that_is_not_whole_is_made_again(make, tmp_path):
    for _ in range(2):
        done = make(PYTHON.format(ensurepip="exit 0", venv=1, python=sys.executable))
        assert done.returncode
        assert "-m venv .venv" in done.stdout
        assert not (tmp_path / ".venv/bin/python").is_symlink()


def test_a_long_silence_is_announced(make):
    done = make(PYTHON.format(ensurepip="exit 0", venv=0, python="true"))
    assert done.returncode == 0, done.stderr
    announced = done.stdout.index("this takes minutes and prints nothing")
    assert announced < done.stdout.index("pip install --quiet")


@pytest.mark.skipif(
    not os.path.exists(f"{sys.prefix}/bin/activate"), reason="no virtual environment runs this test"
)
def test_the_readmes_first_snakemake_command_is_found(tmp_path):
    """In a new shell, in a folder whose environment is set up."""
    blocks = re.findall(r"^```\n(.*?)^```$", (CHECKOUT / "README.md").read_text(), re.M | re.S)
    before, _, _ = next(text for text in blocks if "\nsnakemake " in f"\n{text}").partition(
        "snakemake "
    )
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "first.sh").write_text(f"set -e\n{before}command -v snakemake\n")
    environment = {"PATH": "/usr/bin:/bin"}
    command = ["bash", "first.sh"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert os.path.samefile(done.stdout.strip(), f"{sys.prefix}/bin/snakemake")


def test_the_readme_names_the_profiles_that_there_are():
    """For whoever mistypes one: Snakemake does not list them."""
    (line,) = re.findall(r"^- \*\"no profile\.yaml.*$", (CHECKOUT / "README.md").read_text(), re.M)
    there = {path.parent.name for path in (CHECKOUT / "profiles").glob("*/*.yaml")} - {"default"}
    assert {*re.findall(r"`(\w+)`", line)} == there
