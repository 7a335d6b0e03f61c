"""Statistics against values worked out by hand or by counting every case."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from genboost.analysis import stats


def test_interval_of_three_values():
    # Mean 2, sd 1; t(2) at 97.5 % is 4.302653; half-width 4.302653 / sqrt(3) = 2.484138.
    found = stats.estimate([1.0, 2.0, 3.0])
    assert (found.mean, found.sd, found.n) == (2.0, 1.0, 3)
    assert found.low == pytest.approx(2 - 2.484138, abs=1e-5)
    assert found.high == pytest.approx(2 + 2.484138, abs=1e-5)


def test_one_value_has_no_interval():
    found = stats.estimate([1.5])
    assert found.mean == 1.5
    assert math.isnan(found.sd) and math.isnan(found.low) and math.isnan(found.high)


def test_interval_covers_the_mean_as_often_as_it_says():
    random = np.random.default_rng(0)
    intervals = [stats.estimate(random.normal(5, 2, 3)) for _ in range(4000)]
    assert np.mean([found.low < 5 < found.high for found in intervals]) == pytest.approx(
        0.95, abs=0.01
    )


def test_interval_of_a_mean_of_three_more():
    # sd 1, n 3 and 3 to come: t(2) sqrt(1/3 + 1/3) = 4.302653 * 0.816497 = 3.513102.
    low, high = stats.interval([1.0, 2.0, 3.0], future=3)
    assert (low, high) == pytest.approx((2 - 3.513102, 2 + 3.513102), abs=1e-5)


def test_intervals_of_many_samples_are_those_of_each():
    random = np.random.default_rng(6)
    values = random.normal(size=(4, 3, 5))
    low, high = stats.interval(values, axis=0)
    for place in np.ndindex(3, 5):
        found = stats.estimate(values[:, *place])
        assert (low[place], high[place]) == pytest.approx((found.low, found.high))
    halves = stats.half_width(np.array([1.0, 1.0, 2.0]), np.array([3, 1, 3]))
    assert halves == pytest.approx([2.484138, math.nan, 4.968276], abs=1e-5, nan_ok=True)
    assert np.isnan(stats.interval([1.5])).all()


def test_the_jackknife_of_a_mean_is_its_t_interval():
    values = np.random.default_rng(3).normal(size=(2, 5))
    mean, low, high = stats.jackknife(lambda sample: sample.mean(axis=-1), values)
    assert mean == pytest.approx(values.mean(axis=-1))
    for end, expected in zip((low, high), stats.interval(values), strict=True):
        assert end == pytest.approx(expected)
    few = stats.jackknife(lambda sample: sample.mean(axis=-1), values[:, :4])
    assert few[0] == pytest.approx(values[:, :4].mean(axis=-1))
    assert np.isnan(few[1:]).all()


def test_prediction_interval_holds_the_next_mean_as_often_as_it_says():
    random = np.random.default_rng(1)
    inside = 0
    for _ in range(4000):
        low, high = stats.interval(random.normal(size=3), future=3)
        inside += low < random.normal(size=3).mean() < high
    assert inside / 4000 == pytest.approx(0.95, abs=0.01)


def test_three_equal_signs_give_a_quarter():
    # Of the 8 assignments of signs to 1, 2, 4 only + + + and - - - are as far from zero as 7.
    assert stats.sign_flip([1.0, 2.0, 4.0]) == 0.25
    assert stats.sign_flip([-1.0, -2.0, -4.0]) == 0.25


def test_sign_flip_by_hand():
    # Sums of ±1 ±2 ±4 are ±1 ±3 ±5 ±7; |-1 + 2 + 4| = 5 is reached by 4 of 8.
    assert stats.sign_flip([-1.0, 2.0, 4.0]) == 0.5
    assert stats.sign_flip([0.0, 0.0, 0.0]) == 1.0
    assert stats.sign_flip([1.0, -1.0]) == 1.0


@pytest.mark.parametrize("n", range(1, 11))
def test_sign_flip_counts_every_case(n):
    random = np.random.default_rng(n)
    # Tenths have many ties, which floating point sums in different orders hide.
    differences = random.integers(-5, 8, size=n) / 10
    observed = abs(differences.sum())
    sums = [sum(s * d for s, d in zip(signs, np.abs(differences), strict=True))
            for signs in itertools.product((1, -1), repeat=n)]  # fmt: skip
    expected = np.mean([abs(total) >= observed - 1e-9 for total in sums])
    assert stats.sign_flip(differences) == expected


def test_the_smallest_p_of_thirty_seeds():
    assert stats.sign_flip(np.arange(1, 31)) == 2.0**-29


def test_drawn_signs_agree_with_all_signs(monkeypatch):
    differences = np.random.default_rng(3).normal(0.3, 1, size=12)
    exact = stats.sign_flip(differences)
    monkeypatch.setattr(stats, "EXACT_LIMIT", 5)
    drawn = stats.sign_flip(differences)
    assert drawn == pytest.approx(exact, abs=0.01)
    assert drawn == stats.sign_flip(differences)


def test_sign_flip_errs_as_often_as_it_says():
    random = np.random.default_rng(4)
    found = [stats.sign_flip(random.normal(size=8)) <= 0.05 for _ in range(3000)]
    assert np.mean(found) == pytest.approx(0.05, abs=0.015)


def test_holm_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1: 0.04, 0.06, 0.06 and, never less, 0.06.
    assert stats.holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert stats.holm([0.6, 0.7]) == [1.0, 1.0]
    assert stats.holm([]) == []


def test_seeds_needed_of_a_textbook_case():
    # A paired t test for an effect of half a standard deviation, 5 %, power 80 %: 34 pairs.
    assert stats.seeds_needed(0.5, 1.0) == 34
    assert stats.seeds_needed(-0.5, 1.0) == 34
    # Few pairs, where n or n - 1 degrees of freedom differ: two and three standard deviations.
    assert stats.seeds_needed(2.0, 1.0) == 5
    assert stats.seeds_needed(3.0, 1.0) == 4
    assert stats.seeds_needed(0.0, 1.0) is None
    assert stats.seeds_needed(1.0, 0.0) == 2
    assert stats.seeds_needed(math.nan, 1.0) is None
    assert stats.seeds_needed(0.5, 1.0, alpha=0.01) > 34


def test_larger_effects_need_no_more_seeds():
    for alpha in (0.05, 0.05 / 14, 1e-4):
        needed = [stats.seeds_needed(effect, 1.0, alpha) for effect in np.arange(0.1, 40, 0.05)]
        assert needed == sorted(needed, reverse=True)
    # By simulation, the power is 0.56 with 5 and 0.82 with 6.
    assert stats.seeds_needed(2.7, 1.0, 0.05 / 14) == 6


def test_subsets():
    assert stats.subsets(4, 2).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    drawn = stats.subsets(30, 5, limit=100)
    assert drawn.shape == (100, 5)
    assert all(len(set(row)) == 5 for row in drawn.tolist())
    assert np.array_equal(drawn, stats.subsets(30, 5, limit=100))


def test_rank_correlation():
    assert stats.rank_correlation(np.array([1, 2, 3]), np.array([10, 20, 15])) == 0.5
    assert math.isnan(stats.rank_correlation(np.array([1, 1]), np.array([1, 2])))


@pytest.mark.parametrize("values", [4, 1000], ids=["ties", "none"])
def test_rank_correlations_are_scipys(values):
    first, second = np.random.default_rng(values).integers(0, values, (2, 200)) / 7
    wanted = spearmanr(first, second).statistic
    assert stats.rank_correlation(first, second) == pytest.approx(wanted, abs=1e-14)
    wanted = kendalltau(first, second).statistic
    assert stats.kendall_tau_b(first, second) == pytest.approx(wanted, abs=1e-14)


def test_what_does_not_vary_or_is_unknown_has_no_rank_correlation():
    known, same, unknown = np.arange(3.0), np.ones(3), np.array([1, math.nan, 2])
    assert math.isnan(stats.rank_correlation(known, unknown))
    assert math.isnan(stats.kendall_tau_b(known, same))
    assert math.isnan(stats.kendall_tau_b(known[:1], known[:1]))
