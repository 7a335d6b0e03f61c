"""What a run prints when it ends; texts that other rooms make stay there."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from genboost.run.snakemake_internals import FailedJob, Job, Request

INDEX = "results/index.html"
NAMED = 3  # files of a job
NOTHING = "is empty: the job was killed, perhaps for lack of memory"


def say(lines: Iterable[str]) -> None:
    """Print lines to where Snakemake prints its own."""
    for line in lines:
        print(line, file=sys.stderr)


def where_the_results_are(folder: str, made: set[str]) -> Iterator[str]:
    """Say where the results are that a run made in its own folder, and which cells are best."""
    if (summary := f"{folder}/tables/summary.txt") in made:
        tables = f"{folder}/tables/tables.md"
        yield f"Tables: {tables} and tables.tex; also ranking.csv and deck.md there"
        yield Path(summary).read_text()
    if (verdicts := f"{folder}/statistics/verdicts.txt") in made:
        yield Path(verdicts).read_text()
    if (page := f"{folder}/report/index.html") in made:
        yield f"Everything on one page: {page}"
    if INDEX in made:
        yield f"Index of all reports: {INDEX}"


def what_failed(jobs: Iterable[FailedJob], snakemake_logs: Iterable[str]) -> Iterator[str]:
    """Name every job that failed for good, its log's error, and where SLURM's log is."""
    submitted = r"Job (\S+) has been submitted .*\(log: (.*)\)"
    text = "".join(Path(log).read_text() for log in snakemake_logs)
    slurm_logs = dict(re.findall(submitted, text))
    jobs = list(jobs)
    if jobs:
        yield "These jobs failed:"
    for failed in jobs:
        for job in failed.jobs:
            wanting = [path for path in job.files if not os.path.exists(path)]
            if not wanting and len(failed.jobs) == 1:  # there are old ones
                wanting = job.files
            if wanting:
                yield from _wanting(job, wanting)
        if failed.number in slurm_logs:
            path = slurm_logs[failed.number]
            yield f"    SLURM's log: {path}"
            yield from _why_slurm_ended(path, failed.request)
        elif failed.on_cluster:
            yield (
                f"    SLURM refused a job with {failed.request}:"
                " see resources in config.yaml, and docs/cluster.md"
            )


def _wanting(job: Job, files: list[str]) -> Iterator[str]:
    """Name a job's files that are wanting, and the last error in each of its logs."""
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    yield f"  {job.rule}: {' '.join(files[:NAMED])}{more}"
    for path in filter(os.path.exists, job.logs):
        yield f"    {path}: {_last_error(Path(path).read_text()) or NOTHING}"


def _why_slurm_ended(log: str, request: Request) -> Iterator[str]:
    """Say whether SLURM ended a job for lack of memory or time, according to its log."""
    text = Path(log).read_text() if os.path.exists(log) else ""
    advice = "give the step more (resources in config.yaml)"
    if re.search(r"memory limit|oom.?kill|out of memory", text, flags=re.IGNORECASE):
        yield f"    SLURM ended it: {request.mem_mb} MB of memory was too little; {advice}"
    elif "DUE TO TIME LIMIT" in text:
        yield f"    SLURM ended it: {request.runtime} minutes was too short; {advice}"


def _last_error(log: str) -> str:
    """Return the last of a log's error messages, or else its last line."""
    said = re.split(r"^(?=error: )", log.strip(), flags=re.MULTILINE)[1:]
    return said[-1] if said else log.strip().rpartition("\n")[-1]
