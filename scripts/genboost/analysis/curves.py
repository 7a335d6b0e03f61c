"""The learning curves of a cell's models, summed up: their median and what holds 80 % of them."""

import json
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


def whole(curves: Sequence[Sequence[float]]) -> list[int]:
    """Return the places of those curves that are as long as the longest, and finite throughout."""
    longest = max(map(len, curves), default=0)
    return [
        place
        for place, curve in enumerate(curves)
        if longest and len(curve) == longest and np.isfinite(curve).all()
    ]


def quantiles(curves: Sequence[Sequence[float]]) -> np.ndarray:
    """Return the `QUANTILES` of curves of one length at each of their points, [3, points]."""
    return np.quantile(np.array(curves, float), QUANTILES, axis=0)


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
        `QUANTILES`; the number of ``models``, and of those that are left out, because they
        ``ended_early``. None for a cell of which no model reached the end.
    """
    found = {}
    for study in studies:
        groups: dict[Cell, list[Model]] = {}
        for model in study.models:
            groups.setdefault(model.cell.replace(split_seed=None), []).append(model)
        found[study.name] = [_of_cell([read(model) for model in some]) for some in groups.values()]
    return found


def _of_cell(curves: Sequence[tuple[np.ndarray, Sequence[float]]]) -> dict[str, Any] | None:
    kept = whole([errors for _, errors in curves])
    if not kept:
        return None
    epochs, errors = curves[kept[0]]
    places = thinned(len(errors), MOST_EPOCHS)
    some = quantiles([np.asarray(curves[place][1])[places] for place in kept])
    return {
        "epoch": np.asarray(epochs)[places].tolist(),
        "test_mse": [[float(f"{value:.4g}") for value in line] for line in some],
        "models": len(curves),
        "ended_early": len(curves) - len(kept),
    }


def to_json(found: dict[str, list[dict[str, Any] | None]]) -> str:
    """Write what `summarize` returns, a line for each cell."""
    studies = (
        f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, cells)) + "\n]"
        for name, cells in found.items()
    )
    return "{\n" + ",\n".join(studies) + "\n}\n"
