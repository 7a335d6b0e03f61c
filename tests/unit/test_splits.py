"""Statistics over splits and seeds: by hand, and how often they err in simulations."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest, norm, t, ttest_1samp

from genboost.analysis import splits

SIMULATIONS = 1500


def differences(random, shape, split=0.0, seed=0.0, rest=1.0, mean=0.0):
    """Draw differences [splits, seeds] of which the standard deviations are given."""
    rows, columns = shape
    return (
        mean
        + random.normal(0, split, (rows, 1))
        + random.normal(0, seed, (1, columns))
        + random.normal(0, rest, shape)
    )


def test_crossed_components_by_hand():
    # Mean squares 9, 4 and 1 (see test_anova), components 4, 1.5 and 1: the variance of the mean is
    # 4/2 + 1.5/2 + 1/4 = 3, with (9 + 4 - 1)² / (9² + 4² + 1²) = 144/98 degrees of freedom.
    found = splits.crossed(np.array([[1.0, 2.0], [3.0, 6.0]]))
    assert (found.mean, found.error) == pytest.approx((3, math.sqrt(3)))
    assert found.freedom == pytest.approx(144 / 98)
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, 144 / 98, 3, math.sqrt(3)))
    assert found.p == pytest.approx(2 * t.sf(math.sqrt(3), 144 / 98))


def test_without_a_split_effect_only_seeds_and_noise_count():
    # Rows 2 and 2, columns 1, 0.5 and 4.5: mean squares 0, 9.5 and 1.5. The split's component is
    # below zero, and taken as zero: 9.5 / 6 is left.
    found = splits.crossed(np.array([[0.0, 1.0, 5.0], [2.0, 0.0, 4.0]]))
    assert found.error**2 == pytest.approx(9.5 / 6)
    assert found.freedom == pytest.approx(2)


@pytest.mark.parametrize("shape", [(20, 10), (5, 5), (10, 3)])
@pytest.mark.parametrize("spreads", [(1, 1, 1), (0, 0, 1), (1, 0, 1), (0.1, 1, 1), (1, 1, 0.1)])
def test_crossed_intervals_hold_the_truth(shape, spreads):
    """Nearly as often as they say with ten splits and three seeds, else at least as often."""
    random = np.random.default_rng([round(10 * s) for s in spreads])
    found = [splits.crossed(differences(random, shape, *spreads, 0.5)) for _ in range(SIMULATIONS)]
    assert np.mean([f.low <= 0.5 <= f.high for f in found]) > (0.92 if 3 in shape else 0.935)
    assert np.mean([(f.p <= 0.05) == (f.low > 0 or f.high < 0) for f in found]) == 1


def test_what_takes_all_runs_as_independent_finds_what_is_not_there():
    random = np.random.default_rng(0)
    drawn = [differences(random, (20, 10), 1, 1, 1) for _ in range(SIMULATIONS)]
    naive = [ttest_1samp(d.ravel(), 0).pvalue <= 0.05 for d in drawn]
    assert np.mean(naive) > 0.4
    assert np.mean([splits.crossed(d).p <= 0.05 for d in drawn]) < 0.065


def test_a_cells_models_on_several_splits_are_not_independent():
    values = {(split, seed): 10 * split + seed for split in range(3) for seed in range(2)}
    crossed = splits.crossed(np.array([[0.0, 1], [10, 11], [20, 21]]))
    found = splits.mean_of_models(values)
    assert (found.value, found.low, found.high) == (10.5, crossed.low, crossed.high)
    independent = t.interval(0.95, 5, 10.5, np.std([*values.values()], ddof=1) / math.sqrt(6))
    assert found.low < independent[0]
    assert found.high > independent[1]


def test_models_that_diverged_have_no_part_in_a_mean():
    one_split = {(0, seed): float(seed) for seed in range(6)} | {(0, 9): math.nan}
    found = splits.mean_of_models(one_split)
    assert found.value == 2.5
    assert (found.low, found.high) == pytest.approx(
        t.interval(0.95, 5, 2.5, math.sqrt(3.5) / math.sqrt(6))
    )
    several = {(split, seed): 1.0 for split in range(3) for seed in range(2)} | {(1, 1): math.nan}
    found = splits.mean_of_models(several)
    assert found.value == 1
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("seeds", [1, 4])
def test_too_few_models_have_no_interval(seeds):
    assert math.isnan(splits.mean_of_models({(0, seed): 1.0 for seed in range(seeds)}).low)


def test_the_corrected_t_by_hand():
    # Mean 2, sd 1, three splits, a fifth for testing: 1/3 + 1/4 in place of 1/3.
    found = splits.corrected_resampled_t(np.array([1.0, 2.0, 3.0]), train_rows=80, test_rows=20)
    error = math.sqrt(1 / 3 + 1 / 4)
    assert (found.mean, found.error, found.freedom) == pytest.approx((2, error, 2))
    assert found.p == pytest.approx(2 * t.sf(2 / error, 2))
    with_seeds = splits.corrected_resampled_t(
        np.array([[0.0, 2.0], [1.0, 3.0], [3.0, 3.0]]), 80, 20
    )
    assert with_seeds == found


def test_the_corrected_t_errs_less_often_on_new_data():
    """Two regressions on one feature each, equally good on data of this kind, but not on a sample.

    With 15 splits of one sample an ordinary t test takes what this sample has for a rule.
    """
    random = np.random.default_rng(1)
    rows, train, count = 90, 72, 15
    naive, corrected = [], []
    for _ in range(600):
        x = random.normal(size=(rows, 2))
        y = x.sum(axis=1) + random.normal(size=rows)
        order = np.argsort(random.random((count, rows)), axis=1)
        fit, test = order[:, :train], order[:, train:]
        slopes = (x[fit] * y[fit][..., None]).sum(axis=1) / (x[fit] ** 2).sum(axis=1)
        errors = ((y[test][..., None] - x[test] * slopes[:, None]) ** 2).mean(axis=1)
        d = errors[:, 0] - errors[:, 1]
        naive.append(ttest_1samp(d, 0).pvalue <= 0.05)
        corrected.append(splits.corrected_resampled_t(d, train, rows - train).p <= 0.05)
    assert np.mean(naive) > 0.25
    assert np.mean(corrected) < 0.1


def test_the_probability_of_being_lower():
    found = splits.probability_lower(np.array([[-1.0, -1.0, 0.0, 1.0]]))
    assert found.value == 0.625
    # On one split, runs of different seeds are independent.
    alone = splits.probability_lower(np.where(np.arange(20) < 15, -1.0, 1.0)[None])
    exact = binomtest(15, 20).proportion_ci()
    assert (alone.value, alone.low, alone.high) == pytest.approx((0.75, exact.low, exact.high))
    # Differences that are the splits' alone: twenty runs, not two hundred.
    random = np.random.default_rng(4)
    always = splits.probability_lower(differences(random, (20, 10), 1, 0, 0, -9))
    assert (always.value, always.high) == (1, 1)
    assert always.low == pytest.approx(binomtest(20, 20).proportion_ci().low)
    assert splits.probability_lower(np.full((1, 1), -1.0)).low == pytest.approx(0.025)


@pytest.mark.parametrize("spreads", [(1, 1, 1), (0, 0, 1), (1, 0, 0.5), (0, 1, 0.5)])
@pytest.mark.parametrize("share", [0.5, 0.75, 0.95])
def test_the_interval_of_the_probability_holds_it(spreads, share):
    random = np.random.default_rng(2)
    mean = norm.ppf(1 - share) * math.sqrt(sum(spread**2 for spread in spreads))
    found = [
        splits.probability_lower(differences(random, (20, 10), *spreads, mean)) for _ in range(500)
    ]
    assert np.mean([p.low <= share <= p.high for p in found]) > 0.92


def test_shares_of_variance():
    random = np.random.default_rng(3)
    errors = (
        random.normal(0, 2, (200, 1, 1))
        + random.normal(0, 1, (1, 200, 1))
        + random.normal(0, 1, (200, 1, 20))
        + random.normal(0, 1, (200, 200, 20))
    )
    found = splits.variance_shares(errors)
    assert sum(found.values()) == pytest.approx(1)
    expected = {"cell": 4, "split": 1, "seed": 0, "cell × seed": 1, "rest": 1}
    for name, share in found.items():
        assert share == pytest.approx(expected.get(name, 0) / 7, abs=0.05), name
