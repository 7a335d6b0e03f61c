"""A SLURM cluster for all tests, and copies of the checkout to run a small study in."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cluster as slurm
import pytest
from checkouts import CHECKOUT, SNAKEMAKE, Copy, copy_parts, heed_signals

SETTINGS = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "20")
NO_FIGURES = ("--omit-from", "figures")  # which take seconds, and are drawn alike everywhere

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
"""Eight models."""


@dataclass
class Workflow(Copy):
    """A copy in which Snakemake is run, on a cluster or not."""

    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start Snakemake."""
        return subprocess.Popen(
            [SNAKEMAKE, *arguments],
            cwd=self.folder,
            env={**self.environment, "GENBOOST_KERNEL_DIR": str(CHECKOUT / "build/kernel")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=heed_signals,
        )

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run Snakemake and return what it prints."""
        return finish(self.start(*arguments), expect)

    def submit(self, *arguments: str) -> subprocess.Popen:
        """Start Snakemake with the SLURM profile."""
        return self.start("--profile", "slurm", *SETTINGS, *arguments)

    def records(self) -> list[str]:
        """Return the paths of the records that are there."""
        paths = (self.folder / "results/models").rglob("*.json")
        return sorted(str(path.relative_to(self.folder)) for path in paths)

    def results(self) -> dict[str, str]:
        """Return the records and tables, without the line that may differ from run to run."""
        files = [*self.records(), "results/deck/cells.csv", "results/deck/tables/tables.md"]
        texts = {file: (self.folder / file).read_text() for file in files}
        return {file: re.sub('^"run".*', "", text, flags=re.M) for file, text in texts.items()}


def finish(process: subprocess.Popen, expect: int = 0) -> str:
    """Wait for Snakemake and return what it printed."""
    try:
        output, _ = process.communicate(timeout=slurm.LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        output = f"has not come to an end:\n{process.communicate()[0]}"
    assert process.returncode == expect, output
    return output


@pytest.fixture(scope="session")
def cluster(tmp_path_factory) -> Iterator[slurm.Cluster]:
    """Start a cluster; stop it when the tests are done."""
    if reason := slurm.missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("slurm")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # munged wants to be reached
    started = slurm.Cluster(folder)
    try:
        try:
            started.start()
        except (RuntimeError, TimeoutError) as error:
            pytest.skip(f"SLURM cannot be started here: {error}")
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Path:
    """Return a copy of what a run needs, with the small study as its configuration."""
    return copy_parts(tmp_path_factory.mktemp("original") / "checkout", STUDY, "containers")


@pytest.fixture(scope="session")
def local(tmp_path_factory, checkout) -> Workflow:
    """Return a copy in which the study has run without a cluster; for reading only."""
    workflow = Workflow(tmp_path_factory.mktemp("local") / "checkout", dict(os.environ))
    shutil.copytree(checkout, workflow.folder, symlinks=True)
    workflow.run("--cores", "2", *NO_FIGURES)
    assert len(workflow.records()) == 8
    return workflow


@pytest.fixture(scope="module")
def fresh(tmp_path_factory, checkout, cluster) -> Workflow:
    """Return a copy in which nothing has run."""
    workflow = Workflow(tmp_path_factory.mktemp("fresh") / "checkout", cluster.environment)
    shutil.copytree(checkout, workflow.folder, symlinks=True)
    return workflow


@pytest.fixture
def untrained(tmp_path, local, cluster) -> Workflow:
    """Return a copy in which all has run and the records were then deleted."""
    shutil.copytree(local.folder, tmp_path / "checkout", symlinks=True)
    shutil.rmtree(tmp_path / "checkout/results/models")
    return Workflow(tmp_path / "checkout", cluster.environment)
