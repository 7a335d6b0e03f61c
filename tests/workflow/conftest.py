"""Copies of the checkout, in which nothing or all has run."""

import os
import shutil
from collections.abc import Callable

import pytest
from checkouts import Workflow, copy_checkout
from filelock import FileLock


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Callable[..., Workflow]:
    """Return a function that returns a copy, under a name, after it was made; for reading only.

    The first of the processes that share out the tests makes it for all.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def copy(name: str, make: Callable[[Workflow], None], **options: bool) -> Workflow:
        folder = shared / name
        with FileLock(shared / f"{name}.lock"):
            if not folder.exists():
                workflow = Workflow(tmp_path_factory.mktemp("unfinished") / "checkout", **options)
                make(workflow)
                workflow.folder.rename(folder)
        return Workflow(folder, **options)

    return copy


@pytest.fixture(scope="session")
def finished(once) -> Workflow:
    """Return a copy in which the small study has run, one model a job; for reading only."""

    def make(workflow: Workflow) -> None:
        copy_checkout(workflow.folder)
        # By the program itself: its hashes have another seed than those of later runs.
        process = workflow.start()
        said = process.communicate()
        assert process.returncode == 0, said

    return once("finished", make)


@pytest.fixture
def fresh(tmp_path) -> Workflow:
    """Return a copy in which nothing has run."""
    return copy_checkout(tmp_path / "fresh")


@pytest.fixture
def workflow(finished, tmp_path) -> Workflow:
    """Return a copy of the finished study, to edit and run again."""
    shutil.copytree(finished.folder, tmp_path / "edited", symlinks=True)
    return Workflow(tmp_path / "edited")
