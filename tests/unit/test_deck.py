"""The deck's figures are compared cell by cell, and the statistics are those worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from genboost.analysis import deck
from genboost.study import axes, config, grid

FIGURES = deck.load()
CELL = {"optimizer": "adam", "sam_rho": "none", "epochs": 200, "weight_decay": 0.0}
# Cells that the deck has, and others.
GRID = {
    "learning_rate": [3e-3, 1e-3, 3e-5, 1e-4, 3e-4, 2e-2, 0.5],
    "weight_decay": [0, 1e-4, 1e-3, 1e-2, 0.5],
    "epochs": [100, 199, 200],
}


def study(name: str = "grid", dataset: str = "obesity", **overrides) -> grid.Study:
    """Return a study of the standard experiment, but for what is overridden."""
    resolved = config.resolve({"grid": GRID, "studies": {name: overrides}})
    resolved["studies"][name]["data"]["dataset"] = dataset  # which need not exist here
    return grid.studies(resolved)[0]


def runs(errors: list[float], study: str = "grid", **cell) -> list[dict]:
    """Return the models of a cell with some test errors, one a seed."""
    cell = {"data": "obesity", "study": study, **CELL, "learning_rate": 3e-3, **cell}
    return [{**cell, "seed": seed, "test_mse": error} for seed, error in enumerate(errors)]


def compare(rows: list[dict], *studies: grid.Study, figures: pd.DataFrame = FIGURES):
    return deck.compare(studies or [study()], pd.DataFrame(rows), figures)


def test_the_figures_that_the_project_carries():
    assert len(FIGURES) == 208
    assert not FIGURES.duplicated(axes.ALWAYS).any()
    best = FIGURES.loc[FIGURES["deck"].idxmin()]
    assert list(best[axes.ALWAYS]) == ["adam", "none", 200, 3e-3, 1e-4]
    assert best["deck"] == 0.85182645
    assert set(FIGURES["sam_rho"]) == {"none", "0.02", "0.05", "0.1"}
    assert (FIGURES["epochs"][FIGURES["sam_rho"] == "none"] == 200).all()
    assert set(FIGURES["weight_decay"]) == {0, 1e-4, 1e-3, 1e-2}


def test_a_cell_against_the_decks():
    # The deck has 0.946555 there. Mean 1, sd 0.1, t(4) = 2.776445: the interval of a mean of three
    # is 1 ± 2.776445 * 0.1 * sqrt(1 / 5 + 1 / 3) = 1 ± 0.202763.
    (row,) = compare(runs([0.9, 0.9, 1.0, 1.1, 1.1])).to_dict("records")
    assert (row["data"], row["deck"]) == ("obesity", 0.946555)
    assert row["difference"] == pytest.approx(1 - 0.946555)
    assert row["ratio"] == pytest.approx(1 / 0.946555)
    assert row["log_ratio"] == pytest.approx(-math.log(0.946555))
    assert (row["low"], row["high"]) == pytest.approx((0.797237, 1.202763), abs=1e-5)
    assert row["inside"]


def test_four_seeds_have_no_interval():
    compared = compare(runs([0.9, 1.0, 1.0, 1.1]))
    assert compared[["low", "high"]].isna().all(axis=None)
    assert math.isnan(deck.agreement(compared).inside)


def test_cells_are_matched_by_all_that_makes_a_cell():
    sgd = {"optimizer": "sgd", "learning_rate": 3e-5}
    compared = compare(
        [
            *runs([7.0, 7.1, 7.0, 7.1, 7.0], "a", **sgd),  # outside its interval
            *runs([1.0, 1.0], "a", **sgd, epochs=199),
            *runs([1.0, 1.0], "a", **sgd, sam_rho="0.02"),
            *runs([1.0, 1.0], "a", **sgd, weight_decay=0.5),
            *runs(
                [1.5, 1.4, 1.5, 1.4, 1.5],
                "b",
                learning_rate=2e-2,
                weight_decay=1e-2,
                sam_rho="0.02",
            ),
            *runs([1.0, math.nan], "b"),  # diverged
        ],
        study("a"),
        study("b"),
    )
    assert list(compared["study"]) == ["a", "b"]
    assert list(compared["deck"]) == [3.62476587, 1.46274924]
    assert list(compared["inside"]) == [False, True]


@pytest.mark.parametrize(
    "other",
    [
        {"dataset": "mine"},
        {"data": {"stratify": True}},
        {"model": {"width": 20}},
        {"training": {"t_max": 200}},
        {"training": {"test_error": "best"}},
    ],
    ids=str,
)
def test_another_experiment_is_not_compared(other):
    rows = [*runs([1.0], "grid"), *runs([1.0], "other")]
    assert list(compare(rows, study(), study("other", **other))["study"]) == ["grid"]
    assert not deck.is_repeated_by(study("other", **other))


def test_other_seeds_and_cells_are_the_same_experiment():
    more = study("more", grid={"seeds": 30, "optimizer": ["adam"]}, data={"source": "uci"})
    assert deck.is_repeated_by(more)


def test_of_a_study_only_the_cells_that_repeat_the_experiment_are_compared():
    varied = study("varied", grid={"width": [9, 18], "split_seed": [0, 1]})
    assert deck.is_repeated_by(varied)
    rows = [
        {**row, "width": width, "split_seed": split}
        for width in (9, 18)
        for split in (0, 1)
        for row in runs([width + split / 2, width], "varied")
    ]
    (row,) = compare(rows, varied).to_dict("records")
    assert row["test_mse"] == 18


def test_agreement_by_hand():
    # Ours by the deck's: 2, 1/2, 2, 1.
    figures = FIGURES.head(4).assign(deck=[1.0, 2.0, 4.0, 4.0])
    rows = [
        row
        for cell, error in zip(figures[axes.ALWAYS].to_dict("records"), (2, 1, 8, 4), strict=True)
        for row in runs([error] * 5, **cell)
    ]
    found = deck.agreement(compare(rows, figures=figures))
    assert found.cells == 4
    assert found.geometric_mean_ratio == pytest.approx(2**0.25)
    assert found.log_error == pytest.approx(math.log(2) * (3 / 4) ** 0.5)
    assert (found.noise_floor, found.inside) == (0, 0.25)
    # ranks 2 1 4 3 and 1 2 3.5 3.5: covariance 3.5, variances 5 and 4.5
    assert found.rank_correlation == pytest.approx(3.5 / (5 * 4.5) ** 0.5)


def test_the_noise_floor_by_hand():
    # Relative standard deviations 0.1 and 0.2 of 3 and 5 seeds, and three seeds behind the deck's.
    first, second = FIGURES.head(2)[axes.ALWAYS].to_dict("records")
    spread = 0.2 * math.sqrt(2.5)  # of -2 -1 0 1 2: the sd is sqrt(2.5)
    errors = [1 + spread * k / 2.5 for k in (-2, -1, 0, 1, 2)]
    found = deck.agreement(compare([*runs([0.9, 1.0, 1.1], **first), *runs(errors, **second)]))
    variances = 0.01 * (1 / 3 + 1 / 3), 0.04 * (1 / 5 + 1 / 3)
    assert found.noise_floor == pytest.approx(math.sqrt(sum(variances) / 2))


def test_the_noise_floor_is_reached_by_another_sample_of_the_same():
    random = np.random.default_rng(0)
    figures, rows = FIGURES.copy(), []
    for n, cell in FIGURES.iterrows():
        spread = 0.1 * cell["deck"]
        rows += runs(list(random.normal(cell["deck"], spread, 10)), **cell[axes.ALWAYS])
        figures.loc[n, "deck"] = random.normal(cell["deck"], spread, 3).mean()
    found = deck.agreement(compare(rows, figures=figures))
    assert found.log_error == pytest.approx(found.noise_floor, rel=0.15)
    assert found.inside == pytest.approx(0.95, abs=0.04)


def test_a_cell_that_two_studies_have_counts_once():
    rows = [*runs([1.0, 1.1], "a"), *runs([2.0, 2.1], "b"), *runs([1.0], "b", learning_rate=1e-3)]
    compared = compare(rows, study("a"), study("b"))
    assert len(compared) == 3
    found = deck.agreement(compared)
    assert found.cells == 2
    assert found == deck.agreement(compared.drop(index=1))


def test_nothing_to_compare():
    """No cell that the deck has, or none that is of its experiment."""
    elsewhere = study("elsewhere", model={"width": 20})
    for rows in (runs([1.0] * 3, learning_rate=0.5), runs([1.0] * 3, "elsewhere")):
        found = deck.agreement(compare(rows, study(), elsewhere))
        assert found.cells == 0
        assert math.isnan(found.geometric_mean_ratio) and math.isnan(found.log_error)


def test_one_run_of_one_cell_has_neither_rank_correlation_nor_interval():
    found = deck.agreement(compare(runs([1.0])))
    assert found.geometric_mean_ratio == pytest.approx(1 / 0.946555)
    assert math.isnan(found.rank_correlation) and math.isnan(found.inside)
