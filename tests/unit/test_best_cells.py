"""The best of many cells: its luck, and comparisons of bests that do not fall for it."""

import math

import numpy as np
import pytest

from genboost.analysis import best_cells, stats


def test_a_third_of_the_seeds_choose():
    assert [best_cells.choosing(n) for n in (1, 2, 3, 5, 6, 30)] == [1, 1, 1, 1, 2, 10]
    errors = np.arange(12.0).reshape(2, 1, 6)
    choose, judge = best_cells.apart(errors, 2)
    assert choose.tolist() == [[[0, 1]], [[6, 7]]]
    assert judge.tolist() == [[[2, 3, 4, 5]], [[8, 9, 10, 11]]]
    assert all(part is errors for part in best_cells.apart(errors, 0))


def test_of_several_splits_a_third_chooses_too_and_no_run_that_judges_shares_either():
    errors = np.arange(2 * 6 * 4).reshape(2, 6, 4)
    choose, judge = best_cells.apart(errors, 1)
    assert choose.tolist() == errors[:, :2, :1].tolist()
    assert judge.tolist() == errors[:, 2:, 1:].tolist()
    # A single seed is taken as given.
    choose, judge = best_cells.apart(errors[:, :, :1], 1)
    assert (choose.shape[1:], judge.shape[1:]) == ((2, 1), (4, 1))


def test_the_best_of_equal_cells_looks_better_than_it_is():
    """All cells have error 1; the best of 100 means of 3 is 2.5 standard errors below that."""
    errors = np.random.default_rng(5).normal(1, 0.1, size=(100, 30))
    found = best_cells.optimism(errors, few=3)
    assert found.honest == pytest.approx(1, abs=0.02)
    assert found.apparent == pytest.approx(1 - 2.5076 * 0.1 / math.sqrt(3), abs=0.02)
    assert found.optimism == pytest.approx(found.honest - found.apparent)
    # More seeds, less luck.
    assert best_cells.optimism(errors, few=29).optimism < found.optimism / 2


def test_optimism_by_hand():
    # Chosen by one seed: cell 0 at 0 (then 4), cell 1 at 1 (then 3).
    errors = np.array([[0.0, 4.0], [3.0, 1.0]])
    found = best_cells.optimism(errors, few=1)
    assert (found.apparent, found.honest) == (0.5, 3.5)


# Best against best.


def test_one_cell_a_side_is_the_plain_paired_comparison():
    random = np.random.default_rng(0)
    a, b = random.normal(1, 0.1, (1, 12)), random.normal(1.1, 0.1, (1, 12))
    found = best_cells.compare_bests(a, b, 0)
    plain = stats.estimate(a[0] - b[0])
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))
    assert found.p == stats.sign_flip(a[0] - b[0])
    other = best_cells.compare_bests(b, a, 0)
    assert (other.low, other.high, other.p) == pytest.approx((-found.high, -found.low, found.p))


def test_a_best_cell_must_beat_every_rival():
    seeds = np.arange(9) / 100
    a = np.array([1.0 + seeds, 1.5 + seeds])
    b = np.array([1.2 + seeds * 2, 1.1 + seeds**2, 3.0 + seeds])
    found = best_cells.compare_bests(a, b, 3)
    assert (found.a, found.b) == (0, 1)
    assert found.differences == pytest.approx((a[0] - b[1])[3:])
    # All six differences with every cell of b are negative: 2 of 2⁶ assignments of signs.
    assert found.p == 2 / 2**6
    assert found.high == pytest.approx(max(stats.interval((a[0] - b)[:, 3:])[1]))
    assert found.low == pytest.approx(-max(stats.interval((b[1] - a)[:, 3:])[1]))
    b[2] = 1.0 + seeds + np.where(np.arange(9) == 8, 0.01, -0.001)  # as good, and not chosen
    b[2, :3] = 9
    assert best_cells.compare_bests(a, b, 3).p > 0.5


def naive(a, b, chosen):
    """Compare the cells that the first seeds choose as if they had been there alone."""
    rows = [side[:, :chosen].mean(axis=1).argmin() for side in (a, b)]
    differences = (a[rows[0]] - b[rows[1]])[chosen:]
    return stats.interval(differences), stats.sign_flip(differences)


@pytest.mark.parametrize(
    ("a_means", "b_means"),
    [
        (np.ones(24), np.ones(1)),
        (1 + 0.02 * np.arange(24), np.ones(1)),
        (1 + 0.02 * np.arange(24), 1 + 0.05 * np.arange(24)),
        (0.9 + 0.02 * np.arange(24), 1 + 0.03 * np.arange(6)),
    ],
)
def test_bests_are_compared_with_few_false_findings_and_true_intervals(a_means, b_means):
    random = np.random.default_rng(1)
    truth = a_means.min() - b_means.min()
    inside, decided = [], []
    for _ in range(300):
        a, b = (m[:, None] + random.normal(0, 0.1, (len(m), 18)) for m in (a_means, b_means))
        found = best_cells.compare_bests(a, b, 6)
        inside.append(found.low <= truth <= found.high)
        decided.append(found.p <= 0.05)
    assert np.mean(inside) > 0.95
    assert np.mean(decided) < 0.05 if truth == 0 else np.mean(decided) > 0.4


def test_comparing_the_chosen_cells_alone_finds_what_is_not_there():
    random = np.random.default_rng(2)
    means = 1 + 0.02 * np.arange(24), 1 + 0.05 * np.arange(24)
    inside, decided = [], []
    for _ in range(600):
        (low, high), p = naive(*(m[:, None] + random.normal(0, 0.1, (24, 30)) for m in means), 10)
        inside.append(low <= 0 <= high)
        decided.append(p <= 0.05)
    assert np.mean(decided) > 0.09
    assert np.mean(inside) < 0.91


def test_outcomes_of_other_choices():
    random = np.random.default_rng(3)
    a, b = np.full((4, 12), 1.0), np.full((3, 12), 2.0)
    noise = random.normal(0, 0.1, (7, 12))
    clear = best_cells.outcomes(a + noise[:4], b + noise[4:], 4)
    assert clear == best_cells.Outcomes(1, 0, 0)
    assert best_cells.outcomes(b + noise[4:], a + noise[:4], 4) == best_cells.Outcomes(0, 1, 0)
    close = best_cells.outcomes(a + noise[:4], a[:3] - 0.08 + noise[4:], 4)
    assert close.undecided > 0.1
    assert close.lower + close.higher + close.undecided == pytest.approx(1)
    assert close == best_cells.outcomes(a + noise[:4], a[:3] - 0.08 + noise[4:], 4)


# Choosing by other errors of the same models.


def test_validation_errors_choose_and_test_errors_judge():
    # By the first seed, validation rows prefer cell 1 of a and cell 0 of b; test rows the others.
    seeds = np.array([0.0, 0.1, 0.3, 0.2])
    a, b = np.array([1.0 + seeds, 2.0 - seeds]), np.array([5.0 + seeds, 4.0 - seeds])
    by_a, by_b = (np.array([[first, 9, 9, 9], [second, 0, 0, 0]])
                  for first, second in ((2, 1), (1, 2)))  # fmt: skip
    found = best_cells.compare_bests(a, b, 1, (by_a, by_b))
    assert (found.a, found.b) == (1, 0)
    assert found.differences == pytest.approx((a[1] - b[0])[1:])
    on_splits = best_cells.compare_bests(
        *(np.stack([side, side], axis=1) for side in (a, b)),
        1,
        tuple(np.stack([side, 8 - side], axis=1) for side in (by_a, by_b)),
    )
    assert (on_splits.a, on_splits.b) == (1, 0)
    plain = best_cells.compare_bests(a, b, 1)
    assert (plain.a, plain.b) == (0, 1)


@pytest.mark.parametrize("shape", [(2, 12), (2, 6, 6)])
def test_outcomes_follow_what_chooses(shape):
    noise = np.random.default_rng(3).normal(0, 0.01, shape)
    means = np.array([1.0, 3.0]).reshape(2, *[1] * (len(shape) - 1))
    a, b = means + noise, np.full((1, *shape[1:]), 2.0)
    assert best_cells.outcomes(a, b, 2).lower == 1
    # Of a the worse cell is chosen: neither is it lower than b, nor b than every cell of a.
    assert best_cells.outcomes(a, b, 2, by=(-a, b)).undecided == 1


def test_optimism_of_cells_that_validation_rows_choose():
    # Chosen by one seed: cell 1 at 3 (then 1), cell 0 at 4 (then 0).
    errors = np.array([[0.0, 4.0], [3.0, 1.0]])
    found = best_cells.optimism(errors, few=1, by=np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert (found.apparent, found.honest) == (3.5, 0.5)


# Over splits and seeds.

SPLITS, SEEDS, RUNS = 12, 6, 400


def drawn(random, cells, mean=1.0):
    """Return errors [cells, splits, seeds] of equal cells, with effects of split and of seed."""
    return (
        mean
        + random.normal(0, 0.1, (cells, SPLITS, 1))
        + random.normal(0, 0.05, (cells, 1, SEEDS))
        + random.normal(0, 0.1, (cells, SPLITS, SEEDS))
    )


@pytest.mark.parametrize("sizes", [(1, 1), (1, 8), (8, 8)])
def test_over_splits_bests_that_are_equal_are_rarely_told_apart(sizes):
    random = np.random.default_rng(sizes)
    found = [
        best_cells.compare_bests(*(drawn(random, size) for size in sizes), 2) for _ in range(RUNS)
    ]
    assert np.mean([one.p <= 0.05 for one in found]) < 0.075
    assert np.mean([one.low <= 0 <= one.high for one in found]) > 0.925


def test_to_take_runs_of_a_split_as_independent_tells_equal_cells_apart():
    random = np.random.default_rng(0)
    gaps = (drawn(random, 1) - drawn(random, 1) for _ in range(RUNS))
    ends = (stats.interval(gap.ravel()) for gap in gaps)
    assert np.mean([low > 0 or high < 0 for low, high in ends]) > 0.25


def test_over_splits_a_real_difference_is_found_whichever_third_chooses():
    random = np.random.default_rng(3)
    a, b = drawn(random, 6, 1.0), drawn(random, 6, 1.5)
    found = best_cells.compare_bests(a, b, 2)
    assert found.differences.shape == (8, 4)
    assert found.p < 0.01
    assert -0.8 < found.low < -0.5 < found.high < 0
    shares = best_cells.outcomes(a, b, 2)
    assert (shares.lower, shares.higher, shares.undecided) == (1, 0, 0)
    turned = best_cells.outcomes(b, a, 2)
    assert (turned.lower, turned.higher) == (0, 1)


@pytest.mark.parametrize(("mean", "expected"), [(-2.5, (0, 0, 1)), (-3.3, (1, 0, 0))])
def test_an_outcome_is_that_of_a_t_test(mean, expected):
    """Of any three of four seeds, t is 1.5 (|mean| ± 1/3), and decides above 4.30."""
    a = np.array([[-1.0, -1.0, 1.0, 1.0]]) + mean
    assert best_cells.outcomes(a, np.zeros((1, 4)), 1) == best_cells.Outcomes(*expected)
