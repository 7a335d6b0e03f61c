"""What the report's section for exploring shows: all cells, their models and their curves, small.

Numbers are base64 of little-endian arrays: float32 of cells and models; of curves, which are only
drawn, a byte for the logarithm. What takes more room than there is, is left out.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import stdtrit

from genboost.analysis import aggregation, stats
from genboost.analysis.curves import thinned
from genboost.measures import registry
from genboost.measures.registry import ERRORS, Quantity
from genboost.report import pages
from genboost.report.figures.drawing import LOWEST
from genboost.report.layout import in_order
from genboost.report.results import Results
from genboost.study import axes
from genboost.study.axes import Setting
from genboost.study.cells import Cell
from genboost.study.grid import Study

MODELS_ROOM = 800_000  # characters of the page, for the models' numbers
CURVES_ROOM = 200_000
FEWEST_EPOCHS = 8  # of a curve: fewer do not show its course
LEVELS = 2**8 - 1
SMALL_FREEDOMS = [round(1 + step / 10, 1) for step in range(90)]  # where t depends on them most


def data(results: Results, curves: Mapping[str, Sequence[dict[str, Any] | None]]) -> str:
    """Return all that the section's script shows, as JSON for a ``script`` element.

    Parameters
    ----------
    curves
        As `curves.summarize` returns them.
    """
    cells = [(study, cell) for study in results.studies for cell in study.cells]
    settings = settings_of(results.studies)
    values = {s.name: in_order(cell[s.name] for _, cell in cells) for s in settings}
    places = {
        name: {value: place for place, value in enumerate(some)} for name, some in values.items()
    }
    rows = aggregation.values_by_cell(
        results.studies, results.models.assign(row=range(len(results.models))), "row"
    )
    repetitions = {
        study.name: _repetitions([rows[study.name, cell] for cell in study.cells])
        for study in results.studies
    }
    most = max(len(splits) * len(seeds) for splits, seeds in repetitions.values())
    found = {
        "axes": [
            {
                "name": setting.name,
                "title": setting.title,
                "shown": list(map(setting.shown, values[setting.name])),
                "phrases": list(map(setting.phrase, values[setting.name])),
            }
            for setting in settings
        ],
        "studies": [
            {
                "title": results.titles[study.name],
                "cells": len(study.cells),
                "splits": repetitions[study.name][0],
                "seeds": repetitions[study.name][1],
            }
            for study in results.studies
        ],
        "cells": [[places[s.name][cell[s.name]] for s in settings] for _, cell in cells],
        "quantities": _quantities(results, cells, rows, repetitions),
        "curves": _curves(
            [found for study in results.studies for found in curves[study.name]],
            2 * results.simple(cell for _, cell in cells)["mean"][-1],
        ),
        "enough": stats.ENOUGH,
        "t": _quantiles_of_t(most),
    }
    return pages.embedded(found)


def settings_of(studies: Sequence[Study]) -> list[Setting]:
    """Return what tells the cells of all studies apart, without what follows from the rest.

    Nothing follows from a number that was drawn, although each is another one.
    """
    cells = [cell for study in studies for cell in study.cells]
    drawn = dict.fromkeys(name for study in studies for name in study.sampled)
    alike = tuple(dict.fromkeys(cell.replace(**drawn) for cell in cells))
    others = replace(studies[0], cells=alike).axes
    return [s for s in axes.varying(cells) if s.name in drawn or s in others]


def _repetitions(
    cells: Sequence[Mapping[aggregation.Repetition, float]],
) -> tuple[list[int], list[int]]:
    """Return the splits and the seeds that any of some cells has."""
    splits, seeds = ({which[part] for cell in cells for which in cell} for part in (0, 1))
    return sorted(splits), sorted(seeds)


def _quantities(
    results: Results,
    cells: Sequence[tuple[Study, Cell]],
    rows: Mapping[tuple[str, Cell], Mapping[aggregation.Repetition, float]],
    repetitions: Mapping[str, tuple[list[int], list[int]]],
) -> list[dict[str, Any]]:
    """Return the quantities: of each cell the mean, and the models' numbers as long as they fit."""
    whole = [results.row(study, cell).diverged == 0 for study, cell in cells]
    places = [
        [
            int(rows[study.name, cell].get(aggregation.Repetition(split, seed), -1))
            for split in repetitions[study.name][0]
            for seed in repetitions[study.name][1]
        ]
        for study, cell in cells
    ]
    found, room = [], MODELS_ROOM
    for quantity in quantities(results):
        column = np.append(results.models[quantity.name].to_numpy(float), math.nan)
        models = [column[some] for some in places]
        means = [
            some[np.isfinite(some)].mean() if good and np.isfinite(some).any() else math.nan
            for some, good in zip(models, whole, strict=True)
        ]
        numbers = _base64(np.concatenate(models).astype("<f4"))
        fits = len(numbers) <= room
        room -= len(numbers) if fits else 0
        found.append(
            {
                "name": quantity.name,
                "title": quantity.label,
                "better": quantity.better,
                "decimals": results.about(quantity.name).decimals,
                "means": _base64(np.array(means, "<f4")),
                "models": numbers if fits else None,
            }
        )
    return found


def quantities(results: Results) -> list[Quantity]:
    """Return what there is to explore: errors, what tables show, then all that is measured."""
    measured = aggregation.quantities(results.models)
    names = [*(error.name for error in ERRORS), *results.quantities, *measured]
    there = [name for name in dict.fromkeys(names) if name in results.models]
    known = [registry.quantity(name) for name in there if results.models[name].notna().any()]
    return [quantity for quantity in known if quantity]


def _curves(cells: Sequence[dict[str, Any] | None], worst: float) -> dict[str, Any] | None:
    """Return the curves at as many epochs as fit; None if those would be too few.

    Above the worst error that makes sense, as many have in their first epochs, none is told apart.
    """
    whole = [cell for cell in cells if cell]
    points = CURVES_ROOM // max(1, len(whole) * 4)  # three quantiles of a byte, in base64
    if not whole or points < FEWEST_EPOCHS:
        return None
    epochs: dict[tuple[int, ...], int] = {}
    kept, lines = [], []
    for cell in cells:
        if not cell:
            kept.append(None)
            continue
        places = thinned(len(cell["epoch"]), points)
        shared = tuple(np.array(cell["epoch"])[places].tolist())
        kept.append([epochs.setdefault(shared, len(epochs)), cell["models"], cell["ended_early"]])
        lines.append(np.array(cell["test_mse"])[:, places].ravel())
    logs = np.log(np.clip(np.concatenate(lines), LOWEST, worst or None))
    low, high = float(logs.min()), float(logs.max())
    levels = np.round((logs - low) / ((high - low) or 1) * LEVELS)
    return {
        "epochs": list(epochs),
        "cells": kept,
        "low": round(low, 6),
        "high": round(high, 6),
        "levels": _base64(levels.astype("u1")),
    }


def _quantiles_of_t(models: int) -> list[list[float]]:
    """Return degrees of freedom and the t quantile of a 95 % interval, to interpolate between."""
    freedoms = [*SMALL_FREEDOMS, *range(10, max(models, 11))]
    return [[df, float(f"{stdtrit(df, (1 + stats.CONFIDENCE) / 2):.9g}")] for df in freedoms]


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()
