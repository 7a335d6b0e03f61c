"""What a claim compares: the bests of two sets of cells, their means, or a slope and zero.

Lower is better in all that is compared: values are negated where higher is better. Of a claim about
a ratio they are logarithms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genboost.analysis import best_cells, confounds, slopes
from genboost.analysis.values import Measured, Values, sign_of
from genboost.study import axes, grid
from genboost.study.cells import Cell

EQUAL = "equal"  # a claim, besides lower and higher


class UntestableError(Exception):
    """A claim cannot be tested; the message says why."""


@dataclass(frozen=True)
class Compared:
    """What a claim compares: of each set the best cell, the mean of all cells, or the slope.

    Attributes
    ----------
    a, b : Values
        The two sets; of a slope, the slopes and zeros.
    values : (array, array)
        What is compared of each: cells, one mean over cells or one slope, [cells, splits, seeds].
    bests : best_cells.Bests
        How they compare.
    choosing : int
        Seeds that choose the bests.
    counts : (int, int)
        How many cells each set has.
    texts : sequence of str
        What is compared of each, in words.
    confounds : list of str
        What else differs between them, or limits the claim.
    """

    a: Values
    b: Values
    values: tuple[np.ndarray, ...]
    bests: best_cells.Bests
    choosing: int
    counts: tuple[int, int]
    texts: Sequence[str]
    confounds: list[str]


def compare(claim: Mapping[str, Any], measured: Measured) -> Compared:
    """Compare the cells of a claim.

    Parameters
    ----------
    claim
        One of the configuration's ``comparisons``.

    Raises
    ------
    UntestableError
        If there is nothing to compare.
    """
    a, b = _on_one_scale(claim, measured)
    if claim["slope_on"]:
        return _slopes(a, claim["slope_on"])
    if claim["by"] == "each":
        return _means(a, b)
    return _bests(a, b, measured)


def _on_one_scale(claim: Mapping[str, Any], measured: Measured) -> tuple[Values, Values]:
    """Return a claim's two sets as they are subtracted, on the splits and seeds of both."""
    a, b = _sides(claim, measured)
    if not (a.cells and b.cells):
        raise UntestableError(_why_empty(claim, measured, "b" if a.cells else "a"))
    seeds = [seed for seed in a.seeds if seed in b.seeds]
    both = [split for split in a.splits if split in b.splits]
    if not (seeds and both):
        raise UntestableError(f"a and b have no {'split' if seeds else 'seed'} in common")
    a, b = (side.on(both, seeds) for side in (a, b))
    if claim["claim"] == EQUAL and len(seeds) * len(both) < 2:
        raise UntestableError("showing that two are equal takes at least two seeds")
    if claim["scale"] == "ratio":
        if any((table <= 0).any() for side in (a, b) for table in (side.values, side.choosing)):
            what = measured.quantity.label
            raise UntestableError(f"a ratio needs positive values, but {what} has others")
        a, b = (side.mapped(np.log) for side in (a, b))
    sign = sign_of(measured.quantity)
    a, b = (side.mapped(lambda values: sign * values) for side in (a, b))
    return a, b


def _why_empty(claim: Mapping[str, Any], measured: Measured, side: str) -> str:
    """Say why a side of a claim has no cell to compare."""
    if claim[side] is None:
        return "no cell is left to compare with a"
    if grid.chosen(measured.studies, claim[side]):
        return f"every cell like {side} has a model that diverged"
    return f"no study has a cell like {side}"


def _slopes(a: Values, axis: str) -> Compared:
    """Compare the slope of a set on an axis with none."""
    slope = slopes.Slope(a, axis)
    if not slope.lines:
        raise UntestableError(f"no two cells of a differ in {axis} alone")
    found = slope.values
    none = found.mapped(np.zeros_like)
    return Compared(
        found,
        none,
        (found.values, none.values),
        best_cells.compare_bests(found.values, none.values, 0),
        choosing=0,
        counts=(len(a.cells), 0),
        texts=[slope.extent, ""],
        confounds=confounds.of_pairs(slope.ends),
    )


def _means(a: Values, b: Values) -> Compared:
    """Compare the mean over the cells of a with that over their partners in b."""
    a, b = _partners(a, b)
    if not a.cells:
        raise UntestableError("no cell of a has exactly one match in b")
    means = tuple(side.values.mean(axis=0, keepdims=True) for side in (a, b))
    pairs = zip(a.cells, b.cells, strict=True)
    return Compared(
        a,
        b,
        means,
        best_cells.compare_bests(*means, 0),
        choosing=0,
        counts=(len(a.cells), len(b.cells)),
        texts=[f"each of {len(a.cells)} cells"] * 2,
        confounds=confounds.of_pairs((one, other) for (_, one), (_, other) in pairs),
    )


def _bests(a: Values, b: Values, measured: Measured) -> Compared:
    """Compare the best cell of a with the best of b; some of the seeds choose these."""
    choosing = 0
    if max(len(a.cells), len(b.cells)) > 1:
        choosing = best_cells.choosing(len(a.seeds))
    if choosing == len(a.seeds) == len(a.splits):
        raise UntestableError("choosing the best of a set takes at least two seeds")
    bests = best_cells.compare_bests(a.values, b.values, choosing, (a.choosing, b.choosing))
    sampled = {study.name for study in measured.studies if study.sampled}
    grids = [[cell for name, cell in side.cells if name not in sampled] for side in (a, b)]
    return Compared(
        a,
        b,
        (a.values, b.values),
        bests,
        choosing=choosing,
        counts=(len(a.cells), len(b.cells)),
        texts=_named(measured, a, b, bests),
        confounds=confounds.of_bests(*grids, a.cells[bests.a][1], b.cells[bests.b][1]),
    )


def _named(measured: Measured, a: Values, b: Values, bests: best_cells.Bests) -> list[str]:
    """Name the two cells that are compared, with their studies if there are several."""
    best = a.cells[bests.a], b.cells[bests.b]
    texts = [measured.describe(cell) for cell in best]
    if len({study for study, _ in a.cells + b.cells}) == 1:
        return texts
    titles = {study.name: study.title for study in measured.studies}
    return [f"{titles[study]}: {text}" for (study, _), text in zip(best, texts, strict=True)]


def _sides(claim: Mapping[str, Any], measured: Measured) -> tuple[Values, Values]:
    """Return the two sets of cells; without ``b``, it is the rest of a's studies.

    A slope takes one set, which is then both.
    """
    a = measured.select(claim["a"])
    if claim["slope_on"]:
        return a, a
    if claim["b"] is not None:
        return a, measured.select(claim["b"])
    everything = measured.select({"study": {study for study, _ in a.cells}})
    chosen = set(a.cells)
    rest = [row for row, cell in enumerate(everything.cells) if cell not in chosen]
    return a, everything.of_cells(rest)


def _partners(a: Values, b: Values) -> tuple[Values, Values]:
    """Match cells that agree on every axis, except axes on which each side has a single value."""

    def values(cell: tuple[str, Cell]) -> tuple[Any, ...]:
        return cell[0], *(cell[1][name] for name in axes.SETTINGS)

    def counts(side: Values) -> list[int]:
        return [len(set(axis)) for axis in zip(*map(values, side.cells), strict=True)]

    both = enumerate(zip(counts(a), counts(b), strict=True))
    free = [axis for axis, (one, other) in both if not one == 1 == other]

    def rest(cell: tuple[str, Cell]) -> tuple[Any, ...]:
        return tuple(values(cell)[axis] for axis in free)

    places = {rest(cell): row for row, cell in enumerate(b.cells)}
    pairs = [(row, places[rest(c)]) for row, c in enumerate(a.cells) if rest(c) in places]
    if len(places) < len(b.cells) or len({rest(cell) for cell in a.cells}) < len(a.cells):
        pairs = []
    return a.of_cells([i for i, _ in pairs]), b.of_cells([j for _, j in pairs])
