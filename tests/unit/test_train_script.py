"""scripts/train.py, run as the workflow runs it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from some_cell import cell

import train as train_script
from genboost.data.arrays import Data
from genboost.study.cells import Cell
from genboost.study.grid import Model
from genboost.train import record, training
from genboost.train.order import Order
from genboost.train.problem import Architecture

SCRIPT = Path(__file__).parents[2] / "scripts/train.py"
SMALL = {"hidden_layers": 1, "width": 3, "batch_size": 8, "t_max": 2}
CELLS = (
    cell(optimizer="sgd", learning_rate=0.01, epochs=3, **SMALL),
    cell(weight_decay=0.01, sam_rho=0.05, epochs=2, **SMALL),
)


@pytest.fixture(scope="module")
def arrays(tmp_path_factory) -> Path:
    random = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("data") / "arrays.npz"
    data = Data(
        train_x=random.normal(size=(30, 4)).astype(np.float32),
        train_y=random.integers(0, 7, 30).astype(np.float32),
        test_x=random.normal(size=(6, 4)).astype(np.float32),
        test_y=random.integers(0, 7, 6).astype(np.float32),
    )
    np.savez(path, **vars(data), name="obesity (SYNTHETIC)", classes=7)
    return path


def model(one: Cell, seed: int) -> str:
    """Return a record's path, which names the model in these tests."""
    return Model(one, seed).record


MODELS = {model(one, seed): (one, seed) for one in CELLS for seed in range(10)}
WILD = cell(optimizer="sgd", learning_rate=1e30, epochs=3, **SMALL)
STILL = cell(learning_rate=0.0, sam_rho=0.05, epochs=2, **SMALL)
MODELS |= {model(WILD, 0): (WILD, 0), model(STILL, 9): (STILL, 9)}
TORCH = {"engine": "torch", "device": "cpu", "accepted": [["torch", "cpu"]]}


def options(
    arrays: Path, *records: str, data: Path | None = None, settings=None, **changes
) -> list[str]:
    code = {"torch": "c0de", "simd": "51bd"}
    chosen = {path: MODELS[path] for path in records}
    chosen = {path: (one.replace(**settings or {}), seed) for path, (one, seed) in chosen.items()}
    order = {"models": chosen, "code": code}
    text = Order(**(order | TORCH | changes)).write()
    return ["--data", str(data or arrays), "--order", text, "--gpus", "0"]


@pytest.fixture
def run(arrays, tmp_path):
    """Return a function that runs the script, as the workflow does, in `tmp_path`."""

    def run(*records: str, **changes) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, str(SCRIPT), *options(arrays, *records, **changes)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture
def train(arrays, tmp_path, monkeypatch, capsys):
    """Return a function that runs the script's main function, without starting Python again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    def train(*records: str, **changes) -> str:
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *options(arrays, *records, **changes)])
        train_script.main()
        return capsys.readouterr().err

    return train


def models(*seeds: int) -> list[str]:
    return [model(one, seed) for one in CELLS for seed in seeds]


def state(folder: Path, paths: list[str]) -> dict[str, int]:
    """Return what differs between a rewritten file and a kept one."""
    return {path: (folder / path).stat().st_ino for path in paths}


def test_records_are_written_kept_and_written_again_when_they_must_be(run, train, tmp_path, arrays):
    paths = models(0, 1)
    done = run(*paths)
    assert done.returncode == 0, done.stderr
    assert "trained 4 of 4 models" in done.stderr
    for path in paths:
        entries = record.read(tmp_path / path)
        assert entries["status"] == "finished"
        assert entries["data"] == {
            "name": "obesity (SYNTHETIC)",
            "sha256": Data.load(arrays).digest,
        }
        assert entries["code"] == "c0de"
        assert entries["run"]["engine"].startswith("torch")
        assert len(record.weights(entries)) == Architecture(4, 1, 3, "relu").parameters
    sam = record.read(tmp_path / paths[2])
    assert Cell(sam["settings"]) == CELLS[1]
    assert sam["gradient_evaluations"] == 2 * 2 * 4
    texts = {path: (tmp_path / path).read_text().splitlines()[:-2] for path in paths}

    # All are what is wanted: none is trained.
    kept = state(tmp_path, paths)
    assert train(*paths) == ""
    assert state(tmp_path, paths) == kept

    # One cut short, one missing, one with an altered number: these three, with the same content.
    os.truncate(tmp_path / paths[0], 200)
    (tmp_path / paths[1]).unlink()
    altered = (tmp_path / paths[2]).read_text().replace('"test_mse": ', '"test_mse": 1', 1)
    (tmp_path / paths[2]).write_text(altered)
    assert "trained 3 of 3 models, 1 kept" in train(*paths)
    assert state(tmp_path, paths)[paths[3]] == kept[paths[3]]
    assert {path: (tmp_path / path).read_text().splitlines()[:-2] for path in paths} == texts

    # Other code may give other results.
    assert "trained 4 of 4 models" in train(*paths, code={"torch": "other", "simd": "51bd"})


@pytest.mark.parametrize("changed", ["data", "name", "classes", "settings", "engine"])
def test_what_determines_a_result_is_in_its_fingerprint(train, tmp_path, arrays, changed):
    path = models(0)[0]
    train(path)
    before = state(tmp_path, [path])
    doubled, named, classified = (tmp_path / f"{name}.npz" for name in ("x", "name", "classes"))
    with np.load(arrays) as loaded:
        np.savez(doubled, **{**loaded, "train_x": loaded["train_x"] * 2})
        np.savez(named, **{**loaded, "name": "obesity"})
        np.savez(classified, **{**loaded, "classes": 8})
    others = {
        "data": {"data": doubled},
        "name": {"data": named},
        "classes": {"data": classified},
        "settings": {"settings": {"width": 4}},  # as after the change of a default
        "engine": {"engine": "simd", "accepted": [["simd", "cpu"]]},
    }
    train(path, **others[changed])
    assert state(tmp_path, [path]) != before


def test_what_another_engine_trained_is_kept_where_that_is_accepted(train, tmp_path):
    paths = models(0)
    train(*paths)
    before = state(tmp_path, paths)
    train(*paths, engine="auto", accepted=[["simd", "cpu"], ["torch", "cpu"]])
    assert state(tmp_path, paths) == before
    train(*paths, engine="auto", accepted=[["simd", "cpu"]])
    assert all(record.read(tmp_path / path)["engine"] == ["simd", "cpu"] for path in paths)


def test_a_setting_that_is_newer_than_a_record_leaves_it_as_it_is(train, tmp_path):
    paths = models(0)
    train(*paths)
    before = state(tmp_path, paths)
    assert train(*paths, settings={"newer": "as before"}) == ""
    assert state(tmp_path, paths) == before


def test_an_order_may_stand_in_a_file(tmp_path):
    paths = models(0, 1)
    words = options(tmp_path / "none", *paths)
    order = tmp_path / "order.json"
    order.write_text(words[words.index("--order") + 1])
    found = Order.read(str(order))
    assert found == Order.read(order.read_text())
    assert found.models == {path: MODELS[path] for path in paths}
    # Settings stay in order: a record's bytes do not depend on what else was ordered.
    assert [list(one) for one, _ in found.models.values()] == [list(CELLS[0])] * 4


def test_a_record_of_another_model_is_not_kept(train, tmp_path):
    ours, other = models(0, 1)[:2]
    train(ours, other)
    expected = record.read(tmp_path / other)["weights"]
    (tmp_path / other).write_bytes((tmp_path / ours).read_bytes())
    train(ours, other)
    assert record.read(tmp_path / other)["weights"] == expected


def test_where_the_prepared_data_lie_does_not_matter(train, tmp_path, arrays):
    path = models(0)[0]
    train(path)
    before = state(tmp_path, [path])
    copy = tmp_path / "copy.npz"
    copy.write_bytes(arrays.read_bytes())
    train(path, data=copy)
    assert state(tmp_path, [path]) == before


def test_a_model_starts_at_its_seed_and_learns_at_its_rate(train, tmp_path, arrays):
    """With a rate of zero, what comes out is what went in."""
    path = model(STILL, 9)
    train(path)
    entries = record.read(tmp_path / path)
    start = training.initial_weights(Architecture(4, 1, 3, "relu"), 9).astype(np.float32)
    np.testing.assert_array_equal(record.weights(entries), start)
    assert entries["curves"]["learning_rate"] == [0.0, 0.0]


def test_a_diverging_model_is_recorded_and_stops_nothing_else(train, tmp_path):
    wild = model(WILD, 0)
    calm = models(0)[0]
    train(wild, calm)
    entries = record.read(tmp_path / wild)
    assert entries["status"] == "diverged"
    assert entries["test_mse"] is entries["weights"] is None
    assert len(entries["curves"]["test_mse"]) < 3
    assert record.read(tmp_path / calm)["status"] == "finished"
    # It is a result like any other, and kept.
    assert train(wild, calm) == ""
