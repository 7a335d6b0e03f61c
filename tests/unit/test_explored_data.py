"""What the section for exploring gets: every cell, and models and curves as there is room."""

import base64
import json
import math

import numpy as np
import pytest
from made_up import Made

from genboost.analysis import curves
from genboost.report import exploring

SETTINGS = {
    "training": {"epochs": 100, "epochs_sam": 50},
    "grid": {"learning_rate": [1e-3, 1e-2], "weight_decay": [0], "sam_rho": [None, 0.05]},
    "studies": {"grid": {"title": "</script>"}, "one": {"grid": {"seeds": [7], "sam_rho": [None]}}},
}


@pytest.fixture(scope="module")
def made():
    return Made(SETTINGS, gap=lambda model: model.seed + model.cell.learning_rate)


def explored(made):
    return json.loads(exploring.data(made.results, made.curves()))


def unpacked(text, kind="<f4"):
    return np.frombuffer(base64.b64decode(text), kind)


def test_every_model_is_there_in_the_order_of_the_cells(made):
    found = explored(made)
    models = made.results.models
    assert [quantity["name"] for quantity in found["quantities"]] == [
        "test_mse",
        "train_mse",
        "gap",
    ]
    for quantity in found["quantities"]:
        expected = models[quantity["name"]].to_numpy("<f4")
        assert unpacked(quantity["models"]).tolist() == expected.tolist()
        means = made.results.summary[quantity["name"]].to_numpy("<f4")
        assert unpacked(quantity["means"]) == pytest.approx(means, rel=1e-6)
    assert [axis["name"] for axis in found["axes"]] == ["optimizer", "sam_rho", "learning_rate"]
    assert found["cells"][0] == [0, 0, 0]
    assert [study["seeds"] for study in found["studies"]] == [[0, 1, 2], [7]]


def test_cells_with_models_that_diverged_have_no_mean():
    made = Made(SETTINGS, errors=lambda m: float("nan") if m.seed == 1 else 1.0)
    means = unpacked(explored(made)["quantities"][0]["means"])
    assert np.isnan(means[:8]).all()
    assert (means[8:] == 1).all()


def test_numbers_that_are_drawn_leave_the_other_settings_to_choose_from():
    drawn = {"optimizer": ["sgd", "adam"], "learning_rate": {"log_uniform": [1e-4, 1e-2]},
             "weight_decay": [0, 1e-2], "sam_rho": [None], "trials": 12, "seeds": 1}  # fmt: skip
    made = Made({"grid": drawn, "studies": {"grid": {}}})
    found = [setting.name for setting in exploring.settings_of(made.results.studies)]
    assert found == ["optimizer", "learning_rate", "weight_decay"]


def test_users_words_cannot_end_the_script(made):
    assert "</" not in exploring.data(made.results, made.curves())
    assert explored(made)["studies"][0]["title"] == "</script>"


def test_curves_are_those_of_the_cells(made):
    found = explored(made)["curves"]
    levels = unpacked(found["levels"], "u1")
    number, models, lost = found["cells"][0]
    epochs = found["epochs"][number]
    assert (epochs[0], epochs[-1], len(epochs), models, lost) == (1, 100, 60, 3, 0)
    of_first = levels[: 3 * len(epochs)].reshape(3, -1)
    drawn = np.exp(found["low"] + of_first / 255 * (found["high"] - found["low"]))
    assert drawn == pytest.approx(np.array(made.curves()["grid"][0]["test_mse"]), rel=0.02)


def test_what_does_not_fit_is_left_out(made, monkeypatch):
    monkeypatch.setattr(exploring, "MODELS_ROOM", 300)
    monkeypatch.setattr(exploring, "CURVES_ROOM", 100)
    found = explored(made)
    assert found["curves"] is None
    assert [quantity["models"] is None for quantity in found["quantities"]] == [False, True, True]


def test_curves_go_as_far_as_half_of_the_models():
    """Of four, one stops after epoch 23 and one diverges after 20; the longest ends after 47."""
    some = [
        ([10, 20, 30, 40, 47], [5.0, 4.0, 3.0, 2.0, 1.0]),
        ([10, 20, 30, 40], [6.0, 5.0, 4.0, 3.0]),
        ([10, 20, 23], [7.0, 6.0, 5.0]),
        ([10, 20, 30, 40], [8.0, 7.0, math.nan, math.inf]),
    ]
    found = curves._of_cell(some)
    assert found["epoch"] == [10, 20, 30, 40]
    assert found["test_mse"][1] == [6.5, 5.5, 3.5, 2.5]
    assert found["test_mse"][2] == [7.7, 6.7, 3.9, 2.9]
    assert (found["models"], found["ended_early"]) == (4, 2)


def test_curves_are_joined_between_the_epochs_that_were_recorded():
    epochs, found = curves.together([([3, 13, 23], [1.0, 2.0, 3.0]), ([8, 18], [2.0, 3.0])])
    assert epochs.tolist() == [3, 13, 23]
    assert found == pytest.approx(
        np.array([[1.0, 2.0, 3.0], [math.nan, 2.5, math.nan]]), nan_ok=True
    )


def test_without_a_finite_error_there_is_no_curve():
    assert curves._of_cell([([1, 2], [math.inf, math.nan]), ([1], [math.nan])]) is None
    assert curves._of_cell([([], [])]) is None
