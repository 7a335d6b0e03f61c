"""The tables that compare our test errors with the deck's."""

import math
from collections.abc import Iterator

from genboost.analysis import deck
from genboost.report.markup import Table
from genboost.report.results import Results
from genboost.study import axes

NOTHING = (
    "Nothing to compare with the deck: no study has its data, its protocol and any of its cells."
)


def deck_table(results: Results) -> Table:
    """Return the deck's figures beside ours, cell by cell."""
    settings = [axes.SETTINGS[name] for name in axes.ALWAYS]
    rows = [
        [
            results.titles[cell.study],
            *(setting.shown(getattr(cell, setting.name)) for setting in settings),
            *map(results.number, (cell.deck, cell.test_mse, cell.difference)),
            f"{cell.ratio:.3f}",
        ]
        for cell in results.compared.itertuples()
    ]
    return Table(
        name="deck",
        title=results.marked("The deck's test MSE and ours"),
        header=["study", *(s.short for s in settings), "deck", "ours", "difference", "ratio"],
        rows=rows,
        notes=[
            "Difference: ours minus the deck's; ratio: ours divided by the deck's."
            if rows
            else NOTHING,
            *_left_out(results),
            *results.warning(),
        ],
        text_columns=(0, *(1 + place for place, s in enumerate(settings) if s.is_text)),
        long=True,
    )


def agreement_table(results: Results) -> Table:
    """Return how well our test errors agree with the deck's, in a few numbers."""
    rows = [
        [
            scope,
            str(found.cells),
            *map(ratio, (found.geometric_mean_ratio, found.rank_correlation)),
            *map(ratio, (found.log_error, found.noise_floor)),
            "" if math.isnan(found.inside) else f"{found.inside:.0%}",
        ]
        for scope, found in agreements(results)
    ]
    meaning = (
        f"Cells: those of the deck's {len(results.figures)} in which no model diverged, each once. "
        "Ratio: our test MSE divided by the deck's. Rank correlation: Spearman's. Log error: "
        "root mean "
        "square of log(ours / deck's). Noise floor: what it would be if the deck's figures were "
        "means of three more of our seeds. Inside: the deck's figures in our 95 % prediction "
        "intervals of a mean of three."
    )
    return Table(
        name="agreement",
        title=results.marked("Agreement with the deck"),
        header=[
            *("cells of", "cells", "geometric mean ratio", "rank correlation"),
            *("log error", "noise floor", "inside"),
        ],
        rows=rows,
        notes=[meaning if rows else NOTHING, *_left_out(results), *results.warning()],
    )


def agreements(results: Results) -> Iterator[tuple[str, deck.Agreement]]:
    """Yield the agreement with the deck of each panel and study that it has, and of all."""
    compared = results.compared
    places = {
        (row.study, *(getattr(row, name) for name in axes.ALWAYS)): row.Index
        for row in compared.itertuples()
    }
    settings = [axes.SETTINGS[name] for name in axes.ALWAYS]
    for study in results.studies:
        cells = compared[compared["study"] == study.name]
        if cells.empty:
            continue
        for panel in results.layouts[study.name].panels:
            keys = (
                (study.name, *(setting.column(cell[setting.name]) for setting in settings))
                for cell in panel.cells.values()
                if axes.repeats_standard(cell)
            )
            found = [places[key] for key in keys if key in places]
            if found:
                title = f"{results.titles[study.name]}: {panel.title}"
                yield title, deck.agreement(compared.loc[found])
        yield results.titles[study.name], deck.agreement(cells)
    if compared["study"].nunique() > 1:
        yield results.marked("all"), deck.agreement(compared)


def ratio(value: float) -> str:
    """Write a ratio or the like; nothing for NaN."""
    return "" if math.isnan(value) else f"{value:.3f}"


def _left_out(results: Results) -> list[str]:
    """Name the studies that are not compared with the deck."""
    titles = [f"“{s.title}”" for s in results.studies if not deck.is_repeated_by(s)]
    why = "since their data or protocol differ from the deck's"
    return [f"Not compared, {why}: {', '.join(titles)}."] if titles else []
