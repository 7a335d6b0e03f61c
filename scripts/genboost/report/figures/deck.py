"""Our mean test MSE against the deck's, a panel for each study that shares its cells."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, FAINT, FILLS, INK, MARKERS, legend, start, tell
from genboost.report.figures.material import Material
from genboost.report.figures.scales import log_scale, name_places
from genboost.study.axes import SETTINGS

METHOD = ("optimizer", "sam_rho")
PLACE = ("learning_rate", "weight_decay")
NAMED = 10  # outliers in a panel
FAR = 4


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure."""
    cells = material.statistics["deck"]
    shared = [
        study for study in material.results.studies if any(c["study"] == study.name for c in cells)
    ]
    figure = start(4.7, 0.2 + 4.4 * max(1, len(shared)), title)
    if not shared:
        figure.text(0.5, 0.5, "The studies have none of the deck's cells.", ha="center")
        return figure
    all_axes = figure.subplots(len(shared), sharex=True, sharey=True, squeeze=False)[:, 0]
    values = [cell[key] for cell in cells for key in ("deck", "test_mse")]
    most = 2 * max(values)
    highs = [min(cell["high"], most) for cell in cells if cell["high"] is not None]
    looks, far = _looks(cells), outliers(cells)
    for study, axes in zip(shared, all_axes, strict=True):
        for scale in ("x", "y"):
            log_scale(axes, scale, values + highs)
        own = [cell for cell in cells if cell["study"] == study.name]
        for cell in own:
            if cell["low"] is not None:
                axes.plot([cell["deck"]] * 2, [max(cell["low"], axes.get_ylim()[0]), cell["high"]],
                          color=FAINT, linewidth=0.5, zorder=1)  # fmt: skip
            axes.plot(cell["deck"], cell["test_mse"], **looks[cell["optimizer"], cell["sam_rho"]])
        axes.axline((1, 1), (2, 2), color=INK, linewidth=0.8)
        _name_outliers(axes, [cell for cell in far if cell["study"] == study.name][:NAMED])
        axes.set_aspect("equal")
        axes.set_title(study.title)
        axes.set_xlabel("the deck's test MSE")
        axes.set_ylabel("our test MSE")
        axes.tick_params(labelbottom=True)
    legend(figure, [{"label": _method(key), **look} for key, look in looks.items()])
    above = sum(cell["log_ratio"] > 0 for cell in cells)
    said = f"Our test MSE is above the deck's in {above} of {len(cells)} cells."
    if far:
        first = far[0]
        said += (
            f" Farthest from the usual ratio: {_method([first[name] for name in METHOD])}, "
            f"{_place(first)}, {first['test_mse']:.2f} beside the deck's {first['deck']:.2f}."
        )
    tell(figure, said)
    return figure


def _looks(cells: Sequence[Mapping[str, Any]]) -> dict[tuple[str, float], dict[str, Any]]:
    """Return the look of each optimizer with each radius: the radius has the colour."""
    optimizers, radii = (list(dict.fromkeys(c[key] for c in cells)) for key in METHOD)
    used = {(cell["optimizer"], cell["sam_rho"]) for cell in cells}
    return {
        (optimizer, rho): {
            "color": COLORS[number % len(COLORS)],
            "marker": MARKERS[number % len(MARKERS)],
            "fillstyle": FILLS[place % len(FILLS)],
            "linestyle": "none",
        }
        for place, optimizer in enumerate(optimizers)
        for number, rho in enumerate(radii)
        if (optimizer, rho) in used
    }


def _method(values: Sequence[Any]) -> str:
    return ", ".join(SETTINGS[n].phrase(v) for n, v in zip(METHOD, values, strict=True))


def _place(cell: Mapping[str, Any]) -> str:
    return ", ".join(SETTINGS[name].phrase(cell[name]) for name in PLACE)


def outliers(cells: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the cells whose ratio to the deck's error is far from the usual, the farthest first.

    Far is `FAR` times the median distance.
    """
    ratios = np.array([cell["log_ratio"] for cell in cells])
    off = np.abs(ratios - np.median(ratios))
    order = np.argsort(-off, kind="stable")
    return [cells[index] for index in order if off[index] > FAR * np.median(off)]


def _name_outliers(axes: Axes, found: Sequence[Mapping[str, Any]]) -> None:
    """Name the cells that are farthest off beside the panel, with a line to each."""
    names = [_place(cell) for cell in found]
    for cell, name in zip(
        found, name_places(axes, "y", [cell["test_mse"] for cell in found], names), strict=True
    ):
        axes.annotate("", (cell["deck"], cell["test_mse"]), name, textcoords="axes fraction",
                      arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.6,
                                  "shrinkA": 3, "shrinkB": 3})  # fmt: skip
