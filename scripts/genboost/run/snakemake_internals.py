"""What this workflow takes from Snakemake beyond its documentation: here and nowhere else.

Snakemake may change any of it without notice, so the Snakefile demands the version that is tested.
`workflow` is Snakemake's own object, which rules know by that name.
"""

import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from genboost.rerun import Judge
from genboost.run import deployment

LOCKS = Path(".snakemake/locks")
"""The folder of the files by which a run keeps others from the same outputs."""


@dataclass(frozen=True)
class Request:
    """What a job asks of a cluster, memory in megabytes and time in minutes."""

    slurm_partition: str | None
    slurm_account: str | None
    constraint: str | None
    gpu: int
    mem_mb: int
    runtime: int
    threads: int

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in asdict(self).items() if value)


@dataclass(frozen=True)
class Job:
    """A job, or one of those in a group: its rule, the files that it makes, and its logs."""

    rule: str
    files: list[str]
    logs: list[str]


@dataclass(frozen=True)
class FailedJob:
    """What failed for good: a job or a group, whether a cluster had it, what was asked for."""

    number: str
    jobs: list[Job]
    on_cluster: bool
    request: Request


def submits_to_slurm(workflow: Any) -> bool:
    """Say whether this process hands jobs to SLURM; known once jobs are about to start."""
    return workflow.is_main_process and workflow.executor_plugin.name == "slurm"


def is_module(workflow: Any) -> bool:
    """Say whether the rules that are being read are used by another Snakefile, as a module."""
    return not workflow.modifier.is_main_snakefile()


def config_is_passed(workflow: Any) -> bool:
    """Say whether a module has its configuration from the Snakefile that uses it."""
    return workflow.modifier.skip_configfile


def config_arguments(workflow: Any) -> list[str]:
    """Return what was given with ``--config``, as it was typed; nothing where a job is run."""
    given = workflow.config_settings.config_args
    return given if isinstance(given, list) else []


def is_prefixed(workflow: Any) -> bool:
    """Say whether the Snakefile that uses a module moves its files."""
    path = "results/cells.csv"
    return workflow.modifier.path_modifier.replace_prefix(path) != path


def show_to_containers(workflow: Any) -> None:
    """Have Apptainer show the project's folder to containers."""
    settings = workflow.deployment_settings
    settings.apptainer_args = deployment.visible_in_containers(settings.apptainer_args)


def is_for_a_cluster(workflow: Any) -> bool:
    """Say whether jobs are a cluster's: only for one is a number of nodes given."""
    return workflow.remote_exec or workflow.resource_settings.nodes is not None


def scatter_items(workflow: Any, name: str) -> int | None:
    """Return what ``--set-scatter`` gives for a name, if anything."""
    return workflow.resource_settings.overwrite_scatter.get(name)


def made(workflow: Any) -> set[str]:
    """Return the outputs that the run was asked for, directly or not."""
    return {path for job in workflow.dag.jobs for path in job.output}


def failed_jobs(workflow: Any, contents: Mapping[str, Iterable[str]]) -> Iterator[FailedJob]:
    """Yield the jobs that failed and are not tried again; none after an interruption.

    An output that stands for several files is replaced by these, its `contents`.
    """

    def files(job: Any) -> list[str]:
        return [file for path in job.output for file in contents.get(path, [path])]

    for failed in workflow.scheduler.failed:
        jobs = failed.jobs if failed.is_group() else [failed]
        yield FailedJob(
            str(failed.jobid),
            [Job(job.rule.name, files(job), list(job.log)) for job in jobs],
            not (workflow.local_exec or failed.is_local),
            _request(failed),
        )


def requests(workflow: Any) -> set[Request]:
    """Return what the jobs of a run ask for, each alone; known once jobs are about to start."""
    return {_request(job) for job in workflow.dag.needrun_jobs() if not job.is_local}


def _request(job: Any) -> Request:
    names = [field.name for field in fields(Request) if field.name != "threads"]
    return Request(**{name: job.resources.get(name) for name in names}, threads=job.threads)


def look_for_jobs_by_one_timer(workflow: Any) -> None:
    """Have Snakemake look for jobs to start by one timer at a time.

    To keep its limit of jobs per second it sets a timer whenever it looks, for another look a
    second later, and looks when a job ends, too. So after N jobs it would look N times a second for
    as long as jobs wait, and take a core from them; and a run would end a second late.
    """
    scheduler, is_set = workflow.scheduler, False

    def look() -> None:
        nonlocal is_set
        is_set = False
        scheduler._open_jobs.release()

    def set_timer(seconds: float) -> None:
        nonlocal is_set
        if not is_set:
            is_set = True
            timer = threading.Timer(seconds, look)
            timer.daemon = True
            timer.start()

    scheduler._schedule_reevalutation = set_timer


def judge_by(judge: Judge, workflow: Any) -> None:
    """Have Snakemake ask a judge what to run, for all rules here that have a request or an order.

    Where it would look for outputs that a killed run left incomplete, it gets all that are stale.
    Other rules, of a Snakefile that uses these as a module, are left to it.
    """
    from snakemake.dag import DAG

    rules = workflow.globals  # each use of a module has its own

    def is_ours(job: Any) -> bool:
        names = ("order", "measured", "request")
        return job.rule.module_globals is rules and any(map(job.params.get, names))

    incomplete, theirs = DAG.incomplete_files, DAG.check_incomplete

    async def incomplete_files(dag: Any) -> list[str]:
        ours = {path for job in dag.jobs if is_ours(job) for path in job.output}
        return [path for path in await incomplete(dag) if path not in ours]

    async def check_incomplete(dag: Any) -> None:
        dag.forcefiles.update(judge.stale([job for job in dag.jobs if is_ours(job)]))
        if text := judge.summary():
            print(text, file=sys.stderr)
        await theirs(dag)

    DAG.incomplete_files, DAG.check_incomplete = incomplete_files, check_incomplete
