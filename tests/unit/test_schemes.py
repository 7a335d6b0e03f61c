"""The claims under several schemes: each sees its own cells and its own test rows."""

import math

import pytest
from made_up import Made

from genboost.analysis import schemes, verdicts
from genboost.analysis.values import Measured
from genboost.errors import UserError
from genboost.measures.registry import Quantity
from genboost.study import grid
from genboost.study.config import resolve

CLAIM = {
    "title": "Small steps are better",
    "claim": "lower",
    "a": {"learning_rate": 1e-3},
    "b": {"learning_rate": 1e-2},
}
SETTINGS = {
    "grid": {
        "optimizer": ["adam"],
        "learning_rate": [1e-3, 1e-2],
        "weight_decay": [0],
        "sam_rho": ["none"],
        "split": ["random", "grouped"],
        "split_seed": [0, 1, 2, 3],
        "seeds": 4,
    },
    "comparisons": {"small": CLAIM},
    "schemes": {
        "random": {"title": "random splits", "where": {"split": "random"}},
        "grouped": {"where": {"split": "grouped"}},
    },
}


def error(model):
    """Return an error that is lower with small steps on random splits, higher on grouped ones."""
    cell = model.cell
    sign = 1 if cell.split == "random" else -1
    noise = math.sin(97 * model.seed + 31 * cell.split_seed + 1e4 * cell.learning_rate) / 100
    return 1 + sign * (cell.learning_rate > 5e-3) / 2 + cell.split_seed / 10 + noise


@pytest.fixture(scope="module")
def made():
    return Made(SETTINGS, errors=error)


def test_each_scheme_has_verdicts_of_its_own(made):
    found = made.statistics["schemes"]
    assert [scheme["title"] for scheme in found] == ["random splits", "grouped"]
    (on_random,), (on_grouped,) = (scheme["verdicts"] for scheme in found)
    assert (on_random["verdict"], on_grouped["verdict"]) == ("supported", "contradicted")
    assert on_random["difference"] == pytest.approx(-0.5, abs=0.02)
    assert on_grouped["difference"] == pytest.approx(0.5, abs=0.02)
    # One cell a side, so all four splits compare: a cell stands for its models on all of them.
    assert (on_random["splits"], on_random["n"]) == (4, 4)
    assert on_random["over"] == "seeds and splits"
    # What is shown elsewhere is the first scheme's.
    assert made.statistics["comparisons"] == [on_random]


def test_the_table_has_a_column_for_each_scheme(made):
    table = made.statistics["tables"]["schemes"]
    assert table["header"] == ["claim", "random splits", "grouped"]
    ((title, *entries),) = table["rows"]
    assert title == CLAIM["title"]
    assert [entry["text"] for entry in entries] == ["supported", "contradicted"]
    assert "other seeds and splits" in table["notes"][0]


def test_what_varies_is_told_apart(made):
    shares = made.statistics["variance"]["random splits"]
    assert sum(shares.values()) == pytest.approx(1)
    # The two cells differ by 0.5, the four splits by 0.1 each, the seeds by nothing but noise.
    assert shares["cell"] > shares["split"] > 10 * shares["seed"]


def test_the_report_says_what_verdicts_hold_for(made):
    page = made.report()
    assert "supported for other seeds and splits" in page
    assert "The claims under each scheme" in page


def test_without_schemes_there_is_nothing_side_by_side():
    made = Made({**SETTINGS, "schemes": {}}, errors=error)
    assert made.statistics["schemes"] == []
    assert "schemes" not in made.statistics["tables"]
    assert len(made.statistics["comparisons"]) == 1


def test_a_quantity_that_was_not_measured_is_named(made):
    scheme = {"title": "people", "where": {}, "quantity": "test_mse[origin=respondent]"}
    with pytest.raises(UserError, match=r"schemes.people.quantity: .* no column test_mse\[origin"):
        schemes.judge({"people": scheme}, {}, made.results.studies, made.results.models)


def test_a_scheme_sees_its_own_cells_and_errors(made):
    models = made.results.models.assign(turned=-made.results.models["test_mse"])
    where = {"split": ["random"]}
    chosen = Measured(made.results.studies, models, Quantity("turned", "turned"), where)
    assert chosen.select({}).values.max() < 0
    assert {cell.split for _, cell in chosen.select({}).cells} == {"random"}
    claims = {"small": {**made.config["comparisons"]["small"], "quantity": "test_mse"}}
    (found,) = verdicts.verdicts(claims, chosen)
    assert found.verdict == "supported"


DATA = {
    "name": "other_data",
    "data": {"scaling": "standard"},
    "studies": {
        "grid": {"title": "The grid"},
        "longer": {"training": {"epochs": 300}, "grid": {"split_seed": [0, 1]}},
    },
    "grid": {**SETTINGS["grid"], "split": ["random"], "split_seed": [0, 1, 2]},
    "comparisons": {
        "small": {
            **CLAIM,
            "a": {"study": "grid", **CLAIM["a"]},
            "b": {"study": "grid", **CLAIM["b"]},
            "scale": "ratio",
        },
        "longer": {"a": {"study": "longer"}, "b": {"study": "grid"}},
    },
    "schemes": {
        "wine": {"title": "wine", "data": {"dataset": "wine", "source": "sklearn"}},
        "digits": {"data": {"dataset": "digits", "split_seed": 7}},
    },
}


def test_a_scheme_with_data_repeats_the_studies_on_these():
    resolved = resolve(DATA)
    found = {study.name: study for study in grid.studies(resolved)}
    assert list(found) == ["grid-wine", "longer-wine", "grid-digits", "longer-digits"]
    assert found["grid-wine"].title == "The grid: wine"
    cells = {name: set(study.cells) for name, study in found.items()}
    for name, some in cells.items():
        study, _, scheme = name.partition("-")
        kinds = {(cell.dataset, cell.scaling, cell.epochs) for cell in some}
        assert kinds == {(scheme, "standard", 300 if study == "longer" else 200)}
    # A scheme's data count more than an axis, of the grid or of a study.
    splits = {name: {cell.split_seed for cell in some} for name, some in cells.items()}
    assert (splits["grid-wine"], splits["longer-wine"]) == ({0, 1, 2}, {0, 1})
    assert splits["grid-digits"] == splits["longer-digits"] == {7}
    # As a setting of a study would.
    same = {**DATA, "schemes": {}, "data": {"scaling": "standard", "dataset": "wine"}}
    assert set(grid.studies(resolve(same))[0].cells) == cells["grid-wine"]


def test_the_studies_themselves_are_trained_if_a_scheme_judges_them():
    schemes = {"here": {}, "left_out": None, "wine": DATA["schemes"]["wine"]}
    resolved = resolve({**DATA, "schemes": schemes})
    assert list(resolved["schemes"]) == ["here", "wine"]
    assert list(resolved["studies"]) == ["grid", "longer", "grid-wine", "longer-wine"]
    study = {"title": "Left out"}
    without = resolve({**DATA, "studies": {**DATA["studies"], "longer": None, "other": study}})
    assert list(without["studies"]) == ["grid-wine", "other-wine", "grid-digits", "other-digits"]
    assert list(without["comparisons"]) == ["small"]  # the other claim is about what is left out


def test_claims_are_judged_on_the_data_of_each_scheme():
    def error_on(model):
        lower = model.cell.learning_rate < 5e-3
        better = lower == (model.cell.dataset == "wine")
        noise = math.sin(97 * model.seed + 31 * model.cell.split_seed) / 100
        return (1 if better else 2) * (100 if model.cell.dataset == "digits" else 1) + noise

    made = Made(DATA, errors=error_on)
    on_wine, on_digits = (scheme["verdicts"][0] for scheme in made.statistics["schemes"])
    assert (on_wine["verdict"], on_wine["n"]) == ("supported", 4)
    assert on_wine["difference"] == pytest.approx(-math.log(2), abs=0.02)
    assert on_digits["difference"] == pytest.approx(math.log(2), abs=0.02)
    for scheme in made.statistics["schemes"]:
        assert scheme["verdicts"][1]["n"], "the claim about two studies is judged, too"
    (_, first, _), _ = made.statistics["tables"]["schemes"]["rows"]
    assert first["below"].startswith("× 0.50")
    axes = made.figure("schemes").axes
    assert [one.get_title("left") for one in axes] == ["Small steps are better", "longer"]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["wine", "digits"]
    assert axes[0].get_xlabel() == "ratio of test MSE"
    assert axes[1].get_xlabel() == "difference in test MSE"
    shown = {line.get_color() for line in axes[0].lines if len(line.get_xdata()) == 1}
    assert len(shown) == 2  # each in the colour of its verdict


def test_mistakes_in_the_data_of_a_scheme_are_named():
    for data, key in (
        ({"dataset": "no"}, "dataset"),
        ({"dataset": "wine", "zeroed_features": ["Age"]}, "zeroed_features"),
        ({"source": "file"}, "path"),
        ({"colour": "red"}, "colour"),
    ):
        with pytest.raises(UserError, match=rf"schemes\.odd\.data\.{key}: "):
            resolve({"schemes": {"odd": {"data": data}}})
