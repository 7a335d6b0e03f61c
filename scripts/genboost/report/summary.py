"""What a person wants to read on the terminal when a run is done."""

import math
from collections.abc import Iterator

from genboost.analysis import deck
from genboost.measures.registry import TEST_MSE, Quantity
from genboost.report import best_at_edges, deck_tables
from genboost.report.layout import Layout, Panel
from genboost.report.results import Results
from genboost.study import grid

MOST = 16  # panels that are listed, the best


def summary_lines(results: Results) -> Iterator[str]:
    """Yield the lines, as plain ASCII where the words are ours."""
    warning = [f"*** {note} ***" for note in results.warning()]
    yield from warning
    for number, study in enumerate(results.studies):
        if number or warning:
            yield ""
        title = results.titles[study.name]
        yield f"{title}{'' if title.endswith(('?', '!')) else '.'} {measure(study)}:"
        yield from _panels(results, results.layouts[study.name])
        yield from _best_model(results, results.layouts[study.name])
    if found := list(best_at_edges.sentences(results)):
        yield ""
        yield from map(_ascii, found)
    yield ""
    yield f"Best cells are {results.chosen}."
    yield from dict.fromkeys(results.worth(study.cells) for study in results.studies)
    if results.compared.empty:
        yield deck_tables.NOTHING
    else:
        found = deck.agreement(results.compared)
        yield (
            f"Deck: {found.cells} of its {len(results.figures)} cells compared; ours divided "
            f"by the deck's: geometric mean {deck_tables.ratio(found.geometric_mean_ratio)}; rank "
            f"correlation {deck_tables.ratio(found.rank_correlation) or 'unknown'}"
        )
    yield from warning


def measure(study: grid.Study, quantity: Quantity = TEST_MSE) -> str:
    """Say what the numbers of a study's tables are."""
    count, splits = len(study.seeds), len(study.splits)
    seeds = f"{count} seeds" if count > 1 else "one seed"
    if splits > 1:
        return f"Mean {quantity.phrase} of {seeds} on each of {splits} splits"
    return f"Mean {quantity.phrase} of {seeds}" if count > 1 else f"{quantity.sentence} of one seed"


def _panels(results: Results, laid_out: Layout) -> Iterator[str]:
    """Yield the best cell of each panel, or of the best panels where there are many."""
    study, panels = laid_out.study, list(laid_out.panels)
    best = {panel.name: results.best(study, panel.cells.values()) for panel in panels}

    def error(panel: Panel) -> float:
        found = best[panel.name]
        return math.inf if found is None else found[1].choice

    if len(panels) > MOST:
        panels = sorted(panels, key=error)[:MOST]
    width = max(len(_ascii(panel.title)) for panel in panels)
    for panel in panels:
        title = _ascii(panel.title).ljust(width)
        if best[panel.name] is None:
            yield f"  {title}  diverged"
            continue
        cell, row = best[panel.name]
        star = "  <- best" if row.choice == results.best_choices[study.name] else ""
        yield f"  {title}  {results.number(row.value)}  {_ascii(laid_out.place(cell))}{star}"
    if len(panels) < len(laid_out.panels):
        yield f"  and {len(laid_out.panels) - len(panels)} worse"


def _best_model(results: Results, laid_out: Layout) -> Iterator[str]:
    """Yield the best model, by the errors that choose the best cells."""
    study = laid_out.study
    choosing = results.about(results.choosing).values
    models = [
        (choosing[study.name, cell][which], error, cell, which)
        for cell in study.cells
        for which, error in results.values[study.name, cell].items()
        if not math.isnan(error)
    ]
    if models:
        _, error, cell, which = min(models, key=lambda found: found[0])
        where = f"{laid_out.panel_of[cell].title}, {laid_out.place(cell)}"
        name = results.model_name(study, which)
        yield f"  Best single model: {results.number(error)}, {_ascii(where)}, {name}"


def _ascii(text: str) -> str:
    return text.replace("ρ", "rho")
