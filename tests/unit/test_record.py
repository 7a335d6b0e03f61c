"""Records: nothing is lost, nothing damaged is taken for whole."""

import dataclasses
import json
import os
import re

import numpy as np
import pytest
from some_cell import cell

from genboost.errors import UserError
from genboost.study.cells import Cell
from genboost.train import record
from genboost.train.training import Result

CELL = cell(learning_rate=3e-5, sam_rho=0.02, epochs=100)
ORIGIN = {"data": {"name": "obesity", "sha256": "0"}, "code": "c0de", "fingerprint": 16 * "f00d"}
RUN = {"seconds": 0.1234, "engine": "torch 2", "device": "cpu", "versions": {"python": "3.11"}}


def some_result(**changes) -> Result:
    random = np.random.default_rng(3)
    result = Result(
        weights=random.normal(size=5).astype(np.float32),
        train_loss=random.uniform(size=3) / 3,
        test_mse=random.uniform(size=3) * 1e-300,
        validation_mse=np.array([0.75, 1 / 3, 0.5]),
        learning_rate=np.array([0.1, 0.05, 1 / 3]),
        train_mse=1 / 7,
        reached=False,
        snapshots={},
        diverged=False,
        seconds=0.5,
        gradient_evaluations=318,
    )
    return dataclasses.replace(result, **changes)


def compose(result: Result | None = None, run: dict = RUN) -> str:
    return record.compose(CELL, 2, result or some_result(), ORIGIN, run)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "seed~2.json"


def test_curves_and_weights_come_back_bit_by_bit(path):
    result = some_result()
    path.write_text(compose(result))
    entries = record.read(path)
    for name in ("train_loss", "test_mse", "learning_rate"):
        assert entries["curves"][name] == getattr(result, name).tolist()
    assert record.weights(entries).tobytes() == result.weights.tobytes()
    assert entries["test_mse"] == result.test_mse[-1]
    assert entries["train_mse"] == result.train_mse
    assert entries["gradient_evaluations"] == 318
    assert entries["status"] == "finished"
    assert Cell(entries["settings"]) == CELL
    assert (entries["seed"], entries["run"]) == (2, RUN)
    assert {name: entries[name] for name in ORIGIN} == ORIGIN


def test_the_best_epoch_counts_where_the_settings_say_so(path):
    result = some_result(test_mse=np.array([1.5, 0.5, 0.75]))
    for choice, expected in (("last", 0.75), ("best", 0.5)):
        path.write_text(record.compose(cell(test_error=choice), 2, result, ORIGIN, RUN))
        assert record.read(path)["test_mse"] == expected


def test_validation_errors_are_there_where_there_are_validation_rows(path):
    path.write_text(compose())
    assert "validation_mse" not in record.read(path).keys() | record.read(path)["curves"].keys()
    one = cell(validation_fraction=0.25)
    path.write_text(record.compose(one, 2, some_result(), ORIGIN, RUN))
    entries = record.read(path)
    assert (entries["validation_mse"], entries["test_mse"]) == (0.5, some_result().test_mse[-1])
    assert entries["curves"]["validation_mse"] == [0.75, 1 / 3, 0.5]
    path.write_text(record.compose(one, 2, some_result(diverged=True), ORIGIN, RUN))
    assert record.read(path)["validation_mse"] is None


def test_whether_the_training_error_was_reached_is_there_where_it_was_asked_for(path):
    path.write_text(compose())
    assert "reached" not in record.read(path)
    for reached in (True, False):
        one = cell(stop_at_train_mse=0.5)
        path.write_text(record.compose(one, 2, some_result(reached=reached), ORIGIN, RUN))
        assert record.read(path)["reached"] is reached


def test_snapshots_come_back_bit_by_bit(path):
    taken = {n: np.random.default_rng(n).normal(size=5).astype("f4") for n in (1, 3)}
    one = cell(snapshots=(1, 3, 9))
    path.write_text(record.compose(one, 2, some_result(snapshots=taken), ORIGIN, RUN))
    found = record.snapshots(record.read(path))
    assert {n: w.tobytes() for n, w in found.items()} == {n: w.tobytes() for n, w in taken.items()}
    path.write_text(compose())
    assert "snapshots" not in record.read(path) and record.snapshots(record.read(path)) == {}


@pytest.mark.parametrize(("every", "epochs"), [(1, [1, 2, 3]), (2, [1, 3]), (3, [3]), (9, [3])])
def test_curves_can_be_sparse_and_have_the_last_epoch(path, every, epochs):
    result = some_result()
    path.write_text(record.compose(cell(record_every=every), 2, result, ORIGIN, RUN))
    entries = record.read(path)
    assert record.epochs(entries).tolist() == epochs
    assert ("epoch" in entries["curves"]) == (every > 1)
    chosen = np.array(epochs) - 1
    for name in ("train_loss", "test_mse", "learning_rate"):
        assert entries["curves"][name] == getattr(result, name)[chosen].tolist()


def test_weights_are_little_endian_float32_whatever_the_machine(path):
    path.write_text(compose(some_result(weights=np.array([1.0], dtype=">f4"))))
    assert json.loads(path.read_text())["weights"] == "AACAPw=="
    assert record.weights(record.read(path)).tolist() == [1.0]


def test_a_diverged_model_has_the_curves_of_its_finite_epochs_and_nothing_else(path):
    weights = np.full(5, np.nan, dtype=np.float32)
    result = some_result(diverged=True, weights=weights, train_mse=float("nan"))
    path.write_text(compose(result))
    entries = record.read(path)
    assert entries["status"] == "diverged"
    assert entries["test_mse"] is entries["train_mse"] is entries["weights"] is None
    assert record.weights(entries) is None
    assert entries["curves"]["test_mse"] == result.test_mse.tolist()
    assert "NaN" not in path.read_text()


def test_a_model_that_diverges_in_its_first_epoch_is_recorded_too(path):
    empty = np.array([])
    path.write_text(
        compose(some_result(diverged=True, train_loss=empty, test_mse=empty, learning_rate=empty))
    )
    assert record.read(path)["curves"] == {"train_loss": [], "test_mse": [], "learning_rate": []}


def test_only_the_last_line_depends_on_the_run():
    ours, other = (compose(run=run).splitlines() for run in (RUN, {"seconds": 9}))
    assert ours[:-2] == other[:-2]
    assert ours[-2] != other[-2]
    assert ours[-2].startswith('"run": ')
    assert ours[-1] == other[-1] == "}"


def test_there_is_one_line_for_each_key():
    text = compose()
    keys = re.findall(r'^"(\w+)": ', text, re.MULTILINE)
    assert keys == list(json.loads(text))
    assert len(text.splitlines()) == len(keys) + 2


def test_a_whole_record_tells_its_identity(path):
    path.write_text(compose())
    found = record.identity(path)
    assert found == (ORIGIN["fingerprint"], CELL, record.read(path)["sha256"])


def test_a_missing_record_has_none(path):
    assert record.identity(path) is None
    with pytest.raises(UserError, match=r"cannot read .*: No such file.*; run snakemake again"):
        record.read(path)


def test_a_record_cut_short_anywhere_has_none(path):
    path.write_text(compose())
    for length in reversed(range(path.stat().st_size)):
        os.truncate(path, length)
        assert record.identity(path) is None, length
    with pytest.raises(UserError, match="is damaged; run snakemake again"):
        record.read(path)


def test_a_record_with_any_byte_changed_has_none(path):
    content = compose().encode()
    path.write_bytes(content)
    found = record.identity(path)
    with path.open("r+b", buffering=0) as file:
        for position in range(content.index(b'"run"')):
            byte = content[position : position + 1]
            os.pwrite(file.fileno(), b"8" if byte == b"7" else b"7", position)
            assert record.identity(path) is None, position
            os.pwrite(file.fileno(), byte, position)
    assert record.identity(path) == found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"run": ', '"test_mse": 0.001,\n"run": '),
        ("\n}\n", ',\n"test_mse": 0.001\n}\n'),
        ('"run": {', '"run": {"run": 1}, "test_mse": 0.001, "x": {'),
        ('{\n"settings"', '{\n"test_mse": 0.001,\n"settings"'),
        ("\n}\n", "\n}\n\n"),
    ],
)
def test_nothing_can_be_slipped_in_beside_the_sealed_lines(path, old, new):
    """JSON's readers take the last of two keys and say nothing."""
    text = compose()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    assert record.identity(path) is None
    with pytest.raises(UserError, match="is damaged"):
        record.read(path)


@pytest.mark.parametrize("run", ["{}", "null", "[]", '{"seconds": 1}'])
def test_a_run_line_that_says_nothing_is_damage(path, run):
    path.write_text(re.sub(r'"run": .*', f'"run": {run}', compose()))
    with pytest.raises(UserError, match="is damaged"):
        record.read(path)


@pytest.mark.parametrize(
    "content", [b"[1]\n}\n", b"3\n}\n", b"{}\n}\n", b"{\n}\n", b"\xff\xfe\n}\n"]
)
def test_other_files_are_not_records(path, content):
    path.write_bytes(content)
    with pytest.raises(UserError, match="is damaged"):
        record.read(path)
