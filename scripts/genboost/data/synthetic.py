"""Generate a stand-in for a data set from the statistics in its description."""

import csv
import io

import numpy as np

from genboost.data.dataset import Column, Dataset
from genboost.errors import UserError

_NEIGHBOURS = 5


def generate(dataset: Dataset, seed: int = 0) -> bytes:
    """Return a CSV file with the data set's columns, domains, rows and class sizes.

    It is made like the published obesity data: in each class, some respondents are drawn from the
    class's statistics, and the remaining rows are interpolated between a respondent and one of its
    nearest neighbours (SMOTE, Chawla et al. 2002; as in Weka, with a separate position for every
    feature). Respondents come first, with the decimals of an answer. Within a class their
    features are independent. The same seed gives the same bytes.

    Raises
    ------
    UserError
        If the description lacks a column's statistics, or the label is a number.
    """
    if not dataset.classes:
        raise UserError(f"{dataset.path}: the label is a number, so no stand-in can be generated")
    for column in dataset.columns:
        if not (column.mean or column.shares):
            raise UserError(
                f"{dataset.path}: columns.{column.name} has no statistics (mean and sd, or "
                "shares), so no stand-in can be generated"
            )
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0])))
    ends = np.cumsum(dataset.class_rows)
    answers = dataset.respondents.first_rows if dataset.respondents else ends[-1]
    people: list[list[str]] = []
    others: list[list[str]] = []
    # As many of each class as its share, and the right number in all.
    counts = np.diff(np.round(ends / ends[-1] * answers).astype(int), prepend=0)
    for index, (name, count) in enumerate(zip(dataset.classes, counts, strict=True)):
        values = _class_rows(dataset, index, max(int(count), 1), random)
        rows = [[*map(_text, row, dataset.columns), name] for row in values.T]
        people += rows[:count]
        others += rows[count:]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*dataset.feature_columns, dataset.label])
    for rows in (people, others):
        writer.writerows(rows[place] for place in random.permutation(len(rows)))
    return file.getvalue().encode()


def _class_rows(
    dataset: Dataset, index: int, count: int, random: np.random.Generator
) -> np.ndarray:
    """Return one class's rows as [columns, rows], first `count` respondents, then the others.

    A category is the index of its value.
    """
    total = dataset.class_rows[index]
    people = np.array([_draw(dataset, column, index, count, random) for column in dataset.columns])

    numeric = np.array([column.range is not None for column in dataset.columns])
    scale = [1 / (c.range[1] - c.range[0]) if c.range else 1.0 for c in dataset.columns]
    difference = np.abs(people[:, :, None] - people[:, None, :]) * np.array(scale)[:, None, None]
    difference[~numeric] = difference[~numeric] > 0
    distance = (difference**2).sum(axis=0)
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, : min(_NEIGHBOURS, count - 1)]

    first = np.arange(total - count) % count
    second = nearest[first, random.integers(nearest.shape[1], size=total - count)]
    position = random.random((len(people), total - count))
    between = people[:, first] + position * (people[:, second] - people[:, first])
    picked = np.where(position < 0.5, people[:, first], people[:, second])
    return np.hstack([people, np.where(numeric[:, None], between, picked)])


def _draw(
    dataset: Dataset, column: Column, index: int, count: int, random: np.random.Generator
) -> np.ndarray:
    """Draw a column's values for `count` respondents of class `index`."""
    if column.range:
        values = np.clip(random.normal(column.mean[index], column.sd[index], count), *column.range)
        decimals = dataset.respondents.decimals if dataset.respondents else {}
        return np.round(values, decimals.get(column.name, 6))
    shares = np.array(column.shares[index])
    return random.choice(len(shares), size=count, p=shares / shares.sum()).astype(float)


def _text(value: float, column: Column) -> str:
    """Return a value as text for the file."""
    if column.range is None:
        return column.values[int(value)]
    low, high = column.range
    return repr(min(max(round(float(value), 6), low), high))
