"""The claims under each scheme: a panel for each claim, with an interval for each scheme."""

import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genboost.analysis import slopes
from genboost.report.exhibits import Exhibit
from genboost.report.figures import differences
from genboost.report.figures.drawing import COLORS, FAINT, INK, SHADE, legend, start, tell
from genboost.report.figures.material import Material
from genboost.report.layout import even
from genboost.study.claims import CONTRADICTED, SUPPORTED, UNDECIDED

ACROSS = 3
LINE = 30  # characters, above and below a panel
LOOKS = {
    SUPPORTED: {"color": COLORS[0], "marker": "o"},
    CONTRADICTED: {"color": COLORS[1], "marker": "s"},
    UNDECIDED: {"color": FAINT, "marker": "o", "markerfacecolor": "white"},
}


def draw(material: Material, exhibit: Exhibit, title: str) -> Figure:
    """Draw the figure."""
    schemes = material.statistics["schemes"]
    claims = list(zip(*(scheme["verdicts"] for scheme in schemes), strict=True))
    across = even(len(claims), ACROSS)
    down = -(-len(claims) // across)
    titles = [textwrap.fill(found[0]["title"], LINE) for found in claims]
    names = [textwrap.fill(scheme["title"], 20) for scheme in schemes]
    lane = 0.04 + 0.16 * max(name.count("\n") + 1 for name in names)
    around = 0.65 + 0.14 * max(text.count("\n") + 1 for text in titles)
    figure = start(1.4 + 1.93 * across, 0.7 + down * (around + lane * len(schemes)), title)
    grid = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes, text, found in zip(grid, titles, claims, strict=False):
        axes.set_title(text, loc="left")
        reaches = list(map(_reach, found))
        differences.scale(axes, reaches, reaches, found[0]["scale"] == "ratio")
        for place, verdict in enumerate(found):
            _draw_verdict(axes, place, verdict)
        _shade(axes, found[0])
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.grid(False, axis="y")
        subject = slopes.subject(found[0]["quantity"], found[0]["slope_on"])
        axes.set_xlabel(textwrap.fill(differences.title(found[0]["scale"], subject), LINE))
    for axes in grid[len(claims) :]:
        axes.remove()
    grid[0].set_yticks(range(len(schemes)), names)
    grid[0].set_ylim(len(schemes) - 0.5, -0.5)
    legend(figure, [{"label": name, "linestyle": "none", **look} for name, look in LOOKS.items()])
    told = [
        f"{scheme['title']}: {sum(v['verdict'] == name for v in scheme['verdicts'])} {name}"
        for scheme in schemes
        for name in (SUPPORTED, CONTRADICTED)
    ]
    tell(figure, f"Of {len(claims)} claims, {'; '.join(told)}.")
    return figure


def _reach(found: Mapping[str, Any]) -> float:
    """Return how far from zero a scheme's difference, its interval and the margin reach."""
    shown = (found[name] for name in ("difference", "low", "high", "margin"))
    return max(abs(value or 0.0) for value in shown)


def _shade(axes: Axes, claim: Mapping[str, Any]) -> None:
    """Shade the differences for which a claim holds."""
    low, high = axes.get_xlim()
    margin = claim["margin"]
    sides = {"lower": (low, 0), "higher": (0, high), "equal": (-(margin or 0), margin or 0)}
    axes.axvspan(*sides[claim["claim"]], color=FAINT, alpha=SHADE, linewidth=0)
    axes.set_xlim(low, high)


def _draw_verdict(axes: Axes, place: int, found: Mapping[str, Any]) -> None:
    """Draw what a scheme says to a claim: the difference, and its interval if there is one."""
    if not found["n"]:
        return
    look = LOOKS[found["verdict"]]
    if found["low"] is not None:
        ends = [found["low"], found["high"]]
        axes.plot(ends, [place] * 2, color=look["color"], linewidth=1.2)
    axes.plot(found["difference"], place, **look)
