"""A plane holds the three models that it goes through, at their own losses."""

import itertools

import numpy as np
import pytest

from genboost.measures.network import Network
from genboost.measures.plane import Plane, survey
from genboost.train.problem import Architecture

ARCHITECTURE = Architecture(features=4, width=6, hidden_layers=1, activation="relu")


@pytest.fixture
def models():
    return np.random.default_rng(0).normal(size=(3, ARCHITECTURE.parameters))


@pytest.fixture
def networks():
    rng = np.random.default_rng(1)
    return {
        name: Network(ARCHITECTURE, rng.normal(size=(30, 4)), rng.normal(size=30))
        for name in ("train", "test")
    }


def test_losses_at_the_points_are_the_models_own(models, networks):
    plane = Plane.through(models)
    for network in networks.values():
        losses = network.losses(plane.at(plane.points))
        np.testing.assert_allclose(losses, network.losses(models), rtol=1e-10)


def test_lengths_are_those_between_the_weights(models):
    plane = Plane.through(models)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-12)
    for one, other in itertools.combinations(range(3), 2):
        expected = np.linalg.norm(models[one] - models[other])
        assert np.linalg.norm(plane.points[one] - plane.points[other]) == pytest.approx(expected)


def test_a_survey_has_each_loss_where_it_says(models, networks):
    found = survey(dict(zip("ABC", models, strict=True)), networks)
    plane = Plane.through(models)
    assert found["obstacle"] is None
    np.testing.assert_array_equal([*found["places"].values()], plane.points)
    low, high = plane.points.min(axis=0), plane.points.max(axis=0)
    for values, lowest, highest in zip((found["x"], found["y"]), low, high, strict=True):
        assert values[0] < lowest < highest < values[-1]
    for name, network in networks.items():
        for row, column in ((0, 7), (20, 3)):
            weights = plane.at(np.array([found["x"][column], found["y"][row]]))
            (expected,) = network.losses(weights[None])
            assert found[name][row][column] == pytest.approx(expected, rel=1e-12)
        for end, model in enumerate(models[:2]):
            at = found["line"][name][found["line"]["share"].index(end)]
            assert at == pytest.approx(network.losses(model[None])[0], rel=1e-12)


@pytest.mark.parametrize(
    "line",
    [
        lambda a, b: (a, b, 2 * b - a),
        lambda a, b: (a, a, b),
        lambda a, b: (a, b, a),
        lambda a, b: (a, b, b),
    ],
)
def test_a_line_spans_no_plane(models, networks, line):
    on_a_line = line(*models[:2])
    assert Plane.through(np.array(on_a_line)) is None
    found = survey(dict(zip("ABC", on_a_line, strict=True)), networks)
    assert found == {"obstacle": "A, B, C lie on a line"}


def test_a_model_that_diverged_has_no_place(models, networks):
    found = survey({"A": models[0], "B": None, "C": None}, networks)
    assert found == {"obstacle": "B, C diverged"}
