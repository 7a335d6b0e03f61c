"""Effects and variances of complete grids, against hand-worked tables and least squares."""

import itertools
import math

import numpy as np
import pytest

from genboost.analysis import anova


def residual(values, sets):
    """Return the sum of squares that the factors of some sets leave, by least squares."""
    places = np.indices(values.shape).reshape(values.ndim, -1).T
    columns = [np.ones(values.size)]
    for factors in sets:
        for levels in itertools.product(*(range(values.shape[axis]) for axis in factors)):
            columns.append((places[:, list(factors)] == levels).all(axis=1).astype(float))
    design = np.stack(columns, axis=1)
    fit = design @ np.linalg.lstsq(design, values.ravel(), rcond=None)[0]
    return ((values.ravel() - fit) ** 2).sum()


def test_sums_of_squares_are_those_of_nested_regressions():
    values = np.random.default_rng(0).normal(size=(3, 4, 2))
    found = anova.sums_of_squares(values)
    sets = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    assert sorted(found) == sorted(sets)
    for factors in sets:
        others = [other for other in sets if not set(factors) <= set(other)]
        assert found[factors] == pytest.approx(
            residual(values, others) - residual(values, [*others, factors])
        )
    assert sum(found.values()) == pytest.approx(((values - values.mean()) ** 2).sum())


def test_components_by_hand():
    # Mean 3, rows 1.5 and 4.5, columns 2 and 4, residuals ±0.5: mean squares 9, 4 and 1.
    values = np.array([[1.0, 2.0], [3.0, 6.0]])
    assert anova.mean_squares(values) == pytest.approx({(0,): 9, (1,): 4, (0, 1): 1})
    assert anova.components(values) == pytest.approx({(0,): 4, (1,): 1.5, (0, 1): 1})


def test_components_are_unbiased():
    random = np.random.default_rng(1)
    spreads = {(0,): 1.0, (2,): 0.5, (0, 1): 2.0, (1, 2): 0.7, (0, 1, 2): 0.3}
    found = []
    for _ in range(2000):
        values = np.zeros((3, 4, 5))
        for factors, spread in spreads.items():
            shape = [n if axis in factors else 1 for axis, n in enumerate(values.shape)]
            values = values + random.normal(0, spread, shape)
        found.append(anova.components(values))
    for factors in found[0]:
        draws = [one[factors] for one in found]
        error = np.std(draws) / math.sqrt(len(draws))
        assert np.mean(draws) == pytest.approx(spreads.get(factors, 0.0) ** 2, abs=4 * error)


def shares(values, *axes):
    return {share.of: share for share in anova.importance(values, axes)}


def test_importance_by_hand():
    """Effects ±1, ±2, their pair ±0.5; a seed shifts all cells by ±0.4, and the pair by ±0.3.

    Mean squares of the effects: 1, 4 and 0.25, of which 0.3² / (2 - 1) is the seeds'. Within cells
    the variance is 2 (0.4² + 0.3²). In all 1 + 4 + 0.16 + 0.5 = 5.66.
    """
    a, b, s = np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing="ij")
    found = shares(a + 2 * b + 0.5 * a * b + 0.4 * s + 0.3 * a * b * s, "rate", "decay")
    expected = {("rate",): 1, ("decay",): 4, ("rate", "decay"): 0.16, ("seed",): 0.5}
    assert list(found) == list(expected)
    for name, part in expected.items():
        assert found[name].share == pytest.approx(part / 5.66)
        assert math.isnan(found[name].low)  # two seeds


def test_an_effect_of_three_axes_is_beyond_pairs():
    a, b, c, s = np.meshgrid([-1, 1], [-1, 1], [-1, 1], [-1, 0, 1], indexing="ij")
    found = shares(3.0 * a * b * c + a + 0 * s, "a", "b", "c")
    assert found["beyond pairs",].share == pytest.approx(0.9)
    assert found["a",].share == pytest.approx(0.1)
    assert sum(share.share for share in found.values()) == pytest.approx(1)


def test_seeds_alone_are_no_effect():
    random = np.random.default_rng(2)
    found = [
        [share.share for share in anova.importance(random.normal(size=(3, 2, 2, 5)), "abc")]
        for _ in range(300)
    ]
    assert np.mean(found, axis=0) == pytest.approx([0] * 7 + [1], abs=0.02)


def test_intervals_of_importance_hold_the_truth():
    random = np.random.default_rng(3)
    rate, decay = random.normal(size=(4, 1, 1)), random.normal(0, 0.5, size=(1, 3, 1))
    cells = rate + decay + random.normal(0, 0.3, size=(4, 3, 1))
    row, column = (cells.mean(axis=axis, keepdims=True) - cells.mean() for axis in (1, 0))
    effects = [(row**2).mean(), (column**2).mean(), cells.var()]
    effects[2] -= effects[0] + effects[1]
    truth = np.array([*effects, 0.6**2 + 0.3**2])  # of the seeds: alone and with the cell
    truth = truth / truth.sum()
    inside = []
    for _ in range(400):
        seeds = random.normal(0, 0.3, size=(1, 1, 10))
        found = anova.importance(cells + seeds + random.normal(0, 0.6, size=(4, 3, 10)), "ab")
        inside.append([s.low <= t <= s.high for s, t in zip(found, truth, strict=True)])
    assert (np.mean(inside, axis=0) > 0.9).all()


def test_a_grid_with_gaps_is_refused():
    with pytest.raises(ValueError, match="gaps"):
        anova.importance(np.array([[1.0, 2.0], [math.nan, 1.0]]), ["rate"])
