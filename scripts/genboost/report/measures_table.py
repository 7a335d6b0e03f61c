"""The table that says which measures rank the cells of a study by their gaps."""

import math
from collections.abc import Sequence

from genboost.analysis.measure_ranking import Ranking
from genboost.measures import registry
from genboost.report.markup import Table, p_value
from genboost.report.results import Results
from genboost.study import axes
from genboost.study.grid import Study

NOTE = (
    "How well a measure ranks a study's cells (means over the seeds) by their gap, test MSE minus "
    "train MSE. Ψ: Kendall's τ-a, in which a tie counts 0, along each axis with all others fixed, "
    "averaged over the axes, with its 95 % interval; τ-a: over all pairs of cells (Jiang et al. "
    "2020). K: what the sign of a difference in the measure says about that of the gap beyond any "
    "two hyperparameters, 0 to 1. "
    "Sign error: share of pairs ranked wrongly in the worst of all steps from one value of an "
    "axis to another, 0.5 for chance (Dziugaite et al. 2020). p: for Ψ being zero, with Holm's "
    "correction over all measures of the study. Supported: Ψ is positive; contradicted: negative; "
    "axis-dependent: positive along one axis and negative along another. A measure for which "
    "higher is better counts as its negative."
)


def measures_table(results: Results, rankings: Sequence[tuple[Study, Ranking]]) -> Table:
    """Return the rankings of measures as a table."""
    rows = [
        [
            results.titles[study.name],
            registry.quantity(ranking.measure).label,
            ranking.verdict,
            str(ranking.cells),
            _with_interval(ranking.psi.value, ranking.psi.low, ranking.psi.high),
            p_value(ranking.p_holm),
            _number(ranking.tau_a.value),
            _with_interval(
                ranking.information.value, ranking.information.low, ranking.information.high
            ),
            _sign_error(ranking),
        ]
        for study, ranking in rankings
    ]
    return Table(
        name="measures",
        title=results.marked("Which measures rank the gap"),
        header=["study", "measure", "verdict", "cells", "Ψ", "p (Holm)", "τ-a", "K", "sign error"],
        rows=rows,
        notes=[NOTE, *results.warning()],
        text_columns=(0, 1, 2),
    )


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def _with_interval(value: float, low: float, high: float) -> str:
    if math.isnan(low):
        return _number(value)
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def _sign_error(ranking: Ranking) -> str:
    worst = ranking.sign_error
    if worst is None:
        return ""
    axis = list(ranking.axes)[worst.axis]
    return f"{worst.error.value:.2f}, {axes.SETTINGS[axis].short}"
