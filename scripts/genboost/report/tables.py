"""The tables of results: which there are, and what they say; `markup` gives them their formats.

Snakemake imports this module for `names` whenever it starts, hence no pandas here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from genboost.report import deck_tables
from genboost.report.layout import NAMES, Layout, Panel, layout
from genboost.report.markup import Entry, Table, latex, latex_document, markdown
from genboost.report.results import SIMPLE, Results
from genboost.report.summary import measure, summary_lines
from genboost.study import axes, grid

if TYPE_CHECKING:
    import pandas as pd

OF_A_PANEL = rf"{NAMES}\.(md|tex)"  # the files that not every configuration has


def names(config: dict[str, Any]) -> list[str]:
    """Return the names of all files that `files` makes for a resolved configuration."""
    shown = config["tables"]["rows"], config["tables"]["columns"]
    layouts = [layout(study.over_splits(), *shown) for study in grid.studies(config)]
    tables = [panel.name for laid_out in layouts for panel in laid_out.panels]
    return [
        *(f"{name}.{ending}" for name in (*tables, "tables") for ending in ("md", "tex")),
        *(f"{name}.{ending}" for name in ("ranking", "deck") for ending in ("md", "tex", "csv")),
        "summary.txt",
    ]


def files(results: Results) -> dict[str, str]:
    """Return all files of the tables, by name."""
    from genboost.analysis import aggregation

    grids = [
        panel_table(results, laid_out, panel)
        for laid_out in results.layouts.values()
        for panel in laid_out.panels
    ]
    ranked = ranking(results)
    ranked_table = ranking_table(results, ranked)
    of_deck = [deck_tables.agreement_table(results), deck_tables.deck_table(results)]
    everything = [*grids, baseline_table(results), *of_deck, ranked_table]
    title = results.marked("Test errors")
    return {
        **{f"{table.name}.md": markdown([table]) for table in grids},
        **{f"{table.name}.tex": latex([table]) for table in grids},
        "tables.md": markdown(everything, title),
        "tables.tex": latex_document(everything, title),
        "ranking.md": markdown([ranked_table]),
        "ranking.tex": latex([ranked_table]),
        "ranking.csv": aggregation.to_csv(ranked),
        "deck.md": markdown(of_deck),
        "deck.tex": latex(of_deck),
        "deck.csv": aggregation.to_csv(results.compared),
        "summary.txt": "\n".join(summary_lines(results)) + "\n",
    }


def panel_table(results: Results, laid_out: Layout, panel: Panel) -> Table:
    """Return the table of a panel: one axis down, another across."""
    study = laid_out.study
    rows = {place: results.row(study, cell) for place, cell in panel.cells.items()}
    lowest = min((row.test_mse for row in rows.values() if not row.diverged), default=math.nan)

    def entry(row: Any) -> Entry:
        if row is None:
            return Entry("")
        if row.diverged:
            return _diverged(row)
        return Entry(
            results.number(row.test_mse),
            bold=row.test_mse == lowest,
            star=row.test_mse == results.lowest[study.name],
            after=_deviation(results, row),
            below=_interval(results, row),
        )

    table = [
        [
            laid_out.row_title(down, panel),
            *(entry(rows.get((down, across))) for across in panel.across),
        ]
        for down in panel.down
    ]
    entries = [entry for row in table for entry in row[1:]]
    spread = " ± standard deviation" if any(entry.after for entry in entries) else ""
    spread += " (95 % t interval)" if any(entry.below for entry in entries) else ""
    by = " and ".join(_with_short(axis) for axis in (laid_out.rows, laid_out.columns) if axis)
    notes = [
        f"{measure(study)}{spread}, by {by}.",
        *filter(None, [laid_out.caption]),
        *(["Bold: the lowest of this table."] if any(e.bold for e in entries) else []),
        *([f"★: the lowest of “{study.title}”."] if any(e.star for e in entries) else []),
        *(["Diverged: runs that ended with a loss that is not finite; their cell has no mean."]
          if any(row.diverged for row in rows.values()) else []),
    ]  # fmt: skip
    worth = results.worth(panel.cells.values())
    return Table(
        name=panel.name,
        title=f"{results.titles[study.name]}: {panel.title}",
        header=["", *(laid_out.column_title(c, panel) for c in panel.across)],
        rows=table,
        notes=[" ".join(notes), worth, *results.warning(study)],
    )


def baseline_table(results: Results) -> Table:
    """Return what simple methods reach, and the best cell of each study on the same data."""
    rows = []
    for variant, errors in results.baselines.items():
        studies = [study for study in results.studies if variant in study.variants]
        found = [
            (SIMPLE.get(name, name), e["train_mse"], e["test_mse"]) for name, e in errors.items()
        ]
        for study in studies:
            cells = [cell for cell in study.cells if axes.variant(cell) == variant]
            if best := results.best(study, cells):
                row = best[1]
                found.append((f"best cell of “{study.title}”", row.train_mse, row.test_mse))
        data = results.marked(variant, *studies)
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

    Cells of which a run diverged come last, without a rank.
    """
    rank = results.complete["test_mse"].rank(method="min").astype("Int64")
    ranked = results.summary.assign(rank=rank).sort_values("rank", kind="stable")
    first, *others = results.summary.columns
    return ranked[[first, "rank", *others]]


def ranking_table(results: Results, ranked: pd.DataFrame) -> Table:
    """Return the ranking as a table."""
    settings = results.settings
    rows = [
        [
            "" if cell.diverged else str(cell.rank),
            results.titles[cell.study],
            *(setting.shown(getattr(cell, setting.name)) for setting in settings),
            *(
                [_diverged(cell), "", ""]
                if cell.diverged
                else map(results.number, (cell.test_mse, cell.test_mse_sd, cell.train_mse))
            ),
        ]
        for cell in ranked.itertuples()
    ]
    return Table(
        name="ranking",
        title=results.marked("All cells, best first"),
        header=["rank", "study", *(s.short for s in settings), "test MSE", "sd", "train MSE"],
        rows=rows,
        notes=[
            "By mean test MSE; sd: standard deviation over the seeds. The lowest of many means is "
            "partly luck.",
            *results.warning(),
        ],
        text_columns=(1, *(2 + place for place, s in enumerate(settings) if s.is_text)),
        long=True,
    )


def _with_short(axis: axes.Setting) -> str:
    return axis.title if axis.short == axis.title else f"{axis.title} ({axis.short})"


def _deviation(results: Results, cell: Any) -> str:
    """Return the standard deviation to put after a mean of several seeds, if it shall be there."""
    if cell.n < 2 or not results.standard_deviation:
        return ""
    return f"± {results.number(cell.test_mse_sd)}"


def _interval(results: Results, cell: Any) -> str:
    """Return the interval to put below a mean of several seeds, if it shall be there."""
    from genboost.analysis import stats

    if cell.n < 2 or not results.interval:
        return ""
    half = stats.half_width(cell.test_mse_sd, cell.n)
    ends = map(results.number, (cell.test_mse - half, cell.test_mse + half))
    return f"({' to '.join(ends)})"


def _diverged(cell: Any) -> Entry:
    return Entry("diverged", below=f"({cell.diverged} of {cell.n + cell.diverged})")
