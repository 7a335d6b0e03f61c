"""Which axis matters: the complete grid of a study, and the shares of its errors' variance."""

import math

import pytest
from made_up import BASELINES, Made

from genboost.analysis.importance import importance
from genboost.study import config, grid
from genboost.study.complete_grid import complete_grid

WORST = BASELINES["mean"]["test_mse"]
ONE = {
    "optimizer": ["adam"],
    "sam_rho": [None],
    "learning_rate": [1e-3, 1e-2],
    "weight_decay": [0, 1e-2],
}


def study_of(*grids, **more):
    config_of_it = {"grid": [{**ONE, **one} for one in grids], **more}
    (study,) = grid.studies(config.resolve(config_of_it))
    return study.over_splits()


def found_in(errors, **settings):
    made = Made({"grid": {**ONE, "seeds": 2, **settings}}, errors=errors)
    (study,) = made.results.studies
    return next(importance(study, made.results.values, made.results.useless), None)


def by_axis(found):
    return {" ".join(share.of): pytest.approx(share.share) for share in found.shares}


def rate(model):
    return 1 if model.cell.learning_rate > 2e-3 else -1


def decay(model):
    return 1 if model.cell.weight_decay else -1


def level(names):
    return {axis.name: values for axis, values in names.items()}


def test_a_full_product_is_all_of_it():
    study = study_of({"sam_rho": [None, 0.05]})
    found = complete_grid(study)
    assert set(found.cells) == set(study.cells)
    assert level(found.levels) == {
        "sam_rho": [None, 0.05],  # and not the epochs, which follow
        "learning_rate": [1e-3, 1e-2],
        "weight_decay": [0, 1e-2],
    }
    assert [cell.weight_decay for cell in found.cells] == [0, 1e-2] * 4


def test_of_a_list_of_grids_the_part_without_gaps():
    more = {"learning_rate": 0.1, "weight_decay": 0}
    found = complete_grid(study_of({"sam_rho": [None, 0.05]}, {"sam_rho": [None], **more}))
    assert len(found.cells) == 8
    assert 0.1 not in {cell.learning_rate for cell in found.cells}


@pytest.mark.parametrize(
    "grids",
    [
        [{"weight_decay": 0}],
        [{"learning_rate": 10.0**-k, "weight_decay": 10.0**-k} for k in range(2, 9)],
    ],
    ids=["one_axis", "a_diagonal"],
)
def test_without_two_axes_or_half_of_the_cells_there_is_none(grids):
    assert complete_grid(study_of(*grids)) is None


def test_shares_by_hand():
    """Logs of the errors: ±0.3 by the rate, ±0.1 by the decay, and seeds ∓0.2 in every cell.

    Of 0.09 + 0.01 + 2 · 0.04 the rate has half: two seeds ±0.2 have a variance of 0.08.
    """
    found = found_in(
        lambda model: math.exp(0.3 * rate(model) + 0.1 * decay(model) + 0.2 * (-1) ** model.seed)
    )
    assert by_axis(found) == {
        "learning_rate": 0.5,
        "weight_decay": 0.01 / 0.18,
        "learning_rate weight_decay": 0,
        "seed": 0.08 / 0.18,
    }
    assert (found.cells, found.of_cells, found.useless, found.models) == (4, 4, 0, 8)


@pytest.mark.parametrize("useless", [math.nan, math.inf, 1e30, WORST + 1])
def test_what_is_worse_than_the_mean_counts_as_the_mean(useless):
    found = found_in(lambda model: useless if rate(model) > 0 else 1.0 + 0.1 * decay(model))
    assert found.useless == 4
    the_mean = found_in(lambda model: WORST if rate(model) > 0 else 1.0 + 0.1 * decay(model))
    assert [share.share for share in found.shares] == [share.share for share in the_mean.shares]


def test_each_split_has_a_mean_of_its_own():
    """An error of 3 is no good where predicting the mean has 2; where that has 4, it is."""
    made = Made(
        {"grid": {**ONE, "seeds": 2, "split_seed": [0, 1]}},
        errors=lambda model: 3.0 if rate(model) > 0 else 1.0,
    )
    (study,) = made.results.studies
    found = next(importance(study, made.results.values, lambda cell, split: 2 + 2 * split))
    assert (found.useless, found.models) == (4, 16)
    low, high = math.log(2) / 2, math.log(3) / 2
    both, apart = (low + high) / 2, (high - low) / 2
    assert by_axis(found)["learning_rate"] == both**2 / (both**2 + 2 * apart**2)


def test_several_splits_are_an_axis():
    found = found_in(
        lambda model: math.exp(0.3 * rate(model) + 0.4 * (-1) ** model.cell.split_seed),
        split_seed=[0, 1],
    )
    assert by_axis(found)["split_seed"] == 0.16 / 0.25
    assert by_axis(found)["learning_rate"] == 0.09 / 0.25


def test_each_set_of_test_rows_has_shares_of_its_own():
    """On people the rate decides, on all rows the decay; that people err more is no share."""

    def errors(model):
        on_people = model.cell.rows == "respondents"
        return math.exp(0.3 * rate(model) + 0.5 if on_people else 0.1 * decay(model))

    rows = {"rows": ["all", "respondents"], "scaling": ["none", "standard"]}
    made = Made({"grid": {**ONE, "seeds": 2, **rows}}, errors=errors)
    on_all, on_people = made.statistics["importance"]
    assert (on_all["rows"], on_people["rows"]) == ("rows all", "rows respondents")
    assert (on_all["cells"], on_all["of_cells"], on_all["models"]) == (8, 8, 16)
    axes = {name for share in on_all["shares"] for name in share["of"]}
    assert axes >= {"scaling", "learning_rate", "weight_decay"}
    assert "rows" not in axes
    shares = ({" ".join(s["of"]): s["share"] for s in one["shares"]} for one in (on_all, on_people))
    assert [found["learning_rate"] for found in shares] == pytest.approx([0, 1])
    titles = ["The grid: rows all", "The grid: rows respondents"]
    table = made.statistics["tables"]["importance"]
    assert list(dict.fromkeys(row[0] for row in table["rows"])) == titles
    assert [axes.get_title("left") for axes in made.figure("importance").axes] == titles


@pytest.mark.parametrize(
    "made",
    [{"errors": lambda model: 1.0}, {"errors": lambda model: 2.0 + rate(model), "seeds": 1}],
    ids=["nothing_varies", "one_seed"],
)
def test_there_may_be_nothing_to_share(made):
    assert found_in(**made) is None


def test_it_is_told_and_drawn():
    made = Made({"grid": {**ONE, "seeds": 5}}, errors=lambda model: 1.5 + 0.5 * rate(model))
    rows = {row[1]: row[2:] for row in made.statistics["tables"]["importance"]["rows"]}
    assert rows["learning rate"] == ["100.0%", "100.0% to 100.0%"]
    assert rows["learning rate × weight decay"][0] == "0.0%"
    drawings = made.shown()
    assert "learning rate × weight decay" in drawings["importance"]
    assert "all 4 cells; 0 of 20 models count as" in made.report(drawings)
    assert "importance" not in Made({"grid": {**ONE, "seeds": 1}}).shown()
