"""The deck's figures are compared cell by cell, and the statistics are those worked out by hand."""

import math

import pandas as pd
import pytest

from genboost import deck


def summary(*rows):
    """Return a summary with rows of (study, optimizer, lr, wd, rho, epochs, test MSE, diverged)."""
    return pd.DataFrame(rows, columns=["study", *deck.CELL, "test_mse", "diverged"])


def figures(*values):
    rows = [("adam", 1e-3, 10.0**-n, "none", 200, value) for n, value in enumerate(values)]
    return pd.DataFrame(rows, columns=[*deck.CELL, "deck"])


def ours(*values):
    rows = [
        ("grid", "adam", 1e-3, 10.0**-n, "none", 200, value, 0) for n, value in enumerate(values)
    ]
    return summary(*rows)


def test_the_figures_that_the_project_carries():
    carried = deck.load()
    assert len(carried) == 208
    assert not carried.duplicated(deck.CELL).any()
    best = carried.loc[carried["deck"].idxmin()]
    assert list(best[deck.CELL]) == ["adam", 3e-3, 1e-4, "none", 200]
    assert best["deck"] == 0.85182645
    assert set(carried["sam_rho"]) == {"none", "0.02", "0.05", "0.1"}
    assert (carried["epochs"][carried["sam_rho"] == "none"] == 200).all()
    assert set(carried["weight_decay"]) == {0, 1e-4, 1e-3, 1e-2}


def test_cells_are_matched_by_all_that_makes_a_cell():
    compared = deck.compare(
        summary(
            ("a", "sgd", 3e-5, 0.0, "none", 200, 7.24953174, 0),
            ("a", "sgd", 3e-5, 0.0, "none", 199, 1.0, 0),
            ("a", "sgd", 3e-5, 0.0, "0.02", 200, 1.0, 0),
            ("a", "sgd", 3e-5, 0.5, "none", 200, 1.0, 0),
            ("b", "adam", 2e-2, 1e-2, "0.02", 200, 1.46274924, 0),
            ("b", "adam", 2e-2, 1e-2, "0.02", 100, 2.0, 1),  # a run diverged
        ),
        deck.load(),
    )
    assert list(compared["study"]) == ["a", "b"]
    assert list(compared["deck"]) == [3.62476587, 1.46274924]
    assert list(compared["ratio"]) == [pytest.approx(2), 1]
    assert list(compared["difference"]) == [pytest.approx(3.62476587), 0]


def test_agreement_by_hand():
    found = deck.agreement(deck.compare(ours(2.0, 1.0, 8.0, 4.0), figures(1.0, 2.0, 4.0, 4.0)))
    assert found["cells"] == 4
    assert found["mean_ratio"] == (2 + 0.5 + 2 + 1) / 4
    assert found["geometric_mean_ratio"] == pytest.approx(2**0.25)
    # ranks 2 1 4 3 and 1 2 3.5 3.5: covariance 3.5, variances 5 and 4.5
    assert found["rank_correlation"] == pytest.approx(3.5 / (5 * 4.5) ** 0.5)


def test_nothing_to_compare():
    found = deck.agreement(deck.compare(ours(1.0), figures()))
    assert found.pop("cells") == 0
    assert all(map(math.isnan, found.values()))


def test_one_cell_has_no_rank_correlation():
    found = deck.agreement(deck.compare(ours(1.0), figures(2.0)))
    assert found["mean_ratio"] == 0.5
    assert math.isnan(found["rank_correlation"])
