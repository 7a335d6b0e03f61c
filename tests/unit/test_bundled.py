"""The data sets that scikit-learn carries, from its arrays through a CSV file to arrays again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets

from genboost.data import bundled, dataset, download
from genboost.data.description import describe
from genboost.data.prepare import Settings, prepare
from genboost.data.raw_table import read_table
from genboost.errors import UserError

DATASETS = Path(__file__).parents[2] / "workflow" / "datasets"
NAMES = ["breast_cancer", "diabetes", "digits", "wine"]


def described(name):
    return dataset.load(DATASETS / f"{name}.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_arrays_are_those_of_scikit_learn(name):
    it = described(name)
    obtained = download.obtain(it, "auto")
    assert (obtained.source, obtained.notes) == ("sklearn", [])
    table = read_table(obtained.content, it, name)
    result = prepare(table, it, Settings())
    found = getattr(datasets, f"load_{name}")(**({"scaled": False} if name == "diabetes" else {}))
    names = dict(enumerate(found.target_names)) if it.classes else {}
    codes = {value: code for code, value in enumerate(it.classes)}
    target = np.array([codes[str(names[y])] if codes else y for y in found.target])
    for part in ("train", "test"):
        rows = getattr(result, f"{part}_rows")
        assert np.array_equal(getattr(result.data, f"{part}_x"), found.data[rows].astype("f4"))
        assert np.array_equal(getattr(result.data, f"{part}_y"), target[rows].astype("f4"))


@pytest.mark.parametrize(("name", "warned"), [("wine", True), ("digits", True), ("diabetes", False),
                                              ("breast_cancer", False)])  # fmt: skip
def test_classes_without_an_order_are_not_regressed_without_a_word(name, warned):
    it = described(name)
    table = read_table(bundled.content(it), it, name)
    result = prepare(table, it, Settings())
    facts = dict.fromkeys(["source", "location", "sha256", "licence", "citation"], "-")
    text = describe(it, table, result, Settings(), facts | {"synthetic": False, "notes": []})
    assert ("the classes have no order" in text) == warned


def test_numbers_cannot_be_stratified():
    it = described("diabetes")
    table = read_table(bundled.content(it), it, "diabetes")
    with pytest.raises(UserError, match="stratify needs classes, but progression is a number"):
        prepare(table, it, Settings(stratify=True))


@pytest.mark.parametrize(("name", "message"), [(None, "names no"), ("files", "has no"), ("x", "x")])
def test_what_scikit_learn_does_not_carry_is_named(name, message):
    with pytest.raises(UserError, match=message):
        bundled.content(replace(described("wine"), sklearn=name))
