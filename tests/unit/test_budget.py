"""The expected best of n tries, against every set of tries."""

import itertools
import math

import numpy as np
import pytest

from genboost.analysis import budget, stats


@pytest.mark.parametrize("replacement", [False, True])
def test_it_is_the_mean_over_every_set_of_tries(replacement):
    errors = np.array([0.5, 0.2, 0.9, 0.2, 0.7])
    found = budget.expected_best(errors, replacement=replacement)
    for n in range(1, 6):
        tries = itertools.product(errors, repeat=n)
        if not replacement:
            tries = itertools.combinations(errors, n)
        assert found[n - 1] == pytest.approx(np.mean([min(some) for some in tries]))


def test_what_is_chosen_by_one_error_is_reported_by_another():
    validation, test = np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.4, 0.7])
    # The best of two by validation: 1 of (3, 1) and (1, 2), 2 of (3, 2).
    assert budget.expected_best(test, chosen_by=validation) == pytest.approx(
        [0.4, (0.4 + 0.4 + 0.7) / 3, 0.4]
    )


def test_seeds_are_computed_apart_and_many_tries_are_exact():
    errors = np.random.default_rng(0).random((300, 4))
    found = budget.expected_best(errors)
    assert found.shape == (300, 4)
    assert found[:, 2] == pytest.approx(budget.expected_best(errors[:, 2]))
    assert found[0] == pytest.approx(errors.mean(axis=0))
    assert found[-1] == pytest.approx(errors.min(axis=0))
    weights = [math.comb(300 - i, 149) / math.comb(300, 150) for i in range(1, 301)]
    assert found[149, 0] == pytest.approx(np.sort(errors[:, 0]) @ weights)


def test_of_a_sample_of_tries_it_has_no_bias():
    """The smallest of n uniform errors is 1 / (n + 1) on average."""
    random = np.random.default_rng(1)
    samples = random.random((12, 4000))
    expected = 1 / np.arange(2, 14)
    assert budget.expected_best(samples).mean(axis=1) == pytest.approx(expected, abs=0.01)
    biased = budget.expected_best(samples, replacement=True).mean(axis=1)
    assert biased[-1] > expected[-1] + 0.03


def test_an_interval_over_seeds_holds_the_curve():
    """A grid of 24 cells, whose errors vary by seed: the curve is that of other seeds, too."""
    random = np.random.default_rng(2)
    cells = random.normal(2, 0.5, size=(24, 1))

    def draw(seeds):
        return budget.expected_best(cells + random.normal(0, 0.2, size=(24, seeds)))

    truth = draw(20_000).mean(axis=1)
    inside = []
    for _ in range(400):
        low, high = stats.interval(draw(10))
        inside.append((low <= truth) & (truth <= high))
    assert np.mean(inside, axis=0) == pytest.approx(0.95, abs=0.035)


def test_runs_that_diverged_need_an_error():
    with pytest.raises(ValueError, match="missing or infinite"):
        budget.expected_best(np.array([1.0, math.nan]))
