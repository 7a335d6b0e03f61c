"""The first screen: verdicts in a sentence, and numbers beside the cells that they belong to."""

import numpy as np
import pytest
from made_up import Made

from genboost.report import answers

GRID = {
    "optimizer": ["adam"],
    "sam_rho": [None],
    "weight_decay": [0],
    "learning_rate": [1e-3, 1e-2],
}
CLAIM = {"quantity": "test_mse", "scale": "difference", "slope_on": ""}


def study(seeds, errors):
    """Return results of two cells, whose errors are given by learning rate."""
    settings = {
        "grid": {**GRID, "seeds": seeds},
        "studies": {"grid": {"title": "It"}},
        "comparisons": {},
        "tables": {"digits": 4},
    }
    return Made(settings, errors=lambda m: errors[m.cell.learning_rate][m.seed])


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["supported"], "The one claim is supported."),
        (["undecided"] * 2, "Both claims are undecided."),
        (["undecided"] * 6, "All six claims are undecided."),
        (
            ["supported"] * 4 + ["undecided", "contradicted"],
            "Of six claims, four are supported, one is contradicted and one is undecided.",
        ),
    ],
    ids=len,
)
def test_the_headline_counts_verdicts(verdicts, said):
    assert answers.headline([{"verdict": verdict} for verdict in verdicts]) == said


@pytest.mark.parametrize(
    ("low", "difference", "high", "said"),
    [
        (None, -0.5, None, "0.5000 better"),
        (None, 0.0, None, "no difference"),
        (None, 0.0000123, None, "1.2e-5 worse"),
        (-0.5, -0.25, -0.00002, "0.2500 better (2e-5 to 0.5000)"),
        (-0.75, -0.5, -0.25, "0.5000 better (0.2500 to 0.7500)"),
        (0.25, 0.5, 0.75, "0.5000 worse (0.2500 to 0.7500)"),
        (-0.25, 0.5, 0.75, "0.5000 worse (0.2500 better to 0.7500 worse)"),
    ],
)
def test_a_difference_says_which_side_of_zero_is_better(low, difference, high, said):
    results = Made({"grid": {**GRID, "seeds": 1}, "tables": {"digits": 4}}).results
    found = {**CLAIM, "low": low, "difference": difference, "high": high}
    assert answers.difference(results, found) == said


def test_a_number_belongs_to_the_cell_that_it_stands_beside():
    # Seed 0 chooses the second cell; over all seeds the first has the lower mean.
    made = study(3, {1e-3: [2.0, 1.0, 1.0], 1e-2: [1.5, 3.0, 4.0]})
    ((_, methods),) = answers.worths(made.results, made.statistics)
    (network,) = (method for method in methods if method.is_network)
    assert network.details.startswith("Adam, no SAM, 200 epochs, lr 1e-2")
    assert "by the test rows with seed 0; its error with seeds 1 and 2" in network.details
    assert network.error == "3.5000"


def test_enough_seeds_have_an_interval():
    noise = np.linspace(0, 0.7, 8)
    made = study(8, {1e-3: 1 + noise, 1e-2: 2 + noise})
    ((_, methods),) = answers.worths(made.results, made.statistics)
    (network,) = (method for method in methods if method.is_network)
    assert "with seeds 0 and 1; its error with seeds 2 to 7" in network.details
    # Six errors from 1.2 to 1.7: mean 1.45, sd 0.1 sqrt(3.5), t(5) = 2.570582.
    half = 2.570582 * 0.1 * 3.5**0.5 / 6**0.5
    assert network.error == f"1.4500\n({1.45 - half:.4f} to {1.45 + half:.4f})"


def test_methods_are_listed_from_the_worst_to_the_best():
    made = study(3, {1e-3: [1.0] * 3, 1e-2: [3.0] * 3})
    ((_, methods),) = answers.worths(made.results, made.statistics)
    assert [method.name for method in methods] == [
        "predicting the mean", "ridge regression", "best network of “It”", "gradient-boosted trees",
    ]  # fmt: skip
    assert [round(method.share, 3) for method in methods] == [1, 0.524, 0.238, 0.119]


@pytest.mark.parametrize(
    ("loss", "outputs"),
    [
        ("mse", "one output: the label as a number"),
        ("cross_entropy", "an output for each class"),
        (
            ["mse", "cross_entropy"],
            "one output: the label as a number or an output for each class",
        ),
    ],
    ids=str,
)
def test_what_a_network_puts_out_follows_from_its_loss(loss, outputs):
    results = Made({"grid": {**GRID, "loss": loss}}).results
    assert answers.facts(results)["network"].endswith(f", {outputs}")
