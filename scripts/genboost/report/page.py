"""The report: one HTML file with all that a study found, which opens without a network.

Only its last section, on the run, may differ between two runs of the same study.
"""

import html
import itertools
import math
import re
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import markupsafe
import mistune
from matplotlib.colors import Normalize

from genboost.data.arrays import MARK
from genboost.files import ROOT
from genboost.report import (
    answers,
    best_at_edges,
    claims_tables,
    deck_tables,
    exhibits,
    exploring,
    pages,
    tables,
    validity,
)
from genboost.report.exhibits import Exhibit
from genboost.report.figures import drawing
from genboost.report.figures.drawing import INK, PAPER
from genboost.report.layout import Panel
from genboost.report.markup import Entry, Table, plain
from genboost.report.results import WARNING, Results
from genboost.report.summary import mean_of
from genboost.study import grid, written
from genboost.study.cells import Cell

TEMPLATE = "report.html.j2"
MOST_ROWS = 500  # of the ranking, that are shown
MOST_MODELS = 10  # that a cell lists: more are summed up


@dataclass(frozen=True)
class HeatCell:
    """A cell of a coloured table.

    Attributes
    ----------
    entry : Entry
        Its text.
    background, ink : str
        Its colours, ``#rrggbb``; none if it has models that diverged.
    details : str
        What is told when asked for more.
    """

    entry: Entry
    background: str
    ink: str
    details: str

    @property
    def look(self) -> str:
        """The class of cells of this colour."""
        return self.background.replace("#", "c")


@dataclass(frozen=True)
class HeatTable:
    """A panel's table in colour: `rows` hold a row's name and its cells, None where is none."""

    table: Table
    title: str
    rows: Sequence[tuple[str, Sequence[HeatCell | None]]]


@dataclass(frozen=True)
class Inputs:
    """What a report is made from, besides the results.

    Attributes
    ----------
    config : dict
        The resolved configuration.
    provenance : dict
        By data set: where it comes from.
    descriptions : dict
        By data variant: its description, in Markdown.
    drawings : dict
        By the figure's name: an SVG file's text.
    statistics : dict
        What results/NAME/statistics/statistics.json holds.
    audit : dict, optional
        What results/NAME/audit/audit.json holds.
    runs : dict
        How the models were trained; see `aggregation.run_facts`.
    curves : dict
        The learning curves of each cell; see `analysis.curves.summarize`.
    commit : str, optional
        The version of this project, as `commit` returns it.
    """

    config: dict[str, Any]
    provenance: Mapping[str, dict[str, Any]]
    descriptions: Mapping[str, str]
    drawings: Mapping[str, str]
    statistics: dict[str, Any]
    audit: dict[str, Any] | None
    runs: dict[str, Any]
    curves: Mapping[str, Sequence[dict[str, Any] | None]]
    commit: str | None = None


def compose(results: Results, inputs: Inputs) -> str:
    """Write the report.

    Parameters
    ----------
    results
        What the tables show.
    inputs
        The rest.
    """
    shown = exhibits.of(exhibits.FIGURES, inputs.config)
    claims = inputs.statistics["comparisons"]
    heat = {study.name: heat_tables(results, study) for study in results.studies}
    figures = [_figure(exhibit, inputs.drawings) for exhibit in shown if exhibit.section]
    ranking, rest = _best_rows(tables.ranking_table(results, tables.ranking(results)))
    return pages.render(
        TEMPLATE,
        filters={"unbroken": _unbroken},
        results=results,
        synthetic=results.is_synthetic(),
        warning=WARNING,
        mark=MARK,
        studies=results.studies,
        claims=[answers.claim(results, found) for found in claims],
        headline=answers.headline(claims) if claims else "",
        scope=answers.scope(results, claims),
        is_of_the_deck=not results.compared.empty,
        facts=answers.facts(results),
        data={name: _lead(text) for name, text in inputs.descriptions.items()},
        worths=answers.worths(results, inputs.statistics),
        origins=list(validity.ORIGINS.values()),
        more=list(claims_tables.more(claims)),
        statistics=_tables(inputs.statistics),
        audit=_tables(inputs.audit) if inputs.audit else {},
        heat=heat,
        scale={study.name: scale(results, study) for study in results.studies},
        sections=exhibits.sections(inputs.config),
        explored=_markup(exploring.data(results, inputs.curves)),
        figures=figures,
        looks=looks(heat.values(), {figure["width"] for figure in figures}),
        measures={
            name: " ".join(filter(None, [f"{mean_of(laid_out.study)}.", laid_out.caption]))
            for name, laid_out in results.layouts.items()
        },
        edges=list(best_at_edges.sentences(results)),
        baselines=tables.baseline_table(results),
        deck=deck_tables.deck_table(results),
        ranking=ranking,
        ranking_rest=_markup(pages.embedded(rest)) if rest else "",
        provenance=inputs.provenance,
        descriptions={name: _from_markdown(text) for name, text in inputs.descriptions.items()},
        configuration=written.as_yaml(inputs.config),
        models=len(grid.models(list(results.studies))),
        run=inputs.runs,
        commit=inputs.commit,
    )


def _tables(found: dict[str, Any]) -> dict[str, Table]:
    """Return the tables for people that statistics or an audit come with, by name."""
    return {name: Table(**table) for name, table in found["tables"].items()}


def _best_rows(ranking: Table) -> tuple[Table, list[list[str]]]:
    """Return a ranking's best cells as a table, and the texts of the others for its CSV file."""
    if len(ranking.rows) <= MOST_ROWS:
        return ranking, []
    note = f"The best {MOST_ROWS} of {len(ranking.rows)} cells; the CSV file has all."
    rest = [list(map(plain, row)) for row in ranking.rows[MOST_ROWS:]]
    return replace(ranking, rows=ranking.rows[:MOST_ROWS], notes=[*ranking.notes, note]), rest


def heat_tables(results: Results, study: grid.Study) -> list[HeatTable]:
    """Return a study's tables in the colours of its heatmap, with the seeds of each cell."""
    norm = drawing.color_scale(results, study)
    laid_out = results.layouts[study.name]

    def heat(panel: Panel, entry: Entry, down: Any, across: Any) -> HeatCell | None:
        cell = panel.cells.get((down, across))
        return None if cell is None else _heat_cell(results, study, cell, entry, norm)

    found = []
    for panel in laid_out.tables:
        table = tables.panel_table(results, laid_out, panel)
        rows = [
            (
                name,
                [heat(panel, e, down, across) for e, across in zip(row, panel.across, strict=True)],
            )
            for (name, *row), down in zip(table.rows, panel.down, strict=True)
        ]
        found.append(HeatTable(table, panel.title, rows))
    return found


def looks(heat: Iterable[Sequence[HeatTable]], widths: Iterable[int]) -> str:
    """Return the style of cells by their colours, of the colours' legend, and of figures by width.

    A page with a strict policy cannot have these beside each element.
    """
    cells = {
        cell
        for tables_of_study in heat
        for table in tables_of_study
        for _, row in table.rows
        for cell in row
        if cell and cell.background
    }
    colors = sorted({(cell.look, cell.background, cell.ink) for cell in cells})
    ramp = [drawing.color(step / 8, Normalize(0, 1))[0] for step in range(9)]
    return "\n".join(
        [
            *(f".{name} {{ background: {color}; color: {ink}; }}" for name, color, ink in colors),
            f".ramp {{ background: linear-gradient(to right, {', '.join(ramp)}); }}",
            *(f".w{width} {{ --width: {width}px; }}" for width in sorted(widths)),
        ]
    )


def scale(results: Results, study: grid.Study) -> dict[str, Any]:
    """Return the legend of a study's colours."""
    norm = drawing.color_scale(results, study)
    return {
        "low": results.number(norm.vmin),
        "high": results.number(norm.vmax),
        "diverged": any(results.summary["diverged"][results.summary["study"] == study.name]),
    }


def _heat_cell(
    results: Results, study: grid.Study, cell: Cell, entry: Entry, norm: Any
) -> HeatCell:
    """Return a cell in colour; hatching, which a style sheet has, stands for diverged ones."""
    row = results.row(study, cell)
    background, ink = ("", "") if row.diverged else drawing.color(row.value, norm)
    lines = [results.layouts[study.name].place(cell), *_models(results, study, cell)]
    if not row.diverged:
        sd = results.number(row.value_sd)
        lines.insert(1, f"mean {entry.text}" + (f", sd {sd}" if sd else ""))
        lines.append(f"train MSE: {results.number(row.train_mse)}")
    return HeatCell(replace(entry, after=""), background, ink, "\n".join(lines))


def _models(results: Results, study: grid.Study, cell: Cell) -> list[str]:
    """Say what the models of a cell reach: a few one by one, many in short."""
    found = results.values[study.name, cell]
    if len(found) <= MOST_MODELS:
        return [
            f"{results.model_name(study, which)}: {results.number(error) or 'diverged'}"
            for which, error in found.items()
        ]
    finished = [error for error in found.values() if not math.isnan(error)]
    lost = len(found) - len(finished)
    lines = [f"{len(found)} models" + (f", {lost} diverged" if lost else "")]
    if finished:
        lines += [
            f"median {results.number(statistics.median(finished))}",
            f"from {results.number(min(finished))} to {results.number(max(finished))}",
        ]
    return lines


def _figure(exhibit: Exhibit, drawings: Mapping[str, str]) -> dict[str, Any]:
    """Return what the template needs of a figure."""
    text, width = inline(drawings[exhibit.name], exhibit.name, exhibit.title)
    return {"exhibit": exhibit, "svg": _markup(text), "width": width}


def inline(svg: str, name: str, title: str) -> tuple[str, int]:
    """Make an SVG file a part of a page, in the page's colours.

    Parameters
    ----------
    name
        Goes before all of its ids, so that those of two figures cannot clash.
    title
        Read out instead of the picture, with the file's own description.

    Returns
    -------
    (str, int)
        The element, or one below the other where it may go over pages, and its width in points.
    """
    svg = svg[svg.index("<svg") :]
    if finding := re.search(r"<desc>(.*?)</desc>", svg):
        title += f". {html.unescape(finding[1])}"
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)
    width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
    svg = re.sub(r"<title>.*?</title>|<desc>.*?</desc>", "", svg)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r' id="', f' id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'xlink:href="#', f'href="#{name}-', svg)
    if cuts := re.search(r' data-cuts="(.*?)"', svg):
        svg = _cut(svg.replace(cuts[0], "", 1), name, [*map(float, cuts[1].split()), height])
    return svg.replace(INK, "currentColor").replace(PAPER, "var(--paper)"), math.ceil(width)


def _cut(svg: str, name: str, ends: Sequence[float]) -> str:
    """Cut an element into several: the first holds the drawing, and each shows a part of it."""
    whole = re.fullmatch(r'(<svg.*?) viewBox="0 0 (\S+) .*?"(.*?>)(.*)</svg>\s*', svg, re.DOTALL)
    start, width, look, content = whole.groups()
    parts = [f'{start} viewBox="0 0 {width} {ends[0]:g}"{look}<g id="{name}-drawing">{content}</g>']
    parts += [
        f'<svg aria-hidden="true" viewBox="0 {above:g} {width} {below - above:g}"{look}'
        f'<use href="#{name}-drawing"/>'
        for above, below in itertools.pairwise(ends)
    ]
    return "".join(f"{part}</svg>\n" for part in parts)


def commit(clone: str | Path = ROOT) -> str | None:
    """Return the commit of a clone, as ``git describe`` names it; None without Git or a clone.

    It ends in ``-dirty`` if there are changes that are not committed.
    """
    if not Path(clone, ".git").exists():  # Git would go on looking in the folders above
        return None
    command = ["git", "--no-optional-locks", "-C", str(clone), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    return found.stdout.strip() or None


def _lead(text: str) -> tuple[str, str]:
    """Return a description's title, and the first paragraph below it."""
    title, *paragraphs = text.split("\n\n")
    plain = [part for part in paragraphs if not re.match(r"[>#|-]", part)]
    return title.removeprefix("# "), (plain or [""])[0].replace("`", "").strip()


def _from_markdown(text: str) -> Any:
    """Return a description as HTML, two heading levels below the page's."""

    class Renderer(mistune.HTMLRenderer):
        last = ""

        def heading(self, text: str, level: int, **attributes: Any) -> str:
            self.last = re.sub("<.*?>", "", text)
            return super().heading(text, min(level + 2, 6), **attributes)

        def table(self, text: str) -> str:
            label = f'role="group" aria-label="Table: {self.last}"'
            return f'<div class="scroll" {label} tabindex="0"><table>{text}</table></div>\n'

    page = mistune.create_markdown(renderer=Renderer(escape=True), plugins=["table"])(text)
    return _markup(page.replace("<th>", '<th scope="col">'))


def _unbroken(text: str) -> Any:
    """Return a text whose rates are not broken into lines at their hyphens."""
    safe = str(markupsafe.escape(text))
    return _markup(re.sub(r"[\d.]+e-\d+", r'<span class="unbroken">\g<0></span>', safe))


def _markup(text: str) -> Any:
    return markupsafe.Markup(text)
