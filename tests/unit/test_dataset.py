"""The description of a data set: what is read, and what is refused by the key's name."""

import copy
from pathlib import Path

import pytest
import yaml

from genboost.data import dataset
from genboost.errors import UserError

OBESITY = Path(__file__).parents[2] / "workflow" / "datasets" / "obesity.yaml"


def test_obesity_is_as_published():
    obesity = dataset.load(OBESITY)
    assert len(obesity.columns) == 16
    assert obesity.feature_columns[3] == "Weight"
    assert obesity.classes[0] == "Insufficient_Weight"
    assert obesity.classes[-1] == "Obesity_Type_III"
    assert sum(obesity.class_rows) == 2111
    assert obesity.zeroed_features == ("Weight",)
    assert obesity.kaggle == "fatemehmehrparvar/obesity-levels"
    assert "/544/" in obesity.uci_url


MINIMAL = {
    "title": "Toy",
    "licence": "CC0",
    "citation": "Nobody",
    "label": {"name": "y", "classes": {"low": 3, "high": 4}},
    "columns": {"a": {"range": [0, 1]}, "b": {"values": ["no", "yes"]}},
}


def write(folder, document):
    path = folder / "toy.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def test_statistics_and_sources_are_optional(tmp_path):
    toy = dataset.load(write(tmp_path, MINIMAL))
    assert toy.feature_columns == ["a", "b"]
    assert (toy.kaggle, toy.uci_url, toy.file, toy.respondents) == (None,) * 4
    assert (toy.rows, toy.ordered, toy.label_range) == (7, True, None)


def test_label_may_be_a_number(tmp_path):
    label = {"name": "y", "range": [0, 9.5], "rows": 442}
    toy = dataset.load(write(tmp_path, MINIMAL | {"label": label}))
    assert (toy.classes, toy.label_range, toy.rows) == ((), (0, 9.5), 442)


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (["titel"], "Toy", "unknown key titel"),
        (["title"], 3, "title in the file: 3 should be of type str"),
        (["respondents"], 0.5, "respondents in the file: 0.5 should be of type dict"),
        (
            ["respondents"],
            {"first_rows": 8, "decimals": {"a": 0}},
            "first_rows: must be from 1 to 7",
        ),
        (["respondents"], {"first_rows": 3, "decimals": {"b": 0}}, "b is not a column of numbers"),
        (["respondents"], {"first_rows": 3, "decimals": {"a": -1}}, r"decimals\.a: must be 0 or"),
        (["respondents"], {"first_rows": 3, "decimals": {}}, "name at least one"),
        (["label", "range"], [0, 1], "label: must have either"),
        (["label", "ordered"], 1, "ordered in label: 1 should be of type bool"),
        (["label", "rows"], 7, "label.rows: applies to numbers only"),
        (["label"], {"name": "y", "range": [0, 1], "ordered": True}, "label.ordered"),
        (["label"], {"name": "y", "range": [1, 0]}, "label.range: the first number"),
        (["label"], {"name": "y", "range": [0, 1], "rows": 0}, "label.rows"),
        (["label", "classes", "low"], 1, "label.classes.low"),
        (["label", "classes"], {}, "label.classes"),
        (["label", "classes"], {False: 3, True: 4}, "in quotes"),
        (["columns"], {}, "columns"),
        (["columns", "y"], {"range": [0, 1]}, "y is the label"),
        (["zeroed_features"], ["y"], "zeroed_features: y is not one of the columns"),
        (["columns", "a"], [0, 1], "columns.a must be a mapping"),
        (["columns", "a"], {}, "columns.a: must have either"),
        (["columns", "a", "values"], ["no", "yes"], "columns.a: must have either"),
        (["columns", "a", "range"], [1, 0], "columns.a.range"),
        (["columns", "a", "range"], [0, "x"], "columns.a.range"),
        (["columns", "a", "range"], [0, float("nan")], "columns.a.range"),
        (["columns", "a", "mean"], [0.5, 0.5], "columns.a: a number has mean and sd"),
        (["columns", "b", "values"], [False, True], "in quotes"),
        (["columns", "b", "values"], ["no", "no"], "no value twice"),
        (["columns", "b", "shares"], [[1, 1]], "columns.b.shares: must have 2 entries"),
        (["columns", "b", "shares"], [[1, 1], [1, -1]], r"columns.b.shares\[1\]"),
        (["columns", "b", "shares"], [[1, 1], [0, 0]], r"columns.b.shares\[1\]"),
        (["kaggle"], {"name": "a/b"}, "kaggle: unknown key name"),
        (["ignored_columns"], ["id", "a"], "ignored_columns: a is used"),
        (["ignored_columns"], ["y"], "ignored_columns: y is used"),
    ],
)
def test_mistake_is_named(tmp_path, keys, value, message):
    document = copy.deepcopy(MINIMAL)
    node = document
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    with pytest.raises(UserError, match=message):
        dataset.load(write(tmp_path, document))


def test_key_that_is_there_twice_is_named_with_both_lines(tmp_path):
    path = write(tmp_path, MINIMAL)
    lines = len(path.read_text().splitlines())
    path.write_text(path.read_text() + "title: Another\n")
    with pytest.raises(UserError, match=rf"(?s)title duplicate key, first on line 1.*{lines + 1}"):
        dataset.load(path)


def test_missing_key_is_named(tmp_path):
    document = {key: value for key, value in MINIMAL.items() if key != "licence"}
    with pytest.raises(UserError, match="lacks licence"):
        dataset.load(write(tmp_path, document))


@pytest.mark.parametrize("content", [b"title: [", b"[" * 5000, b"\xff\xfe", b"", b"- a"])
def test_what_is_no_description_is_refused(tmp_path, content):
    path = tmp_path / "toy.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"toy\.yaml"):
        dataset.load(path)
    with pytest.raises(UserError, match=r"absent\.yaml"):
        dataset.load(tmp_path / "absent.yaml")
