"""Split rows into training and test rows."""

import numpy as np

from genboost.data.arrays import INTERPOLATED, RESPONDENT
from genboost.data.origins import Parents
from genboost.errors import UserError


def at_random(
    rows: np.ndarray, test_fraction: float, seed: int, classes: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return training and test rows, drawn at random.

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
    from sklearn.model_selection import train_test_split

    try:
        return train_test_split(
            rows,
            test_size=test_fraction,
            random_state=seed,
            stratify=None if classes is None else classes[rows],
        )
    except ValueError as error:
        raise UserError(
            f"the {len(rows)} rows cannot be split with test fraction {test_fraction}, "
            f"seed {seed}, stratify {classes is not None}: {error}"
        ) from error


def grouped(
    rows: np.ndarray,
    origin: np.ndarray,
    parents: Parents,
    test_fraction: float,
    seed: int,
    classes: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Split respondents at random, and put interpolated rows on the side of their two respondents.

    A row between a training respondent and a test respondent is left out: on either side, it would
    reveal something about the other.

    Parameters
    ----------
    origin : text array [rows of the file]
        As `origins.tell` returns it.

    Returns
    -------
    (int64 array, int64 array, list of str)
        The training rows, the test rows, and notes about them.
    """
    people = rows[origin[rows] == RESPONDENT]
    others = rows[origin[rows] == INTERPOLATED]
    train, test = at_random(people, test_fraction, seed, classes)
    # For each row of the file: 1 for training, 2 for testing, 0 for neither.
    side = np.zeros(len(origin), dtype=np.int64)
    side[train], side[test] = 1, 2
    first, second = side[parents.pairs[others]].T
    side[others] = np.where(first == second, first, 0)
    fitting = parents.fitting[others]
    sure, none = (np.count_nonzero(fitting == count) for count in (1, 0))
    notes = [
        f"of {len(others)} interpolated rows, {sure} fit exactly one pair of respondents; "
        f"{len(others) - sure - none} fit several, and the likeliest pair was taken; {none} fit "
        "none, as if interpolated twice, and the nearest pair was taken",
        f"{np.count_nonzero(side[others] == 0)} interpolated rows were left out, since they lie "
        "between a training respondent and a test respondent",
    ]
    return rows[side[rows] == 1], rows[side[rows] == 2], notes
