"""Missing values: refused, left out with their rows, or filled in from the training rows."""

from collections import Counter
from dataclasses import replace

import numpy as np

from genboost.data.dataset import Dataset
from genboost.data.raw_table import Table
from genboost.errors import UserError

_SHOWN = 5


def usable_rows(table: Table, dataset: Dataset, treatment: str) -> tuple[np.ndarray, list[str]]:
    """Return the rows to use, int64, and what is to be said of the others.

    Parameters
    ----------
    treatment : str
        ``refuse``; ``drop``: rows without a missing value; ``impute``: rows that have a label.

    Raises
    ------
    UserError
        If a value is missing and the treatment is to refuse; names line and column.
    """
    if treatment == "refuse" and table.missing:
        lines = [
            f"line {line}, column {name}: the value is missing"
            for line, name in table.missing[:_SHOWN]
        ]
        if len(table.missing) > _SHOWN:
            lines.append(f"and {len(table.missing) - _SHOWN} more")
        raise UserError(
            "values are missing; data.missing says whether to drop or to impute them:\n  "
            + "\n  ".join(lines)
        )
    unlabelled = np.isnan(table.label) if dataset.label_range else table.label < 0
    holes = [_holes(values) for values in table.columns.values()] if treatment == "drop" else []
    usable = ~np.logical_or.reduce([unlabelled, *holes])
    left_out = np.count_nonzero(~usable)
    kind = "a missing value" if treatment == "drop" else "no label"
    notes = [f"{left_out} rows with {kind} were left out"] if left_out else []
    return np.flatnonzero(usable), notes


def fill(
    table: Table, dataset: Dataset, train_rows: np.ndarray, test_rows: np.ndarray
) -> tuple[Table, list[str]]:
    """Return the table with no missing value left in its features, and what was filled in.

    A number becomes the median of the training rows, a category their most frequent value (of
    equally frequent ones the first in the description's order).

    Raises
    ------
    UserError
        If a column has no value in the training rows.
    """
    columns, notes = dict(table.columns), []
    for column in dataset.columns:
        values = columns[column.name]
        holes = _holes(values)
        if not holes.any():
            continue
        known = values[train_rows][~holes[train_rows]]
        if not len(known):
            raise UserError(f"column {column.name} has no value in the training rows")
        if column.range:
            value = float(np.median(known))
        else:
            count = Counter(known.tolist())
            value = max(column.values, key=lambda value: count[value])
        columns[column.name] = np.where(holes, value, values)
        shown = f"{value:g}, the median" if column.range else f"{value}, the most frequent"
        used = np.count_nonzero(holes[train_rows]) + np.count_nonzero(holes[test_rows])
        if not used:
            continue
        notes.append(
            f"{used} missing values of {column.name} are taken as {shown} of the training rows"
        )
    return replace(table, columns=columns), notes


def _holes(values: np.ndarray) -> np.ndarray:
    """Return where a column has no value, bool [rows]."""
    return np.isnan(values) if values.dtype == np.float64 else values == ""
