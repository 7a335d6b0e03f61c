"""What all figures share: their style, their panels, legends and colours.

Each figure can be read in print, on a dark page, in grey and without colour vision: colours have a
contrast of three to one on both papers and come with markers and line styles, diverged cells are
hatched, and no text is smaller than eleven pixels at the figure's own size.
"""

from __future__ import annotations

import io
import itertools
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import matplotlib
from matplotlib import colormaps, colors
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from genboost.data.arrays import MARK
from genboost.report.exhibits import PICTURE
from genboost.report.figures import svg
from genboost.report.layout import Layout, Panel
from genboost.report.results import Results
from genboost.study.grid import Study

SMALLEST = 8.25  # pt: 11 px
LOWEST = 1e-12  # of an error on a logarithmic scale
INK, PAPER, FAINT = "#1c2024", "#ffffff", "#8a9199"
SHADE = 0.1  # of FAINT, behind marks: those keep three to one on it, also on a dark page
COLORMAP = "cividis_r"  # evenly graded in lightness; low errors are light
# After Okabe and Ito's palette (2008), which colour-blind readers can tell apart; its lightest
# colours are darker here, to be seen on white.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#b8609a", "#2f8fc4", "#a87400")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
FILLS = ("none", "full", "left", "top")
LINES = ("-", "--", ":", "-.")
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.facecolor": PAPER,
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": SMALLEST,
    "figure.dpi": 160,
    "figure.facecolor": PAPER,
    "font.family": "sans-serif",
    "font.size": SMALLEST,
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
    "text.hinting": "none",  # hinted text is narrower than a browser's, which would be cut off
    "text.parse_math": False,  # titles are any text
    "xtick.color": INK,
    "xtick.labelsize": SMALLEST,
    "ytick.color": INK,
    "ytick.labelsize": SMALLEST,
}
WIDEST = 7.2  # inches, of a figure: on A4 its text is 8 pt
HALF_A_PAGE = 5  # inches: what is taller may go over pages
PANELS_ACROSS = 3
MOST_PANELS = 24  # in a figure
FAR_APART = 20  # times the smallest value: from there on a scale is logarithmic
MANY = 3000  # marks from which on they are drawn as pixels, also in an SVG


def contents(figure: Figure, formats: Iterable[str] = PICTURE) -> Iterator[tuple[str, bytes]]:
    """Yield a figure's file in each format, with its ending: the same bytes for the same figure."""
    metadata = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    with matplotlib.rc_context(STYLE):
        # Once for all formats: with an engine, Matplotlib draws a figure twice in each.
        if figure.axes and (engine := figure.get_layout_engine()):
            engine.execute(figure)
        figure.set_layout_engine(None)
        for ending in formats:
            file = io.BytesIO()
            figure.savefig(file, format=ending, metadata=metadata[ending])
            content = file.getvalue()
            if ending == "svg":
                title = " ".join(figure.get_suptitle().split())
                content = svg.slim(content, title, figure.get_label(), cuts(figure))
            yield ending, content


def cuts(figure: Figure) -> list[float]:
    """Return where a tall figure that is laid out may go over pages: between rows of panels.

    Returns
    -------
    list of float
        Points from its top.
    """
    if figure.get_figheight() <= HALF_A_PAGE:
        return []
    rows: dict[int, list[Bbox]] = {}
    for axes in figure.axes:
        if place := axes.get_subplotspec():
            rows.setdefault(place.rowspan.start, []).append(axes.get_tightbbox())
    boxes = [Bbox.union(rows[row]) for row in sorted(rows)]
    between = [(above.y0 + below.y1) / 2 for above, below in itertools.pairwise(boxes)]
    return [72 * (figure.bbox.y1 - place) / figure.dpi for place in between]


def with_style(draw: Callable[[str], Figure], title: str) -> Figure:
    """Draw a figure in the common style; mark it if the data are synthetic."""
    with matplotlib.rc_context(STYLE):
        figure = draw(title)
        if title.startswith(MARK):
            figure.text(0.5, 0.5, MARK, fontsize=48, color=FAINT, alpha=0.3, rotation=25,
                        ha="center", va="center", weight="bold")  # fmt: skip
        return figure


def tell(figure: Figure, finding: str) -> None:
    """Say what a figure shows, for those who do not see it."""
    figure.set_label(finding)


def start(width: float, height: float, title: str) -> Figure:
    """Start a figure of a size in inches."""
    title = textwrap.fill(title, int(width / 0.09))
    figure = Figure((width, height + 0.18 * title.count("\n")), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.08)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, weight="bold")
    return figure


def panels(
    results: Results,
    laid_out: Layout,
    width: float,
    height: float,
    title: str,
    legend: int = 0,
    **sharing: bool,
) -> tuple[Figure, dict[str, tuple[Panel, Axes]]]:
    """Start a figure with a panel of a size in inches for each of a study, or for the best of many.

    Returns
    -------
    (Figure, dict)
        The figure; each panel and its axes, by the panel's name.
    """
    chosen = best_panels(results, laid_out)
    most = panels_across(width)
    if len(chosen) < len(laid_out.panels):
        title += f" (the best {len(chosen)} of {len(laid_out.panels)} panels)"
        lines = [chosen[first : first + most] for first in range(0, len(chosen), most)]
    else:
        lines = laid_out.lines(chosen, most)
    across = max(map(len, lines))
    rows = max(len(in_lines(panel.title).splitlines()) for panel in chosen)
    height += 0.12 * (rows - 2)
    figure = start(*size(len(lines), across, width, height, legend), title)
    found = {}
    grid = figure.subplots(len(lines), across, squeeze=False, **sharing)
    for row, line in zip(grid, lines, strict=True):
        for axes, panel in zip_longest(row, line):
            if panel is None:
                axes.remove()
                continue
            found[panel.name] = panel, axes
            axes.set_title(in_lines(panel.title))
    return figure, found


def best_panels(results: Results, laid_out: Layout, most: int = MOST_PANELS) -> list[Panel]:
    """Return a study's panels; if there are many, those with the best cells, the best first."""

    def error(panel: Panel) -> float:
        best = results.best(laid_out.study, panel.cells.values())
        if best is None:
            return math.inf
        return -best[1].choice if results.quantity.better == "higher" else best[1].choice

    if len(laid_out.panels) <= most:
        return list(laid_out.panels)
    return sorted(laid_out.panels, key=error)[:most]


def in_lines(text: str, most: int = 22) -> str:
    """Break a text at its commas into lines of some characters, short enough for a panel."""
    lines = [""]
    for part in text.replace("SAM with", "SAM").split(", "):
        joined = f"{lines[-1]}, {part}" if lines[-1] else part
        if len(joined) > most and lines[-1]:
            lines.append(part)
        else:
            lines[-1] = joined
    return "\n".join(lines)


def panels_across(width: float) -> int:
    """Return how many panels of a width in inches fit side by side, at most `PANELS_ACROSS`."""
    return max(1, min(PANELS_ACROSS, int((WIDEST - 0.9) / (width + 0.2))))


def size(
    down: int, across: int, width: float, height: float, legend: int = 0
) -> tuple[float, float]:
    """Return the size in inches of a figure with panels of a size, or wider where there is room."""
    wide = WIDEST if across > 1 else 0.9 + width + 0.2
    lines = -(-legend // (2 * across))
    return max(4.2, wide), 0.8 + down * (height + 0.5) + 0.25 * lines


def color_scale(results: Results, study: Study) -> Normalize:
    """Return the scale of the values of all studies of a data set, of which one is given.

    That of the test MSE is logarithmic, and ends at the error of predicting the mean.
    """
    alike = [other for other in results.studies if _same_labels(other, study)]
    complete = results.complete[results.complete["study"].isin([s.name for s in alike])]["value"]
    if not results.is_about_errors:
        values = [value for value in complete if math.isfinite(value)] or [0.0]
        low, high = min(values), max(values)
        return LogNorm(low, high) if are_far_apart(values) else Normalize(low, high)
    # It is 0 if all test rows have one label.
    useless = max(max(results.simple(s.cells)["mean"][-1] for s in alike), LOWEST)
    low = complete.min() if len(complete) else useless
    low = min(max(low, LOWEST), useless * 0.99)
    return LogNorm(low, useless, clip=True)


def _same_labels(one: Study, other: Study) -> bool:
    return all(one.data[key] == other.data[key] for key in ("dataset", "label_coding"))


def color(value: float, norm: Normalize) -> tuple[str, str]:
    """Return the colour of a value, and black or white for text on it, whichever is clearer."""
    background = colormaps[COLORMAP](norm(value))
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in background[:3]]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))  # WCAG
    dark = 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05
    return colors.to_hex(background), "#fffffe" if dark else "#000001"


def are_far_apart(values: Sequence[float]) -> bool:
    """Say if values are positive and so far apart that their scale is to be logarithmic."""
    return bool(values) and min(values) > 0 and max(values) > FAR_APART * min(values)


def name_outer_axes(panels: Iterable[Axes], x: str, y: str) -> None:
    """Name the axes of the panels at the left and at the bottom."""
    for axes in panels:
        place = axes.get_subplotspec()
        if place.is_first_col():
            axes.set_ylabel(y)
        if place.is_last_row():
            axes.set_xlabel(x)


def legend(figure: Figure, entries: Sequence[dict[str, Any]]) -> None:
    """Put a legend below the panels."""
    handles = [Line2D([], [], **entry) for entry in entries]
    across = columns(figure.get_figwidth(), [entry["label"] for entry in entries])
    figure.legend(handles=handles, loc="outside lower center", ncols=min(across, len(handles)))


def columns(width: float, labels: Iterable[str]) -> int:
    """Return how many columns a legend has in a width in inches."""
    return max(1, int(width / (0.55 + 0.06 * max(map(len, labels), default=0))))
