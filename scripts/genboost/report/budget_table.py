"""The table that says which method is the best at which budget."""

import math
from collections.abc import Sequence

from genboost.analysis.tuning import TRIES, Curve, Winner
from genboost.report.markup import Table
from genboost.report.results import Results
from genboost.study.grid import Study

NOTE = (
    "The expected lowest test MSE of so many tries of a method's cells, drawn without replacement; "
    "a try trains one cell with one seed, and a method that has fewer cells tries all. Gradients: "
    "computed for each training row, one an epoch and two with SAM. Difference: between the best "
    "method and the next best, with its 95 % interval. A model that diverged, or is worse than "
    "predicting the mean, counts as predicting the mean. The test rows choose, so that all errors "
    "are somewhat low."
)
SEEDS = "Intervals are over the seeds, of these cells."
CELLS = (
    "Intervals are over other draws of the cells; for more than half of the cells there is none."
)


def budget_table(
    results: Results, curves: Sequence[Curve], winners: Sequence[Winner]
) -> Table | None:
    """Return the best method at each budget; None if no study has two methods."""
    if not winners:
        return None
    number = results.number
    rows = [
        [
            results.titles[found.study],
            _budget(found),
            found.method,
            number(found.best),
            found.next,
            _difference(results, found),
        ]
        for found in winners
    ]
    studies = [s for s in results.studies if s.name in {found.study for found in winners}]
    return Table(
        name="budget",
        title=results.marked("Which method is the best at which budget"),
        header=["study", "budget", "best method", "expected best", "next", "difference"],
        rows=rows,
        notes=[
            " ".join([NOTE, *_intervals(studies)]),
            *(note for study in studies for note in _same_cost(results, study, curves)),
            *results.warning(),
        ],
        text_columns=(0, 1, 2, 4),
    )


def _budget(found: Winner) -> str:
    if found.unit == TRIES:
        return f"{found.budget:.0f} {'try' if found.budget == 1 else 'tries'}"
    return f"{found.budget:,.0f} gradients"


def _difference(results: Results, found: Winner) -> str:
    value = results.number(found.difference, "+")
    if math.isnan(found.low):
        return value
    ends = (results.number(end, "+") for end in (found.low, found.high))
    return f"{value} ({' to '.join(ends)})"


def _intervals(studies: Sequence[Study]) -> list[str]:
    texts = [CELLS if study.sampled else SEEDS for study in studies]
    return (
        list(dict.fromkeys(texts))
        if len(set(texts)) == 1
        else [
            f"{study.title}: {text[0].lower()}{text[1:]}"
            for study, text in zip(studies, texts, strict=True)
        ]
    )


def _same_cost(results: Results, study: Study, curves: Sequence[Curve]) -> list[str]:
    """Say that tries and gradients are the same budget, if they are."""
    costs = {curve.cost for curve in curves if curve.study == study.name}
    if len(costs) > 1:
        return []
    return [
        f"{results.titles[study.name]}: a try of any method costs {costs.pop():,.0f} gradients, so "
        "budgets of tries and of gradients are the same."
    ]
