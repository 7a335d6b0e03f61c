"""What tuning buys: methods, their expected best errors, and which is the best at which budget."""

import itertools
import math

import numpy as np
import pytest
from made_up import BASELINES, Made
from scipy.stats import t

from genboost.analysis.tuning import GRADIENTS, TRIES, tuning
from genboost.study import config, grid
from genboost.study.methods import methods

WORST = BASELINES["mean"]["test_mse"]
GRID = {
    "optimizer": ["adam"],
    "sam_rho": [None, 0.05, 0.1],
    "learning_rate": [1e-3, 1e-2],
    "weight_decay": [0],
    "seeds": 3,
}


def error(model):
    """Without SAM 1 and 2, with SAM 0.5 to 3.5, and each seed 0.1 more: SAM has more cells."""
    first = {None: 1.0, 0.05: 0.5, 0.1: 2.5}[model.cell.sam_rho]
    return first + (model.cell.learning_rate > 2e-3) + 0.1 * model.seed


def found_in(errors=error, training=None, **settings):
    made = Made({"training": training or {}, "grid": {**GRID, **settings}}, errors=errors)
    (study,) = made.results.studies
    return tuning(study, made.results.values, made.results.useless)


def titles(text):
    (study,) = grid.studies(config.resolve({"grid": text}))
    return {title: len(cells) for title, cells in methods(study.over_splits()).items()}


def test_words_tell_methods_apart_and_numbers_do_not():
    assert titles({**GRID, "optimizer": ["sgd", "adam"], "width": [4, 8]}) == {
        "SGD, no SAM": 4,
        "SGD, SAM": 8,
        "Adam, no SAM": 4,
        "Adam, SAM": 8,
    }
    assert titles({**GRID, "sam_rho": [None], "activation": ["relu", "tanh"]}) == {
        "ReLU, Adam, no SAM": 2,
        "tanh, Adam, no SAM": 2,
    }


def test_a_curve_by_hand():
    """Of SAM's errors 0.5 1.5 2.5 3.5, and 0.1 more with each of five seeds."""
    (plain, sam), _ = found_in(seeds=5)
    cells = [0.5, 1.5, 2.5, 3.5]
    assert (sam.method, sam.cells, sam.tries) == ("Adam, SAM", 4, [1, 2, 3, 4])
    expected = [np.mean([*map(min, itertools.combinations(cells, n))]) for n in sam.tries]
    assert sam.best == pytest.approx([best + 0.2 for best in expected])
    half = t.ppf(0.975, 4) * 0.1 * math.sqrt(2.5 / 5)
    assert sam.high == pytest.approx([best + half for best in sam.best])
    assert sam.low == pytest.approx([best - half for best in sam.best])
    assert plain.best == pytest.approx([1.7, 1.2])
    assert plain.cost == sam.cost == 200  # 100 epochs of two gradients


def test_methods_compete_on_the_same_rows():
    curves, winners = found_in(rows=["all", "respondents"], scaling=["none", "standard"])
    assert len(curves) == 8
    on_people = [["respondents" in name for name in (w.method, w.next)] for w in winners]
    assert {tuple(pair) for pair in on_people} == {(False, False), (True, True)}


def test_the_best_method_changes_with_the_budget():
    """Without SAM 1.5 and 1.0; with SAM 2.0, 1.0 + 1/6 of two tries, and 0.5 of all four."""

    def errors(model):
        return error(model) + 0.01 * model.seed * (not model.cell.sam_rho)

    _, winners = found_in(errors, seeds=5)
    assert [(w.unit, w.budget, w.method, w.next) for w in winners] == [
        (TRIES, 1, "Adam, no SAM", "Adam, SAM"),
        (TRIES, 2, "Adam, no SAM", "Adam, SAM"),
        (TRIES, 4, "Adam, SAM", "Adam, no SAM"),
    ]
    last = winners[-1]
    assert last.best == pytest.approx(0.7)
    assert last.difference == pytest.approx(-0.52)
    # Paired by seed: what all cells have in common is no part of it.
    half = t.ppf(0.975, 4) * 0.01 * math.sqrt(2.5 / 5)
    assert (last.low, last.high) == pytest.approx((-0.52 - half, -0.52 + half))


def test_a_budget_of_gradients_buys_fewer_tries_of_what_costs_more():
    """With 200 epochs SAM costs twice: two tries without it, 1.0, for one with it, 2.0."""
    (plain, sam), winners = found_in(training={"epochs_sam": 200})
    assert (plain.cost, sam.cost) == (200, 400)
    of_gradients = {w.budget: w for w in winners if w.unit == GRADIENTS}
    assert list(of_gradients) == [400, 800, 1600]
    assert of_gradients[400].best == pytest.approx(1.1)
    assert of_gradients[400].difference == pytest.approx(-1.0)
    assert of_gradients[1600].method == "Adam, SAM"


@pytest.mark.parametrize("useless", [math.nan, math.inf, 1e30])
def test_what_is_no_good_counts_as_the_mean(useless):
    def errors(model):
        return useless if model.cell.learning_rate > 2e-3 else error(model)

    (plain, _), _ = found_in(errors)
    assert plain.best == pytest.approx([(1.1 + WORST) / 2, 1.1])


def test_several_splits_and_seeds_are_crossed():
    def errors(model):
        return error(model) + 0.1 * model.cell.split_seed

    (_, one), _ = found_in()
    (_, several), _ = found_in(errors, split_seed=[0, 1, 2, 3])
    assert several.best == pytest.approx([best + 0.15 for best in one.best])
    assert several.high[0] - several.low[0] > 2 * t.ppf(0.975, 3) * 0.1 * math.sqrt(5 / 3) / 2


@pytest.mark.parametrize("seeds", [1, 4])
def test_few_seeds_have_no_interval_and_one_method_no_rival(seeds):
    (curve,), winners = found_in(sam_rho=[None], seeds=seeds)
    assert curve.best == pytest.approx([1.45 + 0.05 * seeds, 0.95 + 0.05 * seeds])
    assert all(map(math.isnan, curve.low + curve.high))
    assert winners == []
    assert found_in(sam_rho=[None], learning_rate=[1e-3]) == ([], [])


def test_it_is_told_and_drawn():
    made = Made({"grid": {**GRID, "learning_rate": [1e-3, 3e-3, 1e-2]}})
    rows = made.statistics["tables"]["budget"]["rows"]
    assert [row[1] for row in rows] == ["1 try", "2 tries", "4 tries", "6 tries"]
    drawings = made.shown()
    assert "Adam, no SAM" in drawings["budget"]
    assert "a try of any method costs 200 gradients" in made.report(drawings)
