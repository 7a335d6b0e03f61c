"""The processes of a run: none outlives the Snakemake that started it."""

import os
import select
import threading
from pathlib import Path

SNAKEMAKE = "GENBOOST_SNAKEMAKE"
"""The environment variable by which a job knows its Snakemake: the namespace in which processes
are numbered, the process and the time when it started, since numbers are used again."""


def announce() -> None:
    """Have the jobs that this process starts know it."""
    os.environ[SNAKEMAKE] = _identity(os.getpid())


def end_with_snakemake() -> None:
    """End this process as soon as the Snakemake whose job it is has ended, however that happens.

    A signal at the end of the parent, which the system can send, would not do: that is the shell in
    between, which goes on. Nothing is watched outside Linux, nor from another namespace.
    """
    announced = os.environ.get(SNAKEMAKE, "")
    try:
        if not announced.startswith(f"{_namespace()}/"):
            return
        number = int(announced.split("/")[1])
        handle = os.pidfd_open(number)
    except ProcessLookupError:
        os._exit(1)
    except (AttributeError, OSError):  # not Linux, or too old a Linux
        return
    if _identity(number) != announced:
        os._exit(1)
    threading.Thread(target=_end_after, args=[handle], daemon=True).start()


def _end_after(handle: int) -> None:
    select.select([handle], [], [])
    os._exit(1)  # not by a signal, of which the shell would speak


def _namespace() -> str:
    return os.readlink("/proc/self/ns/pid")


def _identity(number: int) -> str:
    """Name a process as no other is named; return an empty text if that cannot be done."""
    try:
        # The command's name, in parentheses, may have any character.
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return f"{_namespace()}/{number}/{fields[19]}"
    except OSError:
        return ""
