"""Whatever is killed, cut short, swapped, edited or aged: the next run ends in a fresh run's bytes.

Everything is drawn with a fixed seed. What runs by default is a short form; for the long one:
GENBOOST_CHAOS=50 python -m pytest tests/workflow/test_chaos.py
"""

import contextlib
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from checkouts import Workflow, copy_checkout

TIMES = int(os.environ.get("GENBOOST_CHAOS", "1"))
MODES = {"single": (), "fused": ("--profile", "fused", "--set-scatter", "packs=2")}
# Long enough to be killed in the middle.
TRAINING = {"epochs": 300, "epochs_sam": 150, "t_max": 100}
DAMAGES = ("truncated", "deleted", "edited", "swapped", "aged", "renewed", "doubled")
NOT_COMPARED = ("logs", "receipts", "deck/figures", "deck/report")


def unchanged(workflow: Workflow) -> None:
    """Change nothing."""


def other_data(workflow: Workflow) -> None:
    """Take a description of the data with which the stand-in comes out differently."""
    workflow.edit("workflow/datasets/obesity.yaml", "mean: [19.8, ", "mean: [29.8, ")


def other_code(workflow: Workflow) -> None:
    workflow.edit("scripts/genboost/train/training.py", "BATCH_ORDER = 0, 1", "BATCH_ORDER = 0, 2")


def other_configuration(workflow: Workflow) -> None:
    workflow.configure(grid={"seeds": 2, "learning_rate": [0.001, 0.01, 0.1]})


CHANGES = (unchanged, other_data, other_code, other_configuration)


def contents(workflow: Workflow) -> dict[str, object]:
    """Return all results by their paths, without the lines about the run."""
    folder = workflow.folder / "results"
    found: dict[str, object] = workflow.results()
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix in (".csv", ".md", ".tex", ".txt", ".yaml") or path.name in (
            "statistics.json",
            "baselines.json",
        ):
            found[name] = path.read_bytes()
        elif path.suffix == ".npz":
            with np.load(path) as arrays:
                found[name] = {key: arrays[key].tobytes() for key in arrays}
    return {name: value for name, value in found.items() if not name.startswith(NOT_COMPARED)}


@pytest.fixture(scope="session")
def after(once) -> Callable[[Callable], Workflow]:
    """Return a function that returns, after a change, a finished study whose training takes time.

    For reading only.
    """

    def make(workflow: Workflow, change: Callable) -> None:
        copy_checkout(workflow.folder)
        grid = {"seeds": 1, "weight_decay": 0}
        workflow.configure(training=TRAINING, grid=grid, studies={"second": None})
        change(workflow)
        workflow.run(*MODES["fused"])

    return lambda change: once(f"chaos-{change.__name__}", partial(make, change=change))


@pytest.fixture
def started(after, tmp_path) -> Workflow:
    """Return a copy of the unchanged study, to edit and run again."""
    shutil.copytree(after(unchanged).folder, tmp_path / "edited", symlinks=True)
    return Workflow(tmp_path / "edited")


def stamps(folder: Path) -> dict[Path, int]:
    """Return what tells a file that was written again."""
    found = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            found[path] = path.stat().st_ino
    return found


def kill(workflow: Workflow, mode: tuple[str, ...], whom: str, after: int) -> None:
    """Start a run, and kill some of it as soon as a number of files was written."""
    before = stamps(workflow.folder / "results")
    process = workflow.start(*mode)
    family = [psutil.Process(process.pid)]
    while process.poll() is None:
        now = stamps(workflow.folder / "results")
        if sum(before.get(path) != inode for path, inode in now.items()) >= after:
            break
        time.sleep(0.005)
    try:
        children = family[0].children(recursive=True)
    except psutil.NoSuchProcess:  # it was done before
        children = []
    victims = {"everything": family + children, "parent": family, "workers": children}[whom]
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.send_signal(signal.SIGKILL)
    process.communicate()
    psutil.wait_procs(children, timeout=600)


def damage(workflow: Workflow, draw: random.Random) -> list[str]:
    """Spoil some of the files that runs leave behind; return what was done to which."""
    folder = workflow.folder
    files = sorted(
        path
        for top in ("results", "build")
        for path in (folder / top).rglob("*")
        if path.is_file() and "logs" not in path.parts
    )
    done = []
    for path in draw.sample(files, 12):
        alike = [other for other in files if other.suffix == path.suffix]
        what = draw.choice(DAMAGES)
        content = path.read_bytes()
        match what:
            case "truncated":
                path.write_bytes(content[: draw.randrange(len(content) + 1)])
            case "deleted":
                path.unlink()
            case "edited":
                place = draw.randrange(len(content)) if content else 0
                path.write_bytes(content[:place] + b"7" + content[place + 1 :])
            case "swapped":
                path.write_bytes(draw.choice(alike).read_bytes() if alike else b"")
            case "aged":
                os.utime(path, (1, 1))
            case "renewed":
                path.touch()
            case "doubled":
                path.write_bytes(content + content)
        done.append(f"{path.relative_to(folder)} {what}")
        files = [file for file in files if file.exists()]
    return done


def assert_same(workflow: Workflow, mode: tuple[str, ...], wanted: dict, story: object) -> None:
    """Run to the end, and compare with a fresh run, file by file."""
    workflow.run(*mode)
    found = contents(workflow)
    different = sorted(name for name, value in wanted.items() if found.get(name) != value)
    assert not different, story
    assert not workflow.planned(*mode), story


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("number", range(TIMES))
def test_killed_at_any_moment(started, after, mode, change, number):
    draw = random.Random(f"{number} {change.__name__} {mode}")
    change(started)
    if change is unchanged:
        shutil.rmtree(started.folder / "results")
        (started.folder / "results").mkdir()
    whom, files = draw.choice(("everything", "parent", "workers")), draw.randrange(1, 30)
    kill(started, mode, whom, files)
    assert_same(started, mode, contents(after(change)), (whom, files))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("number", range(TIMES))
def test_damaged_anywhere(started, after, change, number):
    draw = random.Random(f"{number} {change.__name__}")
    mode = draw.choice(list(MODES.values()))
    story = damage(started, draw)
    change(started)
    assert_same(started, mode, contents(after(change)), (mode, story))
