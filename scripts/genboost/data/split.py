"""Split rows in two: those for training, and those held out to test or to choose by."""

import math

import numpy as np

from genboost.data.arrays import INTERPOLATED, RESPONDENT
from genboost.data.origins import Parents
from genboost.errors import UserError


def at_random(
    rows: np.ndarray, fraction: float, seed: int, classes: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows for training and those held out, drawn at random.

    Parameters
    ----------
    rows : int64 array
        The rows to split.
    classes : int64 array [rows of the file], optional
        To give classes the same shares in both parts.

    Raises
    ------
    UserError
        If the rows cannot be split as asked.
    """
    size = math.ceil(fraction * len(rows))
    try:
        if classes is None and 0 < size < len(rows):
            # As scikit-learn would: to import it takes two seconds, most of the whole preparation.
            order = np.random.RandomState(seed).permutation(len(rows))
            return rows[order[size:]], rows[order[:size]]

        from sklearn.model_selection import train_test_split

        return train_test_split(
            rows,
            test_size=fraction,
            random_state=seed,
            stratify=None if classes is None else classes[rows],
        )
    except ValueError as error:
        raise UserError(
            f"the {len(rows)} rows cannot be split with fraction {fraction}, "
            f"seed {seed}, stratify {classes is not None}: {error}"
        ) from error


def grouped(
    rows: np.ndarray,
    origin: np.ndarray,
    parents: Parents,
    fraction: float,
    seed: int,
    classes: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Split respondents at random, and put interpolated rows on the side of their two respondents.

    One between two respondents of which one is held out is on neither side: on either it would tell
    a model of the other.

    Parameters
    ----------
    origin : text array [rows of the file]
        As `origins.tell` returns it.

    Returns
    -------
    (int64 array, int64 array)
        The rows for training and those held out.
    """
    people = rows[origin[rows] == RESPONDENT]
    others = rows[origin[rows] == INTERPOLATED]
    train, held_out = at_random(people, fraction, seed, classes)
    # Of each row of the file: 1 for training, 2 if held out, 0 for neither.
    side = np.zeros(len(origin), dtype=np.int64)
    side[train], side[held_out] = 1, 2
    first, second = side[parents.pairs[others]].T
    side[others] = np.where(first == second, first, 0)
    return rows[side[rows] == 1], rows[side[rows] == 2]
