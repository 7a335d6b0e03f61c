"""The readings of the deck's protocol and their ranking, with answers known beforehand."""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest

import train_trial
from genboost import receipts
from genboost.analysis import audit, deck
from genboost.data.arrays import Data
from genboost.errors import UserError
from genboost.report import audit_report
from genboost.study import config, grid, readings
from genboost.train import training

FIGURES = deck.load()

# Readings.


def settings(**audits) -> dict:
    return config.resolve({"audit": audits})


READINGS = {
    "constant": {"title": "never stepped", "training": {"schedule": "constant"}},
    "batch_8": {"training": {"batch_size": 8}},
    "batch_16": {"training": {"batch_size": 16}},
    "scaled": {"data": {"scaling": "standard"}},
}


def test_readings_are_tried_alone_and_in_pairs_that_do_not_contradict_each_other():
    found = readings.readings(settings(readings=READINGS))
    names = [reading.names for reading in found]
    assert names[0] == ()
    assert names[1:5] == [("constant",), ("batch_8",), ("batch_16",), ("scaled",)]
    assert ("batch_8", "batch_16") not in names
    assert len(names) == 1 + 4 + 5
    (pair,) = [reading for reading in found if reading.names == ("constant", "scaled")]
    assert pair.title == "never stepped + scaled"
    assert (pair.protocol.schedule, pair.data["scaling"]) == ("constant", "standard")
    assert pair.trial == "results/audit/trials/scaling~standard/schedule~constant.csv"
    assert {data["split_seed"] for data in pair.splits(3)} == {0, 1, 2}


def test_fewer_pairs():
    def names(pairs):
        return [
            r.names
            for r in readings.readings(settings(readings=READINGS, pairs=pairs))
            if r.names[1:]
        ]

    assert names(False) == []
    assert names(["scaled"]) == [
        ("constant", "scaled"),
        ("batch_8", "scaled"),
        ("batch_16", "scaled"),
    ]
    with pytest.raises(UserError, match="scald is no reading"):
        names(["scald"])


def test_readings_that_train_the_same_models_share_a_trial():
    best = {"best": {"training": {"test_error": "best"}}}
    as_stated, best_epoch = readings.readings(settings(readings=best))
    assert as_stated.trial == best_epoch.trial
    assert best_epoch.training["test_error"] == "best"


# The ranking.


def sample(random, center, splits=4, seeds=3, noise=0.05):
    """Return errors [splits, cells, seeds] of a reading with given errors."""
    split = random.normal(0, noise, (splits, 1, 1))
    return center[None, :, None] * np.exp(
        split + random.normal(0, noise, (splits, len(center), seeds))
    )


def test_the_reading_that_made_the_deck_comes_first_and_reaches_its_floor():
    random = np.random.default_rng(1)
    truth = random.uniform(1, 4, 208)
    figures = sample(random, truth, splits=1)[0].mean(axis=1)
    other, wrong = truth * random.lognormal(0, 0.1, 208), truth * random.lognormal(0, 0.3, 208)
    candidates = readings.readings(settings(readings=READINGS, pairs=False))[:3]
    scores = audit.score(
        candidates, [sample(random, center) for center in (wrong, truth, other)], figures
    )
    assert [score.reading for score in scores] == [candidates[1], candidates[2], candidates[0]]
    best, second, third = scores
    assert best.log_error < 1.3 * best.noise_floor
    assert best.inside > 0.85
    assert best.unexplained < second.unexplained < third.unexplained
    assert third.unexplained == pytest.approx(0.3, abs=0.05)
    assert (best.gap, best.first) == (0, 1)
    assert second.gap > 0
    assert third.gap_low > 0


def test_readings_that_are_the_same_share_the_first_place():
    random = np.random.default_rng(2)
    truth = random.uniform(1, 4, 100)
    figures = truth * random.lognormal(0, 0.1, 100)
    candidates = readings.readings(settings(readings=READINGS, pairs=False))[:2]
    found = audit.score(candidates, [sample(random, truth) for _ in candidates], figures)
    assert all(0.05 < score.first < 0.95 for score in found)
    assert sum(score.first for score in found) == pytest.approx(1)


def test_what_went_astray_counts_as_ten_times():
    figures = np.array([1.0, 2.0])
    errors = np.ones((2, 2, 1)) * figures[:, None]
    errors[:, 1] = math.nan
    (found,) = audit.score(readings.readings(settings())[:1], [errors], figures)
    assert found.diverged == 0.5
    assert found.log_error == pytest.approx(math.log(10) / math.sqrt(2))
    errors[:, 1] = 1e9
    (found,) = audit.score(readings.readings(settings())[:1], [errors], figures)
    assert found.log_error == pytest.approx(math.log(10) / math.sqrt(2))


def test_the_interval_of_one_more_split_by_hand():
    # Logs -1 0 1: mean 0, sd 1; t(2) sqrt(1 + 1/3) = 4.302653 * 1.154701 = 4.968277.
    errors = np.exp(np.array([-1.0, 0.0, 1.0]))[:, None, None] * np.ones((3, 4, 1))
    figures = np.exp([4.9, 5.0, -4.0, 0.0])
    errors[:, 2] /= math.exp(4)  # or it would be more than ten times the figure
    (found,) = audit.score(readings.readings(settings())[:1], [errors], figures)
    assert found.inside == 0.75


# A trial.


def test_the_decks_cells_come_in_the_order_of_its_figures():
    cells = train_trial.deck_cells(deck.PATH)
    assert len(cells) == len(set(cells)) == 208
    for cell, row in zip(cells, FIGURES.itertuples(), strict=True):
        assert (cell.optimizer, cell.learning_rate) == (row.optimizer, row.learning_rate)
        assert (cell.weight_decay, cell.epochs) == (row.weight_decay, row.epochs)
        assert grid.text(cell.sam_rho) == row.sam_rho


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """Train a small trial; return its arguments, and its output's path."""
    random = np.random.default_rng(3)
    arrays = {
        f"{part}_{axis}": random.normal(size=(rows, 3) if axis == "x" else rows).astype("f4")
        for part, rows in (("train", 10), ("test", 4))
        for axis in "xy"
    }
    files = [tmp_path / f"{split}.npz" for split in (0, 1)]
    for shift, file in enumerate(files):
        shifted = {name: values + shift for name, values in arrays.items()}
        np.savez(file, **shifted, name="obesity (SYNTHETIC)")
    figures = tmp_path / "deck.csv"
    figures.write_text(
        "optimizer,sam_rho,epochs,learning_rate,weight_decay,test_mse\n"
        "adam,0,3,3e-3,0,1.0\nsgd,0.05,2,1e-2,1e-3,2.0\nsgd,0,3,1e30,0,1.0\n"
    )
    protocol = grid.Protocol(
        1, 3, "relu", 4, "constant", 1, 0.0, "l2", "torch", "epoch", "mean", "last"
    )
    output = tmp_path / "trial.csv"
    asked = {"seeds": 2, "execution": ["torch", "cpu"]}
    arguments = [
        *("--data", *map(str, files), "--deck", str(figures), "--output", str(output)),
        *("--request", receipts.request("trial", "", protocol=vars(protocol), **asked)),
    ]
    monkeypatch.chdir(tmp_path)
    train_trial.main(arguments)
    return arguments, output, files, protocol


def test_a_trial_has_the_errors_of_every_split_cell_and_seed(trial):
    _, output, files, protocol = trial
    found = audit.read_trial(output, splits=2, seeds=2)
    assert found["last"].shape == (2, 3, 2)
    assert np.isnan(found["last"][:, 2]).all()  # diverged
    assert all("(SYNTHETIC)" in row for row in output.read_text().splitlines()[1:])
    assert (found["best"][:, :2] <= found["last"][:, :2]).all()
    from genboost.train.engines import torch_engine
    from genboost.train.problem import Group

    def engine(problem):
        yield Group(range(len(problem.optimizer)), torch_engine.train(problem), 0.0)

    model = (grid.Cell("sgd", 1e-2, 1e-3, 0.05, 2), 1)
    data = Data.load(files[1])
    ((_, expected),) = training.train([model], protocol, data, engine)
    assert found["last"][1, 1, 1] == expected.test_mse[-1]
    assert found["best"][1, 1, 1] == expected.test_mse.min()


def test_a_trial_has_the_same_bytes_again(trial):
    arguments, output, *_ = trial
    before = output.read_bytes()
    train_trial.main(arguments)
    assert output.read_bytes() == before


def read(trial, cell: int) -> np.ndarray:
    """Return a cell's mean error on each split, after the last epoch."""
    rows = pd.read_csv(trial)
    return rows[rows["cell"] == cell].groupby("split")["last"].mean().to_numpy()


def test_the_files_of_an_audit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(4)
    resolved = settings(readings=READINGS, pairs=False, splits=2, seeds=2)
    for n, reading in enumerate(readings.readings(resolved)):
        errors = sample(random, FIGURES["deck"].to_numpy() * (1 + n / 5), splits=2, seeds=2)
        rows = [
            f"{s},{c},{k},{errors[s, c, k]},{errors[s, c, k] / 2}"
            for s, c, k in np.ndindex(errors.shape)
        ]
        (tmp_path / reading.trial).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / reading.trial).write_text("\n".join(["split,cell,seed,last,best", *rows, ""]))
    found = audit_report.load(resolved, FIGURES)
    assert found.scores[0].reading.names == ()
    written = audit_report.files(found, synthetic=False)
    assert sorted(written) == sorted(audit_report.FILES)
    document = json.loads(written["audit.json"])
    assert document["ranking"][0]["reading"] == "as stated"
    assert len(document["cells"]) == 208
    # Of two splits: the mean of the logs ± t(1) sqrt(1 + 1/2) times half their distance, times √2.
    logs = np.log(read(tmp_path / found.scores[0].reading.trial, cell=7))
    half = 12.706205 * abs(logs[0] - logs[1]) / math.sqrt(2) * math.sqrt(1.5)
    for name, sign in (("best_low", -1), ("best", 0), ("best_high", 1)):
        assert found.cells[name][7] == pytest.approx(np.exp(logs.mean() + sign * half))
    assert re.search(r"\| *1 *\| as stated ", written["audit.md"])
    assert "SYNTHETIC" not in written["audit.md"]
    for synthetic, name in ((False, "obesity"), (True, "obesity (SYNTHETIC)")):
        for file in ("ranking.csv", "cells.csv"):
            header, *rows = audit_report.files(found, synthetic)[file].splitlines()
            assert header.startswith("data,")
            assert all(row.startswith(f"{name},") for row in rows)
    assert written["audit.md"] != audit_report.files(found, synthetic=True)["audit.md"]
    assert "SYNTHETIC" in audit_report.files(found, synthetic=True)["audit.md"]
