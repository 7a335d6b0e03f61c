"""Any setting is an axis: trained in either mode, re-run exactly, and shown."""

import csv

import pytest
import yaml
from checkouts import SEVEN


@pytest.fixture
def seven(fresh):
    """Return a copy with a study over seven axes."""
    fresh.configure(data={"source": "synthetic"})
    path = fresh.folder / "config.yaml"
    config = yaml.safe_load(path.read_text())
    config["studies"] = {"seven": {"title": "Seven axes", "grid": SEVEN}}
    path.write_text(yaml.safe_dump(config))
    return fresh


def test_a_study_over_seven_axes(seven):
    """Fused and one by one, the same bytes; an axis that grows trains what is new."""
    seven.run("--profile", "fused")
    before, inodes = seven.results(), seven.inodes()
    assert len(before) == 2**7
    assert not seven.planned()
    with open(seven.folder / "results/deck/summary.csv", newline="") as file:
        cells = list(csv.DictReader(file))
    named = ("width", "activation", "batch_size", "optimizer", "sam_rho")
    assert len({tuple(cell[name] for name in named) for cell in cells}) == 2**5  # over splits
    tables = {path.name for path in (seven.folder / "results/deck/tables").glob("seven-*.md")}
    assert len(tables) == 2**4  # learning rates down, and one more axis across
    for path in list(seven.records().values())[::32]:
        path.unlink()
    assert seven.planned()["train"] == 4
    seven.run()
    assert seven.results() == before
    seven.run("--profile", "fused", "--config", "studies={seven: {grid: {width: [3, 4, 5]}}}")
    after = seven.inodes()
    assert len(after) == 3 * 2**6
    assert {"/width~4/" in name for name in after.keys() - before.keys()} == {True}
    kept = [name for name in inodes if after[name] == inodes[name]]
    assert len(kept) == 2**7 - 4


NEWER = """
      newer:
        description: What a later version adds.
        type: integer
        minimum: 0
        default: 0
"""


def test_a_setting_that_a_later_version_adds_trains_nothing_again(workflow):
    before = workflow.inodes()
    place = "      width:\n"
    workflow.edit("workflow/schemas/config.schema.yaml", place, NEWER + place)
    for mode in ((), ("--profile", "fused")):
        assert not {"train", "train_pack"} & set(workflow.planned(*mode))
    workflow.run()
    assert workflow.inodes() == before
    assert workflow.planned("--config", "grid={newer: [0, 1]}")["train"] == 40


def test_what_the_engine_cannot_do_is_refused_before_anything_runs(fresh):
    old = "frozenset(kernel.ACTIVATIONS)"
    new = 'frozenset(kernel.ACTIVATIONS) - {"tanh"}'
    fresh.edit("scripts/genboost/train/problem.py", old, new)
    path = fresh.folder / "mine.yaml"
    path.write_text("grid:\n  activation: [relu, tanh]\nexecution:\n  engine: simd\n")
    result = fresh.run("--configfile", "mine.yaml", "--dry-run", check=False)
    assert result.returncode == 1
    assert "mine.yaml, line 4: execution.engine: simd does not know tanh; set it" in result.stderr
    # With `auto`, torch trains what the kernel does not know: for that alone, a GPU is asked for.
    jobs = fresh.planned("--config", "grid={activation: [relu, tanh]}", "--profile", "fused")
    assert jobs["train_pack"] >= 2


def test_a_block_over_a_list_of_grids_changes_each_of_them(fresh):
    """And the configuration that is kept with the results says so."""
    (fresh.folder / "mine.yaml").write_text(
        "name: mine\ndata: {source: synthetic}\nstudies: {second: null}\ncomparisons: {}\n"
        "training: {epochs: 2}\ngrid:\n"
        "- {optimizer: sgd, learning_rate: 0.1, sam_rho: none, weight_decay: 0, seeds: 9}\n"
        "- {optimizer: adam, learning_rate: 0.1, sam_rho: none, weight_decay: [0, 1], seeds: 9}\n"
    )
    options = "--profile", "fused", "--configfile", "mine.yaml", "--config", "grid={seeds: 1}"
    summary, kept = "results/mine/summary.csv", "results/mine/config.yaml"
    fresh.run(*options, "--", summary, kept)
    with open(fresh.folder / summary, newline="") as file:
        cells = [(cell["optimizer"], float(cell["weight_decay"])) for cell in csv.DictReader(file)]
    assert sorted(cells) == [("adam", 0), ("adam", 1), ("sgd", 0)]
    assert len(fresh.results()) == 3  # one seed
    grids = yaml.safe_load((fresh.folder / kept).read_text())["grid"]
    assert [(grid["optimizer"], grid["seeds"]) for grid in grids] == [(["sgd"], 1), (["adam"], 1)]
