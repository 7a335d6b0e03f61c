"""Copies of a process share its work, and end with it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from genboost import forks
from genboost.errors import UserError
from genboost.files import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="one process works elsewhere")

AT_WORK = (
    "import os, sys, time; sys.path.insert(0, sys.argv[1]); from genboost import forks\n"
    "def work(item):\n"
    "    os.write(1, b'at work\\n')\n"
    "    time.sleep(3600)\n"
    "list(forks.each(work, range(2), 2))\n"
)


@pytest.mark.parametrize("processes", [1, 3])
def test_results_come_in_order_however_many_processes_work(processes):
    seen = []  # by this process only

    def work(item):
        seen.append(item)
        time.sleep(0.1 if item() == 0 else 0)
        return item() ** 2, os.getpid()

    items = [partial(int, number) for number in range(7)] + [lambda: 7]  # which cannot be sent
    found = list(forks.each(work, items, processes))
    assert [square for square, _ in found] == [number**2 for number in range(8)]
    assert (os.getpid() in {process for _, process in found}) == (processes == 1)
    assert seen == ([] if processes > 1 else items)


def test_a_mistake_in_a_copy_is_that_of_the_first():
    def work(item):
        raise UserError(f"no {item}")

    with pytest.raises(UserError, match="no 0"):
        list(forks.each(work, range(4), 2))


def test_a_copy_that_is_killed_is_told_of_in_one_message():
    def work(item):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(UserError, match="one of 2 processes was killed"):
        list(forks.each(work, range(4), 2))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_copy_outlives_the_first(number):
    process = subprocess.Popen(
        [sys.executable, "-c", AT_WORK, str(ROOT / "scripts")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for _ in range(2):
        assert process.stdout.readline() == "at work\n"
    try:
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        said = process.communicate(timeout=300)[1]  # once all that hold the pipes have ended
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert said.count("Traceback") == (number == signal.SIGINT)  # the first process's own
