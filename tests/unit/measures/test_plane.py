"""A plane holds the three models that it goes through, at their own losses."""

import numpy as np
import pytest

from genboost.measures.network import Network
from genboost.measures.plane import Plane
from genboost.train.problem import Architecture


@pytest.fixture
def models():
    return np.random.default_rng(0).normal(size=(3, 4 * 6 + 6 + 6 + 1))


def test_losses_at_the_points_are_the_models_own(models):
    rng = np.random.default_rng(1)
    architecture = Architecture(features=4, width=6, hidden_layers=1, activation="relu")
    network = Network(architecture, rng.normal(size=(30, 4)), rng.normal(size=30))
    plane = Plane.through(models)
    expected = network.losses(models)
    np.testing.assert_allclose(network.losses(plane.at(plane.points)), expected, rtol=1e-10)


def test_lengths_are_those_between_the_weights(models):
    plane = Plane.through(models)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-12)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        expected = np.linalg.norm(models[one] - models[other])
        assert np.linalg.norm(plane.points[one] - plane.points[other]) == pytest.approx(expected)


def test_a_line_spans_no_plane(models):
    with pytest.raises(ValueError, match="on a line"):
        Plane.through(np.array([models[0], models[1], 2 * models[1] - models[0]]))
