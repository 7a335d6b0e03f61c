"""Best cells at the edge of their grid: which these are, and where they are marked."""

import math

import pytest
from made_up import Made
from some_cell import cell

from genboost.analysis import edges
from genboost.report import tables
from genboost.report.best_at_edges import sentences

RATES = [1e-4, 1e-3, 1e-2]
GRID = {
    "optimizer": ["sgd", "adam"],
    "sam_rho": [None],
    "learning_rate": RATES,
    "weight_decay": [0, 1e-3, 1e-2],
}

CLAIMS = {"sgd": {"claim": "higher", "a": {"optimizer": "sgd"}, "b": {"optimizer": "adam"}}}


def edges_of(chosen, **axes):
    (name, values), *others = axes.items()
    cells = [cell(**{name: value, **dict(others)}) for value in values]
    return edges.named(edges.edges(cell(**{name: chosen, **dict(others)}), cells))


@pytest.mark.parametrize(
    ("chosen", "axis", "values", "expected"),
    [
        (1e-4, "learning_rate", RATES, "lowest lr"),
        (1e-3, "learning_rate", RATES, ""),
        (1e-2, "learning_rate", RATES, "highest lr"),
        (1e-2, "learning_rate", [1e-2, 1e-4, 1e-3], "highest lr"),
        (0.0, "weight_decay", [0.0, 1e-3, 1e-2], ""),
        (1e-2, "weight_decay", [0.0, 1e-3, 1e-2], "highest wd"),
        (None, "sam_rho", [None, 0.01, 0.02, 0.05], ""),
        (0.01, "sam_rho", [None, 0.01, 0.02, 0.05], "lowest SAM ρ"),
        (1e-2, "learning_rate", [1e-3, 1e-2], ""),
        (5, "split_seed", [0, 3, 5], ""),
        ("tanh", "activation", ["relu", "elu", "tanh"], ""),
        (1.0, "shuffle_labels", [0.2, 0.5, 1.0], ""),
        (1, "width", [1, 2, 3], ""),
    ],
    ids=[
        *("lowest", "inside", "highest", "any_order", "nothing_is_less_than_zero", "decay"),
        *("none_is_no_number", "beside_none", "two_values", "seeds", "words", "all_labels", "one"),
    ],
)
def test_the_edges_of_a_grid(chosen, axis, values, expected):
    assert edges_of(chosen, **{axis: values}) == expected


def error(model):
    """Adam is best at a rate of 1e-3, SGD, always 1 worse, at 1e-2, both at a weight decay of 0."""
    sgd = model.cell.optimizer == "sgd"
    best = 1e-2 if sgd else 1e-3
    return 1 + sgd + abs(math.log10(model.cell.learning_rate / best)) + model.cell.weight_decay


@pytest.fixture(scope="module")
def made():
    return Made({"grid": {**GRID, "seeds": 6}, "comparisons": CLAIMS}, errors=error)


def test_they_are_marked_where_they_are_best(made):
    ranked = tables.ranking_table(made.results, tables.ranking(made.results))
    assert ranked.header[-1] == "edge of the grid"
    marked = [row for row in ranked.rows if row[-1]]
    assert [(row[2], row[5], row[-1]) for row in marked] == [("SGD", "1e-2", "highest lr")]
    best = made.statistics["tables"]["best"]
    place = best["header"].index("edge of the grid")
    assert [row[place] for row in best["rows"]] == ["", "highest lr", ""]
    (claim,) = made.statistics["comparisons"]
    assert claim["confounds"] == ["its best cell is at the edge of the grid (highest lr)"]
    (sentence,) = sentences(made.results)
    assert "1 of 2 methods are best at an edge of the grid: 1 at the highest learning" in sentence
    assert sentence in made.report()
    assert sentence in tables.files(made.results)["summary.txt"]


@pytest.mark.parametrize(
    "more",
    [
        {"learning_rate": [*RATES, 0.1]},
        {"learning_rate": {"log_uniform": [1e-4, 1e-2]}, "trials": 20},
    ],
    ids=["wider", "random_search"],
)
def test_where_none_is_nothing_is_said(more):
    settings = {"grid": {**GRID, "seeds": 3, **more}, "comparisons": CLAIMS}
    made = Made(settings, errors=error)
    ranked = tables.ranking_table(made.results, tables.ranking(made.results))
    assert "edge of the grid" not in [*ranked.header, *made.statistics["tables"]["best"]["header"]]
    assert not list(sentences(made.results))
    assert [claim["confounds"] for claim in made.statistics["comparisons"]] == [[]]
