"""The locks of a killed run: whose they are, and who may delete them."""

import platform

import pytest

from genboost.run import folder_lock


@pytest.fixture
def locks(tmp_path):
    """Return a folder of locks as a killed run of this machine leaves it."""
    folder = tmp_path / ".snakemake/locks"
    folder_lock.hold(False, folder).close()
    folder.mkdir()
    (folder / "0.output.lock").write_text("results/cells.csv\n")
    return folder


@pytest.mark.parametrize("dry_run", [False, True])
def test_those_of_this_machine_are_deleted(locks, dry_run, capsys):
    folder_lock.hold(dry_run, locks)
    assert not locks.exists()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("hosts", ["login2\n", f"login2\n{platform.node()}\n", ""])
def test_those_of_another_machine_are_left(locks, hosts, capsys):
    (locks.parent / "hosts").write_text(hosts)
    for _ in range(2):
        folder_lock.hold(False, locks).close()
        assert list(locks.iterdir())
        assert "snakemake --unlock" in capsys.readouterr().err


def test_those_of_a_run_at_work_are_left(locks):
    (locks / "0.output.lock").unlink()
    held = folder_lock.hold(False, locks)
    (locks / "0.output.lock").touch()
    folder_lock.hold(True, locks)
    second = folder_lock.hold(False, locks)
    assert list(locks.iterdir())
    held.close()
    folder_lock.hold(False, locks).close()
    assert list(locks.iterdir())  # the second is at work still
    second.close()
    folder_lock.hold(False, locks).close()
    assert not locks.exists()


def test_a_dry_run_keeps_nobody_out_and_is_no_run_of_its_machine(locks):
    (locks.parent / "hosts").write_text("login2\n")
    assert folder_lock.hold(True, locks) is None
    assert (locks.parent / "hosts").read_text() == "login2\n"


def test_after_unlock_the_hosts_of_old_runs_are_forgotten(locks):
    (locks.parent / "hosts").write_text("login2\n")
    (locks / "0.output.lock").unlink()
    folder_lock.hold(False, locks).close()
    assert (locks.parent / "hosts").read_text() == f"{platform.node()}\n"
