"""The origins of rows: people's answers, or interpolated between two people's answers."""

from dataclasses import dataclass

import numpy as np

from genboost.data.arrays import INTERPOLATED, RESPONDENT, UNKNOWN
from genboost.data.dataset import Dataset, Respondents
from genboost.data.raw_table import Table

_ROUNDING = 1e-6  # published values have six decimals


def tell(table: Table, dataset: Dataset) -> tuple[np.ndarray, str]:
    """Return the origin of each row, if the file is as its description says.

    That is so if all answers have as few decimals as the description allows, and every other row
    has more or repeats an answer, having been interpolated between two equal answers.

    Returns
    -------
    (text array [rows], str)
        `RESPONDENT` and `INTERPOLATED`; or `UNKNOWN` for all, and why.
    """
    rows = len(table.label)
    unknown = np.full(rows, UNKNOWN, dtype="<U12")
    described = dataset.respondents
    if described is None:
        return unknown, f"{dataset.path} does not say how to tell respondents"
    count = described.first_rows
    if rows < count:
        return unknown, f"the file has {rows} rows, and the first {count} should be respondents"
    numbers = _numbers(table, described)
    if np.isnan(numbers).any():
        return unknown, "values are missing in the columns that tell respondents apart"
    rounded = _is_rounded(numbers, described).all(axis=1)
    if not rounded[:count].all():
        first = int(np.argmin(rounded[:count]))
        return unknown, f"row {first + 1} should be a respondent, but has too many decimals"
    keys = list(zip(table.label.tolist(), map(tuple, numbers.tolist()), strict=True))
    answers = set(keys[:count])
    for row in np.flatnonzero(rounded[count:]) + count:
        if keys[row] not in answers:
            return (
                unknown,
                f"row {row + 1} should be interpolated, but has as few decimals as an answer",
            )
    if not set(table.label[count:].tolist()) <= set(table.label[:count].tolist()):
        return unknown, "some class has interpolated rows but no respondents"
    origin = np.full(rows, INTERPOLATED, dtype="<U12")
    origin[:count] = RESPONDENT
    return origin, ""


@dataclass(frozen=True)
class Parents:
    """The respondents between which interpolated rows lie.

    Attributes
    ----------
    pairs : int64 array [rows, 2]
        The two respondents' rows; a respondent is its own pair.
    fitting : int64 array [rows]
        How many pairs fit an interpolated row. With one, its place is certain. With none, as for a
        row interpolated between interpolated rows, the nearest pair is taken.
    """

    pairs: np.ndarray
    fitting: np.ndarray

    def note(self, interpolated: np.ndarray) -> str:
        """Say how surely some interpolated rows, given by their numbers, are placed."""
        fitting = self.fitting[interpolated]
        sure, none = (np.count_nonzero(fitting == count) for count in (1, 0))
        return (
            f"of {len(interpolated)} interpolated rows, {sure} fit exactly one pair of "
            f"respondents; {len(interpolated) - sure - none} fit several, and the likeliest pair "
            f"was taken; {none} fit none, as if interpolated twice, and the nearest pair was taken"
        )


def parents(table: Table, dataset: Dataset, origin: np.ndarray) -> Parents:
    """Find the pair of respondents of the same class between which each interpolated row lies.

    Weka's SMOTE, which made the obesity data's rows, draws a separate position for every feature.
    So a row lies anywhere in the box that the two span, with equal probability, and of the pairs
    that fit, the one with the smallest box is the likeliest (its density is 1 / volume). A pair
    fits if both agree with the row exactly where the row has an answer's decimals, and lie on
    either side of it elsewhere.

    Parameters
    ----------
    origin : text array [rows]
        As `tell` returns it, with none unknown.
    """
    described = dataset.respondents
    assert described is not None
    numbers = _numbers(table, described)
    rounded = _is_rounded(numbers, described)
    span = np.ptp(numbers, axis=0)
    span[span == 0] = 1
    pairs = np.repeat(np.arange(len(numbers))[:, None], 2, axis=1)
    fitting = np.zeros(len(numbers), dtype=np.int64)
    for label in np.unique(table.label):
        people = np.flatnonzero((table.label == label) & (origin == RESPONDENT))
        first, second = (people[side] for side in np.triu_indices(len(people)))
        low = np.minimum(numbers[first], numbers[second])
        high = np.maximum(numbers[first], numbers[second])
        same = low == high
        volume = np.where(same, 1, (high - low) / span).prod(axis=1)
        for row in np.flatnonzero((table.label == label) & (origin == INTERPOLATED)):
            value = numbers[row]
            outside = np.maximum(np.maximum(low - value, value - high), 0)
            outside[outside < 2 * _ROUNDING] = 0
            fits = ((outside == 0) & (same == rounded[row])).all(axis=1)
            fitting[row] = np.count_nonzero(fits)
            distance = np.where(fits, -1, (outside / span).sum(axis=1))
            best = np.lexsort((volume, distance))[0]
            pairs[row] = first[best], second[best]
    return Parents(pairs, fitting)


def _numbers(table: Table, described: Respondents) -> np.ndarray:
    """Return the columns that tell origins apart, float64 [rows, columns]."""
    return np.column_stack([table.columns[name] for name in described.decimals])


def _is_rounded(numbers: np.ndarray, described: Respondents) -> np.ndarray:
    """Return whether numbers have no more decimals than an answer, bool [rows, columns]."""
    scaled = numbers * 10.0 ** np.array(list(described.decimals.values()))
    return np.abs(scaled - np.round(scaled)) < _ROUNDING / 10
