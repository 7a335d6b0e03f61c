"""The paired differences or slopes that claims are about, with their intervals."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.analysis import slopes
from genboost.measures import registry
from genboost.report.exhibits import Exhibit
from genboost.report.figures import differences, lanes
from genboost.report.figures.drawing import FAINT, INK, SHADE, start, tell
from genboost.report.figures.lanes import Lane
from genboost.report.figures.material import Material

SIDES = {"lower": ("← better", "worse →"), "higher": ("← worse", "better →")}


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure: panels for each quantity, and for differences and ratios."""
    groups: dict[tuple[str, str, str], list[tuple[dict[str, Any], Lane]]] = {}
    for found in material.statistics["comparisons"]:
        subject = found["quantity"], found["slope_on"], found["scale"]
        groups.setdefault(subject, []).append((found, _lane(found)))
    parts = [
        (subject, part) for subject, group in groups.items() for part in lanes.in_panels(group)
    ]
    heights = [lanes.height(lane for _, lane in part) for _, part in parts]
    figure = start(lanes.WIDTH, 0.5 + 0.75 * len(parts) + sum(heights), title)
    all_axes = figure.subplots(len(parts), squeeze=False, height_ratios=heights)[:, 0]
    for axes, (subject, part) in zip(all_axes, parts, strict=True):
        *of, scale = subject
        reaches, usual = zip(*itertools.starmap(_reaches, groups[subject]), strict=True)
        differences.scale(axes, reaches, usual, scale == "ratio")
        claims, own = zip(*part, strict=True)
        _draw_sides(axes, claims, lanes.draw(axes, own))
        axes.set_xlabel(differences.title(scale, slopes.subject(*of)))
        for x, side, text in zip((-6, 6), ("right", "left"),
                                 SIDES.get(registry.quantity(of[0]).better,
                                           ("← lower", "higher →")),
                                 strict=True):  # fmt: skip
            axes.annotate(text, (0, 1), (x, 3), xycoords=("data", "axes fraction"),
                          textcoords="offset points", ha=side, va="bottom")  # fmt: skip
    verdicts = [f"{c['title']}: {c['verdict']}" for g in groups.values() for c, _ in g]
    tell(figure, "; ".join(verdicts) + ".")
    return figure


def _lane(found: Mapping[str, Any]) -> Lane:
    text = f"{found['title']}: {found['verdict']}"
    if not found["n"]:
        return Lane(text)
    over = f"{found['splits']} splits × " if found["splits"] > 1 else ""
    text = f"{text}, {over}{found['n']} seeds"
    ends = found["low"], found["high"]
    interval = ends if None not in ends else ()
    return Lane(text, found["differences"], found["difference"], interval)


def _reaches(found: Mapping[str, Any], lane: Lane) -> tuple[float, float]:
    """Return how far from zero all that is shown of a claim reaches, and all but its outliers."""
    rest = [*lane.interval, lane.mean or 0.0, found["margin"] or 0.0]
    every, usual = (max(map(abs, [*own, *rest])) for own in (lane.shown, lanes.bulk(lane.values)))
    return every, usual


def _draw_sides(
    axes: Axes, claims: Sequence[Mapping[str, Any]], ends: Sequence[tuple[float, float]]
) -> None:
    """Draw the side on which each claim holds, and zero."""
    low, high = axes.get_xlim()
    for found, (top, bottom) in zip(claims, ends, strict=True):
        if found["margin"] is not None:
            side = (-found["margin"], 2 * found["margin"])
        else:
            side = (low, -low) if found["claim"] == "lower" else (0, high)
        axes.broken_barh([side], (top, bottom - top - 1), color=FAINT, alpha=SHADE, linewidth=0)
    axes.axvline(0, color=INK, linewidth=0.8)
