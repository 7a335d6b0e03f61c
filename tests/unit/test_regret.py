"""What it costs to choose by validation rows, worked out by hand and simulated."""

import math

import made_up
import numpy as np
import pytest

from genboost.analysis import regret
from genboost.analysis.values import Measured
from genboost.measures import registry
from genboost.report import answers

EARLY = registry.quantity("early_stopped_mse")


def test_on_one_split_by_hand():
    # Two seeds, one of which chooses. Validation prefers cell 1; the test rows cell 0 by the first
    # seed, and cell 1 by the second.
    validation = np.array([[[2.0, 2.0]], [[1.0, 1.0]]])
    test = np.array([[[1.0, 3.0]], [[4.0, 0.0]]])
    found = regret.regret(validation, test, 1)
    # On the other seed: 0 and 4 of cell 1; 3 of cell 0 and 4 of cell 1.
    assert (found.by_validation, found.by_test) == (2.0, 3.5)
    assert (found.regret, found.same) == (-1.5, 0.5)
    assert math.isnan(found.low)


def test_on_several_splits_by_hand():
    # Splits 0 and 1 choose, 2 and 3 judge; one seed. Validation chooses cell 0, then 1; the test
    # rows cell 1, then 1.
    validation = np.array([[1.0, 2.0, 0.0, 0.0], [2.0, 1.0, 9.0, 9.0]])[:, :, None]
    test = np.array([[3.0, 3.0, 5.0, 7.0], [2.0, 2.0, 4.0, 8.0]])[:, :, None]
    found = regret.regret(validation, test, 1)
    assert (found.by_validation, found.by_test) == ((5 + 7 + 4 + 8) / 4, (4 + 8) / 2)
    assert (found.regret, found.same) == (0, 0.5)
    # Differences by choosing and judging split: 1, -1 and 0, 0.
    assert found.low == pytest.approx(-found.high)
    assert found.high > 0


def test_what_agrees_costs_nothing_and_noise_costs_the_best():
    random = np.random.default_rng(4)
    cells = np.arange(5.0)[:, None, None]
    test = cells + random.normal(0, 0.01, (5, 12, 6))
    none = regret.regret(test, test, 2)
    assert (none.regret, none.low, none.high, none.same) == (0, 0, 0, 1)
    lost = [regret.regret(random.normal(size=(5, 12, 6)), test, 2) for _ in range(200)]
    # A cell at random is 2 behind the best on average.
    assert np.mean([found.regret for found in lost]) == pytest.approx(2, abs=0.1)
    assert np.mean([found.low < 2 < found.high for found in lost]) > 0.9
    assert lost[0].by_test == pytest.approx(0, abs=0.01)


def split_effects(random):
    """Return validation and test errors of 20 equal cells on 8 splits, with 3 seeds."""
    seeds = random.normal(0, 0.1, (20, 8, 3))
    return (1 + random.normal(0, 0.3, (20, 8, 1)) + seeds for _ in range(2))


def test_other_splits_see_through_luck_with_the_test_rows_and_other_seeds_do_not():
    """Of equal cells none is better, but the one that a split's test rows choose looks better."""
    random = np.random.default_rng(5)
    drawn = [tuple(split_effects(random)) for _ in range(300)]
    honest = [regret.regret(*errors, 2) for errors in drawn]
    assert np.mean([found.regret for found in honest]) == pytest.approx(0, abs=0.01)
    assert np.mean([found.low <= 0 <= found.high for found in honest]) > 0.93
    same_split = [regret.regret(*(e[:, :1] for e in errors), 2).regret for errors in drawn]
    assert np.mean(same_split) > 0.3


# Of studies.

SETTINGS = {
    "data": {"validation_fraction": 0.25},
    "grid": {
        "optimizer": "adam",
        "sam_rho": "none",
        "learning_rate": [1e-3, 3e-3, 1e-2],
        "weight_decay": 0,
        "seeds": 2,
    },
    "studies": {"grid": {"title": "The grid"}, "second_chance": None},
    "comparisons": {
        "small_rate": {
            "title": "A small rate is best",
            "claim": "lower",
            "a": {"learning_rate": [1e-3, 3e-3]},
            "b": {"learning_rate": 1e-2},
        }
    },
}
TEST = {1e-3: (1.0, 1.5), 3e-3: (2.0, 2.25), 1e-2: (3.0, 3.0)}
VALIDATION = {1e-3: (2.0, 2.0), 3e-3: (1.0, 1.0), 1e-2: (3.0, 3.0)}
EARLY_TEST = {1e-3: (0.75, 0.75), 3e-3: (0.5, 0.5), 1e-2: (3.0, 3.0)}


def of(table):
    return lambda model: table[model.cell.learning_rate][model.seed]


def made(choose_by="test", **more):
    settings = {**SETTINGS, "tables": {"choose_by": choose_by, "digits": 4}, **more}
    measured = {
        "validation_mse": of(VALIDATION),
        "early_stopped_mse": of(EARLY_TEST),
        "lowest_validation_mse": of(VALIDATION),
    }
    return made_up.Made(settings, of(TEST), **measured)


def test_of_a_study_by_hand():
    results = made().results
    (study,) = results.studies
    (found,) = regret.regrets(
        Measured(results.studies, results.models), EARLY, [(study, "all", study.cells)]
    )
    assert (found.cells, found.splits, found.seeds, found.few) == (3, 1, 2, 1)
    assert found.by_test.endswith("lr 1e-3, wd 0")
    assert found.by_validation.endswith("lr 3e-3, wd 0")
    assert (found.lowest, found.reached, found.regret) == (1.25, 2.125, 0.875)
    assert found.stopped_early == 0.5
    # Either seed chooses the same; the other judges.
    assert (found.honest_by_test, found.honest_by_validation) == (1.25, 2.125)
    assert (found.honest, found.same) == (0.875, 0)


def test_cells_without_validation_rows_are_left_out():
    results = made_up.Made(SETTINGS, of(TEST)).results  # with no validation error
    (study,) = results.studies
    scopes = [(study, "all", study.cells)]
    assert regret.regrets(Measured(results.studies, results.models), EARLY, scopes) == []


@pytest.mark.parametrize(("choose_by", "rate", "error"), [("test", 1e-3, 1.25),
                                                          ("validation", 3e-3, 2.125)])  # fmt: skip
def test_best_cell_is_that_of_the_rows_that_choose(choose_by, rate, error):
    found = made(choose_by)
    (study,) = found.results.studies
    cell, row = found.results.best(study, study.cells)
    assert (cell.learning_rate, row.value) == (rate, error)
    assert found.statistics["best"][0]["table"] == error
    claim = found.statistics["comparisons"][0]
    assert claim["a"].endswith(f"lr {'1e-3' if choose_by == 'test' else '3e-3'}, wd 0")
    ((_, methods),) = answers.worths(found.results, found.statistics)
    (network,) = (method for method in methods if method.is_network)
    assert f"from 3 cells by the {choose_by} rows with seed 0" in network.details
    # One seed chooses, the other compares.
    assert claim["difference"] == TEST[rate][1] - 3.0
    both = found.statistics["tables"]["choosing_claims"]
    assert both["header"][1:] == ["chosen on the test rows", "chosen on the validation rows"]
    assert [entry["below"].split()[0] for entry in both["rows"][0][1:]] == ["-1.5000", "-0.7500"]


def test_quantities_that_are_no_test_error_choose_by_themselves():
    found = made("validation", measures=["outcome"])
    (study,) = found.results.studies
    about = found.results.about("train_mse")
    assert about.best(study, study.cells)[0].learning_rate == 1e-3
    assert about.chosen == ""
    about = found.results.about("early_stopped_mse")
    assert about.best(study, study.cells)[0].learning_rate == 3e-3
