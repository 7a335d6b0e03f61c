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

from genboost.analysis import best_cells, equivalence, few_seeds, splits, stats
from genboost.analysis.compared import EQUAL, Compared, UntestableError, compare
from genboost.analysis.values import Measured, sign_of
from genboost.measures import registry
from genboost.study.cells import Cell
from genboost.study.claims import CONTRADICTED, SUPPORTED, UNDECIDED, UNTESTED

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
    margin = math.nan
    if claim["claim"] == EQUAL:
        margin = math.log1p(claim["margin"]) if claim["scale"] == "ratio" else claim["margin"]
    verdict = Verdict(
        name,
        *(claim[key] for key in ("title", "claim", "by", "quantity", "scale")),
        margin=margin,
        slope_on=claim["slope_on"] or "",
    )
    try:
        return _with_numbers(verdict, compare(claim, measured))
    except UntestableError as why:
        return replace(verdict, reason=str(why))


def _with_numbers(verdict: Verdict, compared: Compared) -> Verdict:
    """Return a verdict with the difference of what is compared, its interval and its tests."""
    a, b, bests, choosing = compared.a, compared.b, compared.bests, compared.choosing
    sign = sign_of(registry.quantity(verdict.quantity))
    differences = sign * bests.differences  # [splits, seeds]
    several, n = differences.shape
    found = stats.estimate(differences.ravel())
    p = bests.p
    low, high = (bests.low, bests.high) if sign > 0 else (-bests.high, -bests.low)
    is_equal = verdict.claim == EQUAL
    if is_equal:
        if found.n < 2:
            raise UntestableError("showing that two are equal takes two seeds to compare")
        p, low, high = _equality(differences, verdict.margin)
    lower = splits.probability_lower(differences)
    enough = found.n >= stats.ENOUGH
    a_error, b_error = _errors(verdict, compared, sign)
    better = sign * found.mean
    return replace(
        verdict,
        a=compared.texts[0],
        b=compared.texts[1],
        a_cells=compared.counts[0],
        b_cells=compared.counts[1],
        a_error=a_error,
        b_error=b_error,
        choosing=choosing,
        n=n,
        choosing_splits=len(a.splits) - several,
        splits=several,
        over=_generality(several, n),
        difference=found.mean,
        sd=found.sd,
        low=low if enough else math.nan,
        high=high if enough else math.nan,
        differences=tuple(map(float, differences.ravel())),
        p=p,
        p_lower=lower.value,
        p_lower_low=lower.low if enough else math.nan,
        p_lower_high=lower.high if enough else math.nan,
        **_corrected(differences, a.cells[0][1]),
        confounds=tuple(compared.confounds),
        stability=few_seeds.stability(a, b, choosing, better, p)
        if choosing and found.n > 1 and not is_equal
        else math.nan,
        **({} if is_equal else few_seeds.in_subsets(a, b, verdict.by, better)),
    )


def _errors(verdict: Verdict, compared: Compared, sign: int) -> tuple[float, float]:
    """Return the mean values of the two that are compared; NaN for slopes, which have none."""
    if verdict.slope_on:
        return math.nan, math.nan
    judging = (best_cells.apart(side, compared.choosing)[1] for side in compared.values)
    rows = compared.bests.a, compared.bests.b
    means = (sign * side[row].mean() for side, row in zip(judging, rows, strict=True))
    a, b = (float(np.exp(mean) if verdict.scale == "ratio" else mean) for mean in means)
    return a, b


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


def rows(found: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return verdicts as rows of a table, without attributes that are no single value."""
    return [
        {key: v for key, v in asdict(entry).items() if key not in ("differences", "confounds")}
        for entry in found
    ]
