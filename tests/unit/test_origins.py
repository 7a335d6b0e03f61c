"""Who the rows are, and the split that keeps them together, on rows whose origin is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genboost.data import dataset, origins
from genboost.data.prepare import Settings, prepare
from genboost.data.raw_table import Table
from genboost.errors import UserError

OBESITY = dataset.load(Path(__file__).parents[2] / "workflow" / "datasets" / "obesity.yaml")
TELLING = ["Age", "Height", "Weight"]
PEOPLE, OTHERS = 60, 300
MADE_UP = replace(
    OBESITY,
    respondents=dataset.Respondents(PEOPLE, {"Age": 0, "Height": 2, "Weight": 1}),
    columns=tuple(column for column in OBESITY.columns if column.name in TELLING),
    zeroed_features=(),
)


def interpolated(seed=0):
    """Return a table of respondents and of rows between two of them, and which two."""
    draw = np.random.default_rng(seed)
    label = np.arange(PEOPLE + OTHERS) % 3
    people = np.column_stack(
        [
            draw.integers(14, 61, PEOPLE).astype(float),
            np.round(draw.uniform(1.45, 1.98, PEOPLE), 2),
            np.round(draw.uniform(39, 173, PEOPLE), 1),
        ]
    )
    first = draw.integers(0, PEOPLE // 3, OTHERS) * 3 + label[PEOPLE:]
    second = draw.integers(0, PEOPLE // 3, OTHERS) * 3 + label[PEOPLE:]
    position = draw.random((OTHERS, 3))
    others = people[first] + position * (people[second] - people[first])
    rows = np.vstack([people, np.round(others, 6)])
    columns = dict(zip(TELLING, rows.T, strict=True))
    return Table(columns, label, [], []), np.sort(np.column_stack([first, second]), axis=1)


TABLE, TRUTH = interpolated()
ORIGIN, _ = origins.tell(TABLE, MADE_UP)


def changed(row, name, value):
    values = TABLE.columns[name].copy()
    values[row] = value
    return replace(TABLE, columns=TABLE.columns | {name: values})


def test_respondents_are_told_by_their_decimals():
    assert origins.tell(TABLE, MADE_UP)[1] == ""
    assert ORIGIN[:PEOPLE].tolist() == ["respondent"] * PEOPLE
    assert ORIGIN[PEOPLE:].tolist() == ["interpolated"] * OTHERS


def other_class_only():
    label = TABLE.label.copy()
    label[-1] = 6
    return replace(TABLE, label=label)


@pytest.mark.parametrize(
    ("table", "described", "why"),
    [
        (TABLE, replace(MADE_UP, respondents=None), "does not say how"),
        (changed(5, "Age", 20.5), MADE_UP, "row 6 should be a respondent"),
        (changed(5, "Age", np.nan), MADE_UP, "values are missing"),
        (
            TABLE,
            replace(MADE_UP, respondents=replace(MADE_UP.respondents, first_rows=PEOPLE - 1)),
            f"row {PEOPLE} should be interpolated",
        ),
        (
            TABLE,
            replace(MADE_UP, respondents=replace(MADE_UP.respondents, first_rows=999)),
            "360 rows, and the first 999",
        ),
        (other_class_only(), MADE_UP, "interpolated rows but no respondents"),
    ],
)
def test_what_does_not_fit_the_description_is_not_told(table, described, why):
    origin, said = origins.tell(table, described)
    assert set(origin) == {"unknown"}
    assert why in said
    for choice in ({"rows": "respondents"}, {"split": "grouped"}):
        with pytest.raises(UserError, match="cannot tell which rows"):
            prepare(table, described, Settings(**choice, missing="drop"))


def test_copy_of_an_answer_may_be_interpolated():
    row, copied = PEOPLE + 3, 0
    table = TABLE
    for name in TELLING:
        table = replace(table, columns=table.columns | {name: table.columns[name].copy()})
        table.columns[name][row] = table.columns[name][copied]
    assert table.label[row] == table.label[copied]
    origin, why = origins.tell(table, MADE_UP)
    assert (origin[row], why) == ("interpolated", "")
    assert origins.parents(table, MADE_UP, origin).pairs[row].tolist() == [copied, copied]


def test_only_pair_that_fits_is_the_true_one():
    found = origins.parents(TABLE, MADE_UP, ORIGIN)
    assert (found.fitting[PEOPLE:] >= 1).all()
    sure = found.fitting[PEOPLE:] == 1
    assert sure.sum() > 20
    assert np.array_equal(np.sort(found.pairs[PEOPLE:][sure], axis=1), TRUTH[sure])
    right = (np.sort(found.pairs[PEOPLE:], axis=1) == TRUTH).all(axis=1)
    assert right[~sure].mean() > 3 / found.fitting[PEOPLE:][~sure].mean()
    assert found.pairs[:PEOPLE].tolist() == [[row, row] for row in range(PEOPLE)]


def test_row_between_none_goes_to_the_nearest_pair():
    table = changed(PEOPLE, "Height", 2.500001)
    found = origins.parents(table, MADE_UP, ORIGIN)
    people = [row for row in range(PEOPLE) if table.label[row] == table.label[PEOPLE]]
    tallest = max(people, key=lambda row: table.columns["Height"][row])
    assert found.fitting[PEOPLE] == 0
    assert tallest in found.pairs[PEOPLE]


def test_grouped_split_keeps_rows_with_their_respondents():
    result = prepare(TABLE, MADE_UP, Settings(split="grouped", stratify=True))
    train, test = set(result.train_rows), set(result.test_rows)
    assert not train & test
    assert len(test & set(range(PEOPLE))) == 12
    pairs = origins.parents(TABLE, MADE_UP, ORIGIN).pairs
    for side in (train, test):
        assert {int(person) for row in side for person in pairs[row]} <= side
    left_out = set(range(PEOPLE + OTHERS)) - train - test
    assert all(len({pairs[row][0] in train, pairs[row][1] in train}) == 2 for row in left_out)
    assert f"{len(left_out)} interpolated rows were left out" in result.notes[1]
    one = np.count_nonzero(origins.parents(TABLE, MADE_UP, ORIGIN).fitting == 1)
    assert f"of 300 interpolated rows, {one} fit exactly one pair" in result.notes[0]


def test_validation_rows_of_a_grouped_split_are_kept_with_their_respondents_too():
    chosen = {"split": "grouped", "stratify": True}
    without = prepare(TABLE, MADE_UP, Settings(**chosen))
    result = prepare(TABLE, MADE_UP, Settings(**chosen, validation_fraction=0.25))
    parts = [set(rows) for rows in (result.train_rows, result.test_rows, result.validation_rows)]
    assert parts[1] == set(without.test_rows)
    assert parts[0] | parts[2] < set(without.train_rows)
    assert [len(part & set(range(PEOPLE))) for part in parts] == [36, 12, 12]
    assert min(map(len, parts)) > 12
    pairs = origins.parents(TABLE, MADE_UP, ORIGIN).pairs
    for part in parts:
        assert {int(person) for row in part for person in pairs[row]} <= part
    left_out = PEOPLE + OTHERS - sum(map(len, parts))
    assert f"{left_out} interpolated rows were left out" in result.notes[1]


def test_grouped_split_follows_its_seed():
    draws = [prepare(TABLE, MADE_UP, Settings(split="grouped", split_seed=seed)) for seed in (0, 1)]
    again = prepare(TABLE, MADE_UP, Settings(split="grouped", split_seed=1))
    assert np.array_equal(draws[1].test_rows, again.test_rows)
    assert not np.array_equal(draws[0].test_rows, draws[1].test_rows)


def test_respondents_alone_are_split_at_random():
    result = prepare(TABLE, MADE_UP, Settings(rows="respondents"))
    assert sorted([*result.train_rows, *result.test_rows]) == list(range(PEOPLE))
    assert len(result.test_rows) == 12
    assert set(result.origin[result.test_rows]) == {"respondent"}
