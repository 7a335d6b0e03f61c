"""What a run says when it ends."""

import pytest

from genboost.run.console import what_failed, where_the_results_are
from genboost.run.snakemake_internals import FailedJob, Job, Request

ASKED = Request("gpu", None, None, 1, 4000, 2, 1)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def failed(*jobs, on_cluster=False):
    return FailedJob("7", list(jobs), on_cluster, ASKED)


def test_nothing_is_said_without_failed_jobs_or_results():
    assert not list(what_failed([], []))
    assert not list(where_the_results_are("results/deck", {"results/deck/cells.csv"}))


def test_of_a_group_those_are_named_that_did_not_make_their_files(folder):
    (folder / "made").touch()
    (folder / "log").write_text("Traceback\nerror: no more:\n  of it\n")
    said = list(what_failed([failed(Job("a", ["made"], []), Job("b", ["lost"], ["log"]))], []))
    assert said == ["These jobs failed:", "  b: lost", "    log: error: no more:\n  of it"]


def test_a_job_is_named_also_where_there_are_old_files(folder):
    (folder / "old").touch()
    (folder / "log").touch()
    said = list(what_failed([failed(Job("a", ["old"], ["log"]))], []))
    assert said[1] == "  a: old"
    assert said[2].startswith("    log: is empty: the job was killed")


def test_three_files_are_named_and_the_rest_counted():
    said = list(what_failed([failed(Job("a", ["1", "2", "3", "4", "5"], []))], []))
    assert said[1] == "  a: 1 2 3 and 2 more"


@pytest.mark.parametrize(
    ("slurm", "why"),
    [
        (
            "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=5.batch.",
            "4000 MB of memory was too little",
        ),
        ("slurmstepd: error: Exceeded job memory limit", "4000 MB of memory was too little"),
        (
            "slurmstepd: error: *** JOB 5 ON n CANCELLED AT 1 DUE TO TIME LIMIT ***",
            "2 minutes was too short",
        ),
        ("slurmstepd: error: *** JOB 5 ON n CANCELLED AT 1 ***", None),
    ],
)
def test_why_slurm_ended_a_job_is_said(folder, slurm, why):
    (folder / "snakemake.log").write_text(
        "Job 7 has been submitted with SLURM jobid 5 (log: slurm.log).\n"
    )
    (folder / "slurm.log").write_text(slurm + "\n")
    said = list(what_failed([failed(Job("a", ["x"], []), on_cluster=True)], ["snakemake.log"]))
    assert said[2] == "    SLURM's log: slurm.log"
    advice = "give the step more (resources in config.yaml)"
    expected = f"    SLURM ended it: {why}; {advice}"
    assert said[3:] == ([expected] if why else [])


def test_a_job_that_never_got_to_slurm_is_said_with_what_it_asked_for(folder):
    (folder / "snakemake.log").touch()
    said = list(what_failed([failed(Job("a", ["x"], []), on_cluster=True)], ["snakemake.log"]))
    assert "SLURM refused a job with slurm_partition=gpu, gpu=1, mem_mb=4000, runtime=2" in said[-1]
