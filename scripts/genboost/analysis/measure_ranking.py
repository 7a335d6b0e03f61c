"""How measures rank generalization: coefficients, intervals and a verdict for each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from genboost.analysis import aggregation, pair_ranks, stats
from genboost.analysis.pair_ranks import Coefficient, SignError
from genboost.analysis.stats import Interval
from genboost.analysis.values import sign_of
from genboost.measures import registry
from genboost.study.axes import Setting
from genboost.study.claims import CONTRADICTED, SUPPORTED, UNDECIDED
from genboost.study.grid import Study

RESAMPLES = 200  # of K: with 864 cells, 10 s per measure

AXIS_DEPENDENT = "axis-dependent"  # a verdict besides those on claims


@dataclass(frozen=True)
class Ranking:
    """How well a measure ranks the cells of a grid by a target.

    Attributes
    ----------
    measure : str
    cells : int
        The cells of which every model has a value.
    tau_a : Coefficient
        Kendall's τ-a, over all pairs; also high for a measure that merely tracks a hyperparameter.
    axes : dict
        By axis, the granulated ψ.
    psi : Coefficient
        Ψ, their mean.
    p_holm : float
        The p of Ψ, adjusted for all measures that are ranked together.
    information : Interval
        K, between 0 and 1.
    given : tuple of str
        The axes for which K is least.
    sign_error : SignError or None
        Of the worst environment.
    verdict : str
        ``axis-dependent`` if the intervals of two axes lie on opposite sides of zero; otherwise,
        with an adjusted p of 0.05 or less, ``supported`` if Ψ is positive and ``contradicted`` if
        it is negative; else ``undecided``.
    """

    measure: str
    cells: int
    tau_a: Coefficient
    axes: dict[str, Coefficient]
    psi: Coefficient
    information: Interval
    given: tuple[str, ...]
    sign_error: SignError | None
    p_holm: float = math.nan
    verdict: str = UNDECIDED


def rank_cells(study: Study, models: pd.DataFrame, quantities: Sequence[str]) -> list[Ranking]:
    """Judge quantities by how well they rank the cells of a study by the gap.

    Parameters
    ----------
    models
        One row per study and model, as `aggregation.collect` makes it. The gap is test minus
        training error.

    Returns
    -------
    list of Ranking
        In the order of the quantities; none of a random search, whose cells share no values, or of
        a study whose cells differ in fewer than two axes.
        What is held to be better when higher is ranked as its negative.
    """
    axes = study.axes
    if study.sampled or len(axes) < 2:
        return []
    own = models[models["study"] == study.name]
    own = own.assign(error_gap=own["test_mse"] - own["train_mse"])
    measured = {
        name: sign_of(registry.quantity(name)) * _array(study, own, axes, name)
        for name in quantities
    }
    target = _array(study, own, axes, "error_gap")
    return rank(measured, target, [axis.name for axis in axes])


def _array(
    study: Study, models: pd.DataFrame, axes: Sequence[Setting], quantity: str
) -> np.ndarray:
    """Return a quantity as [axis 1, axis 2, ..., seeds]; NaN where it is not finite.

    With several splits, the first counts.
    """
    values = aggregation.values_by_cell([study], models, quantity)
    levels = [list(dict.fromkeys(cell[axis.name] for cell in study.cells)) for axis in axes]
    array = np.full((*map(len, levels), len(study.seeds)), np.nan)
    for cell in study.cells:
        place = [of.index(cell[axis.name]) for of, axis in zip(levels, axes, strict=True)]
        array[tuple(place)] = [
            values[study.name, cell][cell.split_seed, seed] for seed in study.seeds
        ]
    return np.where(np.isfinite(array), array, np.nan)


def rank(
    measures: Mapping[str, np.ndarray],
    target: np.ndarray,
    axes: Sequence[str],
    resamples: int = RESAMPLES,
) -> list[Ranking]:
    """Rank measures by how well they rank a target, and judge them.

    Parameters
    ----------
    measures
        By name, [axis 1, axis 2, ..., seeds]; NaN for a missing model. A cell counts if none of its
        models is missing.
    target : [axis 1, axis 2, ..., seeds]
        Such as the generalization gap.
    axes
        Names of the axes but the seeds.
    resamples
        Of seeds and cells, for K's interval alone; the others have a closed form.

    Returns
    -------
    list of Ranking
        In the order of the measures.
    """
    found = [_ranked(name, values, target, axes, resamples) for name, values in measures.items()]
    tested = [ranking for ranking in found if not math.isnan(ranking.psi.p)]
    adjusted = iter(stats.holm([ranking.psi.p for ranking in tested]))
    return [
        ranking if math.isnan(ranking.psi.p) else _judged(replace(ranking, p_holm=next(adjusted)))
        for ranking in found
    ]


def _ranked(
    name: str, measure: np.ndarray, target: np.ndarray, axes: Sequence[str], resamples: int
) -> Ranking:
    means, targets = measure.mean(axis=-1), target.mean(axis=-1)
    each, together = pair_ranks.granulated(means, targets)
    known, given = pair_ranks.information(means, targets)
    return Ranking(
        measure=name,
        cells=int((~np.isnan(means + targets)).sum()),
        tau_a=pair_ranks.kendall_tau_a(means, targets),
        axes=dict(zip(axes, each, strict=True)),
        psi=together,
        information=_information_interval(known, measure, target, resamples),
        given=tuple(axes[axis] for axis in given),
        sign_error=pair_ranks.sign_error(means, target),
    )


def _information_interval(
    known: float, measure: np.ndarray, target: np.ndarray, resamples: int
) -> Interval:
    """Return K with the basic bootstrap interval, from resamples of seeds and of cells.

    Resampling cells and seeds makes K larger, as having few cells does; the basic interval, 2 K
    minus the quantiles, corrects that. Seeds are drawn for all cells at once, as cells share them.
    """
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([0])))
    seeds, cells = measure.shape[-1], math.prod(measure.shape[:-1])
    drawn = []
    for _ in range(resamples):
        chosen = np.bincount(random.integers(0, seeds, seeds), minlength=seeds) / seeds
        weights = np.bincount(random.integers(0, cells, cells), minlength=cells)
        drawn.append(pair_ranks.information(measure @ chosen, target @ chosen, weights)[0])
    if not drawn or math.isnan(known):
        return Interval(known, math.nan, math.nan)
    tail = (1 - stats.CONFIDENCE) / 2
    low, high = np.clip(2 * known - np.nanquantile(drawn, [1 - tail, tail]), 0, 1)
    return Interval(known, float(low), float(high))


def _judged(ranking: Ranking) -> Ranking:
    above = any(axis.low > 0 for axis in ranking.axes.values())
    below = any(axis.high < 0 for axis in ranking.axes.values())
    if above and below:
        return replace(ranking, verdict=AXIS_DEPENDENT)
    if ranking.p_holm <= 1 - stats.CONFIDENCE and ranking.psi.value:
        return replace(ranking, verdict=SUPPORTED if ranking.psi.value > 0 else CONTRADICTED)
    return ranking
