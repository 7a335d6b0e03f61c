"""Generate a stand-in for a data set from the statistics in its description."""

import csv
import io

import numpy as np

from genboost.data.dataset import Column, Dataset
from genboost.errors import UserError

_NEIGHBOURS = 5


def generate(dataset: Dataset, seed: int = 0) -> bytes:
    """Return a CSV file with the data set's columns, domains, rows and class sizes.

    Made the way the published obesity data was: in each class some respondents are drawn from the
    class's own statistics, and the remaining rows are interpolated between a respondent and one of
    its nearest neighbours (SMOTE, Chawla et al. 2002). Within a class the respondents' features are
    independent. The same seed gives the same bytes.

    Raises
    ------
    UserError
        If the description lacks a column's statistics.
    """
    for column in dataset.columns:
        if not (column.mean or column.shares):
            raise UserError(
                f"{dataset.path}: columns.{column.name} has no statistics (mean and sd, or "
                "shares), so no stand-in can be generated"
            )
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0])))
    rows = []
    for index, name in enumerate(dataset.classes):
        for values in _class_rows(dataset, index, random).T:
            row = [
                _text(value, column) for value, column in zip(values, dataset.columns, strict=True)
            ]
            rows.append([*row, name])
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*dataset.feature_columns, dataset.label])
    writer.writerows(rows[place] for place in random.permutation(len(rows)))
    return file.getvalue().encode()


def _class_rows(dataset: Dataset, index: int, random: np.random.Generator) -> np.ndarray:
    """Return one class's rows as [columns, rows]; a category as the index of its value."""
    total = dataset.class_rows[index]
    count = min(total, max(2, round(total * dataset.respondents)))
    people = np.array([_draw(column, index, count, random) for column in dataset.columns])

    numeric = np.array([column.range is not None for column in dataset.columns])
    scale = [1 / (c.range[1] - c.range[0]) if c.range else 1.0 for c in dataset.columns]
    difference = np.abs(people[:, :, None] - people[:, None, :]) * np.array(scale)[:, None, None]
    difference[~numeric] = difference[~numeric] > 0
    distance = (difference**2).sum(axis=0)
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, : min(_NEIGHBOURS, count - 1)]

    first = np.arange(total - count) % count
    second = nearest[first, random.integers(nearest.shape[1], size=total - count)]
    position = random.random(total - count)
    between = people[:, first] + position * (people[:, second] - people[:, first])
    picked = np.where(position < 0.5, people[:, first], people[:, second])
    return np.hstack([people, np.where(numeric[:, None], between, picked)])


def _draw(column: Column, index: int, count: int, random: np.random.Generator) -> np.ndarray:
    """Draw a column's values for `count` respondents of class `index`."""
    if column.range:
        return np.clip(random.normal(column.mean[index], column.sd[index], count), *column.range)
    shares = np.array(column.shares[index])
    return random.choice(len(shares), size=count, p=shares / shares.sum()).astype(float)


def _text(value: float, column: Column) -> str:
    """Write a value as the file has it."""
    if column.range is None:
        return column.values[int(value)]
    low, high = column.range
    return repr(min(max(round(float(value), 6), low), high))
