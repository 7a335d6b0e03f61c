"""How far a run is, for people who wait for it."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

EVERY = 10.0  # seconds
RUN = "GENBOOST_RUN"
"""The environment variable by which a job knows how many models its run trains in all, and the file
that gets a byte for each model as soon as it is trained."""
TRAINED = Path(".snakemake/models_trained")


def announce(total: int, file: Path = TRAINED) -> None:
    """Have the jobs that this process starts tell of the whole run, not of their own models."""
    file.write_bytes(b"")
    _began(file).unlink(missing_ok=True)
    os.environ[RUN] = f"{total} {file}"


def _began(file: Path) -> Path:
    """Return the file that is as old as a run's training: the first job makes it."""
    return file.with_suffix(".began")


@dataclass
class Run:
    """All jobs of a run that train models: however many work at once, they count together."""

    total: int
    started: float
    file: Path

    @classmethod
    def announced(cls) -> "Run | None":
        """Return the run of which this process is a job; None if it is none, or on another disk."""
        total, _, name = os.environ.get(RUN, "").partition(" ")
        if not os.path.isfile(name):
            return None
        began = _began(file := Path(name))
        if not began.exists():
            began.touch()
        return cls(int(total), began.stat().st_mtime, file)

    def step(self) -> int:
        """Count one model as done; return how many are."""
        with self.file.open("ab", buffering=0) as counted:
            counted.write(b".")
            return counted.tell()

    def is_silent(self) -> bool:
        """Say whether it is the asking job's turn to report, as no job has for a while."""
        said = self.file.with_suffix(".said")
        last = said.stat().st_mtime if said.exists() else 0.0
        if time.time() - max(last, self.started) <= EVERY:
            return False
        said.touch()
        return True


class Progress:
    """Prints a line every ten seconds, and one at the end, where there is more than one model.

    Jobs of a run that was announced count its trained models together, and one of them speaks.

    Parameters
    ----------
    verb : str
        What is done to the models: ``trained``.
    total, kept : int
        Models to do, and models already done.
    """

    def __init__(self, verb: str, total: int, kept: int = 0):
        self.verb, self.total, self.kept = verb, total, kept
        self.done = 0
        self.started = self.reported = time.monotonic()
        self.run = Run.announced() if verb == "trained" else None

    def step(self) -> None:
        """Count one model as done."""
        if self.run:
            done = self.run.step()
            if done == self.run.total or self.run.is_silent():
                self._say(done, self.run.total, time.time() - self.run.started)
            return
        self.done += 1
        now = time.monotonic()
        if self.total > 1 and (now - self.reported > EVERY or self.done == self.total):
            self.reported = now
            self._say(self.done, self.total, now - self.started, self.kept)

    def _say(self, done: int, total: int, took: float, kept: int = 0) -> None:
        left = took / done * (total - done)
        print(
            f"{self.verb} {done} of {total} models"
            + (f", {kept} kept" if kept else "")
            + f" in {took:.1f} s"
            + ("" if done >= total else f", about {left:.0f} s to go"),
            file=sys.stderr,
            flush=True,
        )
