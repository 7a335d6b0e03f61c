"""docs/extending.md: its patches apply, its commands run, and each does what the page says."""

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import yaml
from checkouts import CHECKOUT, TRAINED, Workflow
from shipped import AS_SHIPPED

PAGE = (CHECKOUT / "docs/extending.md").read_text()
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
TINY = {
    "data": {"source": "synthetic"},
    "model": {"hidden_layers": 1, "width": 4},
    "training": {"epochs": 2, "epochs_sam": 2},
    "grid": {
        "optimizer": "adam",
        "learning_rate": [0.001, 0.01],
        "weight_decay": 0,
        "sam_rho": "none",
        "seeds": 2,
    },
    "studies": {"grid": {"title": "The grid"}},
    "execution": {"packs": 1},
}
COMPARED = """
import json, sys
import numpy as np, plain_torch, torch
from genboost.data.arrays import Data
from genboost.study.cells import Cell
from genboost.train import record, training

def clipped(base, norm):
    class Clipped(base):
        def step(self):
            torch.nn.utils.clip_grad_norm_(self.param_groups[0]["params"], norm)
            super().step()
    return Clipped

plain_torch.ACTIVATIONS["softsign"] = torch.nn.Softsign
known = {**plain_torch.OPTIMIZERS, "adagrad": torch.optim.Adagrad}
data, *records = sys.argv[1:]
for path in records:
    entries = record.read(path)
    norm = entries["settings"].get("max_gradient_norm") or np.inf
    plain_torch.OPTIMIZERS.update({name: clipped(base, norm) for name, base in known.items()})
    problem = training.pose([(Cell(entries["settings"]), entries["seed"])], Data.load(data))
    apart = np.abs(record.weights(entries) - plain_torch.train(problem, 0).weights).max()
    print(json.dumps([entries["run"]["engine"].split()[0], float(apart)]))
"""
"""Trains records' models anew, as a user of PyTorch would, and prints how far these are apart."""


def blocks(title: str, language: str) -> list[str]:
    """Return the blocks in a language of a section of the page."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", SECTIONS[title], re.MULTILINE | re.DOTALL)
    return [block for name, block in found if name == language]


def files(*titles: str) -> set[str]:
    """Return the files that sections' patches add or edit."""
    patches = "".join(patch for title in titles for patch in blocks(title, "diff"))
    return set(re.findall(r"^\+\+\+ b/(\S+)$", patches, re.MULTILINE))


def apply(patch: str, folder: Path) -> None:
    """Apply a patch to a copy of the project, unless its user has edited the same lines."""
    found = subprocess.run(
        ["git", "apply"], cwd=folder, input=patch, text=True, capture_output=True
    )
    if found.returncode and not AS_SHIPPED:
        pytest.skip(f"your edits are in the place of the page's: {found.stderr}")
    assert found.returncode == 0, found.stderr


@pytest.fixture
def extended(fresh, monkeypatch, request):
    """Return what applies sections' patches to a copy, and runs the last one's command.

    It can take options of that run.
    """
    (fresh.folder / "config.yaml").write_text(yaml.safe_dump(TINY, sort_keys=False))
    (fresh.folder / "studies").mkdir()

    def extend(*titles: str, options: Iterable[str] = ()) -> Workflow:
        for title in titles:
            (patch,) = blocks(title, "diff")
            apply(patch, fresh.folder)
        (command,) = blocks(titles[-1], "")
        if titles[-1].endswith("in the kernel"):
            monkeypatch.setenv("GENBOOST_KERNEL_DIR", str(fresh.folder / "build/kernel"))
            request.getfixturevalue("unoptimized")
        program, cores, _, *words = shlex.split(command)
        assert (program, cores) == ("snakemake", "--cores")
        fresh.run(*options, *words)
        return fresh

    return extend


def compared(workflow: Workflow, records: Iterable[str]) -> list[tuple[str, float]]:
    """Return of some records the engine, and the largest difference from PyTorch's weights."""
    places = [str(CHECKOUT / "tests"), str(workflow.folder / "scripts")]
    (arrays,) = (workflow.folder / "results/data").glob("*/arrays.npz")
    found = subprocess.run(
        [sys.executable, "-c", COMPARED, arrays, *records],
        cwd=workflow.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in found.stdout.splitlines()]


def cells(workflow: Workflow, name: str = "deck") -> list[dict[str, str]]:
    """Return the rows of cells.csv."""
    with open(workflow.folder / "results" / name / "cells.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("titles", "most"),
    [
        (["An optimizer"], 2),
        (["An optimizer", "An optimizer in the kernel"], 5),
        (["An activation", "An activation in the kernel"], 5),
        (["A setting, which is an axis"], 6),
        (["A measure, its table and its figure"], 3),
        (["A data set with classes"], 1),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_few_files_change(titles, most):
    assert 1 <= len(files(*titles)) <= most


def test_every_patch_is_tried():
    tried = Path(__file__).read_text()
    assert all(f'"{title}"' in tried for title in SECTIONS if blocks(title, "diff"))


@pytest.mark.parametrize(
    ("titles", "word", "engine"),
    [
        (["An optimizer"], "optimizer~adagrad", "torch"),
        (["An optimizer", "An optimizer in the kernel"], "optimizer~adagrad", "simd"),
        (["An activation"], "activation~softsign", "torch"),
        (["An activation", "An activation in the kernel"], "activation~softsign", "simd"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else value,
)
def test_an_optimizer_or_an_activation_is_pytorchs(extended, titles, word, engine):
    workflow = extended(*titles, options=TRAINED)
    records = [name for name in workflow.records() if f"/{word}/" in name]
    assert len(records) == 4
    for trained_by, apart in compared(workflow, records):
        assert trained_by == engine
        assert apart < 1e-4


def test_a_setting_is_an_axis(extended):
    workflow = extended("A setting, which is an axis")
    records = list(workflow.records())
    assert len(records) == 12
    for name, (trained_by, apart) in zip(records, compared(workflow, records), strict=True):
        assert trained_by == ("torch" if "/max_gradient_norm~" in name else "simd")
        assert apart < 1e-4
    assert {row["max_gradient_norm"] for row in cells(workflow)} == {"none", "1", "10"}


def test_a_measure_has_columns_tables_and_a_figure(extended, fresh):
    fresh.run("--profile", "fused")
    before = fresh.inodes()
    fresh.figures = True
    workflow = extended("A measure, its table and its figure")
    assert workflow.inodes() == before
    shares = [float(row["small_weights"]) for row in cells(workflow)]
    assert len(shares) == 4
    assert all(0 <= share < 0.2 for share in shares)
    results = workflow.folder / "results/deck"
    assert "small_weights" in (results / "summary.csv").read_text()
    made = {path.name for folder in ("tables", "figures") for path in (results / folder).iterdir()}
    assert {"ranking+small_weights.md", "measure-grid+small_weights.svg"} <= made
    assert "small_weights" in (results / "report/index.html").read_text()


@pytest.mark.parametrize(
    ("title", "name", "rows"),
    [
        ("A data set with classes", "iris", 150),
        ("A data set whose label is a number", "yield", 10),
    ],
)
def test_a_data_set(extended, title, name, rows):
    workflow = extended(title)
    (arrays,) = (workflow.folder / "results/data").glob("*/arrays.npz")
    data = np.load(arrays)
    assert str(data["name"]) == name
    assert len(data["train_y"]) + len(data["test_y"]) == rows
    assert len(cells(workflow)) == 4


def test_a_study_and_a_comparison(extended):
    workflow = extended("A study", "A comparison")
    sizes = [row["batch_size"] for row in cells(workflow, "batches") if row["study"] == "batches"]
    assert (sizes.count("8"), sizes.count("128"), len(sizes)) == (4, 4, 8)
    statistics = (workflow.folder / "results/batches/statistics/statistics.md").read_text()
    assert "Batches of 8 generalize better than batches of 128" in statistics


def test_a_notebook(finished, tmp_path):
    """The Python on the page runs, and the model predicts what its record says."""
    parts = [*SECTIONS]
    code = "".join(block for title in parts for block in blocks(title, "python"))
    code = code.replace('"model.pt"', f'"{tmp_path}/model.pt"')
    code += """
assert abs(error / best["test_mse"] - 1) < 1e-5
assert len(curves) == len(best["curves"]["test_mse"]) == best["settings"]["epochs"]
assert len(weights) == sum(parameter.numel() for parameter in model.parameters())
assert len(classes) == len(test)
assert steepest["Weight"] > 0
assert [*torch.load("model.pt")] == [*model.state_dict()]
""".replace('"model.pt"', f'"{tmp_path}/model.pt"')
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=finished.folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "learning_rate" in done.stdout


def test_predictions_from_the_command_line(finished):
    """Of a run's own raw file: each row gets a line."""
    (raw,) = (finished.folder / "results/data/raw").glob("*.csv")
    (command,) = blocks("Predictions from the command line", "sh")
    program, script, _, _ = command.split()
    assert program == ".venv/bin/python"
    record = next(iter(finished.records()))
    done = subprocess.run(
        [sys.executable, script, record, raw], cwd=finished.folder, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(raw.read_text().splitlines())
