"""All cells of a study as lines through their settings to their test error."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, INK, LOWEST, PAPER, start, tell
from genboost.report.figures.material import Material
from genboost.report.figures.scales import ticks_below
from genboost.report.figures.svg import CELL
from genboost.report.layout import in_order
from genboost.study import axes as study_axes
from genboost.study.axes import Setting
from genboost.study.cells import Cell

MOST_CELLS = 400  # that are drawn, the best
MOST_TICKS = 12
SPREAD = 0.3  # of the room between two values, that the lines through one take
# From low to high errors: both ends are seen on a light and on a dark page.
RAMP = LinearSegmentedColormap.from_list("errors", [COLORS[1], "#96799a", COLORS[0]])


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure of a study."""
    results = material.results
    study = results.layouts[exhibit.study].study
    settings = study_axes.varying(study.cells)
    errors = {cell: results.row(study, cell) for cell in study.cells}
    ranked = sorted(
        (row.value, number, cell)
        for number, (cell, row) in enumerate(errors.items())
        if not row.diverged and math.isfinite(row.value)
    )
    shown = [(max(error, LOWEST), cell) for error, _, cell in ranked[:MOST_CELLS]]
    if len(shown) < len(ranked):
        title += f" (the best {MOST_CELLS} of {len(ranked)} cells)"
    figure = start(max(5.4, 1.0 + 1.3 * (len(settings) + 1)), 4.2, title)
    axes = figure.subplots()
    axes.set(xlim=(-0.5, len(settings) + 0.3), ylim=(-0.04, 1.04), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.grid(False)
    places = [_places(setting, study.cells) for setting in settings]
    for number, (setting, heights) in enumerate(zip(settings, places, strict=True)):
        names = {height: setting.shown(value) for value, height in heights.items()}
        _draw_axis(axes, number, setting.title, names)
    if not shown:
        axes.text(0.5, 0.5, "models in every cell diverged", transform=axes.transAxes)
        return figure
    logs = np.log([error for error, _ in shown])
    ends = np.array([logs[0], max(logs[-1], logs[0] + 1e-9)])
    ticks = {
        float((math.log(error) - ends[0]) / np.ptp(ends)): f"{error:g}"
        for error in ticks_below(*np.exp(ends))
    }
    _draw_axis(axes, len(settings), results.quantity.label, ticks, aside=0.04)
    _draw_cells(
        axes, settings, places, [cell for _, cell in shown], (logs - ends[0]) / np.ptp(ends)
    )
    best = study_axes.describe(shown[0][1], settings)
    tell(figure, f"Of {len(study.cells)} cells, the best has a mean test MSE of "
                 f"{results.number(shown[0][0])}{f': {best}' if best else ''}.")  # fmt: skip
    return figure


def _draw_cells(
    axes: Axes,
    settings: Sequence[Setting],
    places: Sequence[Mapping[Any, float]],
    cells: Sequence[Cell],
    heights: np.ndarray,
) -> None:
    """Draw cells, the best first, each through its settings to the height of its error."""
    rooms = [SPREAD / max(1, len(place) - 1) for place in places]
    # The best are on top. Lines through one value lie side by side, the best lowest.
    for cell, height in reversed(list(zip(cells, heights, strict=True))):
        through = [
            place[cell[setting.name]] + room * (height - 0.5)
            for setting, place, room in zip(settings, places, rooms, strict=True)
        ]
        (line,) = axes.plot([*through, height], color=RAMP(float(height)),
                            linewidth=1.2 - 0.7 * height)  # fmt: skip
        line.set_gid(CELL + study_axes.path(cell))


def _places(setting: Setting, cells: Sequence[Cell]) -> dict[Any, float]:
    """Return the heights of a setting's values, which are evenly apart."""
    values = in_order(cell[setting.name] for cell in cells)
    margin = SPREAD / 2 / max(1, len(values) - 1)
    heights = np.linspace(margin, 1 - margin, len(values))
    return dict(zip(values, map(float, heights), strict=True))


def _draw_axis(
    axes: Axes, number: int, name: str, ticks: Mapping[float, str], aside: float = -0.04
) -> None:
    axes.plot([number] * 2, [0, 1], color=INK, linewidth=0.8, zorder=1)
    axes.text(number, 1.06, name, ha="center", va="bottom", weight="bold")
    step = max(1, -(-len(ticks) // MOST_TICKS))
    for height, text in list(ticks.items())[::step]:
        box = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
        axes.text(number + aside, height, text, ha="right" if aside < 0 else "left", va="center",
                  zorder=4, bbox=box)  # fmt: skip
