"""The readings of the deck's protocol and their ranking, with answers known beforehand."""

import dataclasses
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from some_cell import cell

import train_trial
from genboost import receipts
from genboost.analysis import audit, deck
from genboost.data.arrays import Data
from genboost.errors import UserError
from genboost.report import audit_report, exhibits
from genboost.study import axes, config, readings, reference
from genboost.study.cells import text
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
    assert (pair.settings.schedule, pair.settings.scaling) == ("constant", "standard")
    assert pair.trial == "results/deck/audit/trials/scaling~standard/schedule~constant.csv"
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
    with pytest.raises(UserError, match="scald is not a reading"):
        names(["scald"])


def test_combinations_are_tried_with_every_other_reading():
    def names(*extend):
        audits = settings(readings=READINGS, pairs=False, extend=list(extend))
        return [reading.names for reading in readings.readings(audits)][5:]

    assert names(["scaled", "constant"]) == [
        ("constant", "scaled"),
        ("constant", "batch_8", "scaled"),
        ("constant", "batch_16", "scaled"),
    ]
    # What two searches have in common is tried once.
    both = names(["scaled"], ["scaled", "constant"])
    assert len(both) == len(set(both)) == 3 + 2
    assert [len(combination) for combination in both] == [2, 2, 2, 3, 3]
    with pytest.raises(UserError, match=r"audit.extend: scald is not a reading"):
        names(["scald"])
    with pytest.raises(UserError, match="batch_8 and batch_16 change the same setting"):
        names(["batch_8", "batch_16"])


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


@pytest.mark.parametrize("seeds", [3, 6])
def test_the_floor_is_what_one_more_split_is_off_by(seeds):
    random = np.random.default_rng(5)
    cells, splits = 20_000, 3

    def logs(splits, seeds):
        split = random.normal(0, 0.1, (splits, cells, 1))
        return np.exp(split + random.normal(0, 0.1, (splits, cells, seeds)))

    figures = logs(1, deck.SEEDS)[0].mean(axis=1)
    ours = logs(splits, seeds)
    gaps = np.log(ours.mean(axis=2)).mean(axis=0) - np.log(figures)
    # To compare a split with the two others would give 6 % more.
    assert audit.noise_floor(ours) == pytest.approx(gaps.std(), rel=0.02)


def test_the_floor_by_hand():
    # Logs -1 0 1 of three splits: variance 1, so 1 of the deck's split and 1/3 of the mean of ours.
    errors = np.exp([-1.0, 0.0, 1.0])[:, None, None] * np.ones((3, 2, 3))
    assert audit.noise_floor(errors) == pytest.approx(math.sqrt(1 + 1 / 3))


def test_a_first_place_that_hangs_on_a_seed_is_shared():
    """One reading is right on average over three seeds, the other is off by 1 % with each."""
    figures = np.ones(4)
    right = np.ones((3, 4, 3)) * [0.8, 1.0, 1.2]
    candidates = readings.readings(settings(readings=READINGS, pairs=False))[:2]
    found = audit.score(candidates, [right, np.full((3, 4, 3), 1.01)], figures)
    assert found[0].reading is candidates[0]
    assert found[0].log_error == pytest.approx(0)
    assert 0.1 < found[0].first < 0.9


def test_the_best_reading_is_among_those_that_cannot_be_told_apart():
    """Of three equal ones and three worse ones; in 95 % of cases or more, the best is kept."""
    random = np.random.default_rng(6)
    truth = np.array([1.0, 1.0, 1.0, 1.1, 1.5, 3.0])
    spread = 0.2 * (np.eye(6) + 0.5)
    kept = []
    for _ in range(400):
        scores = random.normal(size=6) @ spread + truth
        p = audit.confidence_set(scores, scores + random.normal(size=(400, 6)) @ spread)
        kept.append(p > 0.05)
        assert p[scores.argmin()] == 1
    share = np.mean(kept, axis=0)
    assert (share[:3] > 0.93).all()
    assert share[3] > share[4] > share[5]
    assert share[5] < 0.01


def test_a_p_value_is_no_smaller_than_that_of_what_was_dropped_before():
    # The noisy one goes first, with a large p; the next is clearly behind the best.
    scores, spread = np.array([0.0, 1.0, 10.0]), np.array([0.01, 0.01, 10.0])
    drawn = scores + np.random.default_rng(9).normal(size=(1000, 3)) * spread
    p = audit.confidence_set(scores, drawn)
    assert p[0] == 1
    assert p[1] == p[2] > 0.1


def test_a_reading_that_is_there_twice_cannot_be_told_from_itself():
    drawn = np.random.default_rng(7).normal(size=(100, 1)) * [1, 1]
    assert audit.confidence_set(np.ones(2), drawn).tolist() == [1, 1]


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
    cells = reference.cells(deck.PATH, axes.standard())
    assert len(cells) == len(set(cells)) == 208
    for found, row in zip(cells, FIGURES.itertuples(), strict=True):
        assert (found.optimizer, found.learning_rate) == (row.optimizer, row.learning_rate)
        assert (found.weight_decay, found.epochs) == (row.weight_decay, row.epochs)
        assert text(found.sam_rho) == row.sam_rho


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
        np.savez(file, **vars(Data(**shifted)), name="obesity (SYNTHETIC)", classes=7)
    figures = tmp_path / "deck.csv"
    figures.write_text(
        "optimizer,sam_rho,epochs,learning_rate,weight_decay,test_mse\n"
        "adam,0,3,3e-3,0,1.0\nsgd,0.05,2,1e-2,1e-3,2.0\nsgd,0,3,1e30,0,1.0\n"
    )
    asked = {"seeds": 2, "execution": ["torch", "cpu"]}
    changes = {"hidden_layers": 1, "width": 3, "batch_size": 4, "schedule": "constant"}
    settings = {**axes.standard(), **changes}
    output = tmp_path / "trial.csv"
    arguments = [
        *("--data", *map(str, files), "--deck", str(figures), "--output", str(output)),
        *("--request", receipts.request("trial", "", **asked)),
        *("--settings", json.dumps(settings)),
    ]
    monkeypatch.chdir(tmp_path)
    train_trial.main(arguments)
    return arguments, output, files, changes


def test_a_trial_has_the_errors_of_every_split_cell_and_seed(trial):
    _, output, files, changes = trial
    found = audit.read_trial(output, splits=2, seeds=2)
    assert found["last"].shape == (2, 3, 2)
    assert np.isnan(found["last"][:, 2]).all()  # diverged
    assert all("(SYNTHETIC)" in row for row in output.read_text().splitlines()[1:])
    assert (found["best"][:, :2] <= found["last"][:, :2]).all()
    from genboost.train.engines import torch_engine
    from genboost.train.problem import Group

    def engine(problem):
        yield Group(range(len(problem.optimizer)), torch_engine.train(problem), 0.0)

    deck_cell = {"optimizer": "sgd", "sam_rho": 0.05, "epochs": 2}
    rates = {"learning_rate": 1e-2, "weight_decay": 1e-3}
    model = (cell(**deck_cell, **rates, **changes), 3)  # the second split has seeds 2 and 3
    data = Data.load(files[1])
    ((_, expected),) = training.train([model], data, engine)
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


def test_the_page_says_what_was_tried_and_what_cannot_be_told_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(8)
    resolved = settings(
        readings=READINGS, pairs=["batch_8"], extend=[["constant", "batch_8"]], splits=2, seeds=2
    )
    for reading in readings.readings(resolved):
        center = FIGURES["deck"].to_numpy() * (1 if "batch_8" in reading.names else 2)
        errors = sample(random, center, splits=2, seeds=2, noise=0.01)
        rows = [f"{s},{c},{k},{errors[s, c, k]},1" for s, c, k in np.ndindex(errors.shape)]
        (tmp_path / reading.trial).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / reading.trial).write_text("\n".join(["split,cell,seed,last,best", *rows, ""]))
    found = audit_report.load(resolved, FIGURES)
    page = audit_report.files(found, synthetic=False)["audit.md"]
    assert "Tried: the protocol as stated, 4 readings alone, 2 pairs, 1 combination of 3;" in page
    alike = [s.reading.title for s in found.scores if s.p > 0.05]
    assert f"cannot tell these {len(alike)} readings apart" in page
    assert 1 < len(alike) < 8
    assert all("batch_8" in title for title in alike)
    missing = set(readings.extensions(found.scores[0].reading.names, READINGS)) - {
        score.reading.names for score in found.scores
    }
    end = f"not been combined with {len(missing)} others yet" if missing else "makes it better."
    assert end in page
    alone = dataclasses.replace(found, scores=[dataclasses.replace(s, p=0) for s in found.scores])
    alone.scores[0] = dataclasses.replace(alone.scores[0], p=1)
    page = audit_report.files(alone, synthetic=False)["audit.md"].replace("\\", "")
    assert f"tell “{alone.scores[0].reading.title}” apart from every other reading" in page


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
    assert found.tried == (
        "Tried: the protocol as stated, 4 readings alone, 0 pairs; nothing else. "
        "No reading added to the best makes it better."
    )
    written = audit_report.files(found, synthetic=False)
    assert sorted(written) == sorted(exhibits.files_of(exhibits.AUDIT, resolved))
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
