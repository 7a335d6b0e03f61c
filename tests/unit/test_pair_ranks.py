"""Rank statistics over pairs of cells: other implementations, hand-worked cases, simulations."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binomtest, kendalltau
from sklearn.metrics import mutual_info_score

from genboost.analysis import pair_ranks


def signs(measure, target, pairs):
    return [np.sign(measure[i] - measure[j]) * np.sign(target[i] - target[j]) for i, j in pairs]


# Kendall's τ-a and the granulated ψ.


def test_kendall_is_that_of_scipy():
    random = np.random.default_rng(0)
    measure, target = random.normal(size=(2, 3, 4, 2))
    found = pair_ranks.kendall_tau_a(measure, target)
    assert found.value == pytest.approx(kendalltau(measure.ravel(), target.ravel()).statistic)


def test_ties_count_nothing_and_missing_cells_are_left_out():
    measure = np.array([1.0, 1.0, 2.0, 3.0, math.nan])
    target = np.array([1.0, 2.0, 3.0, 0.0, 9.0])
    pairs = itertools.combinations(range(4), 2)
    assert pair_ranks.kendall_tau_a(measure, target).value == pytest.approx(
        np.mean(signs(measure, target, pairs))
    )


def test_granulated_is_the_mean_over_lines_of_kendall():
    random = np.random.default_rng(1)
    measure, target = random.normal(size=(2, 3, 4, 2))
    each, together = pair_ranks.granulated(measure, target)
    for axis, found in enumerate(each):
        lines = zip(
            np.moveaxis(measure, axis, -1).reshape(-1, measure.shape[axis]),
            np.moveaxis(target, axis, -1).reshape(-1, measure.shape[axis]),
            strict=True,
        )
        assert found.value == pytest.approx(
            np.mean([kendalltau(*line).statistic for line in lines])
        )
    assert together.value == pytest.approx(np.mean([found.value for found in each]))


def test_lines_count_alike_however_many_cells_are_left():
    # Two lines: one of three cells, all concordant, and one with a single pair, discordant.
    measure = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, math.nan]])
    target = np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 5.0]])
    each, together = pair_ranks.granulated(measure, target)
    assert each[1].value == 0
    assert (
        each[0].value == 0
    )  # the target rises in one of the two lines left, where the measure ties
    assert together.value == 0
    only, alone = pair_ranks.granulated(measure[:1], target[:1])
    assert (only[0].value, only[1].value, alone.value) == pytest.approx(
        (math.nan, 1, 1), nan_ok=True
    )


def test_the_interval_of_pairs_without_a_common_cell_is_wilsons():
    # One axis of two values: 30 lines with a pair each, of which 24 are concordant.
    target = np.tile([0.0, 1.0], (30, 1))
    measure = np.where(np.arange(30)[:, None] < 24, target, -target)
    (_, found), _ = pair_ranks.granulated(measure, target)
    exact = binomtest(24, 30).proportion_ci(method="wilson")
    assert found.value == pytest.approx(0.6)
    assert (found.low, found.high) == pytest.approx((2 * exact.low - 1, 2 * exact.high - 1))


def test_an_interval_has_a_width_where_all_pairs_agree():
    cells = np.arange(24.0).reshape(2, 3, 4)
    _, found = pair_ranks.granulated(cells, cells)
    assert (found.value, found.high) == pytest.approx((1, 1))
    assert 0 < found.low < 1
    assert 0 < found.p < 0.05
    _, constant = pair_ranks.granulated(np.zeros((2, 3, 4)), cells)
    assert (constant.value, constant.p) == (0, 1)


SHAPE = (2, 4, 3, 3)
KINDS = {
    "nothing in common": (0.0, 0.0, 0.0),
    "noise in common": (0.5, 0.0, 0.0),
    "an axis in common": (0.0, 1.0, 1.0),
    "an axis the other way": (0.3, 1.0, -1.0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_coefficients(kind):
    shared, *slopes = KINDS[kind]
    random = np.random.default_rng(2)
    axis = np.linspace(-1, 1, SHAPE[1])[:, None, None]
    found, lines = [], []
    for _ in range(400):
        common, first, second = random.normal(size=(3, *SHAPE))
        measure = slopes[0] * axis + shared * common + first
        target = slopes[1] * axis + shared * common + second
        each, together = pair_ranks.granulated(measure, target)
        found.append([pair_ranks.kendall_tau_a(measure, target), *each, together])
        lines.append(each)
    truth = np.mean([[c.value for c in some] for some in found], axis=0)
    inside = [[c.low <= t <= c.high for c, t in zip(some, truth, strict=True)] for some in found]
    assert (np.mean(inside, axis=0) > 0.92).all()
    if kind == "nothing in common":
        assert np.mean([[c.p <= 0.05 for c in some] for some in found]) < 0.065


# Conditional mutual information.


def brute_force(measure, target, factors):
    """Return I(V_μ; V_g | U) / H(V_g | U) from all ordered pairs, by scikit-learn."""
    places = list(np.ndindex(measure.shape))
    groups = {}
    for one, other in itertools.permutations(places, 2):
        values = tuple((one[axis], other[axis]) for axis in factors)
        pair = np.sign(measure[one] - measure[other]), np.sign(target[one] - target[other])
        groups.setdefault(values, []).append(pair)
    total = sum(map(len, groups.values()))
    known = entropy = 0.0
    for pairs in groups.values():
        x, y = zip(*pairs, strict=True)
        known += len(pairs) / total * mutual_info_score(x, y)
        entropy += len(pairs) / total * mutual_info_score(y, y)
    return known / entropy if entropy > 1e-12 else math.inf


def test_information_is_the_least_of_all_sets_of_two_axes_or_fewer():
    random = np.random.default_rng(3)
    for _ in range(5):
        measure, target = random.normal(size=(2, 3, 2, 4))
        measure = np.round(measure + target, 0)  # ties, too
        sets = [s for size in range(3) for s in itertools.combinations(range(3), size)]
        expected = {factors: brute_force(measure, target, factors) for factors in sets}
        known, given = pair_ranks.information(measure, target)
        assert known == pytest.approx(min(expected.values()))
        assert expected[given] == pytest.approx(known)


def test_weights_of_cells_are_copies_but_for_pairs_of_copies():
    random = np.random.default_rng(4)
    measure, target = random.normal(size=(2, 6))
    weights = np.array([2, 1, 0, 1, 1, 1])
    known, _ = pair_ranks.information(measure, target, weights, most=0)
    copies = np.repeat(np.arange(6), weights)
    pairs = [(i, j) for i, j in itertools.permutations(copies, 2) if i != j]
    x = [np.sign(measure[i] - measure[j]) for i, j in pairs]
    y = [np.sign(target[i] - target[j]) for i, j in pairs]
    assert known == pytest.approx(mutual_info_score(x, y) / mutual_info_score(y, y))


def test_the_measure_itself_says_everything_and_a_hyperparameter_nothing():
    target = np.random.default_rng(5).normal(size=(3, 3, 3))
    assert pair_ranks.information(target, target)[0] == pytest.approx(1)
    rate = np.arange(3.0)[:, None, None] + np.zeros((3, 3, 3))
    known, given = pair_ranks.information(rate, rate + 0.1 * target)
    assert known == pytest.approx(0, abs=1e-12)
    assert 0 in given
    assert math.isnan(pair_ranks.information(target, np.ones((3, 3, 3)))[0])


# The robust sign error.


def runs(means, noise=0.0, seeds=4):
    """Return targets with seeds around given means, by ± noise."""
    return means[..., None] + noise * np.resize([1.0, -1.0], seeds)


def test_the_sign_error_of_the_worst_environment():
    # An axis of three values in 20 lines. From value 0 to 2 the measure is right in 15 of 20 lines.
    target = np.tile([0.0, 1.0, 2.0], (20, 1))
    measure = np.tile([0.0, 1.0, 3.0], (20, 1))
    measure[:5] = [0.0, -2.0, -1.0]
    found = pair_ranks.sign_error(measure, runs(target))
    # 0 to 1: wrong in 5; 1 to 2: always right; 0 to 2: wrong in 5.
    assert (found.axis, found.pairs, found.environments) == (1, 20, 3)
    assert found.error.value == 0.25
    assert found.levels in ((0, 1), (0, 2))
    upper = binomtest(5, 20).proportion_ci(method="wilson").high
    lower = binomtest(5, 20).proportion_ci(1 - 0.05 / 3, method="wilson").low
    assert (found.error.low, found.error.high) == pytest.approx((lower, upper))


def test_pairs_within_seed_noise_are_left_out():
    target = np.tile([0.0, 1.0], (40, 1))
    measure = target.copy()
    target[:20, 1] = 0.01  # decided by nothing but noise, and wrongly
    measure[:20, 1] = -1
    noise = np.random.default_rng(6).normal(0, 0.1, size=(40, 2, 10))
    found = pair_ranks.sign_error(measure, target[..., None] + noise)
    assert found.pairs < 24
    assert found.error.value < 0.15
    assert pair_ranks.sign_error(measure, runs(target)).error.value == 0.5


def test_too_few_pairs_are_no_environment():
    target = np.tile([0.0, 1.0], (11, 1))
    assert pair_ranks.sign_error(target, runs(target)) is None


def test_the_interval_of_the_sign_error_holds_the_worst():
    """Six environments of an axis of four values, in the worst of which 40 % are wrong."""
    random = np.random.default_rng(7)
    wrong = {(0, 1): 0.4, (1, 2): 0.3, (2, 3): 0.1}
    target = np.tile([0.0, 1.0, 2.0, 3.0], (30, 1))
    inside = []
    for _ in range(400):
        steps = np.stack([np.where(random.random(30) < e, -1, 1) for e in wrong.values()], axis=1)
        # Steps of unequal size, so that a pair two values apart goes with the first step.
        sizes = np.array([4.0, 2.0, 1.0])
        measure = np.concatenate([np.zeros((30, 1)), np.cumsum(steps * sizes, axis=1)], axis=1)
        error = pair_ranks.sign_error(measure, runs(target)).error
        inside.append(error.low <= 0.4 <= error.high)
    assert np.mean(inside) > 0.94
