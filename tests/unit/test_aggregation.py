"""Every model counts once, in the mean of its own cell, or the aggregation says which is wrong."""

import json
import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import aggregate
from genboost import receipts
from genboost.analysis import aggregation
from genboost.data.arrays import Data
from genboost.errors import UserError
from genboost.measures import sheet
from genboost.study import config, grid
from genboost.train import record
from genboost.train.training import Result

CONFIG = {
    "grid": {
        "optimizer": ["adam"],
        "learning_rate": [3e-5, 1e-3],
        "weight_decay": [0],
        "sam_rho": [None, 0.02],
        "seeds": [0, 1, 5],
    },
    "studies": {
        "first": {},
        "NA": {"title": "Other epochs", "training": {"epochs_sam": 200}},  # shares what is not SAM
    },
}


def result(test_mse):
    """Return what training hands over; its test MSE falls to `test_mse`, or to none."""
    diverged = test_mse is None
    curve = np.array([4.0, 3.0] if diverged else [4.0, test_mse])
    return Result(
        weights=np.zeros(3, "f4"),
        train_loss=curve,
        test_mse=curve,
        validation_mse=curve + 1,
        learning_rate=curve,
        train_mse=float("nan") if diverged else test_mse / 2,
        reached=False,
        snapshots={},
        second_moments={},
        diverged=diverged,
        seconds=0.1,
        gradient_evaluations=2,
    )


RUN = {"seconds": 0.1, "engine": "torch 2", "device": "cpu", "versions": {}}
ARRAYS = {name: np.ones((2, 3) if name.endswith("x") else 2, "f4")
          for name in (field.name for field in fields(Data))}  # fmt: skip
DATA = f"obesity (SYNTHETIC), 7 classes, {Data(**ARRAYS).digest}"


def fingerprints(model, data=DATA):
    engines = ("simd", "torch")
    return [record.fingerprint(model.record, data, "c0de", engine, "cpu") for engine in engines]


def write(model, test_mse, seed=None, engine="torch", data=DATA, **settings):
    """Write the record of a model, or of one with another seed and settings in its place."""
    path = Path(model.record)
    found = dict(zip(("simd", "torch"), fingerprints(model, data), strict=True))[engine]
    model = grid.Model(model.cell.replace(**settings), model.seed if seed is None else seed)
    origin = {
        "data": {"name": "obesity (SYNTHETIC)", "sha256": ""},
        "engine": [engine, "cpu"],
        "fingerprint": found,
    }
    text = record.compose(model.cell, model.seed, result(test_mse), origin, RUN)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def studies(tmp_path, monkeypatch):
    """Write a record of every model; a model's test MSE is its number plus a tenth."""
    monkeypatch.chdir(tmp_path)
    studies = grid.studies(config.resolve(CONFIG))
    for number, model in enumerate(grid.models(studies)):
        write(model, number + 0.1)
    return studies


def collect(studies):
    return aggregation.collect(studies, fingerprints)[0]


def mistakes(studies):
    with pytest.raises(UserError) as caught:
        collect(studies)
    return str(caught.value).splitlines()


def test_rows_are_the_models_in_the_order_of_the_configuration(studies):
    models = collect(studies)
    assert list(models.columns) == [
        "data", "study", "optimizer", "sam_rho", "epochs", "learning_rate", "weight_decay",
        "seed", "test_mse", "train_mse", "status", "engine",
    ]  # fmt: skip
    assert set(models["data"]) == {"obesity (SYNTHETIC)"}
    assert list(models["study"]) == ["first"] * 12 + ["NA"] * 12
    assert list(models["seed"]) == [0, 1, 5] * 8
    assert list(models["learning_rate"]) == ([3e-5] * 3 + [1e-3] * 3) * 4
    assert list(models["sam_rho"]) == (["none"] * 6 + ["0.02"] * 6) * 2
    assert list(models["epochs"]) == [200] * 6 + [100] * 6 + [200] * 12
    own = [n + 0.1 for n in range(12)]
    assert list(models["test_mse"]) == own + own[:6] + [n + 0.1 for n in range(12, 18)]


def test_a_record_that_two_studies_share_is_read_once(studies, monkeypatch):
    paths = []
    read = record.read
    monkeypatch.setattr(record, "read", lambda path: paths.append(str(path)) or read(path))
    collect(studies)
    assert len(paths) == len(set(paths)) == 18


def test_mean_and_standard_deviation_by_hand(studies):
    models = studies[0].models
    for model, test_mse in zip(models[:3], (1.0, 2.0, 6.0), strict=True):
        write(model, test_mse)
    first = aggregation.summarize(collect(studies)).iloc[0]
    assert first["test_mse"] == 3.0
    assert first["test_mse_sd"] == pytest.approx(7**0.5)  # (4 + 1 + 9) / 2
    assert first["train_mse"] == 1.5
    assert (first["n"], first["diverged"]) == (3, 0)


def test_diverged_runs_are_counted_and_in_no_mean(studies):
    first = studies[0].models
    write(first[0], None)
    for model in first[3:6]:
        write(model, None)
    models = collect(studies)
    assert list(models["status"][:2]) == ["diverged", "finished"]
    summary = aggregation.summarize(models)
    assert list(summary["test_mse"][:1]) == [1.6]
    assert list(summary["n"][:3]) == [2, 0, 3]
    assert list(summary["diverged"][:3]) == [1, 3, 0]
    assert np.isnan(summary["test_mse"][1])
    assert aggregation.to_csv(models).splitlines()[1] == (
        "obesity (SYNTHETIC),first,adam,none,200,3e-05,0.0,0,,,diverged,torch"
    )


def test_one_seed_has_no_standard_deviation(studies):
    one = [replace(study, seeds=(5,)) for study in studies]
    summary = aggregation.summarize(collect(one))
    assert summary["test_mse_sd"].isna().all()
    assert (summary["n"] == 1).all()


def test_every_mistake_is_named(studies):
    missing, short, rate, seed, width, data = studies[0].models[:6]
    Path(missing.record).unlink()
    Path(short.record).write_bytes(Path(short.record).read_bytes()[:-30])
    write(rate, 1.0, learning_rate=0.1)
    write(seed, 1.0, seed=7)
    write(width, 1.0, width=20)
    write(data, 1.0, data="obesity, another digest")
    lines = mistakes(studies)
    assert lines[0] == "6 mistakes in the records of 18 models:"
    for line, model, what in zip(
        lines[1:],
        (missing, short, rate, seed, width, data),
        (
            ": No such file or directory; run snakemake again",
            "is damaged; run snakemake again",
            "belongs to another learning_rate (0.1 instead of 3e-05)",
            "belongs to another seed (7 instead of 0)",
            "belongs to another width (20 instead of 18)",
            "was made with other data, code or engine",
        ),
        strict=True,
    ):
        assert model.record in line
        assert what in line


def test_how_models_were_trained_is_summed_up(studies):
    write(studies[0].models[0], 1.0, engine="simd")
    models, facts, _ = aggregation.collect(studies, fingerprints)
    assert list(models["engine"][:2]) == ["simd", "torch"]
    assert facts["engines"] == [
        {"engine": "torch 2", "device": "cpu", "models": 18, "total": "1.8", "median": "0.100"}
    ]


def test_curves_are_summed_up_by_cell(studies):
    first = studies[0].models
    for model, test_mse in zip(first[3:6], (1.0, 2.0, 6.0), strict=True):
        write(model, test_mse)
    found = aggregation.collect(studies, fingerprints).curves
    assert {name: len(cells) for name, cells in found.items()} == {"first": 4, "NA": 4}
    assert found["first"][1] == {
        "epoch": [1, 2],
        "test_mse": [[4.0, 1.2], [4.0, 2.0], [4.0, 5.2]],
        "models": 3,
        "ended_early": 0,
    }
    assert found["NA"][:2] == found["first"][:2]  # the same models


@pytest.fixture
def arguments(studies):
    """Return the script's command line."""
    folder = Path("results/data/default")
    folder.mkdir(parents=True)
    np.savez(folder / "arrays.npz", **ARRAYS, name="obesity (SYNTHETIC)", classes=7)
    trained = {"execution": ["auto", "auto"], "code": {"simd": "c0de", "torch": "c0de"}}
    request = receipts.request("aggregate", "", **{**config.resolve(CONFIG), "measures": []})
    arrays = str(folder / "arrays.npz")
    outputs = ["--cells", "c.csv", "--summary", "s.csv", "--runs", "r.json", "--curves", "u.json"]
    return ["--request", request, "--trained", json.dumps(trained), "--arrays", arrays, *outputs]


def test_the_summary_says_what_data_it_is_of(arguments):
    aggregate.main(arguments)
    for name in ("c.csv", "s.csv"):
        header, *rows = Path(name).read_text().splitlines()
        assert header.startswith("data,study,")
        assert all(row.startswith("obesity (SYNTHETIC),") for row in rows)


def test_a_model_that_a_study_has_twice(studies):
    twice = replace(studies[0], seeds=(0, 1, 0))
    assert f"{twice.models[0].record} is 2 times in study first" in mistakes([twice])[1]


def test_a_long_list_of_mistakes_ends(studies):
    for model in studies[0].models:
        Path(model.record).unlink()
    many = [replace(studies[0], seeds=tuple(range(100)))]
    lines = mistakes(many)
    assert len(lines) == 22
    assert lines[-1].strip() == "and 380 more"


def test_files_are_exact_and_the_same_every_time(studies, arguments):
    write(studies[0].models[0], 0.1 + 0.2)
    aggregate.main(arguments)
    first = Path("c.csv").read_bytes(), Path("s.csv").read_bytes()
    aggregate.main(arguments)
    assert first == (Path("c.csv").read_bytes(), Path("s.csv").read_bytes())
    assert b"0.30000000000000004" in first[0]
    pd.testing.assert_frame_equal(aggregation.read_csv("c.csv"), collect(studies), check_exact=True)


def test_records_of_other_data_are_refused_by_the_script(studies, arguments):
    np.savez("results/data/default/arrays.npz", **{**ARRAYS, "name": "obesity", "classes": 7})
    with pytest.raises(UserError, match="18 mistakes in the records of 18 models"):
        aggregate.main(arguments)
    assert not Path("c.csv").exists()


def test_what_varies_is_a_column_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {"optimizer": "adam", "learning_rate": 1e-3, "weight_decay": 0, "sam_rho": "none"}
    varied = {"width": [9, 18], "activation": ["relu", "tanh"], "stratify": [False, True]}
    given = {"grid": {**settings, **varied, "seeds": 2}, "studies": {"one": {}, "two": {}}}
    given["studies"]["two"] = {"training": {"batch_size": 8}, "grid": {"width": [18]}}
    studies = grid.studies(config.resolve(given))
    for number, model in enumerate(grid.models(studies)):
        write(model, None if number == 3 else number / 3)
    models = collect(studies)
    assert list(models.columns) == [
        "data", "study", "stratify", "width", "activation", "batch_size", "optimizer", "sam_rho",
        "epochs", "learning_rate", "weight_decay", "seed", "test_mse", "train_mse", "status",
        "engine",
    ]  # fmt: skip
    assert list(models["stratify"][:3]) == ["false", "false", "false"]
    summary = aggregation.summarize(models)
    assert len(summary) == 8 + 4
    for name, frame in (("c.csv", models), ("s.csv", summary)):
        Path(name).write_text(aggregation.to_csv(frame))
        pd.testing.assert_frame_equal(aggregation.read_csv(name), frame, check_exact=True)
    errors = aggregation.values_by_cell(studies, aggregation.read_csv("c.csv"))
    assert list(errors) == [(study.name, cell) for study in studies for cell in study.cells]
    assert errors["one", studies[0].cells[2]] == {(0, 0): 4 / 3, (0, 1): 5 / 3}


def test_any_number_can_be_missing(tmp_path):
    """Also one that a later version adds."""
    frame = pd.DataFrame({"study": ["NA", "b"], "status": ["", "x"], "newer": [math.nan, 0.1]})
    (tmp_path / "x.csv").write_text(aggregation.to_csv(frame))
    pd.testing.assert_frame_equal(aggregation.read_csv(tmp_path / "x.csv"), frame)


def measure(model, number, **changes):
    """Write a model's sheet."""
    found = sheet.Sheet(changes.get("record", record.read(model.record)["sha256"]), "0r1g1n5")
    found.add("norms", "c0de", {"weight_norm": number})
    path = Path(sheet.path_of(model.record))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(found.write())


def test_what_was_measured_stands_in_columns_of_its_own(studies):
    for number, model in enumerate(grid.models(studies)):
        measure(model, number)
    models = aggregation.collect(studies, fingerprints, ["norms"]).models
    assert aggregation.quantities(models) == ["weight_norm"]
    own = [float(n) for n in range(12)]
    assert list(models["weight_norm"]) == own + own[:6] + [float(n) for n in range(12, 18)]
    summary = aggregation.summarize(models)
    assert list(summary["weight_norm"][:2]) == [1.0, 4.0]
    assert list(summary["weight_norm_sd"][:2]) == [1.0, 1.0]


@pytest.mark.parametrize("damage", ["missing", "of another record", "edited", "of other measures"])
def test_a_sheet_that_is_not_the_models_is_refused(studies, damage):
    for model in grid.models(studies):
        measure(model, 1.0)
    model = studies[0].models[4]
    path = Path(sheet.path_of(model.record))
    match damage:
        case "missing":
            path.unlink()
        case "of another record":
            measure(model, 1.0, record="0" * 64)
        case "edited":
            path.write_text(path.read_text().replace("1.0", "0.5"))
    wanted = ["norms", "outcome"] if damage == "of other measures" else ["norms"]
    with pytest.raises(UserError, match="missing, damaged or belongs to another model") as caught:
        aggregation.collect(studies, fingerprints, wanted)
    assert str(path) in str(caught.value)
