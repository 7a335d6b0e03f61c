"""What people who wait for a run are told."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from genboost import progress

SCRIPTS = Path(progress.__file__).parents[1]
JOB = """
import sys
from genboost import progress
progress.EVERY = 0.0
here = progress.Progress("trained", int(sys.argv[1]))
for _ in range(int(sys.argv[1])):
    here.step()
"""


@pytest.fixture
def announced(tmp_path, monkeypatch):
    monkeypatch.setenv(progress.RUN, "")
    progress.announce(60, tmp_path / "trained")
    return tmp_path


def test_all_jobs_of_a_run_count_their_models_together(announced):
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", JOB, str(n)],
            env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in (10, 20, 30)
    ]
    said = [line for job in jobs for line in job.communicate()[1].splitlines()]
    assert all(line.split(" models")[0].endswith("of 60") for line in said)
    counts = [int(line.split()[1]) for line in said]
    assert max(counts) == 60
    assert len(set(counts)) == len(counts)
    (last,) = (line for line in said if line.startswith("trained 60 of 60 models in "))
    assert "to go" not in last
    assert all("s to go" in line for line in said if line != last)


def test_between_two_lines_of_a_run_no_job_speaks(announced, capsys):
    first, second = (progress.Progress("trained", 30) for _ in range(2))
    for _ in range(30):
        first.step()
        second.step()
    assert capsys.readouterr().err.count("\n") == 1  # the last


def test_time_is_counted_from_the_first_job(announced, capsys):
    progress.Progress("trained", 59)
    (began,) = announced.glob("*.began")
    os.utime(began, (began.stat().st_mtime - 100,) * 2)
    progress.Progress("trained", 1).step()
    assert re.match(
        r"trained 1 of 60 models in 100\.\d s, about 59\d\d s to go", capsys.readouterr().err
    )
    progress.announce(60, announced / "trained")
    progress.Progress("trained", 1).step()
    assert capsys.readouterr().err == ""


def test_a_job_that_knows_of_no_run_tells_of_itself(monkeypatch, capsys):
    monkeypatch.delenv(progress.RUN, raising=False)
    alone = progress.Progress("trained", 2, kept=1)
    alone.step()
    alone.step()
    assert capsys.readouterr().err.startswith("trained 2 of 2 models, 1 kept in ")


def test_a_run_on_another_disk_is_none_of_a_jobs(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(progress.RUN, f"60 {tmp_path}/elsewhere")
    progress.Progress("trained", 1).step()
    assert capsys.readouterr().err == ""
