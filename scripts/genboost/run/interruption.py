"""Ctrl-C: the first ends a run in order, the next at once."""

import os
import signal
from types import FrameType


def heed() -> None:
    """Let the first interruption of this process be Snakemake's, and have the next one end it.

    Snakemake waits for its jobs after the first, and meets another one with tracebacks.
    """
    signal.signal(signal.SIGINT, _first)


def _first(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, _next)
    signal.default_int_handler(number, frame)


def _next(number: int, frame: FrameType | None) -> None:
    os.write(2, b"\nInterrupted again: ended at once. Run the same command to go on.\n")
    os._exit(128 + number)  # the jobs on this machine see that and end, too
