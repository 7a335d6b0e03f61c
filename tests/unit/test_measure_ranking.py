"""Verdicts on measures, with made-up data of which the answer is known."""

import math

import numpy as np
import pytest

from genboost.analysis import measure_ranking, pair_ranks

AXES = ("learning_rate", "width", "decay")
SHAPE, SEEDS = (4, 3, 4), 6
RATE = np.linspace(0, 3, SHAPE[0])[:, None, None]
WIDTH = np.linspace(-1, 1, SHAPE[1])[:, None]
DECAY = np.linspace(-1, 1, SHAPE[2])
RANDOM = np.random.default_rng(0)
GAP = 3 * RATE + WIDTH + DECAY


def runs(cells, noise=0.3):
    return (cells + np.zeros(SHAPE))[..., None] + RANDOM.normal(0, noise, (*SHAPE, SEEDS))


TARGET = runs(GAP)
MEASURES = {
    "the gap and noise": TARGET + RANDOM.normal(0, 1, TARGET.shape),
    "its opposite": runs(-GAP),
    "the learning rate": (RATE + np.zeros(SHAPE))[..., None] + np.zeros(SEEDS),
    "reversed within rates": runs(9 * RATE - WIDTH - DECAY),
    "a random number": RANDOM.normal(size=TARGET.shape),
}


@pytest.fixture(scope="module")
def found():
    ranked = measure_ranking.rank(MEASURES, TARGET, AXES, resamples=40)
    assert [ranking.measure for ranking in ranked] == list(MEASURES)
    return {ranking.measure: ranking for ranking in ranked}


def test_what_is_the_gap_and_noise_is_supported(found):
    ranking = found["the gap and noise"]
    assert (ranking.verdict, ranking.cells) == ("supported", 48)
    assert all(axis.low > 0 for axis in ranking.axes.values())
    assert ranking.psi.value > 0.7
    assert ranking.information.value > 0.05
    assert ranking.sign_error.error.value < 0.5


def test_the_opposite_is_contradicted(found):
    ranking = found["its opposite"]
    assert ranking.verdict == "contradicted"
    assert ranking.psi.high < 0
    assert ranking.sign_error.error.value == 1
    # It says as much as the gap itself: who knows that it is the opposite needs nothing else.
    assert ranking.information.value > 0.3


def test_what_only_tracks_the_learning_rate_is_found_out(found):
    """τ-a alone would praise it: that is why ψ and K are taken within hyperparameters."""
    ranking = found["the learning rate"]
    assert ranking.tau_a.value > 0.6
    assert ranking.axes["learning_rate"].value == pytest.approx(1)
    assert ranking.axes["width"].value == ranking.axes["decay"].value == 0
    assert ranking.psi.value == pytest.approx(1 / 3)
    assert ranking.information.value == pytest.approx(0, abs=1e-12)
    assert "learning_rate" in ranking.given
    assert ranking.sign_error.error.value == 0.5


def test_a_reversal_within_learning_rates_depends_on_the_axis(found):
    """Simpson's paradox: over all cells it agrees, at every learning rate it disagrees."""
    ranking = found["reversed within rates"]
    assert ranking.verdict == "axis-dependent"
    assert ranking.tau_a.low > 0.2
    assert ranking.axes["learning_rate"].low > 0
    assert ranking.axes["width"].high < 0 and ranking.axes["decay"].high < 0
    assert ranking.sign_error.error.low > 0.5


def test_a_random_number_is_undecided(found):
    ranking = found["a random number"]
    assert ranking.verdict == "undecided"
    assert ranking.psi.low < 0 < ranking.psi.high
    assert ranking.information.low == 0 < ranking.information.value


def test_holm_is_over_all_measures(found):
    alone = measure_ranking.rank(
        {"noise": MEASURES["the gap and noise"]}, TARGET, AXES, resamples=0
    )[0]
    assert alone.p_holm == alone.psi.p == found["the gap and noise"].psi.p
    assert found["the gap and noise"].p_holm > alone.p_holm
    assert math.isnan(alone.information.low)


def test_a_random_number_seldom_gets_a_verdict():
    random = np.random.default_rng(1)
    measures = {str(n): random.normal(size=(*SHAPE, 2)) for n in range(200)}
    verdicts = [
        measure_ranking.rank({name: values}, TARGET[..., :2], AXES, resamples=0)[0].verdict
        for name, values in measures.items()
    ]
    assert np.mean([verdict != "undecided" for verdict in verdicts]) < 0.12
    together = measure_ranking.rank(measures, TARGET[..., :2], AXES, resamples=0)
    assert sum(r.verdict in ("supported", "contradicted") for r in together) == 0


def test_missing_runs_leave_their_cell_out():
    measure = MEASURES["the gap and noise"].copy()
    measure[0, 0, 0, 2] = math.nan
    (ranking,) = measure_ranking.rank({"m": measure}, TARGET, AXES, resamples=5)
    assert ranking.cells == 47
    assert ranking.verdict == "supported"
    (nothing,) = measure_ranking.rank({"m": measure * math.nan}, TARGET, AXES, resamples=5)
    assert (nothing.cells, nothing.verdict) == (0, "undecided")
    assert nothing.sign_error is None and math.isnan(nothing.psi.p)


def test_the_interval_of_information_holds_it():
    """Against K of a grid with many more seeds and, for cells of the same kind, many more cells."""
    random = np.random.default_rng(2)

    def draw(shape, seeds):
        common = random.normal(size=shape)
        return [
            (common + random.normal(0, 0.7, shape))[..., None]
            + random.normal(0, 0.5, (*shape, seeds))
            for _ in range(2)
        ]

    inside = []
    truth = np.mean([_information(*draw((40, 40), 6)) for _ in range(4)])
    for _ in range(60):
        measure, target = draw((6, 6), 6)
        (ranking,) = measure_ranking.rank({"m": measure}, target, ("a", "b"), resamples=60)
        inside.append(ranking.information.low <= truth <= ranking.information.high)
    assert np.mean(inside) > 0.85


def _information(measure, target):
    return pair_ranks.information(measure.mean(axis=-1), target.mean(axis=-1), most=0)[0]
