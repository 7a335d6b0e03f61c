"""Ratios and equivalence: by hand, and how often they err."""

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from genboost.analysis import equivalence


def test_a_ratio_by_hand():
    # Logs of the ratios: 0, log 2, log 4; their mean is log 2, their sd is log 2.
    found = equivalence.ratio([1, 4, 12], [1, 2, 3])
    half = 4.302653 * math.log(2) / math.sqrt(3)
    assert found.value == pytest.approx(2)
    assert (found.low, found.high) == pytest.approx((2 * math.exp(-half), 2 * math.exp(half)))
    with pytest.raises(ValueError, match="positive"):
        equivalence.ratio([0.0, 1.0], [1.0, 1.0])


def test_two_one_sided_tests():
    random = np.random.default_rng(0)
    differences = random.normal(0.01, 0.05, 20)
    found = equivalence.equivalence(differences, margin=0.05)
    below = ttest_1samp(differences, 0.05, alternative="less").pvalue
    above = ttest_1samp(differences, -0.05, alternative="greater").pvalue
    assert found.p == pytest.approx(max(below, above))
    interval = ttest_1samp(differences, 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx(tuple(interval))
    assert equivalence.equivalence(-differences, 0.05).p == pytest.approx(found.p)


def test_no_difference_at_all():
    assert equivalence.equivalence([0.0, 0.0, 0.0]).p == 0
    assert equivalence.equivalence([1.0, 1.0, 1.0]).p == 1


@pytest.mark.parametrize("difference", [math.log(1.05), -math.log(1.05)])
def test_a_difference_of_five_percent_is_seldom_called_none(difference):
    random = np.random.default_rng(1)
    drawn = random.normal(difference, 0.03, size=(3000, 10))
    found = [equivalence.equivalence(differences) for differences in drawn]
    assert np.mean([f.p <= 0.05 for f in found]) == pytest.approx(0.05, abs=0.012)
    inside = [-f.margin < f.low and f.high < f.margin for f in found]
    assert inside == [f.p <= 0.05 for f in found]


def test_too_few_seeds_show_nothing():
    random = np.random.default_rng(2)
    few = [equivalence.equivalence(random.normal(0, 0.1, 3)).p <= 0.05 for _ in range(300)]
    many = [equivalence.equivalence(random.normal(0, 0.1, 60)).p <= 0.05 for _ in range(300)]
    assert np.mean(few) < 0.1
    assert np.mean(many) > 0.9
