"""What a person wants to read on the terminal when a run is done."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from genboost.analysis import deck
from genboost.analysis.verdicts import Verdict
from genboost.measures.registry import TEST_MSE, Quantity
from genboost.report import answers, best_at_edges, deck_tables
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
        yield f"{title}{'' if title.endswith(('?', '!')) else '.'} {mean_of(study)}:"
        yield from _panels(results, results.layouts[study.name])
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


def verdict_lines(results: Results, found: Sequence[Verdict]) -> Iterator[str]:
    """Yield the verdicts for the terminal, the differences with their deviation over the runs."""
    claims = [asdict(verdict) for verdict in found]
    if not claims:
        return
    yield f"{answers.headline(claims)} {answers.scope(results, claims)}".strip()
    width = max(len(verdict.verdict) for verdict in found)
    for claim, verdict in zip(claims, found, strict=True):
        spread = "" if math.isnan(verdict.sd) else f" +- {answers.size(results, verdict.sd)}"
        alone = {**claim, "low": math.nan, "high": math.nan}
        rest = answers.difference(results, alone, spread) if verdict.n else verdict.reason
        yield _ascii(f"  {verdict.verdict.ljust(width)}  {verdict.title}: {rest}")


def mean_of(study: grid.Study, quantity: Quantity = TEST_MSE) -> str:
    """Say what the numbers of a study's tables are: ``Mean test MSE of 3 seeds``."""
    count, splits = len(study.seeds), len(study.splits)
    seeds = f"{count} seeds" if count > 1 else "one seed"
    if splits > 1:
        return f"Mean {quantity.label} of {seeds} on each of {splits} splits"
    return f"Mean {quantity.label} of {seeds}" if count > 1 else f"The {quantity.label} of one seed"


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
        spread = f" +- {results.number(row.value_sd)}" if row.n > 1 else ""
        place = _ascii(laid_out.place(cell))
        yield f"  {title}  {results.number(row.value)}{spread}  {place}{star}"
    if len(panels) < len(laid_out.panels):
        yield f"  and {len(laid_out.panels) - len(panels)} worse"


def _ascii(text: str) -> str:
    return text.replace("ρ", "rho")
