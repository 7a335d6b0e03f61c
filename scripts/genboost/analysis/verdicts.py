"""Claims about test errors or measures, declared in advance, and the verdicts on them.

A claim compares two sets of cells: ``best``, the best cell of one with the best of the other, or
``each``, every cell of one with its partner in the other. All cells share seeds, so the comparison
is of differences, seed by seed. Where there is a choice, the first third of the seeds chooses, and
the others compare: choosing by the numbers that are then compared would flatter the larger set.
`best_cells` has the test. Ratios are compared as differences of logarithms, and two
one-sided tests show that two sets are equal (`equivalence`). A claim about a trend compares the
slope of one set's values on an axis (`slopes`) with zero. With several splits, a cell has values on
all of them: a third of the splits also chooses, and verdicts hold for other splits as well as for
other seeds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from genboost.analysis import best_cells, confounds, equivalence, few_seeds, slopes, splits, stats
from genboost.analysis.values import Measured, Values
from genboost.measures import registry
from genboost.study import axes, grid
from genboost.study.cells import Cell
from genboost.study.claims import CONTRADICTED, SUPPORTED, UNDECIDED, UNTESTED

EQUAL = "equal"  # a claim, besides lower and higher
BOTH = "seeds and splits"


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim that the cells `a` have lower, higher or equal values than `b`.

    Attributes
    ----------
    quantity, scale : str
        What is compared (``test_mse``), and whether by ``difference`` or ``ratio``.
    margin : float
        For a claim of equality: how large a difference may be, on the scale of differences.
    slope_on : str
        For a claim about a slope, the axis; `difference` is then the change per doubling of its
        values, and `b` and the mean values are empty.
    a, b : str
        The cells that are compared.
    a_cells, b_cells : int
        How many cells they were chosen from.
    a_error, b_error : float
        Their mean values on the seeds that compare (geometric means for the scale ``ratio``).
    choosing, n : int
        Seeds that choose, and seeds that compare.
    choosing_splits, splits : int
        Splits that choose, and splits that compare.
    over : str
        What the verdict generalizes over: ``seeds``, ``splits`` or ``seeds and splits``.
    difference, sd, low, high : float
        Mean of a's value minus b's (for ``ratio``, of their logarithms) over pairs of models on the
        same split and seed, its standard deviation, and the 95 % interval of the mean or, for
        bests, of the difference of the best expected values; NaN for an interval from fewer than
        `stats.ENOUGH` pairs.
    differences : tuple of float
        Of each pair of models, those of a split side by side.
    p, p_holm : float
        From the sign-flip test or, over seeds and splits, from the t test by crossed components
        (`splits.crossed`): for bests, against every rival; for equality, two one-sided tests.
        `p_holm` is adjusted for all claims.
    corrected_low, corrected_high, corrected_p : float
        Interval and p of the two cells' difference by `splits.corrected_resampled_t`, for other
        rows of this kind; NaN if only one split compares.
    p_lower, p_lower_low, p_lower_high : float
        P(a has the lower value) if each is trained once, with its interval.
    stability : float
        Of all choices by so many seeds, the share with the same unadjusted outcome; NaN if there is
        no choice.
    confounds : tuple of str
        What else differs between the cells of a and b that are compared, or limits the claim.
    verdict, reason : str
    seeds_needed, seeds_least : int or None
        Total seeds that would decide if the difference is as estimated, and the fewest with which
        any difference can decide. None if no number would, and with several splits.
    too_few : str
        Of what an undecided claim has too few: ``seeds``, ``splits`` or nothing.
    subsets, wrong_direction, decided_right, decided_wrong : int and float
        Of all subsets of three seeds on one split: their number; the share in which a plain
        comparison of lowest means contradicts the direction found here; the shares in which a t
        interval excludes zero in this direction, and in the other. NaN with fewer than six seeds.
    """

    name: str
    title: str
    claim: str
    by: str
    quantity: str
    scale: str
    margin: float
    slope_on: str = ""
    a: str = ""
    b: str = ""
    a_cells: int = 0
    b_cells: int = 0
    a_error: float = math.nan
    b_error: float = math.nan
    choosing: int = 0
    n: int = 0
    choosing_splits: int = 0
    splits: int = 0
    over: str = ""
    difference: float = math.nan
    sd: float = math.nan
    low: float = math.nan
    high: float = math.nan
    differences: tuple[float, ...] = ()
    p: float = math.nan
    p_holm: float = math.nan
    corrected_low: float = math.nan
    corrected_high: float = math.nan
    corrected_p: float = math.nan
    p_lower: float = math.nan
    p_lower_low: float = math.nan
    p_lower_high: float = math.nan
    stability: float = math.nan
    confounds: tuple[str, ...] = ()
    verdict: str = UNTESTED
    reason: str = ""
    seeds_needed: int | None = None
    seeds_least: int | None = None
    too_few: str = ""
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
        In the order of the claims. A claim about cells that do not exist is untested.
    """
    of = {
        name: measured.of_quantity(registry.quantity(name))
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
    """Measure the cells of a claim, without judging it."""
    is_ratio, is_equal = claim["scale"] == "ratio", claim["claim"] == EQUAL
    verdict = Verdict(
        name,
        *(claim[key] for key in ("title", "claim", "by", "quantity", "scale")),
        margin=(math.log1p(claim["margin"]) if is_ratio else claim["margin"])
        if is_equal
        else math.nan,
        slope_on=claim["slope_on"] or "",
    )
    a, b = _sides(claim, measured)
    if not (a.cells and b.cells):
        side = "b" if a.cells else "a"
        if claim[side] is None:
            reason = "no cell is left to compare with a"
        elif grid.chosen(measured.studies, claim[side]):
            reason = f"every cell like {side} has a model that diverged"
        else:
            reason = f"no study has a cell like {side}"
        return replace(verdict, reason=reason)
    seeds = [seed for seed in a.seeds if seed in b.seeds]
    both = [split for split in a.splits if split in b.splits]
    if not (seeds and both):
        what = "split" if seeds else "seed"
        return replace(verdict, reason=f"a and b have no {what} in common")
    a, b = (side.repeated(both, seeds) for side in (a, b))
    if is_equal and len(seeds) * len(both) < 2:
        return replace(verdict, reason="showing that two are equal takes at least two seeds")
    if is_ratio:
        if any((table <= 0).any() for side in (a, b) for table in (side.values, side.choosing)):
            name = measured.quantity.phrase
            return replace(verdict, reason=f"a ratio needs positive values, but {name} has others")
        a, b = (side.mapped(np.log) for side in (a, b))
    sign = -1 if measured.quantity.better == "higher" else 1
    a, b = (side.mapped(lambda values: sign * values) for side in (a, b))
    choosing, counts = 0, (len(a.cells), len(b.cells))
    if axis := verdict.slope_on:
        slope = slopes.Slope(a, axis)
        if not slope.lines:
            return replace(verdict, reason=f"no two cells of a differ in {axis} alone")
        counts, texts = (len(a.cells), 0), [slope.extent, ""]
        qualified = confounds.of_pairs(slope.ends)
        a = slope.values
        b = a.mapped(np.zeros_like)
        sides = [a.values, b.values]
        bests = best_cells.compare_bests(*sides, 0)
    elif claim["by"] == "each":
        a, b = _partners(a, b)
        if not a.cells:
            return replace(verdict, reason="no cell of a has exactly one match in b")
        counts = len(a.cells), len(b.cells)
        texts = [f"each of {len(a.cells)} cells"] * 2
        sides = [side.values.mean(axis=0, keepdims=True) for side in (a, b)]
        bests = best_cells.compare_bests(*sides, 0)
        qualified = confounds.of_pairs(
            (one, other) for (_, one), (_, other) in zip(a.cells, b.cells, strict=True)
        )
    else:
        if max(len(a.cells), len(b.cells)) > 1:
            choosing = best_cells.choosing(len(seeds))
        if choosing == len(seeds) == len(both):
            return replace(verdict, reason="choosing the best of a set takes at least two seeds")
        sides = [a.values, b.values]
        bests = best_cells.compare_bests(*sides, choosing, (a.choosing, b.choosing))
        texts = _named(measured, a, b, bests)
        sampled = {study.name for study in measured.studies if study.sampled}
        grids = [[cell for name, cell in side.cells if name not in sampled] for side in (a, b)]
        qualified = confounds.of_bests(*grids, a.cells[bests.a][1], b.cells[bests.b][1])
    compared, n = bests.differences.shape
    found = stats.estimate(sign * bests.differences.ravel())
    ends = (bests.low, bests.high) if sign > 0 else (-bests.high, -bests.low)
    p = bests.p
    if is_equal:
        if found.n < 2:
            return replace(verdict, reason="showing that two are equal takes two seeds to compare")
        p, *ends = _equality(sign * bests.differences, verdict.margin)
    judging = [best_cells.apart(side, choosing)[1] for side in sides]
    means = [sign * side[row].mean() for side, row in zip(judging, (bests.a, bests.b), strict=True)]
    if axis:
        means = [math.nan] * 2
    lower = splits.probability_lower(sign * bests.differences)
    repeated = choosing and found.n > 1 and not is_equal
    return replace(
        verdict,
        a=texts[0],
        b=texts[1],
        a_cells=counts[0],
        b_cells=counts[1],
        a_error=float(np.exp(means[0]) if is_ratio else means[0]),
        b_error=float(np.exp(means[1]) if is_ratio else means[1]),
        choosing=choosing,
        n=n,
        choosing_splits=len(both) - compared,
        splits=compared,
        over=_generality(compared, n),
        difference=found.mean,
        sd=found.sd,
        low=ends[0] if found.n >= stats.ENOUGH else math.nan,
        high=ends[1] if found.n >= stats.ENOUGH else math.nan,
        differences=tuple(float(sign * difference) for difference in bests.differences.ravel()),
        p=p,
        p_lower=lower.value,
        p_lower_low=lower.low if found.n >= stats.ENOUGH else math.nan,
        p_lower_high=lower.high if found.n >= stats.ENOUGH else math.nan,
        **_corrected(sign * bests.differences, a.cells[0][1]),
        confounds=tuple(qualified),
        stability=few_seeds.stability(a, b, choosing, sign * found.mean, p)
        if repeated
        else math.nan,
        **({} if is_equal else few_seeds.in_subsets(a, b, claim["by"], sign * found.mean)),
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
    differences = np.array(verdict.differences).reshape(verdict.splits, verdict.n)
    _, low, high = _equality(differences, verdict.margin, 1 - alpha / tests)
    if verdict.p_holm <= alpha:
        return replace(verdict, verdict=SUPPORTED)
    if low > verdict.margin or high < -verdict.margin:
        return replace(verdict, verdict=CONTRADICTED)
    return _undecided(verdict, "the difference may be larger than the margin")


def _judged(verdict: Verdict, tests: int) -> Verdict:
    """Judge a claim by its adjusted p and the direction of the difference."""
    if verdict.claim == EQUAL:
        return _judged_equal(verdict, tests)
    alpha = 1 - stats.CONFIDENCE
    sample = max(verdict.n, verdict.splits)
    fewest = 1 + math.ceil(math.log2(tests / alpha))  # for tests * 2**(1 - n) <= alpha
    if verdict.over == "seeds":
        needed = stats.seeds_needed(verdict.difference, verdict.sd, alpha / tests)

        def in_all(comparing: int) -> int:
            return comparing + (comparing - 1) // 2 if verdict.choosing else comparing

        verdict = replace(
            verdict,
            seeds_needed=None if needed is None else in_all(max(needed, fewest)),
            seeds_least=in_all(fewest),
        )
    as_claimed = (verdict.difference < 0) == (verdict.claim == "lower")
    if verdict.p_holm <= alpha and verdict.difference != 0:
        return replace(verdict, verdict=SUPPORTED if as_claimed else CONTRADICTED)
    if verdict.over in ("seeds", "splits") and sample < fewest:
        claims = "1 comparison takes" if tests == 1 else f"{tests} comparisons take"
        reason = (
            f"with {sample} to compare, p cannot fall below {2.0 ** (1 - sample):.2g}; {claims} at "
            f"least {fewest}"
        )
        return _undecided(verdict, reason, too_few=verdict.over)
    return _undecided(verdict, "the difference may be chance")


def _undecided(verdict: Verdict, reason: str, too_few: str = "") -> Verdict:
    """Say why a claim is undecided, first of all for want of seeds or splits."""
    if verdict.over == BOTH and verdict.splits < stats.ENOUGH:
        reason = f"an interval over {verdict.splits} is very wide; {splits.USUAL} are usual"
        too_few = "splits"
    if too_few:
        reason = f"too few {too_few}: {reason}"
    return replace(verdict, verdict=UNDECIDED, reason=reason, too_few=too_few)


def _generality(compared: int, n: int) -> str:
    """Say what differences on some splits with n seeds each generalize over."""
    if min(compared, n) > 1:
        return BOTH
    return "splits" if compared > 1 else "seeds"


def _corrected(differences: np.ndarray, cell: Cell) -> dict[str, float]:
    """Return what differences [splits, seeds] of such cells say of other rows of this kind."""
    if len(differences) == 1:
        return {}
    train_fraction = (1 - cell.test_fraction) * (1 - cell.validation_fraction)
    found = splits.corrected_resampled_t(differences, train_fraction, cell.test_fraction)
    if differences.size < stats.ENOUGH:
        return {"corrected_p": found.p}
    return {"corrected_low": found.low, "corrected_high": found.high, "corrected_p": found.p}


def _equality(
    differences: np.ndarray, margin: float, confidence: float = stats.CONFIDENCE
) -> tuple[float, float, float]:
    """Return the p value of differences [splits, seeds] beyond a margin, and their interval."""
    if min(differences.shape) > 1:
        found = splits.crossed(differences, confidence)
        return found.p_beyond(margin), found.low, found.high
    low, high = stats.interval(differences.ravel(), confidence=confidence)
    return equivalence.equivalence(differences.ravel(), margin).p, float(low), float(high)


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


def rows(found: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return verdicts as rows of a table, without attributes that are no single value."""
    return [
        {key: v for key, v in asdict(entry).items() if key not in ("differences", "confounds")}
        for entry in found
    ]
