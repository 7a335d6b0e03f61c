"""Which axis of a study its test errors depend on: functional ANOVA of its complete grid."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from genboost.analysis import anova
from genboost.analysis.aggregation import SPLIT, Repetition
from genboost.analysis.values import errors_or_useless
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
    rows : str
        What tells the test rows from others of the study: ``rows respondents``.
    cells, of_cells : int
        In the complete grid, and in the study with these test rows.
    useless, models : int
        Models that count as predicting the mean, and all models, in that grid.
    shares : list of anova.Share
        By the names of axes.
    """

    study: str
    rows: str
    cells: int
    of_cells: int
    useless: int
    models: int
    shares: list[anova.Share]


def importance(
    study: Study,
    values: Mapping[tuple[str, Cell], Mapping[Repetition, float]],
    useless: Callable[[Cell, int], float],
) -> Iterator[Importance]:
    """Decompose the variance of log test errors by axis and pair of axes; seeds are the rest.

    Errors on different test rows do not compare: each set of rows has shares of its own. Splits
    are an axis if there are several. Models that are no good count as useless
    (`errors_or_useless`): by how much they miss says nothing about hyperparameters.

    Parameters
    ----------
    study
        As `Study.over_splits` returns it.
    values
        As `aggregation.values_by_cell` returns them.
    useless
        As of `errors_or_useless`.

    Yields
    ------
    Importance
        None without a complete grid (`complete_grid`), with a single seed, or if all errors of the
        grid are the same.
    """
    for rows, part in study.by_test_rows().items():
        if found := _importance(part, rows, values, useless):
            yield found


def _importance(
    study: Study,
    rows: str,
    values: Mapping[tuple[str, Cell], Mapping[Repetition, float]],
    useless: Callable[[Cell, int], float],
) -> Importance | None:
    found = complete_grid(study)
    if found is None or len(study.seeds) < 2:
        return None
    cells = [(study.name, cell) for cell in found.cells]
    errors, are_useless = errors_or_useless(cells, values, useless)
    names = [axis.name for axis in found.levels]
    shape = [len(levels) for levels in found.levels.values()]
    if errors.shape[1] > 1:
        names.append(SPLIT)
        shape.append(errors.shape[1])
    array = np.log(np.maximum(errors, LEAST_ERROR)).reshape(*shape, -1)
    if np.ptp(array) == 0:
        return None
    return Importance(
        study=study.name,
        rows=rows,
        cells=len(found.cells),
        of_cells=len(study.cells),
        useless=int(are_useless.sum()),
        models=errors.size,
        shares=anova.importance(array, names),
    )
