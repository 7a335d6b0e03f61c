"""A job's process ends when its Snakemake does, and at no other time."""

import os
import signal
import subprocess
import sys

import pytest

from genboost import processes
from genboost.files import ROOT

pytestmark = pytest.mark.skipif(
    not hasattr(os, "pidfd_open") or not os.path.exists("/proc/self/ns/pid"),
    reason="processes are watched on Linux alone",
)

JOB = (
    "import sys, time; sys.path.insert(0, sys.argv[1]); from genboost import processes\n"
    "processes.end_with_snakemake()\n"
    "print('at work', flush=True)\n"
)
HANGING = f"{JOB}time.sleep(3600)\n"
SCRIPTS = str(ROOT / "scripts")


def started(announced):
    """Run a job that ends soon, and return what it says."""
    environment = {**os.environ, processes.SNAKEMAKE: announced}
    command = [sys.executable, "-c", JOB, SCRIPTS]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_a_job_ends_with_its_snakemake_through_the_shell_in_between():
    command = f'"{sys.executable}" -c "$0" "{SCRIPTS}" 2>&1 | cat; echo went on'
    snakemake = (
        "import subprocess, sys; sys.path.insert(0, sys.argv[1]); from genboost import processes\n"
        "processes.announce()\n"
        "subprocess.run(['sh', '-c', *sys.argv[2:]])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", snakemake, SCRIPTS, command, HANGING],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "at work\n"
    process.send_signal(signal.SIGKILL)
    assert process.communicate(timeout=300)[0] == "went on\n"  # what the shell says after the job


def test_a_job_does_not_begin_after_its_snakemake_has_ended(monkeypatch):
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); from genboost import processes\n"
        "processes.announce(); print(os.environ[processes.SNAKEMAKE])\n"
    )
    ended = subprocess.check_output([sys.executable, "-c", code, SCRIPTS], text=True).strip()
    done = started(ended)
    assert (done.returncode, done.stdout) == (1, "")


def test_a_process_that_got_the_number_of_an_ended_one_is_no_snakemake(monkeypatch):
    monkeypatch.setenv(processes.SNAKEMAKE, "")  # restored afterwards
    processes.announce()
    announced = os.environ[processes.SNAKEMAKE]
    assert started(announced).returncode == 0
    assert started(announced + "0").returncode == 1


@pytest.mark.parametrize("announced", ["", "pid:[1]/1/1"])
def test_a_job_of_no_snakemake_or_of_one_out_of_sight_goes_on(announced):
    assert started(announced).stdout == "at work\n"
