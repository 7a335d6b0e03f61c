"""An axis of differences or of ratios, with no difference in its middle."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from genboost.report.figures.scales import are_clear, round_numbers, tick_text

APART = 3  # times the usual reach: from there on, large differences are compressed
STEPS = (1, 2, 5)
RATIOS = (1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2, 3, 5, 7, 10, 20, 50, 100, 1000)
RATIOS_BELOW = (0.99, 0.98, 0.95, 0.9, 0.8, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001)


def scale(
    axes: Axes, reaches: Sequence[float], usual_reaches: Sequence[float], is_ratio: bool
) -> None:
    """Scale a horizontal axis so that each half is a side of the claims on it.

    Parameters
    ----------
    reaches
        How far from zero each claim reaches: the axis has room for all.
    usual_reaches
        How far most of its values do: what is much further is compressed.
    is_ratio
        Whether the differences are of logarithms, to be named by their ratios.
    """
    reach = 1.05 * (max(reaches) or 1.0)
    usual = statistics.median([some for some in usual_reaches if some] or [reach])
    is_compressed = reach > APART * usual
    if is_compressed:
        axes.set_xscale("asinh", linear_width=usual / 2)
    axes.set_xlim(-reach, reach)
    if is_ratio:
        sides = [map(math.log, some) for some in (RATIOS, RATIOS_BELOW)]
        ticks = [tick for side in sides for tick in _clear(axes, side, reach, _ratio)]
    elif is_compressed:
        found = _clear(axes, round_numbers(usual / 10, reach, STEPS), reach, _signed)
        ticks = [*found, *(-tick for tick in found)]
    else:
        ticks = _even(axes, reach)
    text = _ratio if is_ratio else _signed
    axes.xaxis.set_major_locator(FixedLocator(sorted({0.0, *ticks})))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))


def title(kind: str, subject: str) -> str:
    """Return what an axis shows: differences in a quantity, or its ratios."""
    return f"ratio of {subject}" if kind == "ratio" else f"difference in {subject}"


def _ratio(difference: float) -> str:
    return tick_text(math.exp(difference))


def _signed(value: float) -> str:
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + tick_text(abs(value))


def _clear(
    axes: Axes, ticks: Iterable[float], reach: float, text: Callable[[float], str]
) -> list[float]:
    """Return the ticks of a side, from zero on, whose labels are clear of those before them."""
    found = [0.0]
    for tick in ticks:
        pair = sorted((found[-1], tick))
        if abs(tick) < reach and are_clear(axes, "x", pair, list(map(text, pair))):
            found.append(tick)
    return found[1:]


def _even(axes: Axes, reach: float) -> list[float]:
    """Return evenly spaced ticks, as many as have room for their labels."""
    ticks: list[float] = []
    for most in (8, 6, 4, 2):
        found = MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(-reach, reach)
        ticks = [float(tick) for tick in found if abs(tick) < reach]
        if are_clear(axes, "x", ticks, list(map(_signed, ticks))):
            break
    return ticks
