"""A record as a module that predicts new rows, and the command around it."""

import csv
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from some_cell import cell

import predict as predict_script
from genboost import predict
from genboost.data import bundled, dataset, prepare, raw_table, synthetic
from genboost.errors import UserError
from genboost.study.grid import Model
from genboost.train import record, training
from genboost.train.engines import choice

ROOT = Path(__file__).parents[2]
OBESITY = dataset.load(ROOT / "workflow/datasets/obesity.yaml")
DIABETES = dataset.load(ROOT / "workflow/datasets/diabetes.yaml")
CONTENT = synthetic.generate(OBESITY)
WAYS = [
    {},
    {"scaling": "standard"},
    {"scaling": "minmax", "categorical_coding": "onehot"},
    {"categorical_coding": "alphabetical", "label_coding": "alphabetical"},
    {"missing": "impute", "scaling": "standard", "activation": "gelu", "hidden_layers": 2},
    {"normalization": "layer", "scaling": "standard"},
    {"hidden_layers": 0, "zeroed_features": ("Weight", "MTRANS"), "split_seed": 3},
    {"loss": "cross_entropy", "scaling": "standard", "label_coding": "alphabetical"},
]


@dataclass
class Trained:
    """A trained model's record, and the lines of the raw file that are its test rows."""

    path: Path
    header: str
    rows: list[str]

    @property
    def test_mse(self) -> float:
        return record.read(self.path)["test_mse"]

    def file(self, name: str, rows: list[str]) -> Path:
        """Write a CSV file of rows."""
        path = self.path.parent / name
        path.write_text("\n".join([self.header, *rows]) + "\n")
        return path


def trained(folder: Path, described=OBESITY, content=CONTENT, **choices) -> Trained:
    """Prepare data and train a model, as the workflow does, in a results folder."""
    table = raw_table.read_table(content, described, "raw.csv")
    given = {"zeroed_features": described.zeroed_features, **choices}
    one = cell(epochs=3, dataset=described.name, **given)
    settings = prepare.Settings(**{name: one[name] for name in vars(prepare.Settings())})
    prepared = prepare.prepare(table, described, settings)
    identity = {"name": described.name, "sha256": prepared.data.digest}
    path = folder / Model(one, 1).record
    coding = predict.coding_of(path)
    engine = choice.choose("auto", "cpu", [one]).train
    ((_, result),) = training.train([(one, 1)], prepared.data, engine, len(prepared.coding.classes))
    run = {"seconds": 1, "engine": "simd", "device": "cpu", "versions": {}}
    origin = {"data": identity, "code": "c0de", "fingerprint": "0" * 64}
    for file, text in (
        (coding, prepared.coding.write(identity)),
        (path, record.compose(one, 1, result, origin, run)),
    ):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    header, *rows = content.decode().splitlines()
    return Trained(path, header, [rows[index] for index in prepared.test_rows])


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Trained:
    return trained(tmp_path_factory.mktemp("plain"))


@dataclass
class Done:
    """What the command printed."""

    status: int
    stdout: str
    stderr: str


def run(*arguments) -> Done:
    """Run the command in this process, without the second that starting PyTorch takes."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        try:
            predict_script.main([*map(str, arguments)])
        except UserError as error:
            return Done(1, out.getvalue(), f"error: {error}")
    return Done(0, out.getvalue(), err.getvalue())


def check(one: Trained, described=OBESITY) -> None:
    """Compare predictions of the raw test rows with what training recorded."""
    model = predict.load(one.path)
    rows, notes = model.coding.read(one.file("test.csv", one.rows).read_bytes(), "test.csv")
    truth = [row[described.label] for row in csv.DictReader([one.header, *one.rows])]
    codes = [model.coding.classes.get(value) for value in truth]
    codes = np.array(codes if described.classes else truth, dtype=float)
    error = np.mean((model.predict(rows).astype(float) - codes) ** 2)
    assert error == pytest.approx(one.test_mse, rel=1e-6)
    assert notes == []


@pytest.mark.parametrize("choices", WAYS, ids=str)
def test_raw_test_rows_have_the_error_that_training_recorded(tmp_path, choices):
    check(trained(tmp_path, **choices))


def test_a_label_that_is_a_number_is_predicted_too(tmp_path):
    one = trained(tmp_path, DIABETES, bundled.content(DIABETES), scaling="standard")
    check(one, DIABETES)
    header, *lines = run(one.path, one.file("new.csv", one.rows)).stdout.splitlines()
    assert header == "prediction"
    assert len(lines) == len(one.rows)


@pytest.mark.skipif(
    "GENBOOST_RAW_CSV" not in os.environ, reason="GENBOOST_RAW_CSV names no published file"
)
@pytest.mark.parametrize("choices", WAYS, ids=str)
def test_the_published_file_too(tmp_path, choices):
    content = Path(os.environ["GENBOOST_RAW_CSV"]).read_bytes()
    check(trained(tmp_path, content=content, **choices))


def test_command_writes_predictions_and_the_nearest_classes(plain):
    file = plain.file("new.csv", plain.rows)
    model = predict.load(plain.path)
    expected = model.predict(pd.read_csv(file, keep_default_na=False))
    printed = run(plain.path, file)
    assert printed.stderr == ""
    table = pd.read_csv(io.StringIO(printed.stdout))
    assert list(table) == ["prediction", "class"]
    assert np.array_equal(table["prediction"].astype(np.float32), expected)
    nearest = np.clip(np.round(expected), 0, 6).astype(int)
    assert table["class"].tolist() == [OBESITY.classes[code] for code in nearest]
    output = file.parent / "predicted.csv"
    assert run(plain.path, file, "--output", output).stdout == ""
    assert output.read_text() == printed.stdout


def test_a_classifier_predicts_the_expected_and_the_most_probable_class(tmp_path):
    one = trained(tmp_path, loss="cross_entropy", scaling="standard", label_coding="alphabetical")
    file = one.file("new.csv", one.rows)
    table = pd.read_csv(io.StringIO(run(one.path, file).stdout))
    model = predict.load(one.path)
    x = torch.from_numpy(model.coding.apply(pd.read_csv(file, keep_default_na=False)))
    probabilities = torch.softmax(model(x), dim=1).detach().numpy()
    assert probabilities.shape == (len(one.rows), 7)
    names = sorted(OBESITY.classes)
    assert table["class"].tolist() == [names[code] for code in probabilities.argmax(axis=1)]
    np.testing.assert_allclose(table["prediction"], probabilities @ np.arange(7), rtol=1e-5)
    nearest = table["prediction"].round().astype(int)
    assert table["class"].tolist() != [names[code] for code in nearest]  # not the same


def test_new_rows_need_the_columns_that_the_model_sees_in_any_order(plain):
    file = plain.file("new.csv", plain.rows)
    all_of_it = pd.read_csv(file, keep_default_na=False)
    wanted = [name for name in OBESITY.feature_columns if name != "Weight"]
    some = all_of_it[wanted[::-1]].assign(note="mine")
    some.to_csv(file.parent / "some.csv", index=False, sep=";")
    assert run(plain.path, file.parent / "some.csv").stdout == run(plain.path, file).stdout


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("CH2O", "CH20", "line 1: missing column CH2O\n  line 1: rename the column CH20 if it is"),
        ("Bike", "Tram", "line 2, column MTRANS: 'Tram' is not one of Walking"),
        ("{age}", "old", "line 2, column Age: 'old' is not a number"),
        ("{age}", "", "new.csv: values are missing:\n  line 2, column Age: the value is missing"),
        ("{age}", "1e99", "line 2, column Age: '1e99' is not between"),
    ],
)
def test_what_is_wrong_with_new_rows_is_said(plain, old, new, message):
    row = plain.rows[0].split(",")
    age, transport = (plain.header.split(",").index(name) for name in ("Age", "MTRANS"))
    row[transport] = "Bike"
    text = f"{plain.header}\n{','.join(row)}\n"
    old = old.format(age=row[age])
    assert old in text
    file = plain.path.parent / "new.csv"
    file.write_text(text.replace(old, new, 1))
    result = run(plain.path, file)
    assert (result.status, result.stdout) == (1, "")
    assert message in result.stderr


def test_as_a_program_it_ends_with_a_message(plain):
    command = [sys.executable, str(ROOT / "scripts/predict.py"), str(plain.path), "no.csv"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "error: no.csv: no such file\n"


def test_a_prediction_that_is_no_number_is_refused(plain):
    model = predict.load(plain.path)
    torch.nn.init.constant_(model.layers[-1].bias, torch.inf)
    with pytest.raises(UserError, match="row 1: its values are too large to predict from"):
        model.predict(pd.read_csv(plain.file("new.csv", plain.rows), keep_default_na=False))


def test_a_value_beyond_those_of_the_data_is_predicted_with_a_warning(plain):
    table = pd.read_csv(plain.file("new.csv", plain.rows[:3]), keep_default_na=False)
    table.assign(Age=[20, 90, 95]).to_csv(plain.path.parent / "old.csv", index=False)
    result = run(plain.path, plain.path.parent / "old.csv")
    assert "note: Age is outside 14 to 61, the range of all training rows" in result.stderr
    assert len(result.stdout.splitlines()) == 4


def test_missing_values_are_replaced_as_those_of_the_training_rows_were(tmp_path):
    one = trained(tmp_path, missing="impute")
    model = predict.load(one.path)
    table = pd.read_csv(one.file("new.csv", one.rows[:2]), keep_default_na=False)
    holes = table.astype({"Age": object}).assign(Age=["", table.Age[1]], CAEC=["", table.CAEC[1]])
    holes.to_csv(tmp_path / "holes.csv", index=False)
    rows, notes = model.coding.read((tmp_path / "holes.csv").read_bytes(), "holes.csv")
    usual = {name: [model.coding.replacements[name], table[name][1]] for name in ("Age", "CAEC")}
    assert np.array_equal(model.predict(rows), model.predict(table.assign(**usual)))
    assert np.array_equal(model.predict(rows), model.predict(holes.replace({"": None})))
    assert [note.split(" are ")[0] for note in notes] == [
        "1 missing values of Age",
        "1 missing values of CAEC",
    ]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("Age", None, "missing column Age"),
        ("Age", [20.0, None], "column Age, row 2: the value is missing"),
        ("CAEC", ["no", "often"], "column CAEC, row 2: 'often' is not one of no, Sometimes"),
        ("Age", ["20", "old"], "column Age, row 2: 'old' is not a number"),
    ],
)
def test_what_is_wrong_with_a_frame_is_said(plain, column, values, message):
    frame = pd.read_csv(plain.file("new.csv", plain.rows[:2]), keep_default_na=False)
    frame = frame.drop(columns=column) if values is None else frame.assign(**{column: values})
    with pytest.raises(UserError, match=message):
        predict.load(plain.path).predict(frame)


def test_weights_travel_as_a_state_dict(plain, tmp_path):
    model = predict.load(plain.path)
    torch.save(model.state_dict(), tmp_path / "model.pt")
    sizes = [(16, 18), (18, 18), (18, 18), (18, 18), (18, 1)]
    network = torch.nn.Sequential(*(torch.nn.Linear(*pair) for pair in sizes))
    state = torch.load(tmp_path / "model.pt")
    network.load_state_dict({name.removeprefix("layers."): value for name, value in state.items()})
    x = torch.rand(5, 16)
    expected = x
    for layer in network[:-1]:
        expected = torch.relu(layer(expected))
    assert torch.allclose(model(x), network[-1](expected)[:, 0])


def test_a_record_elsewhere_needs_the_coding_of_its_data(plain, tmp_path):
    file, moved = plain.file("new.csv", plain.rows), tmp_path / "model.json"
    moved.write_bytes(plain.path.read_bytes())
    result = run(moved, file)
    assert result.status == 1
    assert "is not in a folder results/models" in result.stderr
    coding = predict.coding_of(plain.path)
    assert run(moved, file, "--coding", coding).stdout == run(plain.path, file).stdout
    other = trained(tmp_path / "other", split_seed=1)
    result = run(moved, file, "--coding", predict.coding_of(other.path))
    assert "describes other data" in result.stderr
    coding = tmp_path / "coding.json"
    for damaged in ("", "{}", "[]", '{"data": 1, "inputs": [], "scaling": 3}'):
        coding.write_text(damaged)
        assert "coding.json is missing or damaged" in run(moved, file, "--coding", coding).stderr


def test_records_that_predict_nothing_are_refused(plain, tmp_path):
    file = plain.file("new.csv", plain.rows)
    assert "cannot read nothing.json" in run("nothing.json", file).stderr
    assert "new.csv is not a model's record, or is damaged" in run(file, file).stderr
    diverged = trained(tmp_path, learning_rate=1e30)
    assert json.loads(diverged.path.read_text())["status"] == "diverged"
    assert "diverged in training, so it cannot predict" in run(diverged.path, file).stderr
