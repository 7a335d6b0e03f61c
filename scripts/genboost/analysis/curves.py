"""The learning curves of a cell's models, summed up: their median and what holds 80 % of them."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from genboost.study.cells import Cell
from genboost.study.grid import Model, Study

MOST_EPOCHS = 60  # of a cell, that are kept
QUANTILES = (0.1, 0.5, 0.9)


def thinned(length: int, most: int) -> np.ndarray:
    """Return the places of a curve's points that are kept: all, or evenly chosen ones."""
    return np.unique(np.linspace(0, length - 1, min(length, most)).round().astype(int))


def together(
    curves: Sequence[tuple[Sequence[float], Sequence[float]]],
) -> tuple[np.ndarray, np.ndarray]:
    """Return epochs that half of some curves or more reach, and all curves there.

    They are epochs of the longest curve. Those of others can lie between them, as points are
    recorded backwards from where training ends: such curves are interpolated.

    Parameters
    ----------
    curves
        The epochs of each, in ascending order, and its values after them.

    Returns
    -------
    array [epochs]
    float array [curves, epochs]
        NaN where a curve has not begun or is not finite any more: the model ended, or diverged.
    """
    longest = np.array(max((epochs for epochs, _ in curves), key=len, default=()))
    found = np.full((len(curves), len(longest)), math.nan)
    for row, (epochs, values) in zip(found, curves, strict=True):
        length = int(np.isfinite([*values, math.nan]).argmin())
        if np.array_equal(epochs[:length], longest[:length]):
            row[:length] = values[:length]
        elif length:
            row[:] = np.interp(longest, epochs[:length], values[:length], math.nan, math.nan)
    kept = 2 * np.isfinite(found).sum(axis=0) >= max(len(curves), 1)
    return longest[kept], found[:, kept]


def ended_early(curves: np.ndarray) -> int:
    """Return how many of the curves [curves, epochs] of `together` ended before the last epoch."""
    return int(np.isnan(curves[:, -1:]).all(axis=1).sum())


def quantiles(curves: np.ndarray) -> np.ndarray:
    """Return the `QUANTILES` [3, epochs] of curves [curves, epochs], of those that have a value."""
    # Without NaN, np.quantile takes a fraction of the time.
    quantile = np.nanquantile if np.isnan(curves).any() else np.quantile
    return quantile(curves, QUANTILES, axis=0)


def summarize(
    studies: Iterable[Study], read: Callable[[Model], tuple[np.ndarray, Sequence[float]]]
) -> dict[str, list[dict[str, Any] | None]]:
    """Sum up the test errors over epochs of each cell of some studies.

    Parameters
    ----------
    read
        Returns the epochs of a model's curves, and its test MSE after each of them.

    Returns
    -------
    dict
        By the study's name, an entry for each of its cells, in the order of `Study.over_splits`:
        at most `MOST_EPOCHS` values of ``epoch``; the ``test_mse`` there, a list for each of the
        `QUANTILES`, of the models that had not ended; the number of ``models``, and of those that
        ``ended_early``, before the last of these epochs. None for a cell without curves.
    """
    found = {}
    for study in studies:
        groups: dict[Cell, list[Model]] = {}
        for model in study.models:
            groups.setdefault(model.cell.replace(split_seed=None), []).append(model)
        found[study.name] = [_of_cell([read(model) for model in some]) for some in groups.values()]
    return found


def _of_cell(curves: Sequence[tuple[np.ndarray, Sequence[float]]]) -> dict[str, Any] | None:
    epochs, errors = together(curves)
    if not len(epochs):
        return None
    places = thinned(len(epochs), MOST_EPOCHS)
    some = quantiles(errors[:, places])
    return {
        "epoch": epochs[places].tolist(),
        "test_mse": [[float(f"{value:.4g}") for value in line] for line in some],
        "models": len(curves),
        "ended_early": ended_early(errors),
    }


def to_json(found: dict[str, list[dict[str, Any] | None]]) -> str:
    """Write what `summarize` returns, a line for each cell."""
    studies = (
        f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, cells)) + "\n]"
        for name, cells in found.items()
    )
    return "{\n" + ",\n".join(studies) + "\n}\n"
