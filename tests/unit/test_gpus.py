"""Jobs on one machine spread over its GPUs."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
JOB = """
import os, sys
from genboost.train.engines import gpus
claim = gpus.claim(int(sys.argv[1]))
print(os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Set up a machine on which nvidia-smi lists two GPUs, and return a way to start jobs."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho GPU-a; echo GPU-b\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(SCRIPTS))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    jobs = []

    def start(count: int = 1) -> tuple[subprocess.Popen, str]:
        job = subprocess.Popen(
            [sys.executable, "-c", JOB, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        jobs.append(job)
        return job, job.stdout.readline().strip()

    yield start
    for job in jobs:
        job.communicate()


def test_jobs_spread_evenly_and_beyond_the_number_of_gpus(machine):
    assert [machine()[1] for _ in range(5)] == ["GPU-a", "GPU-b"] * 2 + ["GPU-a"]


@pytest.mark.parametrize("end", [subprocess.Popen.communicate, subprocess.Popen.kill])
def test_the_gpu_of_a_job_that_ended_or_was_killed_is_free(machine, end):
    machine()
    second, gpu = machine()
    assert gpu == "GPU-b"
    end(second)
    second.wait()
    assert machine()[1] == "GPU-b"


def test_a_job_stays_on_what_it_was_given(machine, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert [machine()[1] for _ in range(2)] == ["3", "3"]


def test_no_gpu_is_left_to_a_job_that_wants_none(machine, monkeypatch):
    assert machine(count=0)[1] == ""


def test_nothing_changes_without_gpus(machine, tmp_path):
    (tmp_path / "nvidia-smi").unlink()
    assert machine()[1] == "None"
