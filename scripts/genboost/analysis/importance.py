"""Which axis of a study its test errors depend on: functional ANOVA of its complete grid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from genboost.analysis import anova
from genboost.analysis.aggregation import SPLIT, Run
from genboost.study.cells import Cell
from genboost.study.complete_grid import complete_grid
from genboost.study.grid import Study

LEAST_ERROR = 1e-12  # that has a logarithm


@dataclass(frozen=True)
class Importance:
    """The shares of the variance of a study's log test errors.

    Attributes
    ----------
    study : str
    cells, of_cells : int
        In the complete grid, and in the study.
    worthless, models : int
        Models that count as predicting the mean, and all models, in that grid.
    shares : list of anova.Share
        By the names of axes.
    """

    study: str
    cells: int
    of_cells: int
    worthless: int
    models: int
    shares: list[anova.Share]


def importance(
    study: Study,
    values: Mapping[tuple[str, Cell], Mapping[Run, float]],
    worst: Callable[[Cell], float],
) -> Importance | None:
    """Decompose the variance of log test errors by axis and pair of axes; seeds are the rest.

    Splits are an axis if there are several. A model that diverged, or is worse than `worst`, counts
    as that: by how much a useless model misses says nothing about hyperparameters.

    Parameters
    ----------
    study
        As `Study.over_splits` returns it.
    values
        As `aggregation.values_by_cell` returns them.
    worst
        Returns the test error of predicting the mean, on the data of a cell.

    Returns
    -------
    Importance or None
        None without a complete grid (`complete_grid`), with a single seed, or if all errors of the
        grid are the same.
    """
    found = complete_grid(study)
    if found is None or len(study.seeds) < 2:
        return None
    places = [(study.name, cell) for cell in found.cells]
    splits = sorted(set.intersection(*({run.split for run in values[p]} for p in places)))
    runs = [[Run(split, seed) for seed in study.seeds] for split in splits]
    errors = np.array([[[values[p][run] for run in of_split] for of_split in runs] for p in places])
    limits = np.array([worst(cell) for _, cell in places])[:, None, None]
    useless = ~(errors <= limits)  # or NaN
    logs = np.log(np.maximum(np.where(useless, limits, errors), LEAST_ERROR))
    names = [axis.name for axis in found.levels]
    shape = [len(values) for values in found.levels.values()]
    array = logs.reshape(*shape, len(splits), len(study.seeds))
    if len(splits) > 1:
        names.append(SPLIT)
    else:
        array = array[..., 0, :]
    if np.ptp(array) == 0:
        return None
    return Importance(
        study=study.name,
        cells=len(places),
        of_cells=len(study.cells),
        worthless=int(useless.sum()),
        models=errors.size,
        shares=anova.importance(array, names),
    )
