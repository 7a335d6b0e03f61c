"""What the numbers mean: all statistics of a run, as CSV, JSON and Markdown.

`results/NAME/statistics/` holds, each table with a first column ``data`` that names the data:

- ``cells.csv``: mean, standard deviation, n and 95 % interval of every cell;
- ``comparisons.csv``: the verdict on every claim of the configuration, under every scheme;
  ``comparisons.tex``: a table of the claims, to put into a paper;
- ``best.csv``: the best cell of each study and each of its panels, and its unbiased error;
- ``choosing.csv``, with validation rows: what it costs to choose that cell by these;
- ``agreement.csv``: our cells against the deck's in a few numbers (`tables/deck.csv` has
  them one by one);
- ``statistics.json``: all but the first, the differences seed by seed, the deck's cells beside
  ours, how measures rank the gap, which axes matter, what tries buy, and the tables for people;
- ``statistics.md``: the same for people.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from genboost.analysis import (
    aggregation,
    choices,
    importance,
    measure_ranking,
    regret,
    schemes,
    splits,
    tuning,
    verdicts,
)
from genboost.analysis.importance import Importance
from genboost.analysis.measure_ranking import Ranking
from genboost.analysis.values import Measured
from genboost.data.arrays import MARK
from genboost.measures import registry
from genboost.report import (
    budget_table,
    choosing,
    claims_tables,
    deck_tables,
    importance_table,
    measures_table,
    validity,
)
from genboost.report.markup import Table, latex, markdown
from genboost.report.results import Results
from genboost.report.summary import verdict_lines
from genboost.study import grid
from genboost.study.cells import Cell

AT_EDGES = (
    "Edge of the grid: the lowest mean is at the lowest or highest of three values or more of an "
    "axis, and a wider grid may have a lower one."
)


@dataclass(frozen=True)
class Findings:
    """All statistics of a run.

    Attributes
    ----------
    cells : DataFrame
        The columns of `aggregation.summarize` but ``train_mse``, then ``low`` and ``high``.
    schemes : list of schemes.Scheme
        One at least.
    regrets : list of regret.BothChoices
        Of the sets of cells that have validation rows.
    chosen_by : dict
        The first scheme by what chooses the best cells; empty without validation rows.
    """

    results: Results
    cells: pd.DataFrame
    schemes: list[schemes.Scheme]
    choices: list[choices.Choice]
    regrets: list[regret.BothChoices]
    chosen_by: dict[str, schemes.Scheme]
    rankings: list[tuple[grid.Study, Ranking]]
    importance: list[Importance]
    curves: list[tuning.Curve]
    winners: list[tuning.Winner]

    @property
    def verdicts(self) -> list[verdicts.Verdict]:
        """The verdicts under the first scheme."""
        return self.schemes[0].verdicts


def find(
    results: Results,
    claims: Mapping[str, Mapping[str, Any]],
    judged_by: Mapping[str, Mapping[str, Any]],
    measures: Sequence[str] = (),
) -> Findings:
    """Compute all statistics of a run.

    Parameters
    ----------
    judged_by
        The configuration's ``schemes``.
    measures
        Names of the quantities that are ranked by how well they rank the gap.
    """
    measured = Measured(results.studies, results.models, choose_by=results.choose_by)
    scopes = list(_scopes(results))
    of_budgets = [
        tuning.tuning(study, measured.values, results.useless) for study in results.studies
    ]

    def judge(names: Iterable[str], choose_by: str) -> list[schemes.Scheme]:
        chosen = {name: judged_by[name] for name in names}
        return schemes.judge(chosen, claims, results.studies, results.models, choose_by)

    judged = judge(judged_by, results.choose_by)
    regrets = regret.regrets(measured, registry.quantity("early_stopped_mse"), scopes)
    other = "validation" if results.choose_by == "test" else "test"
    by = {results.choose_by: judged[0]}
    if regrets:
        by |= {other: judge(list(judged_by)[:1], other)[0]}
    return Findings(
        results=results,
        cells=_with_intervals(results),
        schemes=judged,
        choices=choices.choices(measured, scopes),
        regrets=regrets,
        chosen_by={rows: by[rows] for rows in ("test", "validation")} if regrets else {},
        rankings=[
            (study, ranking)
            for study in results.studies
            for ranking in measure_ranking.rank_cells(study, results.models, measures)
        ],
        importance=[
            found
            for study in results.studies
            for found in importance.importance(study, measured.values, results.useless)
        ],
        curves=[curve for curves, _ in of_budgets for curve in curves],
        winners=[winner for _, winners in of_budgets for winner in winners],
    )


def files(found: Findings) -> dict[str, str]:
    """Return the files of all statistics, by name."""
    results = found.results
    agreements = [{"scope": scope, **asdict(a)} for scope, a in deck_tables.agreements(results)]
    agreement = deck_tables.agreement_table(results)
    side_by_side = found.schemes if len(found.schemes) > 1 else []
    maybe = [
        validity.scheme_table(results, side_by_side) if side_by_side else None,
        validity.origin_table(results),
        validity.variance_table(results, found.schemes),
        *choosing.choosing_tables(results, found.regrets, found.chosen_by),
        importance_table.importance_table(results, found.importance),
        budget_table.budget_table(results, found.curves, found.winners),
    ]
    claims = claims_tables.comparison_table(results, found.verdicts)
    shown = [
        claims,
        *claims_tables.detail_tables(results, found.verdicts),
        *(table for table in maybe if table),
        best_table(found),
        agreement,
    ]
    if found.rankings:
        shown.append(measures_table.measures_table(results, found.rankings))
    document = {
        "data": MARK if results.is_synthetic() else "real",
        "comparisons": [asdict(verdict) for verdict in found.verdicts],
        "schemes": [asdict(scheme) for scheme in side_by_side],
        "variance": {scheme.title: scheme.variance for scheme in found.schemes},
        "best": [asdict(choice) for choice in found.choices],
        "choosing": [asdict(choice) for choice in found.regrets],
        "agreement": agreements,
        "measures": [{"study": study.name, **asdict(r)} for study, r in found.rankings],
        "importance": [asdict(one) for one in found.importance],
        "budget": {
            "curves": [asdict(curve) for curve in found.curves],
            "winners": [asdict(winner) for winner in found.winners],
        },
        "deck": results.compared.to_dict("records"),
        "tables": {table.name: asdict(table) for table in shown},
    }
    csv = {
        "cells": found.cells,
        "comparisons": _comparisons(found),
        "best": pd.DataFrame(map(asdict, found.choices)),
        **(
            {"choosing": pd.DataFrame(map(asdict, found.regrets))}
            if grid.have_validation_rows(results.studies)
            else {}
        ),
        "agreement": pd.DataFrame(agreements),
    }
    return {
        **{f"{name}.csv": _csv(results, frame) for name, frame in csv.items()},
        "verdicts.txt": "".join(f"{line}\n" for line in verdict_lines(results, found.verdicts)),
        "comparisons.tex": latex([claims_tables.for_papers(claims)]),
        "statistics.json": json.dumps(_without_nan(document), indent=1) + "\n",
        "statistics.md": markdown(shown, results.marked("What the numbers mean")),
    }


def _comparisons(found: Findings) -> pd.DataFrame:
    """Return all verdicts as rows, under the name of their scheme if there are several."""
    if len(found.schemes) == 1:
        return pd.DataFrame(verdicts.rows(found.verdicts))
    frames = [
        pd.DataFrame(verdicts.rows(scheme.verdicts)).assign(scheme=scheme.name)
        for scheme in found.schemes
    ]
    everything = pd.concat(frames)
    return everything[["scheme", *everything.columns.drop("scheme")]]


def best_table(found: Findings) -> Table:
    """Return the best cells with their unbiased errors."""
    number = found.results.number
    at_edges = any(choice.edge for choice in found.choices)
    rows = [
        [
            found.results.titles[choice.study],
            choice.scope,
            str(choice.cells),
            choice.cell,
            number(choice.table),
            *([choice.edge] if at_edges else []),
            "the same" if choice.chosen == choice.cell else choice.chosen,
            number(choice.unbiased),
            found.results.range(choice.low, choice.high),
            number(choice.optimism),
        ]
        for choice in found.choices
    ]
    few_judge = any(math.isnan(choice.low) for choice in found.choices)
    few = " or ".join(str(few) for few in sorted({choice.few for choice in found.choices}))
    return Table(
        name="best",
        title=found.results.marked("The best of many looks better than it is"),
        header=[
            *("study", "best of", "cells", "best cell", "in the table"),
            *(["edge of the grid"] if at_edges else []),
            *("chosen separately", "unbiased", "95 % interval", "optimism"),
        ],
        rows=rows,
        notes=[
            f"Best cells are {found.results.chosen}. Chosen separately: by the first third of the "
            "seeds; unbiased: that cell's mean test MSE on the others. Optimism: how far the best "
            f"cell's mean on the {few} seeds that choose it lies below its mean on the others, "
            "averaged over all subsets. All for this split into training and test rows.",
            *([AT_EDGES] if at_edges else []),
            *(["No interval: fewer than five seeds judge."] if few_judge else []),
            *found.results.warning(),
        ]
        if rows
        else ["This takes at least two seeds."],
        text_columns=(0, 1, 3, 5, 6) if at_edges else (0, 1, 3, 5),
    )


def _with_intervals(results: Results) -> pd.DataFrame:
    cells = results.summary.drop(columns="train_mse")
    found = {
        results.row(study, cell).Index: splits.mean_of_models(results.values[study.name, cell])
        for study in results.studies
        for cell in study.cells
    }
    return cells.assign(
        low=pd.Series({row: mean.low for row, mean in found.items()}),
        high=pd.Series({row: mean.high for row, mean in found.items()}),
    )


def _scopes(results: Results) -> Iterator[tuple[grid.Study, str, Sequence[Cell]]]:
    """Yield each study, and each of its panels, as sets of which there is a best cell."""
    for study in results.studies:
        panels = results.layouts[study.name].panels
        if len(panels) > 1:
            yield study, "all", study.cells
        for panel in panels:
            yield study, panel.title, list(panel.cells.values())


def _csv(results: Results, frame: pd.DataFrame) -> str:
    """Write a frame with the data of its study, or of all, in its first column."""
    if "data" not in frame:
        names = dict(zip(results.models["study"], results.models["data"], strict=True))
        everything = "+".join(dict.fromkeys(names.values()))
        data = frame["study"].map(names) if "study" in frame else everything
        frame = frame.assign(data=data)[["data", *frame.columns]]
    return aggregation.to_csv(frame)


def _without_nan(value: Any) -> Any:
    """Return a value as JSON can have it: null for NaN, plain numbers for NumPy's."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value
