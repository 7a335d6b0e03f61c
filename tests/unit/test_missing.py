"""Missing values: refused by place, left out, or filled in from the training rows alone."""

from pathlib import Path

import numpy as np
import pytest

from genboost.data import dataset, synthetic
from genboost.data.prepare import Settings, prepare
from genboost.data.raw_table import read_table
from genboost.errors import UserError

OBESITY = dataset.load(Path(__file__).parents[2] / "workflow" / "datasets" / "obesity.yaml")
LINES = [line.split(",") for line in synthetic.generate(OBESITY).decode().splitlines()]
AGE, CAEC, LABEL = (LINES[0].index(name) for name in ("Age", "CAEC", "NObeyesdad"))
HOLES = {(1, AGE), (2, AGE), (3, CAEC), (4, LABEL)}
for row, place in HOLES:
    LINES[row][place] = ""
TABLE = read_table("\n".join(map(",".join, LINES)).encode(), OBESITY, "holes.csv")


def prepared(**choices):
    return prepare(TABLE, OBESITY, Settings(**choices))


def test_missing_values_are_refused_with_their_places():
    with pytest.raises(
        UserError, match=r"(?s)data\.missing.*line 2, column Age.*line 5, column NO"
    ):
        prepared()


def test_rows_with_missing_values_are_left_out():
    result = prepared(missing="drop")
    assert sorted([*result.train_rows, *result.test_rows]) == list(range(4, 2111))
    assert result.notes == ["4 rows with a missing value were left out"]
    assert np.isfinite(result.data.train_x).all()


@pytest.mark.parametrize("seed", range(6))
def test_missing_features_are_filled_in_from_the_training_rows(seed):
    result = prepared(missing="impute", split_seed=seed)
    assert sorted([*result.train_rows, *result.test_rows]) == [0, 1, 2, *range(4, 2111)]
    age = [float(LINES[row + 1][AGE] or "nan") for row in result.train_rows]
    often = [LINES[row + 1][CAEC] for row in result.train_rows]
    middle, most = np.nanmedian(age), max(set(often), key=often.count)
    inputs = list(result.inputs)
    x = np.vstack([result.data.train_x, result.data.test_x])
    rows = [*result.train_rows, *result.test_rows]
    for row in (0, 1):
        assert x[rows.index(row), inputs.index("Age")] == np.float32(middle)
    codes = ["no", "Sometimes", "Frequently", "Always"]
    assert x[rows.index(2), inputs.index("CAEC")] == codes.index(most)
    assert result.notes[0] == "1 rows with no label were left out"
    assert f"2 missing values of Age are replaced by {middle:g}, the median" in result.notes[1]
    assert f"CAEC are replaced by {most}, the most frequent" in result.notes[2]


def test_column_without_a_value_cannot_be_filled_in():
    columns = TABLE.columns | {"Age": np.full(2111, np.nan)}
    with pytest.raises(UserError, match="column Age has no value in the training rows"):
        prepare(type(TABLE)(columns, TABLE.label, TABLE.missing, []), OBESITY,
                Settings(missing="impute"))  # fmt: skip
