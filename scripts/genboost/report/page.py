"""The report: one HTML file with all that a study found, which opens without a network.

Only its last section, on the run, may differ between two runs of the same study.
"""

import functools
import html
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genboost.files import ROOT
from genboost.report import figures, findings, tables
from genboost.report.figures import INK, PAPER, Caption
from genboost.report.markup import Entry, Table
from genboost.report.tables import Results
from genboost.study import config as configuration
from genboost.study import grid

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE = "report.html.j2"


@dataclass(frozen=True)
class HeatCell:
    """A cell of a coloured table: its text, its colours, and what is told when asked for more."""

    entry: Entry
    background: str
    ink: str
    details: str


@dataclass(frozen=True)
class HeatTable:
    """A method's table in colour: `rows` hold the learning rate's name and the cells."""

    table: Table
    title: str
    rows: Sequence[tuple[str, Sequence[HeatCell]]]


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
        What results/statistics/statistics.json holds.
    audit : dict, optional
        What results/audit/audit.json holds.
    runs : dict
        How the models were trained; see `aggregation.run_facts`.
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
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = _unbroken
    captions = figures.captions(inputs.config)
    page = environment.get_template(TEMPLATE).render(
        results=results,
        synthetic=results.is_synthetic(),
        warning=tables.WARNING,
        mark=tables.MARK,
        studies=results.studies,
        answers=[answer(results, study, inputs.statistics) for study in results.studies],
        claims=[claim(results, found) for found in inputs.statistics["comparisons"]],
        more_seeds=findings.MORE_SEEDS,
        statistics=_tables(inputs.statistics),
        audit=_tables(inputs.audit) if inputs.audit else {},
        heat={study.name: heat_tables(results, study) for study in results.studies},
        scale={study.name: scale(results, study) for study in results.studies},
        figure=functools.partial(_figure, captions, inputs.drawings),
        chosen="curves" in captions,
        baselines=tables.baseline_table(results),
        deck=tables.deck_table(results),
        ranking=tables.ranking_table(results, tables.ranking(results)),
        provenance=inputs.provenance,
        descriptions={name: _from_markdown(text) for name, text in inputs.descriptions.items()},
        configuration=as_written(inputs.config),
        count={
            "models": len(grid.models(list(results.studies))),
            "cells": len({(s.variant, s.protocol, c) for s in results.studies for c in s.cells}),
            "seeds": sorted({len(study.seeds) for study in results.studies}),
        },
        run=inputs.runs,
        commit=inputs.commit,
    )
    return page.strip() + "\n"


def answer(
    results: Results, study: grid.Study, statistics_of_all: dict[str, Any]
) -> dict[str, Any]:
    """Return what a study's headline says: its best cell and what that is worth."""
    if study.name not in results.lowest:
        return {"study": study, "best": None}
    errors = results.baselines[study.variant]
    simple = {tables.SHOWN.get(name, name): e["test_mse"] for name, e in errors.items()}
    cells = results.complete[results.complete["study"] == study.name]
    best = cells.loc[cells["test_mse"].idxmin()]
    method = tables.Method(best.optimizer, best.sam_rho, best.epochs)
    whole = [found for found in statistics_of_all["best"] if found["study"] == study.name]
    return {
        "study": study,
        "best": results.number(best.test_mse),
        "method": method.title,
        "place": f"lr {tables.rate_text(best.learning_rate)}, "
        f"wd {tables.rate_text(best.weight_decay)}",
        "cells": len(study.cells),
        "seeds": len(study.seeds),
        "unbiased": _with_interval(results, whole[0], "unbiased") if whole else None,
        "few_judge": whole[0]["n"] if whole and whole[0]["low"] is None else None,
        "beaten": [name for name, error in simple.items() if best.test_mse < error],
        "unbeaten": [name for name, error in simple.items() if best.test_mse >= error],
    }


def claim(results: Results, found: dict[str, Any]) -> dict[str, Any]:
    """Return what the report says of a claim."""
    numbers = {key: "" if found[key] is None else f"{found[key]:.2g}" for key in ("p", "p_holm")}
    wrong = found["wrong_direction"]
    return {
        **found,
        **numbers,
        "difference": _with_interval(results, found, "difference") if found["n"] else "",
        "wrong_direction": None if wrong is None else f"{wrong:.1%}",
        "sign": {"supported": "✓", "contradicted": "✗", "undecided": "?"}.get(
            found["verdict"], "–"
        ),
    }


def _tables(found: dict[str, Any]) -> dict[str, Table]:
    """Return the tables for people that statistics or an audit come with, by name."""
    return {name: Table(**table) for name, table in found["tables"].items()}


def _with_interval(results: Results, found: dict[str, Any], key: str) -> str:
    """Write a value and its 95 % interval, if it has one."""
    value = results.number(found[key])
    if key == "difference" and found[key] > 0:
        value = f"+{value}"
    value = value.replace("-", "−")
    if found["low"] is None:
        return value
    ends = (results.number(found[end]).replace("-", "−") for end in ("low", "high"))
    return f"{value} ({' to '.join(ends)})"


def heat_tables(results: Results, study: grid.Study) -> list[HeatTable]:
    """Return a study's tables in the colours of its heatmap, with the seeds of each cell."""
    norm = figures.color_scale(results, study)
    models = results.models[results.models["study"] == study.name]
    axes = ["learning_rate", "weight_decay", "optimizer", "sam_rho", "epochs"]
    by_cell = dict(iter(models.groupby(axes)))
    found = []
    for method in tables.methods(study):
        table = tables.method_table(results, study, method)
        cells = results.summary[results.summary["study"] == study.name]
        for name, value in method._asdict().items():
            cells = cells[cells[name] == value]
        rows = []
        for row, (_, line) in zip(
            table.rows, cells.groupby("learning_rate", sort=False), strict=True
        ):
            heat = [
                _heat_cell(results, entry, cell, norm,
                           by_cell[cell.learning_rate, cell.weight_decay, *method])
                for entry, cell in zip(row[1:], line.itertuples(), strict=True)
            ]  # fmt: skip
            rows.append((row[0], heat))
        found.append(HeatTable(table, method.title, rows))
    return found


def scale(results: Results, study: grid.Study) -> dict[str, Any]:
    """Return the legend of a study's colours."""
    norm = figures.color_scale(results, study)
    steps = [norm.vmin * (norm.vmax / norm.vmin) ** (step / 8) for step in range(9)]
    return {
        "low": results.number(norm.vmin),
        "high": results.number(norm.vmax),
        "colors": [figures.color(value, norm)[0] for value in steps],
        "diverged": any(results.summary["diverged"][results.summary["study"] == study.name]),
    }


def _heat_cell(results: Results, entry: Entry, cell: Any, norm: Any, models: Any) -> HeatCell:
    """Return a cell in colour; hatching, which a style sheet has, stands for diverged ones."""
    background, ink = ("", "") if cell.diverged else figures.color(cell.test_mse, norm)
    lines = [
        f"lr {tables.rate_text(cell.learning_rate)}, wd {tables.rate_text(cell.weight_decay)}",
        *(
            f"seed {model.seed}: {results.number(model.test_mse) or 'diverged'}"
            for model in models.itertuples()
        ),
    ]
    if not cell.diverged:
        sd = results.number(cell.test_mse_sd)
        lines.insert(1, f"mean {entry.text}" + (f", sd {sd}" if sd else ""))
        lines.append(f"train MSE: {results.number(cell.train_mse)}")
    return HeatCell(entry, background, ink, "\n".join(lines))


def _figure(
    captions: Mapping[str, Caption], drawings: Mapping[str, str], name: str
) -> dict[str, Any]:
    """Return what the template needs of a figure."""
    text, width = inline(drawings[name], name, captions[name].title)
    return {"name": name, "svg": _markup(text), "width": width, "caption": captions[name]}


def inline(svg: str, name: str, title: str) -> tuple[str, int]:
    """Make an SVG file a part of a page, in the page's colours.

    Parameters
    ----------
    name
        Goes before all of its ids, so that those of two figures cannot clash.
    title
        Is read out in place of the picture.

    Returns
    -------
    (str, int)
        The element, and its width in points.
    """
    svg = svg[svg.index("<svg") :]
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r' id="', f' id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'xlink:href="#', f'href="#{name}-', svg)
    return svg.replace(INK, "currentColor").replace(PAPER, "var(--paper)"), round(width)


def as_written(config: dict[str, Any]) -> str:
    """Write a resolved configuration as YAML, each study with what it overrides only."""
    import yaml

    shown = {key: value for key, value in config.items() if key != "studies"}
    shown["studies"] = {}
    for name, study in config["studies"].items():
        other = {
            part: {key: v for key, v in study[part].items() if v != config[part][key]}
            for part in configuration.OVERRIDABLE
        }
        changed = {part: values for part, values in other.items() if values}
        shown["studies"][name] = {"title": study["title"], **changed}
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, default_flow_style=None)


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


def _from_markdown(text: str) -> Any:
    """Return a description as HTML, two heading levels below the page's."""
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def heading(self, text: str, level: int, **attributes: Any) -> str:
            return super().heading(text, min(level + 2, 6), **attributes)

    page = mistune.create_markdown(renderer=Renderer(escape=True), plugins=["table"])(text)
    page = page.replace("<th>", '<th scope="col">')
    scrolled = '<div class="scroll" role="region" aria-label="Table" tabindex="0"><table>'
    page = page.replace("<table>", scrolled)
    return _markup(page.replace("</table>", "</table></div>"))


def _unbroken(text: str) -> Any:
    """Return a text whose rates are not broken into lines at their hyphens."""
    import markupsafe

    safe = str(markupsafe.escape(text))
    return _markup(re.sub(r"[\d.]+e-\d+", r'<span class="unbroken">\g<0></span>', safe))


def _markup(text: str) -> Any:
    import markupsafe

    return markupsafe.Markup(text)
