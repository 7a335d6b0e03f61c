"""Runs that are interrupted or killed: what is left of them, and how the next one starts."""

import signal

import pytest
from checkouts import TRAINED, at_work, kill, wait_until_none_is_at_work

FUSED = (*TRAINED, "--profile", "fused", "--set-scatter", "packs=1")


def hang(workflow):
    """Have training stop, but not end, after a job's first record; return what mends that."""
    written = "        write_atomically(path, text)\n"
    stop = "        __import__('time').sleep(3600)\n"
    workflow.edit("scripts/train.py", written, written + stop)
    return lambda: workflow.edit("scripts/train.py", stop, "")


@pytest.fixture
def hanging(fresh):
    """Return a run that hangs after its first record, its copy, and what mends that."""
    mend = hang(fresh)
    run = fresh.start_and_wait(*FUSED, records=1)
    yield run, fresh, mend
    if run.poll() is None:
        kill(run)


@pytest.mark.parametrize(
    ("mode", "number"),
    [(TRAINED, signal.SIGKILL), (FUSED, signal.SIGHUP), (FUSED, signal.SIGQUIT)],
    ids=["single", "fused, lost login", "fused, Ctrl-backslash"],
)
def test_no_process_outlives_snakemake_and_the_next_run_goes_on(fresh, finished, mode, number):
    mend = hang(fresh)
    run = fresh.start_and_wait(*mode, records=1)
    assert any("train.py" in command for command in at_work(fresh.folder))
    run.send_signal(number)  # for Snakemake alone
    run.communicate()
    wait_until_none_is_at_work(fresh.folder)
    assert not list((fresh.folder / "results").rglob(".*"))  # no temporary files
    mend()
    fresh.run(*mode)
    assert fresh.results() == finished.results()


def test_the_next_interruption_ends_a_run_at_once_with_one_line(hanging, finished):
    run, copy, mend = hanging
    said = []
    run.send_signal(signal.SIGINT)  # not for its jobs, which would end: so it waits for them
    for line in run.stderr:
        said.append(line)
        if "Terminating processes" in line:
            break
    run.send_signal(signal.SIGINT)
    said += run.communicate()[1].splitlines(True)
    assert run.returncode == 128 + signal.SIGINT
    assert said[-1] == "Interrupted again: ended at once. Run the same command to go on.\n"
    assert "Traceback" not in "".join(said)
    wait_until_none_is_at_work(copy.folder)
    mend()
    copy.run(*FUSED)
    assert copy.results() == finished.results()


def test_a_run_at_work_keeps_its_locks(hanging):
    run, copy, _ = hanging
    refused = copy.run(*FUSED, check=False)
    assert refused.returncode == 1
    assert "Directory cannot be locked" in refused.stderr
    assert run.poll() is None
    assert list((copy.folder / ".snakemake/locks").iterdir())


def test_locks_of_another_machine_are_left_to_people(hanging):
    run, copy, mend = hanging
    kill(run)
    mend()
    (copy.folder / ".snakemake/hosts").write_text("login2\n")
    refused = copy.run(*FUSED, check=False)
    assert refused.returncode == 1
    assert "A run on login2 has locked this folder." in refused.stderr
    assert "snakemake --unlock" in refused.stderr
    copy.run("--unlock")
    assert "has locked" not in copy.run(*FUSED).stderr


def test_a_dry_run_after_a_kill_says_nothing_of_another_run(hanging):
    run, copy, _ = hanging
    assert "cannot be locked" in copy.run("--dry-run").stdout
    kill(run)
    assert "cannot be locked" not in copy.run("--dry-run").stdout
