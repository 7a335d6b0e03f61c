"""Real Snakemake runs, in copies of the checkout."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import yaml

from genboost.code_digest import KEPT

CHECKOUT = Path(__file__).parents[1]
SNAKEMAKE = Path(sys.executable).parent / "snakemake"
PARTS = (
    "Snakefile",
    "workflow",
    "scripts",
    "profiles",
    "fused",
    "slurm",
    "envs",
    "paper",
    "CITATION.cff",
)

SMALL = {
    "data": {"source": "synthetic"},
    "model": {"hidden_layers": 1, "width": 4},
    "training": {"epochs": 3, "epochs_sam": 2, "t_max": 2},
    "grid": {
        "optimizer": ["sgd", "adam"],
        "learning_rate": [0.001, 0.01],
        "weight_decay": [0, 0.01],
        "sam_rho": ["none", 0.05],
        "seeds": 2,
    },
    "studies": {
        "grid": {"title": "The grid"},
        "second": {
            "title": "Longer",
            "training": {"epochs_sam": 3},
            "grid": {"optimizer": ["adam"], "sam_rho": ["none", 0.05]},
        },
    },
    "figures": {"measures": []},
    "execution": {"packs": 2},
}
"""16 cells and, of the second study's 8, 4 that are not in the first: 20 cells, 40 models."""


TRAINED = "--omit-from", "baselines", "aggregate"
"""Options of a run of which only the models count."""

SEVEN = {
    "split_seed": [0, 1],
    "width": [3, 5],
    "activation": ["relu", "tanh"],
    "batch_size": [64, 256],
    "optimizer": ["sgd", "adam"],
    "sam_rho": ["none", 0.05],
    "learning_rate": [0.001, 0.01],
    "weight_decay": 0,
    "epochs": 2,
    "seeds": 1,
}
"""A grid over seven axes, of two values each."""


@dataclass
class Copy:
    """A copy of the checkout, to configure."""

    folder: Path

    def configure(self, **sections) -> None:
        """Set keys of some sections of config.yaml."""
        path = self.folder / "config.yaml"
        config = yaml.safe_load(path.read_text())
        for section, values in sections.items():
            config.setdefault(section, {}).update(values)
        path.write_text(yaml.safe_dump(config))


def heed_signals() -> None:
    """Take the signals that a process ignores if its parent was started by nohup or ``&``."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


@dataclass
class Workflow(Copy):
    """A copy in which Snakemake is run on this machine.

    Figures and the report, which take seconds and have tests of their own, are made on demand.
    """

    figures: bool = False

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        """Run Snakemake, as a fork of a process that has imported it."""
        done = _forked(self._arguments(arguments), self.folder, self._environment())
        if check and done.returncode:
            raise AssertionError(f"{done.args} failed:\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start Snakemake in a process group of its own."""
        return subprocess.Popen(
            [SNAKEMAKE, *self._arguments(arguments)],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heed_signals,
        )

    def _arguments(self, more: tuple[str, ...]) -> list[str]:
        omitted = () if self.figures else ("--omit-from", "figures")
        return ["--cores", "2", *omitted, *more]

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"GENBOOST_KERNEL_DIR": str(CHECKOUT / "build/kernel"), **os.environ}

    def start_and_wait(self, *arguments: str, records: int) -> subprocess.Popen:
        """Start Snakemake and return when it has written some records."""
        process = self.start(*arguments)
        while len(self.records()) < records:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        return process

    def planned(self, *arguments: str) -> Counter:
        """Return the jobs that a dry run lists, by rule; packs count as ``train_pack``."""
        output = self.run("--dry-run", *arguments).stdout
        if "Nothing to be done" in output:
            return Counter()
        table = output.split("Job stats:")[1].split("total")[0]
        jobs = Counter()
        for rule, count in re.findall(r"^(\w+?)(?:_\d+)?\s+(\d+)$", table, flags=re.MULTILINE):
            if rule != "all":
                jobs[rule] += int(count)
        return jobs

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text, which must be there, in a file of the copy."""
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def records(self) -> dict[str, Path]:
        """Return the records by their paths below the copy."""
        paths = sorted((self.folder / "results/models").rglob("*.json"))
        return {str(path.relative_to(self.folder)): path for path in paths}

    def inodes(self) -> dict[str, int]:
        """Return what differs between a rewritten record and a kept one."""
        return {name: path.stat().st_ino for name, path in self.records().items()}

    def results(self) -> dict[str, str]:
        """Return the records' texts without the line that may differ from run to run."""
        return {
            name: "".join(
                line for line in path.read_text().splitlines(True) if not line.startswith('"run"')
            )
            for name, path in self.records().items()
        }


@cache
def _server() -> subprocess.Popen:
    """Start what Snakemake's runs are forked from; it ends with this process, and its input."""
    return subprocess.Popen(
        [sys.executable, Path(__file__).with_name("forked_snakemake.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_signals,
    )


def _forked(
    arguments: list[str], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess:
    """Run Snakemake as a fork of the server."""
    with TemporaryDirectory() as place:
        said = [Path(place, name) for name in ("stdout", "stderr")]
        run = {
            "arguments": arguments,
            "folder": str(folder),
            "environment": environment,
            "said": [*map(str, said)],
        }
        print(json.dumps(run), file=_server().stdin, flush=True)
        status = int(_server().stdout.readline())
        return subprocess.CompletedProcess(
            [SNAKEMAKE, *arguments], status, *(path.read_text() for path in said)
        )


def kill(process: subprocess.Popen) -> None:
    """Kill all of a process group at once, and return when nothing of it is at work any more."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    while any(_is_at_work(other, process.pid) for other in psutil.process_iter()):
        time.sleep(0.01)


def _is_at_work(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def at_work(folder: Path) -> list[str]:
    """Return the command lines of the processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd() == str(folder):
                found.append(" ".join(process.cmdline()))
    return found


def wait_until_none_is_at_work(folder: Path) -> None:
    """Return when no process works in a folder any more."""
    while at_work(folder):
        time.sleep(0.01)


def copy_parts(folder: Path, study: dict, *more: str) -> Path:
    """Copy what a run needs, and more parts of the checkout, with a study as its configuration."""
    folder.mkdir()
    for name in (*PARTS, *more):
        source = CHECKOUT / name
        if source.is_symlink():
            (folder / name).symlink_to(os.readlink(source))
        elif source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("*.sif"))
        else:
            shutil.copy2(source, folder / name)
    if (CHECKOUT / KEPT).exists():  # without them, a second is lost
        (folder / KEPT).parent.mkdir()
        shutil.copy2(CHECKOUT / KEPT, folder / KEPT)
    (folder / "config.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    return folder


def copy_checkout(folder: Path) -> Workflow:
    """Copy what a run needs, with the small study as its configuration."""
    return Workflow(copy_parts(folder, SMALL))
