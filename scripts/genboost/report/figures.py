"""The figures of results: which there are, what they say, and pure functions that draw them.

Each can be read in print, in grey and without colour vision: colours differ in lightness or come
with markers and line styles, and diverged cells are hatched.

Snakemake imports this module for `captions` whenever it starts, hence no matplotlib up here.
"""

from __future__ import annotations

import io
import itertools
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from genboost.errors import UserError
from genboost.files import ROOT
from genboost.report import tables
from genboost.report.tables import rate_text
from genboost.study import grid

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    from genboost.report.tables import Method, Results
    from genboost.study.grid import Cell, Model, Study

CAPTIONS = ROOT / "workflow/report"
FORMATS = ("png", "svg")
INK, PAPER, FAINT = "#1c2024", "#ffffff", "#8a9199"
COLORMAP = "cividis_r"  # evenly graded in lightness; low errors are light
# Okabe and Ito's palette (2008), which colour-blind readers can tell apart.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
FILLS = ("none", "full", "left", "top")
LINES = ("-", "--", ":", "-.")
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.facecolor": PAPER,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.dpi": 160,
    "figure.facecolor": PAPER,
    "font.family": "sans-serif",
    "font.size": 8,
    "grid.alpha": 0.25,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "svg.fonttype": "none",
    "svg.hashsalt": "genboost",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 7,
    "ytick.color": INK,
    "ytick.labelsize": 7,
}
PANELS_ACROSS = 4
READINGS_SHOWN = 20  # the best of an audit, besides the protocol as stated
MANY = 3000  # marks, and
MANY_VALUES = 30_000  # values of curves: from here on they are drawn as pixels, also in an SVG


class Caption(NamedTuple):
    """What stands with a figure: its kind and title, and by its kind what a reader has to know."""

    kind: str
    title: str

    @property
    def text(self) -> str:
        """The kind's text in `CAPTIONS`, which Snakemake's own report has too."""
        return " ".join((CAPTIONS / f"{self.kind}.rst").read_text().split())


class Curves(NamedTuple):
    """A trained model's curves, one value an epoch."""

    train_loss: Sequence[float]
    test_mse: Sequence[float]
    learning_rate: Sequence[float]


def captions(config: dict[str, Any]) -> dict[str, Caption]:
    """Return the captions of all figures of a resolved configuration, by the figures' names."""
    found = {"methods": Caption("methods", "The best cell of each method")}
    for study in grid.studies(config):
        name, title = study.name, study.title
        found |= {
            f"heatmap-{name}": Caption(
                "heatmap", f"{title}: test MSE by learning rate and weight decay"
            ),
            f"learning-rate-{name}": Caption(
                "learning-rate", f"{title}: test MSE against learning rate"
            ),
            f"curves-{name}": Caption("curves", f"{title}: learning curves of the best cells"),
        }
    if config["figures"]["curves"]:
        found["curves"] = Caption("curves", "Learning curves of chosen cells")
    if config["comparisons"]:
        found["comparisons"] = Caption("comparisons", "The claims: paired differences")
    found["deck"] = Caption("deck", "The deck's test MSE and ours")
    if config["audit"]["readings"]:
        found["audit"] = Caption(
            "audit", "Readings of the deck's protocol, held against its figures"
        )
    return found


def names(config: dict[str, Any]) -> list[str]:
    """Return the names of all files of the figures of a resolved configuration."""
    return [f"{name}.{ending}" for name in captions(config) for ending in FORMATS]


# The names of the files that not every configuration has.
OF_SOME_STUDIES = (
    rf"((heatmap|learning-rate|curves)-{tables.STUDY_NAME}|curves|comparisons|audit)"
    rf"\.({'|'.join(FORMATS)})"
)


def figures(
    config: dict[str, Any],
    results: Results,
    statistics: dict[str, Any],
    read: Callable[[Model], Curves],
    audit: dict[str, Any] | None = None,
) -> Iterator[tuple[str, Figure]]:
    """Draw all figures, one after the other.

    Parameters
    ----------
    statistics
        What results/statistics/statistics.json holds.
    read
        Returns a model's curves; asked only for models of which a figure shows them.
    audit
        What results/audit/audit.json holds, if the configuration has an audit.

    Yields
    ------
    (str, Figure)
        In the order of `captions`.
    """
    titles = {name: caption.title for name, caption in captions(config).items()}
    drawn: dict[str, Callable[[str], Figure]] = {"methods": partial(best_methods, results)}
    for study in results.studies:
        drawn |= {
            f"heatmap-{study.name}": partial(heatmaps, results, study),
            f"learning-rate-{study.name}": partial(learning_rates, results, study),
            f"curves-{study.name}": partial(best_curves, results, study, read),
        }
    if config["figures"]["curves"]:
        drawn["curves"] = partial(chosen_curves, results, config["figures"]["curves"], read)
    if config["comparisons"]:
        drawn["comparisons"] = partial(differences, statistics["comparisons"])
    drawn["deck"] = partial(deck_scatter, results.studies, statistics["deck"])
    drawn["audit"] = partial(readings, audit)
    for name, title in titles.items():
        yield name, _with_style(drawn[name], results.marked(title))


def contents(figure: Figure) -> Iterator[tuple[str, bytes]]:
    """Yield a figure's file in each format, with its ending: the same bytes for the same figure."""
    import matplotlib

    metadata = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    with matplotlib.rc_context(STYLE):
        for ending in FORMATS:
            file = io.BytesIO()
            figure.savefig(file, format=ending, metadata=metadata[ending])
            figure.set_layout_engine("none")  # it is laid out now, and need not be again
            yield ending, file.getvalue()


def best_methods(results: Results, title: str) -> Figure:
    """Draw the best cell of each method of each study: its seeds and their mean."""
    rows: list[tuple[str, list[float] | None]] = []
    for study in results.studies:
        if len(results.studies) > 1:
            rows.append((study.title, None))
        for method in tables.methods(study):
            cell = best_cell(results, study, method)
            errors = [] if cell is None else _errors(results.models, study, cell)
            place = "" if cell is None else f", {_place(cell)}"
            rows.append((f"{method.title}{place}", errors))
    figure = _figure(7.2, 1.0 + 0.22 * len(rows), title)
    axes = figure.subplots()
    for place, (_, errors) in enumerate(rows):
        if errors:
            axes.plot(errors, [place] * len(errors), "o", color=COLORS[0], alpha=0.6, mew=0)
            axes.plot(_mean(errors), place, "|", color=INK, markersize=10, mew=1.6)
        elif errors is not None:
            axes.text(0.02, place, "runs of every cell diverged", color=FAINT, va="center",
                      transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    for label, (_, errors) in zip(axes.get_yticklabels(), rows, strict=True):
        if errors is None:
            label.set_weight("bold")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(False, axis="y")
    _log_scale(axes, "x", [error for _, errors in rows for error in errors or []])
    if len({study.variant for study in results.studies}) == 1:
        _baseline_lines(axes, results, results.studies[0], "x")
    axes.set_xlabel("test MSE")
    return figure


def heatmaps(results: Results, study: Study, title: str) -> Figure:
    """Draw a study's mean test MSE: a panel for each method, learning rates down, decays across."""
    rates, decays = _axis(study, "learning_rate"), _axis(study, "weight_decay")
    height, width = min(0.2, 9 / len(rates)), min(0.42, 7 / len(decays))
    figure, panels = _panels(study, width * len(decays), height * len(rates), title)
    norm = color_scale(results, study)
    lowest = results.lowest.get(study.name)
    for method, axes in panels.items():
        cells = _cells(results.summary, study, method).set_index(["learning_rate", "weight_decay"])
        complete = cells[cells["diverged"] == 0]["test_mse"]
        for (y, rate), (x, decay) in itertools.product(enumerate(rates), enumerate(decays)):
            cell = cells.loc[(rate, decay)]
            text = _draw_cell(axes, x, y, cell, norm)
            if min(width / 0.36, height / 0.14) < 1:
                continue
            star = "★" if cell.test_mse == lowest and not cell.diverged else ""
            axes.text(x, y, star + text[0], ha="center", va="center", fontsize=6.5, color=text[1])
        if len(complete):
            rate, decay = complete.idxmin()
            _frame(axes, decays.index(decay), rates.index(rate))
        axes.set_xlim(-0.5, len(decays) - 0.5)
        axes.set_ylim(len(rates) - 0.5, -0.5)
        axes.set_xticks(range(len(decays)), map(rate_text, decays))
        axes.set_yticks(range(len(rates)), map(rate_text, rates))
        axes.tick_params(length=0)
        axes.grid(False)
        axes.spines[:].set_visible(False)
    _name_outer_axes(panels.values(), "weight decay", "learning rate")
    _color_bar(figure, list(panels.values()), norm)
    return figure


def learning_rates(results: Results, study: Study, title: str) -> Figure:
    """Draw each model's test MSE against its learning rate, a panel for each method."""
    rates, decays = _axis(study, "learning_rate"), _axis(study, "weight_decay")
    figure, panels = _panels(study, 1.75, 1.6, title, legend=len(decays), sharey=True)
    models = results.models[results.models["study"] == study.name]
    rasterized = len(models) > MANY
    finite = list(models["test_mse"].dropna())
    for method, axes in panels.items():
        _rate_axis(axes, rates)
        _log_scale(axes, "y", finite)
        for number, decay in enumerate(decays):
            chosen = _cells(models, study, method)
            chosen = chosen[chosen["weight_decay"] == decay].sort_values("learning_rate")
            # Set side by side, so that marks of different decays do not cover each other.
            shift = 1.07 ** (number - (len(decays) - 1) / 2)
            look = {"color": COLORS[number % len(COLORS)], "rasterized": rasterized}
            marker, line = MARKERS[number % len(MARKERS)], LINES[number % len(LINES)]
            lost = chosen[chosen["status"] == "diverged"]["learning_rate"]
            means = chosen.groupby("learning_rate")["test_mse"].mean()
            axes.plot(means.index * shift, means, line, **look)
            axes.plot(chosen["learning_rate"] * shift, chosen["test_mse"], marker, mew=0,
                      alpha=0.65, **look)  # fmt: skip
            if len(lost):
                axes.plot(lost * shift, [0.98] * len(lost), "x", clip_on=False, **look,
                          transform=axes.get_xaxis_transform())  # fmt: skip
        _baseline_lines(axes, results, study, "y", named=axes is list(panels.values())[-1])
    _name_outer_axes(panels.values(), "learning rate", "test MSE")
    _legend(
        figure,
        [
            {"label": f"wd {rate_text(decay)}", "color": COLORS[number % len(COLORS)],
             "marker": MARKERS[number % len(MARKERS)], "linestyle": LINES[number % len(LINES)]}
            for number, decay in enumerate(decays)
        ],
    )  # fmt: skip
    return figure


def best_curves(
    results: Results, study: Study, read: Callable[[Model], Curves], title: str
) -> Figure:
    """Draw the learning curves of the best cell of each method of a study."""
    figure, panels = _panels(study, 1.75, 1.5, title, legend=3, sharey=True)
    models: dict[Axes, list[Model]] = {}
    for method, axes in panels.items():
        cell = best_cell(results, study, method)
        models[axes] = [model for model in study.models if model.cell == cell]
        if cell:
            axes.set_title(f"{_two_lines(method)}, {_place(cell)}")
    _draw_curves(figure, results, models, read)
    _name_outer_axes(panels.values(), "epoch", "MSE")
    return figure


def chosen_curves(
    results: Results, choices: Sequence[dict[str, Any]], read: Callable[[Model], Curves], title: str
) -> Figure:
    """Draw the learning curves of the cells that have the values of any choice."""
    found = chosen_cells(results.studies, choices)
    figure = _figure(*_size(len(found), 1.75, 1.5, legend=3), title)
    rows = -(-len(found) // PANELS_ACROSS)
    all_axes = figure.subplots(
        rows, min(len(found), PANELS_ACROSS), sharey=True, squeeze=False
    ).flat
    models = {}
    for (study, cell), axes in zip(found, all_axes, strict=False):
        models[axes] = [model for model in study.models if model.cell == cell]
        axes.set_title(f"{_two_lines(_method(cell))}, {_place(cell)}")
    for axes in all_axes[len(found) :]:
        axes.remove()
    _draw_curves(figure, results, models, read)
    _name_outer_axes(models, "epoch", "MSE")
    return figure


def differences(comparisons: Sequence[dict[str, Any]], title: str) -> Figure:
    """Draw the paired differences that claims are about, with their intervals."""
    figure = _figure(7.2, 1.1 + 0.36 * len(comparisons), title)
    axes = figure.subplots()
    for place, found in enumerate(comparisons):
        side = (0.0, 0.5) if found["claim"] == "lower" else (0.5, 0.5)
        axes.broken_barh([side], (place - 0.38, 0.76), color=FAINT, alpha=0.16, linewidth=0,
                         transform=axes.get_yaxis_transform())  # fmt: skip
        if not found["n"]:
            continue
        seeds = found["differences"]
        axes.plot(seeds, [place] * len(seeds), "o", color=COLORS[0], alpha=0.5, mew=0)
        if found["low"] is not None:
            axes.plot([found["low"], found["high"]], [place, place], color=INK, linewidth=1.2)
        axes.plot(found["difference"], place, "|", color=INK, markersize=10, mew=1.6)
    names = [f"{textwrap.fill(c['title'], 38)}\n{c['verdict']}, n = {c['n']}" for c in comparisons]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    # Zero in the middle, so that half of the width is the side on which a claim holds.
    ends = [c[key] for c in comparisons for key in ("low", "high", "difference")]
    reach = 1.05 * max((abs(end) for end in ends if end is not None), default=0.0) or 1.0
    axes.set_xlim(-reach, reach)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel("difference in test MSE")
    return figure


def deck_scatter(studies: Sequence[Study], cells: Sequence[dict[str, Any]], title: str) -> Figure:
    """Draw our mean test MSE against the deck's, a panel for each study that shares its cells."""
    shared = [study for study in studies if any(c["study"] == study.name for c in cells)]
    figure = _figure(0.6 + 3.3 * max(1, len(shared)), 4.4, title)
    if not shared:
        figure.text(0.5, 0.5, "The studies have no cell that the deck has.", ha="center")
        return figure
    all_axes = figure.subplots(1, len(shared), sharex=True, sharey=True, squeeze=False)[0]
    values = [cell[key] for cell in cells for key in ("deck", "test_mse")]
    radii = list(dict.fromkeys(cell["sam_rho"] for cell in cells))
    looks = {}
    for place, optimizer in enumerate(dict.fromkeys(cell["optimizer"] for cell in cells)):
        for number, rho in enumerate(radii):
            color = COLORS[number % len(COLORS)]
            looks[optimizer, rho] = {
                "color": color,
                "marker": MARKERS[number % len(MARKERS)],
                "fillstyle": FILLS[place % len(FILLS)],
                "linestyle": "none",
            }
    for study, axes in zip(shared, all_axes, strict=True):
        for scale in ("x", "y"):
            _log_scale(axes, scale, values)
        bottom = axes.get_ylim()[0]
        for cell in cells:
            if cell["study"] == study.name:
                look = looks[cell["optimizer"], cell["sam_rho"]]
                if cell["low"] is not None:
                    axes.plot([cell["deck"]] * 2, [max(cell["low"], bottom), cell["high"]],
                              color=FAINT, linewidth=0.5, alpha=0.6, zorder=1)  # fmt: skip
                axes.plot(cell["deck"], cell["test_mse"], alpha=0.85, **look)
        axes.axline((1, 1), (2, 2), color=INK, linewidth=0.8)
        axes.set_aspect("equal")
        axes.set_title(study.title)
        axes.set_xlabel("the deck's test MSE")
    all_axes[0].set_ylabel("our test MSE")
    used = {(cell["optimizer"], cell["sam_rho"]) for cell in cells}
    legend = [
        {"label": tables.Method(*method, 0).title.rsplit(", ", 1)[0], **look}
        for method, look in looks.items()
        if method in used
    ]
    _legend(figure, legend)
    return figure


def readings(audit: dict[str, Any], title: str) -> Figure:
    """Draw how well readings of the protocol explain the deck, and the best one cell by cell."""
    ranked = audit["ranking"]
    shown = [r for r in ranked if r["rank"] <= READINGS_SHOWN or not r["names"]]
    figure = _figure(9.6, max(4.2, 1.2 + 0.2 * len(shown)), title)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1])
    for place, reading in enumerate(shown):
        left.plot([reading["noise_floor"], reading["log_error"]], [place] * 2, color=FAINT, lw=0.8)
        left.plot(reading["noise_floor"], place, "|", color=INK, markersize=8)
        fill = "full" if reading["names"] else "none"  # hollow: as stated
        left.plot(reading["log_error"], place, "o", color=COLORS[0], fillstyle=fill)
    names = [textwrap.shorten(r["reading"], 70, placeholder=" …") for r in shown]
    left.set_yticks(range(len(shown)), names)
    left.set_ylim(len(shown) - 0.4, -0.6)
    left.set_xlim(0)
    left.tick_params(axis="y", length=0)
    left.grid(False, axis="y")
    left.set_xlabel("log error (o) and noise floor (|)")
    cells = audit["cells"]
    values = [cell[key] for cell in cells for key in ("deck", "best")]
    for scale in ("x", "y"):
        _log_scale(right, scale, values)
    for cell in cells:
        interval = [cell["best_low"], cell["best_high"]]
        if None not in interval:
            right.plot([cell["deck"]] * 2, interval, color=FAINT, lw=0.5, alpha=0.6, zorder=1)
        place = list(dict.fromkeys(c["optimizer"] for c in cells)).index(cell["optimizer"])
        right.plot(cell["deck"], cell["best"], MARKERS[place], color=COLORS[place], alpha=0.8,
                   fillstyle=FILLS[place])  # fmt: skip
    right.axline((1, 1), (2, 2), color=INK, linewidth=0.8)
    right.set_aspect("equal")
    right.set_title("the best reading, cell by cell")
    right.set_xlabel("the deck's test MSE")
    right.set_ylabel("our test MSE")
    optimizers = dict.fromkeys(cell["optimizer"] for cell in cells)
    _legend(
        figure,
        [
            {"label": tables.SHOWN.get(name, name), "color": COLORS[place], "linestyle": "none",
             "marker": MARKERS[place], "fillstyle": FILLS[place]}
            for place, name in enumerate(optimizers)
        ],
    )  # fmt: skip
    return figure


def best_cell(results: Results, study: Study, method: Method) -> Cell | None:
    """Return the cell of lowest mean test MSE of a method, of those of which no run diverged."""
    cells = _cells(results.complete, study, method)
    if cells.empty:
        return None
    best = cells.loc[cells["test_mse"].idxmin()]
    return next(
        cell
        for cell in study.cells
        if _method(cell) == method
        and (cell.learning_rate, cell.weight_decay) == (best.learning_rate, best.weight_decay)
    )


def chosen_cells(
    studies: Iterable[Study], choices: Sequence[dict[str, Any]]
) -> list[tuple[Study, Cell]]:
    """Return the cells that have the values of any choice, each trained cell once.

    Raises
    ------
    UserError
        If no cell has the values of one of the choices.
    """
    found: dict[tuple[Any, ...], tuple[Study, Cell]] = {}
    for number, choice in enumerate(choices):
        cells = [
            (study, cell)
            for study in studies
            if choice.get("study", study.name) == study.name
            for cell in study.cells
            if all(getattr(cell, key) == choice[key] for key in choice if key != "study")
        ]
        if not cells:
            values = ", ".join(f"{key} {grid.text(value)}" for key, value in choice.items())
            raise UserError(
                f"figures.curves[{number}]: no study has a cell with {values}; add it to the grid "
                "or take it out"
            )
        for study, cell in cells:
            found.setdefault((study.variant, study.protocol, cell), (study, cell))
    return list(found.values())


def color_scale(results: Results, study: Study) -> LogNorm:
    """Return the scale of a study's test MSE: logarithmic, up to that of predicting the mean."""
    from matplotlib.colors import LogNorm

    complete = results.complete[results.complete["study"] == study.name]["test_mse"]
    useless = results.baselines[study.variant]["mean"]["test_mse"]
    low = complete.min() if len(complete) else useless
    low = min(max(low, 1e-12), useless * 0.99)
    return LogNorm(low, useless, clip=True)


def color(value: float, norm: LogNorm) -> tuple[str, str]:
    """Return the colour of a test MSE, and black or white for text on it, whichever is clearer."""
    from matplotlib import colormaps, colors

    background = colormaps[COLORMAP](norm(value))
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in background[:3]]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))  # WCAG
    dark = 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05
    return colors.to_hex(background), "#fffffe" if dark else "#000001"


def _with_style(draw: Callable[[str], Figure], title: str) -> Figure:
    import matplotlib

    with matplotlib.rc_context(STYLE):
        figure = draw(title)
        if title.startswith(tables.MARK):
            figure.text(0.5, 0.5, tables.MARK, fontsize=48, color=FAINT, alpha=0.3, rotation=25,
                        ha="center", va="center", weight="bold")  # fmt: skip
        return figure


def _figure(width: float, height: float, title: str) -> Figure:
    """Start a figure of a size in inches."""
    from matplotlib.figure import Figure

    width = max(width, 0.078 * len(title))  # or the title would be cut off
    figure = Figure((width, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=9.5, weight="bold")
    return figure


def _panels(
    study: Study, width: float, height: float, title: str, legend: int = 0, **sharing: bool
) -> tuple[Figure, dict[Method, Axes]]:
    """Start a figure with a panel for each method of a study; a row of panels per optimizer."""
    by_optimizer: dict[str, list[Method]] = {}
    for method in tables.methods(study):
        by_optimizer.setdefault(method.optimizer, []).append(method)
    rows = [
        methods[start : start + PANELS_ACROSS]
        for methods in by_optimizer.values()
        for start in range(0, len(methods), PANELS_ACROSS)
    ]
    across = max(map(len, rows))
    size = _size(len(rows) * across, width, height, legend, across)
    figure = _figure(*size, title)
    found = {}
    for row, methods in zip(
        figure.subplots(len(rows), across, squeeze=False, **sharing), rows, strict=True
    ):
        for axes, method in itertools.zip_longest(row, methods):
            if method is None:
                axes.remove()
                continue
            found[method] = axes
            axes.set_title(_two_lines(method))
    return figure, found


def _size(
    panels: int, width: float, height: float, legend: int = 0, across: int = PANELS_ACROSS
) -> tuple[float, float]:
    """Return the size in inches of a figure with panels of a size."""
    across = min(panels, across)
    down = -(-panels // across)
    lines = -(-legend // (2 * across)) if legend else 0
    return max(4.2, 0.9 + across * (width + 0.2)), 0.8 + down * (height + 0.5) + 0.25 * lines


def _cells(frame: pd.DataFrame, study: Study, method: Method) -> pd.DataFrame:
    """Return the rows of a study's method."""
    rows = frame["study"] == study.name
    for name, value in method._asdict().items():
        rows &= frame[name] == value
    return frame[rows]


def _two_lines(method: Method) -> str:
    """Return a method's title in two lines, which are short enough for a panel."""
    what, epochs = method.title.rsplit(", ", 1)
    return f"{what.replace('SAM with', 'SAM')}\n{epochs}"


def _method(cell: Cell) -> Method:
    return tables.Method(cell.optimizer, grid.text(cell.sam_rho), cell.epochs)


def _place(cell: Cell) -> str:
    return f"lr {rate_text(cell.learning_rate)}, wd {rate_text(cell.weight_decay)}"


def _errors(models: pd.DataFrame, study: Study, cell: Cell) -> list[float]:
    """Return the test MSE of each seed of a cell."""
    rows = _cells(models, study, _method(cell))
    rows = rows[rows["learning_rate"] == cell.learning_rate]
    return list(rows[rows["weight_decay"] == cell.weight_decay]["test_mse"])


def _axis(study: Study, name: str) -> list[float]:
    """Return the values of a hyperparameter in a study, in order of size."""
    return sorted({getattr(cell, name) for cell in study.cells})


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _draw_cell(axes: Axes, x: int, y: int, cell: Any, norm: LogNorm) -> tuple[str, str]:
    """Draw a cell of a heatmap; return the text that goes on it and the text's colour."""
    from matplotlib.patches import Rectangle

    place = {"xy": (x - 0.5, y - 0.5), "width": 1, "height": 1, "linewidth": 0.5}
    if cell.diverged:
        axes.add_patch(Rectangle(**place, facecolor="none", edgecolor=FAINT, hatch="//////"))
        return f"{cell.diverged}×", INK
    background, ink = color(cell.test_mse, norm)
    axes.add_patch(Rectangle(**place, facecolor=background, edgecolor=background))
    return (f"{cell.test_mse:.2f}" if cell.test_mse < 1000 else f"{cell.test_mse:.0e}"), ink


def _frame(axes: Axes, x: int, y: int) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=COLORS[1],
                             linewidth=1.6, zorder=3, clip_on=False))  # fmt: skip


def _color_bar(figure: Figure, all_axes: list[Axes], norm: LogNorm) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.ticker import NullLocator

    bar = figure.colorbar(
        ScalarMappable(norm, COLORMAP), ax=all_axes, extend="max", fraction=0.04, pad=0.02
    )
    ticks = _round_numbers(norm.vmin, norm.vmax)
    bar.set_ticks([*ticks, norm.vmax], labels=[f"{t:g}" for t in ticks] + ["the\nmean"])
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.grid(False)
    bar.outline.set_visible(False)
    bar.set_label("test MSE")


def _round_numbers(low: float, high: float) -> list[float]:
    """Return ticks of a logarithmic scale that keep clear of its upper end."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 3, 5) if len(decades) < 5 else (1,)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    return [tick for tick in ticks if low <= tick <= high * 0.85]


def _log_scale(axes: Axes, which: str, values: Sequence[float]) -> None:
    """Make an axis logarithmic, with round numbers as ticks; the range is that of the values."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis = getattr(axes, f"{which}axis")
    getattr(axes, f"set_{which}scale")("log")
    values = [value for value in values if value > 0] or [1.0]
    low, high = min(values) / 1.12, max(values) * 1.12
    getattr(axes, f"set_{which}lim")(low, high)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    if high / low > 200:
        steps: tuple[float, ...] = (1,)
    else:
        steps = (1, 2, 5) if high / low > 8 else (1, 1.5, 2, 3, 4, 5, 7)
    every = max(1, len(decades) // 6)
    ticks = [step * 10.0**decade for decade in decades[::every] for step in steps]
    axis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _rate_axis(axes: Axes, rates: Sequence[float]) -> None:
    """Make the x axis one of learning rates; zero, which has no logarithm, goes to its left end."""
    from matplotlib.ticker import FixedLocator, NullLocator

    positive = [value for value in rates if value > 0] or [1.0]
    if len(positive) < len(rates):
        axes.set_xscale("symlog", linthresh=positive[0])
    else:
        axes.set_xscale("log")
        axes.set_xlim(positive[0] / 1.7, positive[-1] * 1.7)
    shown = rates if len(rates) <= 7 else rates[:: -(-len(rates) // 5)]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(map(rate_text, shown))


def _baseline_lines(
    axes: Axes, results: Results, study: Study, which: str, named: bool = True
) -> None:
    """Draw what simple methods reach, where it lies in the range of an axis."""
    low, high = getattr(axes, f"get_{which}lim")()
    for name, errors in results.baselines[study.variant].items():
        error = errors["test_mse"]
        low, high = min(low, error / 1.1), max(high, error * 1.1)
        line = axes.axvline if which == "x" else axes.axhline
        line(error, color=FAINT, linestyle=":", linewidth=0.9, zorder=0)
        label = textwrap.fill(tables.SHOWN.get(name, name), 12)
        look = {"fontsize": 6, "linespacing": 1.0}
        if named and which == "x":
            axes.text(error, 1.01, label, ha="center", va="bottom", **look,
                      transform=axes.get_xaxis_transform())  # fmt: skip
        elif named:
            axes.text(1.02, error, label, ha="left", va="center", **look,
                      transform=axes.get_yaxis_transform())  # fmt: skip
    _log_scale(axes, which, [low * 1.12, high / 1.12])


def _draw_curves(
    figure: Figure,
    results: Results,
    models: Mapping[Axes, Sequence[Model]],
    read: Callable[[Model], Curves],
) -> None:
    """Draw models' curves on their axes, and the legend."""
    looks = {
        "test MSE": {"color": COLORS[0], "linestyle": "-"},
        "training loss": {"color": COLORS[1], "linestyle": "--"},
    }
    found = {axes: [read(model) for model in some] for axes, some in models.items()}
    shown = [
        value
        for curves in found.values()
        for curve in curves
        for values in (curve.test_mse, curve.train_loss)
        for value in values
    ]
    rasterized = len(shown) > MANY_VALUES
    for axes, curves in found.items():
        for curve in curves:
            for values, look in zip(
                (curve.test_mse, curve.train_loss), looks.values(), strict=True
            ):
                axes.plot(range(1, len(values) + 1), values, linewidth=0.8, alpha=0.85, **look,
                          rasterized=rasterized)  # fmt: skip
        if not curves:
            axes.text(0.5, 0.5, "runs of every\ncell diverged", ha="center", va="center",
                      color=FAINT, transform=axes.transAxes)  # fmt: skip
        elif len(curves[0].learning_rate):
            rates = curves[0].learning_rate
            strip = axes.twinx()
            strip.set(ylim=(0, 4), yticks=[], zorder=-1)
            strip.grid(False)
            strip.spines[:].set_visible(False)
            relative = [value / (rates[0] or 1) for value in rates]
            strip.fill_between(range(1, len(rates) + 1), relative, color=FAINT, alpha=0.3, lw=0)
            axes.patch.set_visible(False)
    # The first epochs can be worse than any prediction that makes sense by orders of magnitude.
    means = [errors["mean"]["test_mse"] for errors in results.baselines.values()]
    for axes in models:
        _log_scale(axes, "y", [min(value, 2 * max(means)) for value in shown])
    legend = [{"label": label, **look} for label, look in looks.items()]
    _legend(
        figure, [*legend, {"label": "learning rate", "color": FAINT, "linewidth": 5, "alpha": 0.4}]
    )


def _name_outer_axes(panels: Iterable[Axes], x: str, y: str) -> None:
    """Name the axes of the panels at the left and at the bottom."""
    for axes in panels:
        place = axes.get_subplotspec()
        if place.is_first_col():
            axes.set_ylabel(y)
        if place.is_last_row():
            axes.set_xlabel(x)


def _legend(figure: Figure, entries: Sequence[dict[str, Any]]) -> None:
    """Put a legend below the panels."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], **entry) for entry in entries]
    longest = max(len(entry["label"]) for entry in entries)
    across = max(1, int(figure.get_figwidth() / (0.5 + 0.07 * longest)))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(across, len(handles)))
