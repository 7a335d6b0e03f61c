"""The tables of results, each as files of several formats; `markup` gives them these."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from genboost.analysis import aggregation, edges, splits
from genboost.analysis.aggregation import Repetition
from genboost.measures import registry
from genboost.measures.registry import ERRORS
from genboost.report import deck_tables, exhibits
from genboost.report.best_at_edges import best_at_edges
from genboost.report.exhibits import FIRST, Exhibit
from genboost.report.layout import Layout, Panel
from genboost.report.markup import Entry, Table, latex, latex_document, markdown
from genboost.report.results import SIMPLE, Results
from genboost.report.summary import mean_of, summary_lines
from genboost.study import axes

EDGES = (
    "Edge of the grid: where the best cell of a method is, so that a wider grid may have better."
)
BEST = {"lower": "lowest", "higher": "highest", "none": "lowest"}


def files(results: Results) -> dict[str, str]:
    """Return the files of the exhibits that are tables, by name."""
    found: dict[str, str] = {}
    for exhibit in exhibits.tables(results.layouts.values(), results.quantities):
        contents = KINDS[exhibit.kind](results.about(exhibit.quantity.name), exhibit)
        found |= zip(exhibit.files, contents, strict=True)
    return found


def _panel(results: Results, exhibit: Exhibit) -> tuple[str, ...]:
    laid_out = results.layouts[exhibit.study]
    (panel,) = (panel for panel in laid_out.panels if panel.name == exhibit.panel)
    return _formats(panel_table(results, laid_out, panel))


def _everything(results: Results, exhibit: Exhibit) -> tuple[str, ...]:
    of_each = [results.about(name) for name in results.quantities]
    panels = [
        panel_table(about, laid_out, panel)
        for about in of_each
        for laid_out in results.layouts.values()
        for panel in laid_out.tables
    ]
    found = [
        *panels,
        baseline_table(results),
        deck_tables.agreement_table(results),
        deck_tables.deck_table(results),
        *(ranking_table(about, ranking(about)) for about in of_each),
    ]
    title = results.marked(exhibit.title)
    return markdown(found, title), latex_document(found, title)


def _ranking(results: Results, exhibit: Exhibit) -> tuple[str, ...]:
    ranked = ranking(results)
    csv = aggregation.to_csv(ranked.drop(columns=["value", "value_sd", "choice"]))
    return *_formats(ranking_table(results, ranked)), csv


def _deck(results: Results, exhibit: Exhibit) -> tuple[str, ...]:
    tables = deck_tables.agreement_table(results), deck_tables.deck_table(results)
    return *_formats(*tables), aggregation.to_csv(results.compared)


def _summary(results: Results, exhibit: Exhibit) -> tuple[str, ...]:
    return ("\n".join(summary_lines(results)) + "\n",)


def _formats(*tables: Table) -> tuple[str, str]:
    return markdown(tables), latex(tables)


# What makes each kind of exhibit: the contents of its files, in the order of its formats.
KINDS: dict[str, Callable[[Results, Exhibit], tuple[str, ...]]] = {
    "panel": _panel,
    "everything": _everything,
    "ranking": _ranking,
    "deck": _deck,
    "summary": _summary,
}


def panel_table(results: Results, laid_out: Layout, panel: Panel) -> Table:
    """Return the table of a panel: one axis down, another across."""
    study = laid_out.study
    rows = {place: results.row(study, cell) for place, cell in panel.cells.items()}
    found = results.best(study, panel.cells.values())
    best = found[1].choice if found else math.nan
    best_of_all = results.best_choices.get(study.name, math.nan)

    def entry(place: tuple[Any, Any]) -> Entry:
        row = rows.get(place)
        if row is None:
            return Entry("")
        if row.diverged:
            return _diverged(row)
        return Entry(
            results.number(row.value),
            bold=row.choice == best,
            star=row.choice == best_of_all,
            after=_deviation(results, row),
            below=_interval(results, results.values[study.name, panel.cells[place]]),
        )

    table = [
        [
            laid_out.row_title(down, panel),
            *(entry((down, across)) for across in panel.across),
        ]
        for down in panel.down
    ]
    entries = [entry for row in table for entry in row[1:]]
    spread = " ± standard deviation" if any(entry.after for entry in entries) else ""
    bounded = results.interval and any(
        e.below for e in entries if not e.text.startswith("diverged")
    )
    spread += " (95 % t interval)" if bounded else ""
    by = " and ".join(_with_short(axis) for axis in (laid_out.rows, laid_out.columns) if axis)
    word = BEST[results.quantity.better] if results.choosing == results.quantity.name else "best"
    notes = [
        f"{mean_of(study, results.quantity)}{spread}, by {by}.",
        *filter(None, [laid_out.caption]),
        *([f"Bold: the {word} of this table{_chosen(results)}."]
          if any(e.bold for e in entries) else []),
        *([f"★: the {word} of “{study.title}”."] if any(e.star for e in entries) else []),
        *(["Diverged: models whose loss is not finite at the end; their cell has no mean."]
          if any(row.diverged for row in rows.values()) else []),
    ]  # fmt: skip
    worth = results.worth(panel.cells.values())
    return Table(
        name=exhibits.named(panel.name, results.quantity),
        title=f"{results.titles[study.name]}: {exhibits.titled(panel.title, results.quantity)}",
        header=["", *(laid_out.column_title(c, panel, results.quantity) for c in panel.across)],
        rows=table,
        notes=[" ".join(notes), *filter(None, [worth]), *results.warning(study)],
        metric=f"{mean_of(study, results.quantity)}{spread}",
    )


def baseline_table(results: Results) -> Table:
    """Return what simple methods reach, and the best cell of each study on the same data."""
    rows = []
    for variant, errors in results.baselines.items():
        data, best = results.best_on(variant)
        found = [
            *(
                (SIMPLE.get(name, name), e["train_mse"], e["test_mse"])
                for name, e in errors.items()
            ),
            *((f"best cell of “{s.title}”", row.train_mse, row.test_mse) for s, row in best),
        ]
        rows += [[data, name, *map(results.number, ends)] for name, *ends in found]
    return Table(
        name="baselines",
        title=results.marked("What an MSE is worth"),
        header=["data", "method", "train MSE", "test MSE"],
        rows=rows,
        notes=results.warning(),
        text_columns=(0, 1),
    )


def ranking(results: Results) -> pd.DataFrame:
    """Return the cells of all studies, best first, with their ranks; equal ones share a rank.

    By the means that choose the best. The lowest comes first, unless higher is better; cells in
    which a model diverged come last and have no rank.
    """
    ascending = results.quantity.better != "higher"
    rank = results.complete["choice"].rank(method="min", ascending=ascending).astype("Int64")
    ranked = results.cells.assign(rank=rank).sort_values("rank", kind="stable")
    first, *others = results.cells.columns
    return ranked[[first, "rank", *others]]


def ranking_table(results: Results, ranked: pd.DataFrame) -> Table:
    """Return the ranking as a table."""
    settings, quantity = results.settings, results.quantity
    others = [e for e in ERRORS if e != quantity and e.name in results.summary]
    by = registry.quantity(results.choosing)
    edge = _edges(results)
    rows = [
        [
            "" if pd.isna(cell.rank) else str(cell.rank),
            results.titles[cell.study],
            *(setting.shown(getattr(cell, setting.name)) for setting in settings),
            *(
                [_diverged(cell), "", *[""] * len(others)]
                if cell.diverged
                else map(
                    results.number,
                    (cell.value, cell.value_sd, *(getattr(cell, error.name) for error in others)),
                )
            ),
            *([edge.get(cell.Index, "")] if edge else []),
        ]
        for cell in ranked.itertuples()
    ]
    return Table(
        name=exhibits.named("ranking", quantity),
        title=results.marked(exhibits.titled(f"All cells, {FIRST[quantity.better]}", quantity)),
        header=[
            *("rank", "study", *(s.short for s in settings), quantity.label, "sd"),
            *(error.label for error in others),
            *(["edge of the grid"] if edge else []),
        ],
        rows=rows,
        notes=[
            f"By mean {by.label}{_chosen(results)}. sd: standard deviation over the seeds. The "
            f"{BEST[quantity.better]} of many means is partly luck.",
            *([EDGES] if edge else []),
            *results.warning(),
        ],
        text_columns=(
            *(1, *(2 + place for place, s in enumerate(settings) if s.is_text)),
            *([4 + len(settings) + len(others)] if edge else []),
        ),
        long=True,
        metric=" and ".join(dict.fromkeys(mean_of(s, quantity) for s in results.studies)),
    )


def _chosen(results: Results) -> str:
    """Say after a comma how the best cells are chosen, where that makes a difference."""
    return f", {results.chosen}" if results.chosen else ""


def _edges(results: Results) -> dict[int, str]:
    """Return the edges of the grid that the best cells of methods are at, by the row of a cell."""
    return {
        results.row(study, cell).Index: edges.named(found)
        for study in results.studies
        for cell, found in best_at_edges(results, study).items()
        if found
    }


def _with_short(axis: axes.Setting) -> str:
    return axis.title if axis.short == axis.title else f"{axis.title} ({axis.short})"


def _deviation(results: Results, cell: Any) -> str:
    """Return the standard deviation to put after a mean of several seeds, if it shall be there."""
    if cell.n < 2 or not results.standard_deviation:
        return ""
    return f"± {results.number(cell.value_sd)}"


def _interval(results: Results, values: Mapping[Repetition, float]) -> str:
    """Return the interval to put below a mean of five models or more, if it shall be there."""
    if not results.interval:
        return ""
    found = splits.mean_of_models(values)
    ends = results.range(found.low, found.high)
    return f"({ends})" if ends else ""


def _diverged(cell: Any) -> Entry:
    return Entry("diverged", below=f"({cell.diverged} of {cell.n + cell.diverged})")
