"""How far a job with many models is, for people who wait for it."""

import sys
import time

EVERY = 10.0  # seconds


class Progress:
    """Prints a line every ten seconds, and one at the end, where there is more than one model.

    Parameters
    ----------
    verb : str
        What is done to the models: ``trained``.
    total, kept : int
        Models to do, and those that were done already.
    """

    def __init__(self, verb: str, total: int, kept: int = 0):
        self.verb, self.total, self.kept = verb, total, kept
        self.done = 0
        self.started = self.reported = time.monotonic()

    def step(self) -> None:
        """Count one model as done."""
        self.done += 1
        now = time.monotonic()
        last = self.done == self.total
        if self.total < 2 or (now - self.reported <= EVERY and not last):
            return
        self.reported = now
        took = now - self.started
        left = took / self.done * (self.total - self.done)
        print(
            f"{self.verb} {self.done} of {self.total} models"
            + (f", {self.kept} kept" if self.kept else "")
            + f" in {took:.1f} s"
            + ("" if last else f", {left:.0f} s to go"),
            file=sys.stderr,
            flush=True,
        )
