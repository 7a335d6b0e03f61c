"""Asking SLURM beforehand whether it would run the jobs, which otherwise takes minutes to show."""

import subprocess
from collections.abc import Iterable, Iterator

from genboost.errors import UserError
from genboost.run.snakemake_internals import Request

OUT_OF_USE = ("down", "drain", "fail", "maint")
"""What the states of nodes begin with that start no job."""


def check(requests: Iterable[Request]) -> Iterator[str]:
    """Have SLURM judge what jobs ask for, without submitting one.

    Yields
    ------
    str
        Why jobs will wait: no node that could run them is in use.

    Raises
    ------
    UserError
        If SLURM does not answer, or would refuse a job.
    """
    listing = _run("sinfo", "--noheader", "--Node", "--format=%R|%N|%T|%E")
    if listing.returncode:
        raise UserError(
            f"SLURM does not answer here (sinfo: {listing.stderr.strip()}); "
            "run this on a login node, or without --profile slurm"
        )
    nodes = [line.split("|", 3) for line in listing.stdout.splitlines()]
    unusable = set()
    for request in requests:
        asked = _run("sbatch", "--test-only", *_options(request), "--wrap=true")
        if asked.returncode == 0:
            continue
        able = [node for node in nodes if request.slurm_partition in (None, node[0])]
        if not able or not all(state.startswith(OUT_OF_USE) for _, _, state, _ in able):
            raise UserError(
                f"SLURM would refuse a job with {request} ({_last_line(asked.stderr)}):"
                " see resources in config.yaml, and docs/cluster.md"
            )
        unusable.update(f"{name} is {state} ({reason})" for _, name, state, reason in able)
    if unusable:
        yield f"Jobs wait until SLURM has a node for them: {', '.join(sorted(unusable))}"


def _run(*command: str) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]}: not found")


def _options(request: Request) -> Iterator[str]:
    """Yield the options of sbatch, as Snakemake's executor plugin gives them."""
    names = {
        "slurm_partition": "partition",
        "slurm_account": "account",
        "constraint": "constraint",
        "mem_mb": "mem",
        "runtime": "time",
        "gpu": "gpus",
        "threads": "cpus-per-task",
    }
    for name, option in names.items():
        if value := getattr(request, name):
            yield f"--{option}={value}"


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[-1]
