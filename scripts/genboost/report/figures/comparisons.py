"""The paired differences that claims are about, with their intervals."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.measures import registry
from genboost.report.exhibits import Exhibit
from genboost.report.figures.drawing import COLORS, FAINT, INK, name_ratios, start
from genboost.report.figures.material import Material


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure: a panel for each quantity, and for differences and ratios."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for found in material.statistics["comparisons"]:
        groups.setdefault((found["quantity"], found["scale"]), []).append(found)
    lines = sum(map(len, groups.values()))
    figure = start(7.2, 0.5 + 0.6 * len(groups) + 0.36 * lines, title)
    heights = [len(claims) + 0.2 for claims in groups.values()]
    all_axes = figure.subplots(len(groups), squeeze=False, height_ratios=heights)[:, 0]
    for axes, ((name, scale), claims) in zip(all_axes, groups.items(), strict=True):
        _draw_claims(axes, claims)
        phrase = registry.quantity(name).phrase
        if scale == "ratio":
            name_ratios(axes)
            axes.set_xlabel(f"ratio of {phrase}")
        else:
            axes.set_xlabel(f"difference in {phrase}")
    return figure


def _draw_claims(axes: Axes, claims: Sequence[Mapping[str, Any]]) -> None:
    # Zero in the middle, so that half of the width is the side on which a claim holds.
    ends = [c[key] for c in claims for key in ("low", "high", "difference", "margin")]
    reach = 1.05 * max((abs(end) for end in ends if end is not None), default=0.0) or 1.0
    for place, found in enumerate(claims):
        if found["margin"] is not None:
            share = found["margin"] / reach / 2
            side = (0.5 - share, 2 * share)
        else:
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
    names = [f"{textwrap.fill(c['title'], 38)}\n{c['verdict']}, n = {c['n']}" for c in claims]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.set_xlim(-reach, reach)
    axes.axvline(0, color=INK, linewidth=0.8)
