"""Starting again after a run that was killed, without `snakemake --unlock`.

Snakemake locks a folder's outputs with files, which a killed run leaves behind. The system keeps a
lock of another kind only as long as the process lives. Whoever gets that one knows that no other
run is at work, so that files which say otherwise are a dead one's. On some network file systems
such a lock is seen by a single host. So the hosts of runs are written down, and files that may be
another host's are left to people.
"""

import fcntl
import platform
import shutil
import sys
from pathlib import Path
from typing import IO

from genboost.run.snakemake_internals import LOCKS


def hold(dry_run: bool, locks: Path = LOCKS) -> IO[str] | None:
    """Delete Snakemake's locks of a run that was killed, if that is safe; if not, say what to do.

    Parameters
    ----------
    dry_run
        Whether the caller is a dry run, which locks nothing itself.
    locks
        The folder of Snakemake's locks.

    Returns
    -------
    file or None
        Keeps the locks of this run from being deleted until it is closed or the process ends; None
        for a dry run, and where it cannot be written.
    """
    try:
        locks.parent.mkdir(exist_ok=True)
        file = open(locks.parent / "hosts", "a+")  # noqa: SIM115 - is kept
    except OSError:  # another user's
        return None
    alone = _is_given(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    file.seek(0)
    hosts = set(file.read().splitlines())
    here = platform.node()
    left = list(locks.glob("*.lock"))
    if alone and left and hosts == {here}:
        shutil.rmtree(locks)  # as --unlock does
        left = []
    elif alone and left:
        print(
            f"A run on {', '.join(sorted(hosts)) or 'another machine'} has locked this folder."
            " If that run has ended, which cannot be seen from here: snakemake --unlock",
            file=sys.stderr,
        )
    if dry_run:
        file.close()
        return None
    if alone and not left:
        file.truncate(0)
        hosts = set()
    if here not in hosts and not (alone and left):
        print(here, file=file, flush=True)
    _is_given(file, fcntl.LOCK_SH)
    return file


def _is_given(file: IO[str], kind: int) -> bool:
    """Ask the system for a lock and say whether it was given."""
    try:
        fcntl.flock(file, kind)
    except OSError:  # another has it, or the file system has no locks
        return False
    return True
