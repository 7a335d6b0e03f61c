"""The paired differences or slopes that claims are about, with their intervals."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from genboost.analysis import slopes
from genboost.measures import registry
from genboost.report.exhibits import Exhibit
from genboost.report.figures import lanes
from genboost.report.figures.drawing import FAINT, INK, SHADE, start, tell
from genboost.report.figures.lanes import Lane
from genboost.report.figures.material import Material

APART = 3  # times the usual reach of a claim: from there on, large differences are compressed
SIDES = {"lower": ("← better", "worse →"), "higher": ("← worse", "better →")}


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure: a panel for each quantity, and for differences and ratios."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for found in material.statistics["comparisons"]:
        subject = found["quantity"], found["slope_on"], found["scale"]
        groups.setdefault(subject, []).append(found)
    shown = [list(map(_lane, claims)) for claims in groups.values()]
    heights = [lanes.height(group) for group in shown]
    figure = start(lanes.WIDTH, 0.5 + 0.75 * len(groups) + sum(heights), title)
    all_axes = figure.subplots(len(groups), squeeze=False, height_ratios=heights)[:, 0]
    for axes, (subject, claims), group in zip(all_axes, groups.items(), shown, strict=True):
        *of, scale = subject
        margins = [claim["margin"] for claim in claims]
        pairs = list(zip(group, margins, strict=True))
        reaches = [_reach(lane, margin, lane.shown) for lane, margin in pairs]
        usual = [_reach(lane, margin, lanes.bulk(lane.values)) for lane, margin in pairs]
        _scale(axes, reaches, usual, scale == "ratio")
        _draw_sides(axes, claims, lanes.draw(axes, group))
        phrase = slopes.subject(*of)
        axes.set_xlabel(f"ratio of {phrase}" if scale == "ratio" else f"difference in {phrase}")
        for x, side, text in zip((-6, 6), ("right", "left"),
                                 SIDES.get(registry.quantity(of[0]).better,
                                           ("← lower", "higher →")),
                                 strict=True):  # fmt: skip
            axes.annotate(text, (0, 1), (x, 3), xycoords=("data", "axes fraction"),
                          textcoords="offset points", ha=side, va="bottom")  # fmt: skip
    verdicts = [f"{c['title']}: {c['verdict']}" for g in groups.values() for c in g]
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


def _reach(lane: Lane, margin: float | None, values: Sequence[float]) -> float:
    """Return how far from zero some of a claim's values reach, and all else that is shown of it."""
    return max(map(abs, [*values, *lane.interval, lane.mean or 0.0, margin or 0.0]))


def _scale(
    axes: Axes, reaches: Sequence[float], reaches_of_most: Sequence[float], is_ratio: bool
) -> None:
    """Scale an axis with zero in its middle, so that each half is a side of the claims.

    Where one claim, or a few of the seeds, reach much further than most, larger differences are
    compressed.
    """
    reach = 1.05 * (max(reaches) or 1.0)
    usual = statistics.median([reach for reach in reaches_of_most if reach] or [reach])
    if reach > APART * usual:
        axes.set_xscale("asinh", linear_width=usual / 2)
    axes.set_xlim(-reach, reach)
    if is_ratio:
        ends = map(math.exp, (-reach, reach))
        ratios = [ratio for ratio in MaxNLocator(7).tick_values(*ends) if ratio > 0]
        ticks = {math.log(ratio): f"{ratio:g}" for ratio in ratios if abs(math.log(ratio)) < reach}
    elif reach > APART * usual:
        ticks = {tick: f"{tick:+g}".replace("-", "−") for tick in _spaced(axes, usual, reach)}
        ticks[0.0] = "0"
    else:
        return
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: ticks.get(value, "")))


def _spaced(axes: Axes, usual: float, reach: float) -> list[float]:
    """Return round numbers on both sides of zero that are clear of each other on the axis."""
    decades = range(math.floor(math.log10(usual)) - 1, math.ceil(math.log10(reach)) + 1)
    place = axes.xaxis.get_transform().transform
    far = float(place(np.array([reach]))[0])
    found = [0.0]
    for tick in (float(f"{step}e{decade}") for decade in decades for step in (1, 2, 5)):
        ends = [float(place(np.array([value]))[0]) / far for value in (found[-1], tick)]
        if tick < reach and ends[1] - ends[0] > 0.17:
            found.append(tick)
    return [*(-tick for tick in reversed(found[1:])), *found]


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
