"""The tables on what choosing the best cells by the test rows hides."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from genboost.analysis.regret import BothChoices
from genboost.analysis.schemes import Scheme
from genboost.report import validity
from genboost.report.exhibits import CHOOSING
from genboost.report.markup import Table
from genboost.report.results import Results

TITLES = {"test": "chosen on the test rows", "validation": "chosen on the validation rows"}


def choosing_tables(
    results: Results, regrets: Sequence[BothChoices], chosen_by: Mapping[str, Scheme]
) -> list[Table]:
    """Return what choosing by validation rows costs, and the verdicts by what chooses.

    Nothing without validation rows.
    """
    if not regrets:
        return []
    schemes = [replace(chosen_by[rows], title=title) for rows, title in TITLES.items()]
    return [
        _regret_table(results, regrets),
        *([_verdict_table(results, schemes)] if schemes[0].verdicts else []),
    ]


def _regret_table(results: Results, regrets: Sequence[BothChoices]) -> Table:
    number = results.number
    return Table(
        name="choosing",
        title=results.marked(CHOOSING),
        header=[
            *("study", "best of", "cells", "chosen on the test rows", "test MSE"),
            *("chosen on the validation rows", "test MSE", "regret", "stopped early"),
            *("honest, by test", "by validation", "regret", "same cell"),
        ],
        rows=[
            [
                results.titles[choice.study],
                choice.scope,
                str(choice.cells),
                choice.by_test,
                number(choice.lowest),
                "the same" if choice.by_validation == choice.by_test else choice.by_validation,
                number(choice.reached),
                number(choice.regret),
                number(choice.stopped_early),
                number(choice.honest_by_test),
                number(choice.honest_by_validation),
                _with_interval(results, choice),
                "" if math.isnan(choice.same) else f"{choice.same:.0%}",
            ]
            for choice in regrets
        ],
        notes=[
            "Chosen on the test rows: the cell of the lowest mean test MSE, as the deck chooses, "
            "which flatters it; on the validation rows: that of the lowest mean validation MSE. "
            "Regret: what its test MSE is higher by. Stopped early: test MSE of the cell with the "
            "lowest mean of the models' lowest validation MSEs, each model taken at that epoch.",
            _honesty(regrets),
            *results.warning(),
        ],
        text_columns=(0, 1, 3, 5),
    )


def _honesty(regrets: Sequence[BothChoices]) -> str:
    """Say what the honest columns are."""
    few = " or ".join(map(str, sorted({choice.few for choice in regrets})))
    seeds = f"{few} seed{'' if few == '1' else 's'}"
    if all(choice.splits > 1 for choice in regrets):
        return (
            f"Honest: {seeds} on one split choose; other splits judge, with the other seeds if "
            "there are any. The 95 % interval is over splits."
        )
    return (
        f"Honest: {seeds} choose, the others judge. Only other splits can show how far a choice "
        "on the test rows is luck with these rows."
    )


def _with_interval(results: Results, choice: BothChoices) -> str:
    if math.isnan(choice.low):
        return results.number(choice.honest)
    ends = map(results.number, (choice.low, choice.high))
    return f"{results.number(choice.honest)} ({' to '.join(ends)})"


def _verdict_table(results: Results, schemes: Sequence[Scheme]) -> Table:
    return replace(
        validity.scheme_table(results, schemes),
        name="choosing_claims",
        title=results.marked("The claims, by the rows that choose the best cells"),
    )
