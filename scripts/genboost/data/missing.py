"""Missing values: refused, left out with their rows, or replaced from the training rows."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from genboost.data.dataset import Dataset
from genboost.data.raw_table import Table
from genboost.errors import UserError

_SHOWN = 5


def usable_rows(table: Table, dataset: Dataset, treatment: str) -> tuple[np.ndarray, list[str]]:
    """Return the rows to use, int64, and notes about the others.

    Parameters
    ----------
    treatment : str
        ``refuse``; ``drop`` uses rows without missing values, ``impute`` rows with a label.

    Raises
    ------
    UserError
        If a value is missing and is refused; names the line and column.
    """
    if treatment == "refuse" and table.missing:
        raise UserError(
            "values are missing; set data.missing to drop or impute them:\n  "
            + places(table.missing)
        )
    unlabelled = np.isnan(table.label) if dataset.label_range else table.label < 0
    incomplete = map(holes, table.columns.values()) if treatment == "drop" else []
    usable = ~np.logical_or.reduce([unlabelled, *incomplete])
    left_out = np.count_nonzero(~usable)
    kind = "a missing value" if treatment == "drop" else "no label"
    notes = [f"{left_out} rows with {kind} were left out"] if left_out else []
    return np.flatnonzero(usable), notes


def replacements(table: Table, dataset: Dataset, train_rows: np.ndarray) -> dict[str, float | str]:
    """Return the replacement for missing values of each feature.

    For a number it is the median of the training rows, for a category their most frequent value
    (on a tie, the first in the description's order).

    Raises
    ------
    UserError
        If a column has no value in the training rows.
    """
    found: dict[str, float | str] = {}
    for column in dataset.columns:
        values = table.columns[column.name][train_rows]
        known = values[~holes(values)]
        if not len(known):
            raise UserError(f"column {column.name} has no value in the training rows")
        if column.range:
            found[column.name] = float(np.median(known))
        else:
            count = Counter(known.tolist())
            found[column.name] = max(column.values, key=lambda value: count[value])
    return found


def replaced(
    columns: Mapping[str, np.ndarray], replacements: Mapping[str, float | str]
) -> list[str]:
    """Say how many values are missing, and what replaces them."""
    notes = []
    for name, value in replacements.items():
        if count := np.count_nonzero(holes(columns[name])) if name in columns else 0:
            kind = "the most frequent" if isinstance(value, str) else "the median"
            shown = value if isinstance(value, str) else f"{value:g}"
            notes.append(
                f"{count} missing values of {name} are replaced by {shown}, {kind} of the "
                "training rows"
            )
    return notes


def places(missing: Sequence[tuple[int, str]]) -> str:
    """List the lines and columns of the first few missing values."""
    lines = [f"line {line}, column {name}: the value is missing" for line, name in missing[:_SHOWN]]
    if len(missing) > _SHOWN:
        lines.append(f"and {len(missing) - _SHOWN} more")
    return "\n  ".join(lines)


def holes(values: np.ndarray) -> np.ndarray:
    """Return where a column has no value (NaN, None or empty text), bool [rows]."""
    if values.dtype.kind in "fiu":
        return np.isnan(values)
    return np.array([value is None or value == "" or value != value for value in values], bool)
