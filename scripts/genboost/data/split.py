"""Split rows into those for training and those for testing."""

from typing import TYPE_CHECKING

import numpy as np

from genboost.data import origins
from genboost.data.dataset import Dataset
from genboost.data.raw_table import Table
from genboost.errors import UserError

if TYPE_CHECKING:
    from genboost.data.prepare import Settings

_TRAIN, _TEST = 0, 1


def split(
    table: Table, dataset: Dataset, settings: "Settings", rows: np.ndarray, origin: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the rows for training, those for testing, and what is to be said of the split.

    Parameters
    ----------
    rows : int64 array
        The rows to split.
    origin : text array [rows of the file]
        As `origins.tell` returns it.

    Raises
    ------
    UserError
        If the rows cannot be split as asked.
    """
    if settings.split == "random":
        return *_at_random(table, dataset, settings, rows), []
    people = rows[origin[rows] == origins.RESPONDENT]
    others = rows[origin[rows] == origins.INTERPOLATED]
    side = np.full(len(table.label), -1)
    for number, part in enumerate(_at_random(table, dataset, settings, people)):
        side[part] = number
    found = origins.parents(table, dataset, origin)
    first, second = side[found.pairs[others]].T
    side[others] = np.where(first == second, first, -1)
    fitting = found.fitting[others]
    one, none = (np.count_nonzero(fitting == count) for count in (1, 0))
    notes = [
        f"of {len(others)} interpolated rows, {one} lie between one pair of respondents only, "
        f"{len(others) - one - none} between several, of which the likeliest was taken, and {none} "
        "between none, as if interpolated again: they were placed by the nearest pair",
        f"{np.count_nonzero(side[others] == -1)} interpolated rows were left out, as they lie "
        "between a respondent for training and one for testing",
    ]
    return *(rows[side[rows] == part] for part in (_TRAIN, _TEST)), notes


def _at_random(
    table: Table, dataset: Dataset, settings: "Settings", rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows for training and those for testing, drawn by the settings' seed."""
    from sklearn.model_selection import train_test_split

    if settings.stratify and not dataset.classes:
        raise UserError(f"data.stratify needs classes, and {dataset.label} is a number")
    try:
        return train_test_split(
            rows,
            test_size=settings.test_fraction,
            random_state=settings.split_seed,
            stratify=table.label[rows] if settings.stratify else None,
        )
    except ValueError as error:
        raise UserError(
            f"the {len(rows)} rows cannot be split with test fraction {settings.test_fraction}, "
            f"seed {settings.split_seed}, stratify {settings.stratify}: {error}"
        ) from error
