"""Sharing a machine's GPUs among the training jobs that run on it."""

import fcntl
import itertools
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

VISIBLE = "CUDA_VISIBLE_DEVICES"


def claim(count: int) -> IO[str] | None:
    """Restrict this process to the GPU that the fewest jobs have claimed, or to none.

    The GPUs are those given to the job, as by SLURM, or all of the machine's. The claim is a lock
    on a file, which the system releases however the process ends. If there are more jobs than GPUs,
    they share them evenly.

    Parameters
    ----------
    count
        0 to train without a GPU, 1 to use one if there is one.

    Returns
    -------
    file or None
        Holds the claim while it is open; None if there is no GPU to claim.
    """
    if count == 0:
        os.environ[VISIBLE] = ""
        return None
    gpus = visible()
    if not gpus:
        return None
    folder = Path(tempfile.gettempdir()) / f"genboost-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for place in itertools.count():
        for gpu in gpus:
            file = open(folder / f"{gpu.replace('/', '_')}.{place}", "w")  # noqa: SIM115 - kept open
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            os.environ[VISIBLE] = gpu
            return file
    raise AssertionError


def visible() -> list[str]:
    """Return the names of the GPUs that this process may use."""
    if not shutil.which("nvidia-smi"):
        return []
    if (given := os.environ.get(VISIBLE)) is not None:
        return [gpu for gpu in given.split(",") if gpu not in ("", "-1", "NoDevFiles")]
    import subprocess  # a fortieth of a small job's time

    command = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    listing = subprocess.run(command, capture_output=True, text=True)
    return listing.stdout.split() if listing.returncode == 0 else []
