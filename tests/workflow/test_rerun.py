"""After an edit, exactly what the edit touches is done again; in both modes."""

import hashlib
import os

import pytest
import yaml
from checkouts import TRAINED, kill

from genboost.data import dataset, synthetic

MODES = {"single": (), "fused": ("--profile", "fused")}
ANEW = {"aggregate": 1, "tables": 1, "statistics": 1}
AFTERWARDS = {**ANEW, "configuration": 1}


def trained(workflow, *arguments: str) -> set[str]:
    """Run, and return the records that were written, anew or again."""
    before = workflow.inodes()
    workflow.run(*arguments)
    return {name for name, inode in workflow.inodes().items() if before.get(name) != inode}


def test_a_run_makes_every_record_and_table(finished):
    assert len(finished.records()) == 40
    assert (finished.folder / "results/deck/tables/tables.md").exists()
    assert (finished.folder / "results/deck/cells.csv").exists()


def test_nothing_changed(workflow):
    assert not workflow.planned()


def test_modes_give_the_same_and_trade_places(workflow, fresh):
    """Fused packs write the same records, and neither mode does again what the other did.

    One ran on two cores, the other on one.
    """
    fresh.run("--cores", "1", *MODES["fused"])
    assert fresh.results() == workflow.results()
    for name in ("cells.csv", "summary.csv", "tables/tables.md", "tables/tables.tex"):
        first, second = (copy.folder / "results/deck" / name for copy in (fresh, workflow))
        assert first.read_bytes() == second.read_bytes()
    assert not workflow.planned(*MODES["fused"])
    assert not fresh.planned(*MODES["single"])


def test_a_dry_run_before_there_are_data_changes_nothing(fresh):
    fresh.configure(grid={"seeds": 1}, studies={"second": None})
    fresh.planned(*MODES["fused"])
    fresh.run(*MODES["single"])
    assert not fresh.planned(*MODES["fused"])


def test_the_number_of_packs(fresh):
    fresh.configure(execution={"packs": 3})
    assert fresh.planned("--profile", "fused")["train_pack"] == 3
    assert fresh.planned("--profile", "fused", "--set-scatter", "packs=2")["train_pack"] == 2


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_one_more_learning_rate(workflow, mode):
    workflow.configure(grid={"learning_rate": [0.001, 0.01, "1e-4"]})
    names = trained(workflow, *mode, *TRAINED)
    assert len(names) == 20
    assert all("learning_rate~0.0001/" in name for name in names)


def test_one_more_seed(workflow):
    workflow.configure(grid={"seeds": 3})
    assert workflow.planned()["train"] == 20
    names = trained(workflow, *MODES["fused"], *TRAINED)
    assert len(names) == 20
    assert all("seed~2.json" in name for name in names)


def test_sam_epochs(workflow):
    workflow.configure(training={"epochs_sam": 4})
    assert workflow.planned()["train"] == 16
    names = trained(workflow, *MODES["fused"], *TRAINED)
    assert len(names) == 16
    assert all("sam_rho~0.05/epochs~4/" in name for name in names)


def test_spelling_of_numbers(workflow):
    workflow.configure(grid={"learning_rate": ["1e-3", "1.0e-2"], "weight_decay": ["0.0", "1e-2"]})
    assert not workflow.planned()


def test_an_edit_taken_back_trains_nothing(workflow):
    workflow.configure(grid={"seeds": 3})
    workflow.run(*MODES["fused"])
    workflow.configure(grid={"seeds": 2})
    assert workflow.planned() == AFTERWARDS


def test_a_study_renamed(workflow):
    workflow.edit("config.yaml", "second:", "renamed:")
    assert workflow.planned() == AFTERWARDS


def test_a_title_changed(workflow):
    workflow.edit("config.yaml", "title: Longer", "title: Another")
    assert workflow.planned() == {"tables": 1, "statistics": 1, "configuration": 1}


def test_fewer_digits(workflow):
    workflow.configure(tables={"digits": 3})
    assert workflow.planned() == {"tables": 1, "statistics": 1, "configuration": 1}


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_comments_and_formatting(workflow, mode):
    workflow.edit("config.yaml", "studies:\n", "# A comment.\nstudies:\n")
    for file in (
        "scripts/train.py",
        "scripts/genboost/train/training.py",
        "scripts/genboost/train/problem.py",
    ):
        text = (workflow.folder / file).read_text()
        first, rest = text.split("\n", 1)
        assert first.startswith('"""')
        (workflow.folder / file).write_text(f'"""Another docstring. {first[3:]}\n\n# Hm.\n{rest}')
    workflow.edit(
        "scripts/genboost/train/engines/kernel/kernel.c", "#include", "/* A comment. */\n#include"
    )
    assert not workflow.planned(*mode)


def test_an_optimizer_is_added(workflow):
    known = '"lion": Lion,\n'
    workflow.edit("scripts/genboost/train/engines/optim.py", known, f'{known}    "x": SGD,\n')
    workflow.edit("workflow/schemas/config.schema.yaml", "adamw, lion]}", "adamw, lion, x]}")
    assert not workflow.planned()
    workflow.configure(grid={"optimizer": ["sgd", "adam", "x"]})
    assert workflow.planned() == {"train": 16, "measure": 1, **AFTERWARDS}
    workflow.configure(execution={"engine": "torch"})
    assert workflow.planned() == {"train": 56, "measure": 1, **AFTERWARDS}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("scripts/genboost/train/training.py", "BATCH_ORDER = 0, 1", "BATCH_ORDER = 0, 2"),
        ("scripts/genboost/train/engines/kernel/optimizers.h", "0.999", "0.99"),
    ],
)
def test_training_code_changed(workflow, file, old, new):
    workflow.edit(file, old, new)
    assert workflow.planned() == {"train": 40, "measure": 1, **ANEW}
    fused = workflow.planned(*MODES["fused"])
    assert fused["train_pack"] >= 2
    assert fused["train"] == 0


def test_table_code_changed(workflow):
    workflow.edit("scripts/make_tables.py", "def main(", "ANSWER = 42\n\n\ndef main(")
    assert workflow.planned() == {"tables": 1}


def test_data_obtained_again_unchanged(workflow):
    before = workflow.inodes()
    (workflow.folder / "results/data/raw/obesity+synthetic.csv").unlink()
    workflow.run()
    assert workflow.inodes() == before
    assert not workflow.planned()


def test_real_data_are_not_replaced_by_a_stand_in(workflow):
    """Where no source can be reached any more, neither the data nor the records are touched."""
    folder = workflow.folder / "results/data/raw"
    mine, raw = workflow.folder / "mine.csv", folder / "obesity.csv"
    mine.write_bytes((folder / "obesity+synthetic.csv").read_bytes().replace(b"\n", b"\r\n"))
    # The file is as published, so it is the data set's; and it can be had nowhere else.
    description = workflow.folder / "workflow/datasets/obesity.yaml"
    described = yaml.safe_load(description.read_text())
    described["kaggle"] = {"sha256": hashlib.sha256(mine.read_bytes()).hexdigest()}
    del described["uci"]
    description.write_text(yaml.safe_dump(described, sort_keys=False))
    workflow.configure(data={"source": "file", "path": "mine.csv"})
    workflow.run(*MODES["fused"])
    workflow.configure(data={"source": "auto"})
    before = workflow.inodes()
    assert workflow.planned()["download"] == 1
    assert "kept results/data/raw/obesity.csv as it is, from mine.csv" in workflow.run().stdout
    assert raw.read_bytes() == mine.read_bytes()
    assert workflow.inodes() == before
    assert not workflow.planned()
    rows = (workflow.folder / "results/deck/cells.csv").read_text().splitlines()[1:]
    assert all(row.startswith("obesity,") for row in rows)


def test_a_stand_in_and_real_data_share_no_path(workflow):
    """Going from one to the other and back trains nothing again."""
    made = workflow.inodes()
    mine = workflow.folder / "mine.csv"
    raw = workflow.folder / "results/data/raw/obesity+synthetic.csv"
    mine.write_bytes(raw.read_bytes().replace(b"\n", b"\r\n"))
    workflow.configure(data={"source": "file", "path": "mine.csv"})
    assert len(trained(workflow, *MODES["fused"], *TRAINED)) == 40
    workflow.configure(data={"source": "synthetic"})
    assert not workflow.planned()["train"]
    assert made.items() <= workflow.inodes().items()


def test_rows_of_another_origin_are_measured_again(fresh):
    """Their numbers are the same, so nothing is trained; a run may have ended in between."""
    description, cells = (
        fresh.folder / name for name in ("workflow/datasets/obesity.yaml", "results/deck/cells.csv")
    )
    whole = description.read_text()
    described = yaml.safe_load(whole)
    mine = fresh.folder / "mine.csv"
    mine.write_bytes(synthetic.generate(dataset.load(description)))
    del described["respondents"]
    mode = (*MODES["fused"], "--config", "data={source: file, path: mine.csv}")
    fresh.run(*mode)
    made = fresh.inodes()
    assert "test_mse[origin=respondent]" in cells.read_text()
    description.write_text(yaml.safe_dump(described, sort_keys=False))
    arrays = next(fresh.folder.glob("results/data/*/arrays.npz")).relative_to(fresh.folder)
    fresh.run(*mode, "--", str(arrays))
    fresh.run(*mode)
    assert "test_mse[origin=" not in cells.read_text()
    description.write_text(whole)
    fresh.run(*mode)
    assert "test_mse[origin=respondent]" in cells.read_text()
    assert fresh.inodes() == made
    assert not fresh.planned(*mode)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_damaged_records(workflow, mode):
    before = workflow.results()
    damaged = dict(sorted(workflow.records().items())[7:31:6])  # of both optimizers
    deleted, truncated, emptied, altered = damaged.values()
    deleted.unlink()
    os.truncate(truncated, truncated.stat().st_size // 2)
    os.truncate(emptied, 0)
    # Though it is valid JSON, and was made after its input.
    altered.write_text(altered.read_text().replace('"test_mse": ', '"test_mse": 1', 1))
    assert "To train: 4 of 40 models" in workflow.run("--dry-run", *mode).stderr
    assert not list(workflow.folder.rglob("*.damaged"))
    lost = {path: path.read_bytes() for path in (truncated, emptied, altered)}
    assert trained(workflow, *mode) == set(damaged)
    kept = {path: path.read_bytes() for path in workflow.folder.rglob("*.damaged")}
    assert kept == {path.with_name(f"{path.name}.damaged"): old for path, old in lost.items()}
    assert workflow.results() == before
    assert not workflow.planned(*mode)


@pytest.mark.parametrize("mode", [(), (*MODES["fused"], "--set-scatter", "packs=8")], ids=MODES)
def test_killed_in_the_middle(fresh, mode):
    """Whatever moment SIGKILL comes at, what was written stays, whole, and the rest follows."""
    mode = (*mode, *TRAINED)
    longer = ("--config", "training={epochs: 600, epochs_sam: 300}", "grid={seeds: 1}")
    kill(fresh.start_and_wait(*mode, *longer, records=3))
    before = fresh.inodes()
    assert 3 <= len(before) < 20
    fresh.run("--unlock")
    again = trained(fresh, *mode, *longer)
    assert again == set(fresh.records()) - set(before)
    assert len(fresh.records()) == 20
    assert not fresh.planned(*mode, *longer)
