"""Learning curves: of the best cell of each panel of a study, or of chosen cells."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.analysis.curves import ended_early, quantiles, thinned, together
from genboost.report.exhibits import Exhibit, chosen_cells
from genboost.report.figures.drawing import (
    COLORS,
    FAINT,
    INK,
    PANELS_ACROSS,
    in_lines,
    legend,
    panels,
    size,
    start,
    tell,
)
from genboost.report.figures.material import Curves, Material
from genboost.report.figures.scales import log_scale
from genboost.report.layout import even
from genboost.study.cells import Cell
from genboost.study.grid import Study

MOST_LINES = 5  # of a kind in a panel: more are shown as their quantiles
MOST_EPOCHS = 200  # of a curve, that are drawn
STRIP = (0.0, -0.3, 1.0, 0.2)  # the learning rate's, below the curves of a panel
LOOKS: Mapping[str, Mapping[str, str]] = {
    "test_mse": {"label": "test MSE", "color": COLORS[0], "linestyle": "-"},
    "train_loss": {"label": "training loss", "color": COLORS[1], "linestyle": "--"},
    "validation_mse": {"label": "validation MSE", "color": COLORS[2], "linestyle": ":"},
}


# What a panel shows the curves of; None if models in every cell of it diverged.
_Shown = dict[Axes, tuple[Study, Cell] | None]


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study, or of the cells that the configuration chooses."""
    figure, cells = (_of_best if exhibit.study else _of_chosen)(material, exhibit, title)
    found = {
        axes: list(map(_that_can_be_seen, material.curves(*chosen).values())) if chosen else []
        for axes, chosen in cells.items()
    }
    losses = {chosen[1].loss for chosen in cells.values() if chosen}
    unit = "MSE" if losses <= {"mse"} else "MSE, cross-entropy"
    for axes, curves in found.items():
        strip = _strip(axes, curves)
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel(unit)
            strip.set_ylabel("lr")
        if axes.get_subplotspec().is_last_row():
            strip.set_xlabel("epoch")
        _draw_curves(axes, curves)
    _scale(material, found)
    _say(figure, found)
    return figure


def _that_can_be_seen(curve: Curves) -> Curves:
    """Return a curve, drawn out to a dash if a single epoch of it was recorded."""
    if len(curve.epoch) != 1:
        return curve
    values = {name: [*values, *values] for name, values in curve._asdict().items()}
    return Curves(**values | {"epoch": [curve.epoch[0] - 0.4, curve.epoch[0] + 0.4]})


def _of_best(material: Material, exhibit: Exhibit, title: str) -> tuple[Figure, _Shown]:
    results, laid_out = material.results, material.results.layouts[exhibit.study]
    study = laid_out.study
    figure, found = panels(results, laid_out, 1.9, 1.95, title, legend=3, sharey=True)
    cells: _Shown = {}
    for panel, axes in found.values():
        best = results.best(study, panel.cells.values())
        cells[axes] = (study, best[0]) if best else None
        if best:
            axes.set_title(f"{in_lines(panel.title)}\n{in_lines(laid_out.place(best[0]))}")
    return figure, cells


def _of_chosen(material: Material, exhibit: Exhibit, title: str) -> tuple[Figure, _Shown]:
    results = material.results
    found = chosen_cells(results.studies, material.config["figures"]["curves"])
    across = even(len(found), PANELS_ACROSS)
    down = -(-len(found) // across)
    figure = start(*size(down, across, 1.9, 1.95, legend=3), title)
    all_axes = figure.subplots(down, across, sharey=True, squeeze=False).flat
    cells: _Shown = {}
    for (study, cell), axes in zip(found, all_axes, strict=False):
        laid_out = results.layouts[study.name]
        cells[axes] = study, cell
        axes.set_title(f"{in_lines(laid_out.panel_of[cell].title)}\n{laid_out.place(cell)}")
    for axes in all_axes[len(found) :]:
        axes.remove()
    return figure, cells


def turns(rates: Sequence[float]) -> list[int]:
    """Return where learning rates begin to rise after they fell, counted from 0."""
    rises = np.sign(np.diff(rates))
    moves = [(place, rise) for place, rise in enumerate(rises) if rise]
    pairs = itertools.pairwise(moves)
    return [int(place) for (_, before), (place, rise) in pairs if before < 0 < rise]


def _strip(axes: Axes, curves: Sequence[Curves]) -> Axes:
    """Draw the learning rate in a strip of its own below a panel, which then has the x axis."""
    strip: Axes = axes.inset_axes(STRIP)
    axes.tick_params(axis="x", labelbottom=False, length=0)
    strip.set(ylim=(0, 1.1), yticks=[])
    strip.grid(False, axis="y")
    if curves and len(curves[0].learning_rate):
        rates, epochs = curves[0].learning_rate, curves[0].epoch
        most = max(rates) or 1.0
        strip.fill_between(epochs, np.array(rates) / most, color=FAINT, alpha=0.25, lw=0)
        strip.plot(epochs, np.array(rates) / most, color=FAINT, linewidth=0.8)
        for turn in turns(rates):
            for part in (axes, strip):
                part.axvline(epochs[turn], color=INK, linewidth=0.8, linestyle=":", label="turn")
    return strip


def _draw_curves(axes: Axes, curves: Sequence[Curves]) -> None:
    """Draw a few models' curves, or of many the median and what holds 80 % of them."""
    if not curves:
        axes.text(0.5, 0.5, "models in every\ncell diverged", ha="center", va="center",
                  color=FAINT, transform=axes.transAxes)  # fmt: skip
        return
    if len(curves) <= MOST_LINES:
        for curve in curves:
            for name, look in LOOKS.items():
                values = getattr(curve, name)
                shown = thinned(len(values), MOST_EPOCHS)
                axes.plot(np.array(curve.epoch)[shown], np.array(values)[shown], linewidth=0.8,
                          **look)  # fmt: skip
        return
    for name, look in LOOKS.items():
        if not any(len(getattr(curve, name)) for curve in curves):  # no validation rows
            continue
        epochs, values = together([(curve.epoch, getattr(curve, name)) for curve in curves])
        shown = thinned(len(epochs), MOST_EPOCHS)
        low, median, high = quantiles(values[:, shown])
        axes.fill_between(epochs[shown], low, high, color=look["color"], alpha=0.25, lw=0)
        axes.plot(epochs[shown], median, linewidth=1.1, **look)
        if name == "test_mse" and (lost := ended_early(values)):
            axes.text(0.98, 0.97, f"{lost} of {len(curves)} ended early", ha="right", va="top",
                      transform=axes.transAxes)  # fmt: skip


def _scale(material: Material, found: Mapping[Axes, Sequence[Curves]]) -> None:
    # The first epochs can be worse than any prediction that makes sense by orders of magnitude.
    means = [errors["mean"]["test_mse"] for errors in material.results.baselines.values()]
    most = 2 * max(means) or math.inf
    shown = [
        min(value, most)
        for curves in found.values()
        for curve in curves
        for name in LOOKS
        for value in getattr(curve, name)
    ]
    for axes in found:
        log_scale(axes, "y", shown)


def _say(figure: Figure, found: Mapping[Axes, Sequence[Curves]]) -> None:
    """Put the legend below, and say what the curves end at."""
    shown = {
        name for curves in found.values() for c in curves for name in LOOKS if len(getattr(c, name))
    }
    entries: list[dict[str, Any]] = [{**look} for name, look in LOOKS.items() if name in shown]
    if any(len(curves) > MOST_LINES for curves in found.values()):
        entries = [{**entry, "label": f"{entry['label']}, median"} for entry in entries]
        band = {"label": "80 % of the models", "color": COLORS[0], "linewidth": 5, "alpha": 0.3}
        entries.append(band)
    rate = {"label": "learning rate", "color": FAINT, "linewidth": 0.8}
    entries.append(rate)
    if any(line.get_label() == "turn" for axes in found for line in axes.lines):
        turn = {"label": "from here it rises", "color": INK, "linewidth": 0.8, "linestyle": ":"}
        entries.append(turn)
    legend(figure, entries)
    ends = [
        (float(np.median([c.test_mse[-1] for c in curves])), axes.get_title().replace("\n", ", "))
        for axes, curves in found.items()
        if curves
    ]
    if ends:
        said = [f"{end:.2f} ({name})" for end, name in (min(ends), max(ends))]
        tell(figure, f"The median test MSE after the last epoch is {' to '.join(said)}.")
