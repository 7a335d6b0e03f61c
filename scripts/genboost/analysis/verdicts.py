"""Claims about test errors or measures, declared in advance, and what the models say to each.

A claim compares two sets of cells: ``best``, the best cell of one with the best of the other, or
``each``, every cell of one with its partner in the other. All cells share seeds, so the comparison
is of differences, seed by seed. Where there is something to choose, the first third of the seeds
chooses, and the others compare: a choice by the very numbers that are compared would flatter the
larger set. `best_cells` has the test. Ratios are compared as differences of logarithms, and two
one-sided tests show that two sets are equal (`equivalence`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from genboost.analysis import best_cells, equivalence, stats
from genboost.analysis.values import Measured, Values
from genboost.measures import registry
from genboost.study import axes, grid
from genboost.study.cells import Cell
from genboost.study.claims import CONTRADICTED, SUPPORTED, UNDECIDED, UNTESTED

FEW = 3  # seeds of the deck's study
ENOUGH = 5  # errors from which a t interval of an error says something

EQUAL = "equal"  # a claim, besides lower and higher


@dataclass(frozen=True)
class Verdict:
    """What is known about a claim that the cells `a` have lower, higher or equal values than `b`.

    Attributes
    ----------
    quantity, scale : str
        What is compared (``test_mse``), and whether by ``difference`` or ``ratio``.
    margin : float
        Of a claim that they are equal: how large a difference may be, on the scale of differences.
    a, b : str
        The cells that are compared.
    a_cells, b_cells : int
        What they were chosen from.
    a_error, b_error : float
        Their mean values on the seeds that compare (geometric means, with the scale ``ratio``).
    choosing, n : int
        Seeds that choose, and seeds that compare.
    difference, sd, low, high : float
        Mean of a's less b's value over the seeds (with ``ratio``, of their logarithms), its
        standard deviation, and the 95 % interval: of the mean or, of bests, of the difference of
        the best expected values.
    differences : tuple of float
        Seed by seed.
    p, p_holm : float
        Of the sign-flip test, of bests against every rival; of equality, of the two one-sided
        tests. Adjusted for all claims of the study.
    stability : float
        Of all choices by so many seeds, the share with which the unadjusted outcome is the same;
        NaN where there is nothing to choose.
    verdict, reason : str
    seeds_needed : int or None
        Seeds in all that would decide, were the difference as estimated; None if no number would.
    seeds_least, too_few : int or None, and bool
        Seeds in all with fewer than which no difference is large enough, and whether they are.
    subsets, wrong_direction, decided_right, decided_wrong : int and float
        Of all subsets of three seeds: how many there are; the share in which the plain comparison
        of lowest means comes out the other way than here; the shares in which it comes out this
        way, or the other, with a t interval that excludes zero. NaN with fewer than six seeds.
    """

    name: str
    title: str
    claim: str
    by: str
    quantity: str
    scale: str
    margin: float
    a: str = ""
    b: str = ""
    a_cells: int = 0
    b_cells: int = 0
    a_error: float = math.nan
    b_error: float = math.nan
    choosing: int = 0
    n: int = 0
    difference: float = math.nan
    sd: float = math.nan
    low: float = math.nan
    high: float = math.nan
    differences: tuple[float, ...] = ()
    p: float = math.nan
    p_holm: float = math.nan
    stability: float = math.nan
    verdict: str = UNTESTED
    reason: str = ""
    seeds_needed: int | None = None
    seeds_least: int | None = None
    too_few: bool = False
    subsets: int = 0
    wrong_direction: float = math.nan
    decided_right: float = math.nan
    decided_wrong: float = math.nan


def verdicts(claims: Mapping[str, Mapping[str, Any]], measured: Measured) -> list[Verdict]:
    """Judge claims.

    Parameters
    ----------
    claims
        The configuration's ``comparisons``.

    Returns
    -------
    list of Verdict
        In the order of the claims. A claim about cells that there are none of is untested.
    """
    of = {
        name: Measured(measured.studies, measured.models, registry.quantity(name))
        for name in {claim["quantity"] for claim in claims.values()}
    }
    found = [_measured(name, claim, of[claim["quantity"]]) for name, claim in claims.items()]
    tested = [verdict for verdict in found if not math.isnan(verdict.p)]
    adjusted = iter(stats.holm([verdict.p for verdict in tested]))
    return [
        verdict
        if math.isnan(verdict.p)
        else _judged(replace(verdict, p_holm=next(adjusted)), len(tested))
        for verdict in found
    ]


def _measured(name: str, claim: Mapping[str, Any], measured: Measured) -> Verdict:
    """Measure what a claim is about, without judging it."""
    is_ratio, is_equal = claim["scale"] == "ratio", claim["claim"] == EQUAL
    verdict = Verdict(
        name,
        *(claim[key] for key in ("title", "claim", "by", "quantity", "scale")),
        margin=(math.log1p(claim["margin"]) if is_ratio else claim["margin"])
        if is_equal
        else math.nan,
    )
    a, b = _sides(claim, measured)
    if not (a.cells and b.cells):
        side = "b" if a.cells else "a"
        if claim[side] is None:
            reason = "no cell is left to compare a with"
        elif grid.chosen(measured.studies, claim[side]):
            reason = f"every cell like {side} has a run that diverged"
        else:
            reason = f"no study has a cell like {side}"
        return replace(verdict, reason=reason)
    seeds = [seed for seed in a.seeds if seed in b.seeds]
    if not seeds:
        return replace(verdict, reason="a and b have no seed in common")
    a, b = (side.of_seeds(seeds) for side in (a, b))
    if is_equal and len(seeds) < 2:
        return replace(verdict, reason="to show that two are equal takes two seeds or more")
    if is_ratio:
        if any((side.values <= 0).any() for side in (a, b)):
            name = measured.quantity.phrase
            return replace(verdict, reason=f"a ratio takes positive values, and {name} has others")
        a, b = (replace(side, values=np.log(side.values)) for side in (a, b))
    sign = -1 if measured.quantity.better == "higher" else 1
    choosing = 0
    if claim["by"] == "each":
        a, b = _partners(a, b)
        if not a.cells:
            return replace(verdict, reason="no cell of a has exactly one partner in b")
        texts = [f"each of {len(a.cells)} cells"] * 2
        sides = [sign * side.values.mean(axis=0, keepdims=True) for side in (a, b)]
        bests = best_cells.compare_bests(*sides, 0)
    else:
        if max(len(a.cells), len(b.cells)) > 1:
            choosing = best_cells.choosing(len(seeds))
        if choosing == len(seeds):
            return replace(verdict, reason="to choose the best of a set takes two seeds or more")
        sides = [sign * a.values, sign * b.values]
        bests = best_cells.compare_bests(*sides, choosing)
        texts = _named(measured, a, b, bests)
    found = stats.estimate(sign * bests.differences)
    ends = (bests.low, bests.high) if sign > 0 else (-bests.high, -bests.low)
    p = bests.p
    if is_equal:
        if found.n < 2:
            return replace(verdict, reason="to show that two are equal takes two seeds to compare")
        ends = found.low, found.high
        p = equivalence.equivalence(bests.differences, verdict.margin).p
    means = [
        sign * side[row, choosing:].mean()
        for side, row in zip(sides, (bests.a, bests.b), strict=True)
    ]
    repeated = choosing and found.n > 1 and not is_equal
    return replace(
        verdict,
        a=texts[0],
        b=texts[1],
        a_cells=len(a.cells),
        b_cells=len(b.cells),
        a_error=float(np.exp(means[0]) if is_ratio else means[0]),
        b_error=float(np.exp(means[1]) if is_ratio else means[1]),
        choosing=choosing,
        n=found.n,
        difference=found.mean,
        sd=found.sd,
        low=ends[0],
        high=ends[1],
        differences=tuple(float(sign * difference) for difference in bests.differences),
        p=p,
        stability=_stability(*sides, choosing, sign * found.mean, p) if repeated else math.nan,
        **(
            {}
            if is_equal
            else _with_few_seeds(sign * a.values, sign * b.values, claim["by"], sign * found.mean)
        ),
    )


def _named(measured: Measured, a: Values, b: Values, bests: best_cells.Bests) -> list[str]:
    """Name the two cells that are compared, with their studies if there are several."""
    best = a.cells[bests.a], b.cells[bests.b]
    texts = [measured.describe(cell) for cell in best]
    if len({study for study, _ in a.cells + b.cells}) == 1:
        return texts
    titles = {study.name: study.title for study in measured.studies}
    return [f"{titles[study]}: {text}" for (study, _), text in zip(best, texts, strict=True)]


def _judged_equal(verdict: Verdict, tests: int) -> Verdict:
    """Judge a claim of equality by its adjusted p, or by an interval beyond the margin."""
    alpha = 1 - stats.CONFIDENCE
    low, high = stats.interval(np.array(verdict.differences), confidence=1 - alpha / tests)
    if verdict.p_holm <= alpha:
        return replace(verdict, verdict=SUPPORTED)
    if low > verdict.margin or high < -verdict.margin:
        return replace(verdict, verdict=CONTRADICTED)
    return replace(
        verdict, verdict=UNDECIDED, reason="the difference may be larger than the margin"
    )


def _judged(verdict: Verdict, tests: int) -> Verdict:
    """Judge a claim by its adjusted p and the direction of the difference."""
    if verdict.claim == EQUAL:
        return _judged_equal(verdict, tests)
    alpha = 1 - stats.CONFIDENCE
    fewest = 1 + math.ceil(math.log2(tests / alpha))  # for tests * 2**(1 - n) <= alpha
    needed = stats.seeds_needed(verdict.difference, verdict.sd, alpha / tests)

    def in_all(comparing: int) -> int:
        return comparing + (comparing - 1) // 2 if verdict.choosing else comparing

    as_claimed = (verdict.difference < 0) == (verdict.claim == "lower")
    if verdict.p_holm <= alpha and verdict.difference != 0:
        outcome, reason = SUPPORTED if as_claimed else CONTRADICTED, ""
    elif verdict.n < fewest:
        outcome = UNDECIDED
        claims = "1 comparison takes" if tests == 1 else f"{tests} comparisons take"
        reason = (
            f"n is too small: with {verdict.n} seeds to compare no p falls below "
            f"{2.0 ** (1 - verdict.n):.2g}; {claims} at least {fewest}"
        )
    else:
        outcome, reason = UNDECIDED, "the difference may be chance"
    return replace(
        verdict,
        verdict=outcome,
        reason=reason,
        seeds_needed=None if needed is None else in_all(max(needed, fewest)),
        seeds_least=in_all(fewest),
        too_few=verdict.n < fewest,
    )


def _sides(claim: Mapping[str, Any], measured: Measured) -> tuple[Values, Values]:
    """Return the two sets of cells; without ``b``, it is the rest of the studies that a is of."""
    a = measured.select(claim["a"])
    if claim["b"] is not None:
        return a, measured.select(claim["b"])
    everything = measured.select({"study": {study for study, _ in a.cells}})
    chosen = set(a.cells)
    rest = [row for row, cell in enumerate(everything.cells) if cell not in chosen]
    return a, everything.of_cells(rest)


def _partners(a: Values, b: Values) -> tuple[Values, Values]:
    """Match cells that agree on every axis but those on which each side has a single value."""

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


def _with_few_seeds(a: np.ndarray, b: np.ndarray, by: str, difference: float) -> dict[str, Any]:
    """Return how often three of the seeds would have said something else than all of them."""
    n = a.shape[1]
    if n < 2 * FEW or difference == 0:
        return {}
    gaps = np.array([_plain(a[:, few], b[:, few], by) for few in stats.subsets(n, FEW)])
    low, high = stats.interval(gaps)
    excludes_zero = (low > 0) | (high < 0)
    wrong = np.sign(gaps.mean(axis=1)) != np.sign(difference)
    return {
        "subsets": len(gaps),
        "wrong_direction": float(wrong.mean()),
        "decided_right": float((excludes_zero & ~wrong).mean()),
        "decided_wrong": float((excludes_zero & wrong).mean()),
    }


def _stability(a: np.ndarray, b: np.ndarray, choosing: int, difference: float, p: float) -> float:
    """Return the share of choices of seeds with which a comparison comes out as this one did."""
    shares = best_cells.outcomes(a, b, choosing)
    if p > 1 - stats.CONFIDENCE:
        return shares.undecided
    return shares.lower if difference < 0 else shares.higher


def _plain(a: np.ndarray, b: np.ndarray, by: str) -> np.ndarray:
    """Compare as tables of means invite to: the cells that are lowest on these very seeds."""
    if by == "each":
        return (a - b).mean(axis=0)
    return a[a.mean(axis=1).argmin()] - b[b.mean(axis=1).argmin()]


@dataclass(frozen=True)
class Choice:
    """The best cell of a set, and the error that it really has.

    Attributes
    ----------
    scope : str
        What it is the best of.
    cells : int
        What it was chosen from.
    cell, table : str and float
        The cell of the lowest mean over all seeds, and that mean, as in the tables.
    chosen, unbiased, low, high : str and float
        The cell that the first third of the seeds chooses; its mean error on the others, with its
        95 % interval, NaN where fewer than `ENOUGH` of them judge.
    choosing, n : int
        Seeds that choose, and seeds that judge.
    few : int
        Seeds of the choices that the next three are about: three, or all but one of fewer than six.
    apparent, honest, optimism : float
        Over all choices by so few seeds: mean error of the chosen cell on the seeds that chose it
        and on all others, and the difference, by which the first flatters.
    """

    study: str
    scope: str
    cells: int
    cell: str
    table: float
    chosen: str
    unbiased: float
    low: float
    high: float
    choosing: int
    n: int
    few: int
    apparent: float
    honest: float
    optimism: float


def choices(
    measured: Measured, scopes: Sequence[tuple[grid.Study, str, Sequence[Cell]]]
) -> list[Choice]:
    """Say what the best cell of each set is worth.

    Parameters
    ----------
    scopes
        A study, a name and the cells of each set.

    Returns
    -------
    list of Choice
        Without sets of which no cell finished, or fewer than two seeds.
    """
    found = []
    for study, scope, cells in scopes:
        errors = measured.of([(study, cell) for cell in cells])
        n = len(errors.seeds)
        if not errors.cells or n < 2:
            continue
        means = errors.values.mean(axis=1)
        chosen, choosing = best_cells.best(errors.values), best_cells.choosing(n)
        judged = stats.estimate(errors.values[chosen, choosing:])
        few = FEW if n >= 2 * FEW else n - 1
        luck = best_cells.optimism(errors.values, few)
        found.append(
            Choice(
                study=study.name,
                scope=scope,
                cells=len(errors.cells),
                cell=measured.describe(errors.cells[means.argmin()]),
                table=float(means.min()),
                chosen=measured.describe(errors.cells[chosen]),
                unbiased=judged.mean,
                low=judged.low if judged.n >= ENOUGH else math.nan,
                high=judged.high if judged.n >= ENOUGH else math.nan,
                choosing=choosing,
                n=judged.n,
                few=few,
                apparent=luck.apparent,
                honest=luck.honest,
                optimism=round(luck.optimism, 12) + 0.0,
            )
        )
    return found


def rows(found: Sequence[Verdict | Choice]) -> list[dict[str, Any]]:
    """Return verdicts or choices as rows of a table, without what has no single value."""
    return [
        {key: value for key, value in asdict(entry).items() if key != "differences"}
        for entry in found
    ]
