"""Preparation: coding, split and scaling, and the command that does all of it."""

import contextlib
import csv
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder

import preprocess
from genboost import receipts
from genboost.data import dataset, split, synthetic
from genboost.data.arrays import Data
from genboost.data.description import describe
from genboost.data.prepare import Settings, prepare, to_bytes
from genboost.data.raw_table import read_table
from genboost.errors import UserError

YAML = Path(__file__).parents[2] / "workflow" / "datasets" / "obesity.yaml"
OBESITY = dataset.load(YAML)
CSV = synthetic.generate(OBESITY)
TABLE = read_table(CSV, OBESITY, "stand-in")
UCI_ORDER = [
    *("Gender", "Age", "Height", "Weight", "family_history_with_overweight", "FAVC", "FCVC"),
    *("NCP", "CAEC", "SMOKE", "CH2O", "SCC", "FAF", "TUE", "CALC", "MTRANS", "NObeyesdad"),
]


def reordered(order):
    """Return the file with its columns in another order."""
    file = io.StringIO()
    writer = csv.DictWriter(file, order, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(csv.DictReader(io.StringIO(CSV.decode())))
    return file.getvalue().encode()


def prepared(table=TABLE, **choices):
    return prepare(table, OBESITY, Settings(**{"zeroed_features": [], **choices}))


def column(result, name, part="train"):
    """Return a column of x; `part` is train or test."""
    return getattr(result.data, f"{part}_x")[:, list(result.inputs).index(name)]


def test_rows_and_labels_belong_together():
    result = prepared()
    assert (len(result.train_rows), len(result.test_rows)) == (1688, 423)
    assert sorted([*result.train_rows, *result.test_rows]) == list(range(2111))
    for part, rows in (("train", result.train_rows), ("test", result.test_rows)):
        assert getattr(result.data, f"{part}_y").tolist() == TABLE.label[rows].tolist()
        for name in ("Age", "Weight", "CH2O"):
            expected = TABLE.columns[name][rows].astype(np.float32)
            assert np.array_equal(column(result, name, part), expected)
    assert {array.dtype for array in vars(result.data).values()} == {np.dtype(np.float32)}


def test_classes_can_have_alphabetical_codes():
    severity, alphabetical = prepared(), prepared(label_coding="alphabetical")
    names = np.array(OBESITY.classes)
    encoder = LabelEncoder().fit(names)
    for part in ("train_y", "test_y"):
        codes = getattr(severity.data, part).astype(int)
        expected = encoder.transform(names[codes])
        assert getattr(alphabetical.data, part).tolist() == expected.tolist()


def test_ordinal_codes_follow_the_natural_order():
    result = prepared()
    assert list(result.inputs) == OBESITY.feature_columns
    for each in OBESITY.columns:
        if each.values:
            words = TABLE.columns[each.name][result.train_rows]
            expected = [each.values.index(word) for word in words]
            assert column(result, each.name).tolist() == expected
    assert result.inputs["CAEC"] == "0 no, 1 Sometimes, 2 Frequently, 3 Always"


def test_alphabetical_codes_are_those_of_a_label_encoder_but_the_label_is_by_severity():
    result = prepared(categorical_coding="alphabetical")
    for name in ("CAEC", "CALC", "MTRANS"):
        expected = LabelEncoder().fit_transform(TABLE.columns[name])[result.train_rows]
        assert column(result, name).tolist() == expected.tolist()
    assert result.data.train_y.tolist() == TABLE.label[result.train_rows].tolist()


def test_onehot_has_one_input_a_value():
    result = prepared(categorical_coding="onehot", zeroed_features=["Gender"])
    assert result.data.train_x.shape[1] == 8 + sum(len(c.values) for c in OBESITY.columns)
    for value in ("no", "Sometimes", "Frequently", "Always"):
        expected = TABLE.columns["CAEC"][result.train_rows] == value
        assert np.array_equal(column(result, f"CAEC={value}"), expected)
    assert not column(result, "Gender=Female").any()
    assert not column(result, "Gender=Male").any()


@pytest.mark.parametrize("scaling", ["none", "standard", "minmax"])
@pytest.mark.parametrize("part", ["train", "test"])
def test_zeroed_features_stay_zero(scaling, part):
    result = prepared(scaling=scaling, zeroed_features=["Weight", "MTRANS"])
    assert result.data.train_x.shape[1] == 16
    assert not column(result, "Weight", part).any()
    assert not column(result, "MTRANS", part).any()
    assert column(result, "Height", part).any()


def test_scaling_is_fitted_on_the_training_rows_alone():
    plain = prepared()
    center, spread = plain.data.train_x.mean(axis=0), plain.data.train_x.std(axis=0)
    standard = prepared(scaling="standard").data
    assert np.allclose(standard.train_x, (plain.data.train_x - center) / spread, atol=1e-4)
    assert np.allclose(standard.test_x, (plain.data.test_x - center) / spread, atol=1e-4)

    low, high = plain.data.train_x.min(axis=0), plain.data.train_x.max(axis=0)
    minmax = prepared(scaling="minmax").data
    assert np.allclose(minmax.test_x, (plain.data.test_x - low) / (high - low), atol=1e-5)
    assert (minmax.train_x.min(), minmax.train_x.max()) == (0, 1)


@pytest.mark.parametrize("rows", [2, 5, 1688, 2111])
@pytest.mark.parametrize("fraction", [0.001, 0.2, 1 / 3, 0.5])
def test_a_random_split_is_scikit_learns(rows, fraction):
    rows = np.arange(rows) * 3
    for seed in range(3):
        expected = train_test_split(rows, test_size=fraction, random_state=seed)
        found = split.at_random(rows, fraction, seed)
        assert [part.tolist() for part in found] == [part.tolist() for part in expected]


def test_split_follows_its_seed_and_stratification():
    assert np.array_equal(prepared().test_rows, prepared(split_seed=0).test_rows)
    assert not np.array_equal(prepared().test_rows, prepared(split_seed=1).test_rows)
    even = prepared(stratify=True)
    counts = np.bincount(even.data.test_y.astype(int))
    assert np.abs(counts - np.bincount(TABLE.label) * 423 / 2111).max() < 1


@pytest.mark.parametrize("choices", [{}, {"stratify": True}, {"rows": "all", "split_seed": 7}])
def test_validation_rows_are_taken_from_the_training_rows(choices):
    without, result = prepared(**choices), prepared(validation_fraction=0.25, **choices)
    assert result.test_rows.tolist() == without.test_rows.tolist()
    assert result.data.test_x.tobytes() == without.data.test_x.tobytes()
    kept, validation = set(result.train_rows), set(result.validation_rows)
    assert (len(kept), len(validation)) == (1266, 422)
    assert kept | validation == set(without.train_rows)
    assert result.data.validation_y.tolist() == TABLE.label[result.validation_rows].tolist()
    expected = TABLE.columns["CH2O"][result.validation_rows].astype(np.float32)
    assert np.array_equal(column(result, "CH2O", "validation"), expected)
    again = prepared(validation_fraction=0.25, **choices)
    assert again.data.digest == result.data.digest != without.data.digest


def test_validation_rows_keep_the_classes_shares_if_the_test_rows_do():
    even = prepared(stratify=True, validation_fraction=0.25)
    counts = np.bincount(even.data.validation_y.astype(int))
    assert np.abs(counts - np.bincount(TABLE.label) * 422 / 2111).max() < 2
    other = prepared(stratify=True, validation_fraction=0.25, split_seed=1)
    assert set(even.validation_rows) != set(other.validation_rows)


def test_validation_rows_are_scaled_like_test_rows_and_keep_their_labels():
    result = prepared(scaling="standard", validation_fraction=0.25, shuffle_labels=1.0)
    assert result.data.train_x.astype(float).mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert np.abs(result.data.validation_x.astype(float).mean(axis=0)).max() > 1e-3
    assert result.data.validation_y.tolist() == TABLE.label[result.validation_rows].tolist()


def test_data_without_validation_rows_are_what_they_were():
    data = prepared().data
    assert len(data.validation_y) == 0
    assert data.digest == Data(data.train_x, data.train_y, data.test_x, data.test_y).digest


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"zeroed_features": ["Wieght"]}, "Wieght is not a feature.*Weight"),
        ({"zeroed_features": ["NObeyesdad"]}, "NObeyesdad is not a feature"),
        ({"test_fraction": 0.0}, "cannot be split with fraction 0"),
        ({"test_fraction": 1.0}, "cannot be split with fraction 1"),
        ({"test_fraction": 1e-4, "stratify": True}, "cannot be split .* stratify True"),
        ({"split_seed": -1}, "cannot be split .* seed -1"),
        ({"validation_fraction": 1.0}, "1688 rows cannot be split with fraction 1"),
    ],
)
def test_what_cannot_be_done_is_said(choices, message):
    with pytest.raises(UserError, match=message):
        prepared(**choices)


def test_labels_that_are_all_the_same_teach_nothing():
    same = replace(TABLE, label=np.full_like(TABLE.label, 3))
    with pytest.raises(UserError, match="the same NObeyesdad, so there is nothing to learn"):
        prepared(same)


@given(st.permutations(UCI_ORDER))
@settings(max_examples=8, deadline=None)
def test_any_column_order_gives_the_same_bytes(order):
    table = read_table(reordered(order), OBESITY, "another order")
    assert to_bytes(prepared(table), "") == to_bytes(prepared(), "")


def raw_files(folder, content, synthetic_data=False):
    folder.mkdir(exist_ok=True)
    raw, provenance = folder / "raw.csv", folder / "raw.json"
    raw.write_bytes(content)
    record = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "synthetic": synthetic_data,
        "source": "file",
        "location": "mine.csv",
        "licence": OBESITY.licence,
        "citation": OBESITY.citation,
        "notes": ["a note\non two lines"],
        "time": "2000-01-01T00:00:00+00:00",
    }
    provenance.write_text(json.dumps(record))
    return raw, provenance


def command(folder, raw, provenance, **settings):
    arrays, text = folder / "arrays.npz", folder / "description.md"
    data = {**vars(Settings()), "zeroed_features": None, **settings}
    request = receipts.request("prepare/default", "", data=data)
    arguments = [
        *("--request", request, "--dataset", str(YAML), "--raw", str(raw)),
        *("--provenance", str(provenance)),
        *("--output", str(arrays), "--coding", str(folder / "coding.json")),
        *("--description", str(text)),
    ]
    with contextlib.chdir(folder):  # for the receipt
        preprocess.main(arguments)
    return arrays.read_bytes(), text.read_text()


def test_command_writes_what_training_reads(tmp_path):
    arrays, text = command(tmp_path, *raw_files(tmp_path, CSV), zeroed_features=["Weight"])
    data = Data.load(tmp_path / "arrays.npz")
    expected = prepared(zeroed_features=["Weight"]).data
    for name, array in vars(expected).items():
        assert np.array_equal(getattr(data, name), array)
    assert command(tmp_path, *raw_files(tmp_path, CSV), zeroed_features=["Weight"]) == (
        arrays,
        text,
    )


def test_kaggles_and_ucis_column_orders_give_the_same_arrays(tmp_path):
    kaggle, _ = command(tmp_path, *raw_files(tmp_path / "kaggle", CSV))
    uci, _ = command(tmp_path, *raw_files(tmp_path / "uci", reordered(UCI_ORDER)))
    assert kaggle == uci


def test_description_tells_what_a_reader_needs(tmp_path):
    raw, provenance = raw_files(tmp_path, CSV)
    _, text = command(tmp_path, raw, provenance, zeroed_features=["Weight"], stratify=True)
    data = prepared(stratify=True).data
    assert "| Obesity_Type_I | 4 | 351 | 281 | 70 |" in text
    assert "| all |  | 2111 | 1688 | 423 |" in text
    assert f"{data.test_y.astype(float).var():.4f} over the test rows" in text
    assert "| Weight | set to zero | 0.000 | 0.000 |" in text
    assert "- note: a note on two lines" in text
    assert "SYNTHETIC" not in text
    assert Data.name(tmp_path / "arrays.npz") == "obesity"
    assert f"`{Data.load(tmp_path / 'arrays.npz').digest}`" in text
    assert "2000-01-01" not in text
    _, text = command(tmp_path, *raw_files(tmp_path, CSV, synthetic_data=True))
    assert "**SYNTHETIC**" in text
    assert Data.name(tmp_path / "arrays.npz") == "obesity (SYNTHETIC)"


def test_description_shows_any_text_as_it_is(tmp_path):
    dataset = replace(OBESITY, title="A <b>*bold*</b> [set]", citation="a | b\n_c_ snake_case")
    table = read_table(CSV, dataset, "some.csv")
    provenance = dict.fromkeys(("source", "sha256"), "a") | {
        "synthetic": False,
        "location": "a`b.csv",
        "licence": "\\\\",
        "citation": dataset.citation,
        "notes": [],
    }
    made = prepared()
    text = describe(dataset, table, made, Settings(), provenance)
    assert text.startswith("# A \\<b>\\*bold\\*\\</b> \\[set]\n")
    assert "- citation: a \\| b \\_c\\_ snake_case\n" in text
    assert "a, a\\`b.csv\n" in text


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_a_share_of_the_training_labels_is_permuted(share):
    true, shuffled = prepared().data, prepared(shuffle_labels=share).data
    moved = np.mean(shuffled.train_y != true.train_y)
    others = 1 - np.sum((np.bincount(true.train_y.astype(int)) / len(true.train_y)) ** 2)
    assert moved == pytest.approx(share * others, abs=0.03)  # a label may move to one of its like
    assert sorted(shuffled.train_y) == sorted(true.train_y)
    for name in ("train_x", "test_x", "test_y"):
        assert getattr(shuffled, name).tobytes() == getattr(true, name).tobytes()


def test_labels_are_permuted_by_their_own_seed():
    one, two = (prepared(shuffle_labels=1.0, shuffle_seed=seed) for seed in (0, 1))
    again = prepared(shuffle_labels=1.0, shuffle_seed=1)
    assert again.data.digest == two.data.digest != one.data.digest
    assert "labels of 1688 training rows are permuted" in one.notes[0]
    assert prepared(shuffle_seed=1).data.digest == prepared().data.digest


@given(st.integers(0, len(CSV) - 1), st.integers(1, 255))
@settings(max_examples=15, deadline=None)
def test_raw_file_that_was_altered_is_never_used(tmp_path_factory, place, change):
    folder = tmp_path_factory.mktemp("altered")
    raw, provenance = raw_files(folder, CSV)
    raw.write_bytes(CSV[:place] + bytes([CSV[place] ^ change]) + CSV[place + 1 :])
    with pytest.raises(UserError, match="altered after the download"):
        command(folder, raw, provenance)
    raw.write_bytes(CSV[:place])
    with pytest.raises(UserError, match="altered after the download"):
        command(folder, raw, provenance)


@pytest.mark.parametrize("content", ["{", "[]", "null", "{}"])
def test_damaged_provenance_is_named(tmp_path, content):
    raw, provenance = raw_files(tmp_path, CSV)
    provenance.write_text(content)
    with pytest.raises(UserError, match=r"raw\.json"):
        command(tmp_path, raw, provenance)
    provenance.unlink()
    with pytest.raises(UserError, match=r"raw\.json"):
        command(tmp_path, raw, provenance)
