"""Baselines on the same split: right where the answer is known, and the same every time."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from genboost import receipts
from genboost.data import dataset, synthetic
from genboost.data.arrays import Data
from genboost.data.baselines import baselines
from genboost.data.prepare import Settings, prepare, to_bytes
from genboost.data.raw_table import read_table

ROOT = Path(__file__).parents[2]
OBESITY = dataset.load(ROOT / "workflow" / "datasets" / "obesity.yaml")
TABLE = read_table(synthetic.generate(OBESITY), OBESITY, "stand-in")
PREPARED = prepare(TABLE, OBESITY, Settings(zeroed_features=["Weight"]))


def test_mean_has_the_error_worked_out_by_hand():
    data = Data(*(np.array(v, dtype=np.float32) for v in ([[0], [1]], [1, 3], [[0]], [5])))
    expected = {"train_mse": 1.0, "test_mse": 9.0, "test_mse_by_origin": {}}
    assert baselines(data)["mean"] == expected


def test_neighbour_and_origins_have_the_errors_worked_out_by_hand():
    x, y = [[0], [10], [20], [21]], [1, 3, 5, 9]
    data = Data(*(np.array(v, dtype=np.float32) for v in (x, y, [[1], [11], [22]], [1, 5, 12])))
    origin = np.array(["interpolated", "interpolated", "respondent"])
    found = baselines(data, test_origin=origin)["nearest_neighbour"]
    assert (found["train_mse"], found["test_mse"]) == (0, pytest.approx((0 + 4 + 9) / 3))
    assert found["test_mse_by_origin"] == {"interpolated": 2, "respondent": 9}
    unknown = baselines(data, test_origin=np.array(["unknown"] * 3))
    assert unknown["mean"]["test_mse_by_origin"] == {}


def test_ridge_finds_a_line_and_trees_find_a_step():
    x = np.random.Generator(np.random.PCG64(0)).uniform(-1, 1, (600, 2)).astype(np.float32)
    line, step = 3 * x[:, 0] - x[:, 1], np.where(x[:, 0] > 0, 2, -2).astype(np.float32)
    assert baselines(Data(x[:400], line[:400], x[400:], line[400:]))["ridge"]["test_mse"] < 1e-3
    stepped = baselines(Data(x[:400], step[:400], x[400:], step[400:]))
    assert stepped["gradient_boosted_trees"]["test_mse"] < 0.1 < stepped["ridge"]["test_mse"]


def test_stand_in_is_about_as_hard_as_the_published_data():
    """There ridge regression reaches 2.19, boosted trees 0.51, at a label variance of 4.18."""
    errors = {name: each["test_mse"] for name, each in baselines(PREPARED.data).items()}
    assert errors["mean"] == pytest.approx(3.9, abs=0.5)
    assert errors["ridge"] == pytest.approx(2.1, abs=0.3)
    assert errors["gradient_boosted_trees"] == pytest.approx(0.5, abs=0.2)


def test_command_writes_the_same_bytes_every_time(tmp_path, monkeypatch):
    arrays = tmp_path / "arrays.npz"
    arrays.write_bytes(to_bytes(PREPARED, "obesity (SYNTHETIC)"))
    # By its path: the script and the library's module have the same name.
    location = importlib.util.spec_from_file_location("command", ROOT / "scripts" / "baselines.py")
    command = importlib.util.module_from_spec(location)
    location.loader.exec_module(command)
    monkeypatch.chdir(tmp_path)
    request = receipts.request("baselines", "")
    written = []
    for output in (tmp_path / "1.json", tmp_path / "2.json"):
        command.main(["--request", request, "--arrays", str(arrays), "--output", str(output)])
        written.append(output.read_bytes())
    assert written[0] == written[1]
    assert json.loads(written[0]) == {
        "data": "obesity (SYNTHETIC)",
        "errors": baselines(PREPARED.data, test_origin=PREPARED.origin[PREPARED.test_rows]),
    }
