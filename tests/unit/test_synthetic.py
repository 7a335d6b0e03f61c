"""The stand-in: the published data's shape, and a signal that a model can learn."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genboost.data import dataset, origins, synthetic
from genboost.data.raw_table import read_table
from genboost.errors import UserError

OBESITY = dataset.load(Path(__file__).parents[2] / "workflow" / "datasets" / "obesity.yaml")
CSV = synthetic.generate(OBESITY)
TABLE = read_table(CSV, OBESITY, "stand-in")


def test_same_seed_same_bytes():
    assert synthetic.generate(OBESITY) == CSV
    assert synthetic.generate(OBESITY, seed=1) != CSV


def test_it_passes_the_checks_without_a_note():
    assert TABLE.notes == []


def test_classes_are_exactly_as_large_as_published_and_mixed():
    assert tuple(Counter(TABLE.label.tolist())[code] for code in range(7)) == OBESITY.class_rows
    assert len(set(TABLE.label[:100].tolist())) == 7


def test_columns_follow_the_statistics_of_each_class():
    for column in OBESITY.columns:
        for code in range(7):
            values = TABLE.columns[column.name][TABLE.label == code]
            people = round(OBESITY.class_rows[code] * 498 / 2111)
            if column.range:
                width = column.range[1] - column.range[0]
                error = 5 * column.sd[code] / people**0.5 + 0.1 * width  # clipping moves a mean
                assert abs(values.mean() - column.mean[code]) <= error, (column.name, code)
            else:
                shares = np.array(column.shares[code])
                for value, share in zip(column.values, shares / shares.sum(), strict=True):
                    error = 5 * (share * (1 - share) / people) ** 0.5 + 0.02
                    assert abs((values == value).mean() - share) <= error, (column.name, code)


def test_respondents_alone_make_a_sample_without_interpolation():
    everyone = read_table(synthetic.generate(replace(OBESITY, respondents=None)), OBESITY, "all")
    assert len(everyone.label) == 2111


def test_column_without_statistics_is_named():
    columns = [replace(c, mean=()) if c.name == "Age" else c for c in OBESITY.columns]
    with pytest.raises(UserError, match=r"columns\.Age has no statistics"):
        synthetic.generate(replace(OBESITY, columns=tuple(columns)))


def test_other_rows_lie_between_two_respondents():
    small = replace(OBESITY, class_rows=(40,) * 7)
    rows = synthetic._class_rows(small, 0, 2, np.random.Generator(np.random.PCG64(0)))
    people, others = rows[:, :2], rows[:, 2:]
    assert others.shape == (16, 38)
    assert np.all(others >= people.min(axis=1, keepdims=True))
    assert np.all(others <= people.max(axis=1, keepdims=True))
    height = OBESITY.feature_columns.index("Height")
    assert len(np.unique(others[height])) == 38


def test_respondents_come_first_and_have_the_decimals_of_an_answer():
    origin, why = origins.tell(TABLE, OBESITY)
    assert why == ""
    assert (origin[:498] == "respondent").all()
    assert (origin[498:] == "interpolated").all()


def test_label_that_is_a_number_is_named():
    with pytest.raises(UserError, match="the label is a number"):
        synthetic.generate(replace(OBESITY, classes=(), label_range=(0, 1)))
