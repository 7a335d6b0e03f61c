"""Measures of classes: with an output for each, and with the class nearest to one output."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, cohen_kappa_score

from genboost.measures import registry
from genboost.measures.compute import compute
from genboost.measures.families import classification, function, norms, outcome
from genboost.measures.network import matrices
from genboost.train.engines import torch_engine

CLASSES = 4


def outputs(trained, x) -> torch.Tensor:
    """Return what PyTorch makes of rows: float64 [rows, outputs]."""
    weights = torch.tensor(trained.weights)[None]
    return torch_engine.forward(weights, x[None], trained.architecture)[0]


def expected_class(found: torch.Tensor) -> torch.Tensor:
    return found.softmax(dim=1) @ torch.arange(CLASSES).double()


@pytest.mark.parametrize("seed", range(3))
def test_kappa_is_scikit_learns(seed):
    random = np.random.default_rng(seed)
    one, other = random.integers(0, 5, 80), random.integers(0, 7, 80)
    expected = cohen_kappa_score(one, other, weights="quadratic")
    assert classification.quadratic_kappa(one, other) == pytest.approx(expected, abs=1e-14)
    assert classification.quadratic_kappa(one, one) == 1
    assert np.isnan(classification.quadratic_kappa(one * 0, one * 0))


def test_the_most_probable_class_counts(models):
    trained = models.of_classes(CLASSES)
    x, y = torch.tensor(trained.data.test_x).double(), trained.data.test_y
    predicted = outputs(trained, x).argmax(dim=1).numpy()
    assert len(set(predicted)) > 1
    assert classification.measure(trained) == {
        "accuracy": pytest.approx(accuracy_score(y, predicted)),
        "quadratic_kappa": pytest.approx(cohen_kappa_score(y, predicted, weights="quadratic")),
    }


def test_of_a_single_output_the_nearest_class_counts(models):
    trained = models.of(steps=50)
    y = np.clip(trained.data.test_y.round(), 0, 6)
    data = type(trained.data)(trained.data.train_x, trained.data.train_y, trained.data.test_x, y)
    trained = type(trained)(**{**vars(models.of(steps=50)), "data": data, "classes": 7})
    predicted = np.clip(np.round(trained.test.predictions(trained.weights)), 0, 6).astype(int)
    values = classification.measure(trained)
    assert values["accuracy"] == pytest.approx(accuracy_score(y, predicted))
    assert 0 < values["accuracy"] < 1
    assert values["quadratic_kappa"] == pytest.approx(
        cohen_kappa_score(y.astype(int), predicted, weights="quadratic")
    )


def test_predictions_are_cut_off_at_the_last_class(models):
    trained = models.of()
    for shift, nearest in ((-100, 0), (100, 2)):
        weights = trained.weights.copy()
        weights[-1] += shift  # the last bias
        assert set(trained.test.classes(weights, 3)) == {nearest}


def test_a_number_has_no_classes(models):
    assert all(np.isnan(value) for value in classification.measure(models.of()).values())


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_predictions_and_their_slopes_are_pytorchs(models, activation):
    trained = models.of_classes(CLASSES, activation=activation)
    x = torch.tensor(trained.data.train_x, dtype=torch.float64, requires_grad=True)
    predicted = expected_class(outputs(trained, x))
    predicted.sum().backward()
    ours = trained.train.predictions(trained.weights)
    np.testing.assert_allclose(ours, predicted.detach(), rtol=1e-12)
    np.testing.assert_allclose(trained.at.predictions, ours)
    slopes = trained.at.layers[0][:, :-1].T @ trained.at.delta[0]
    np.testing.assert_allclose(slopes.T, x.grad, rtol=1e-9, atol=1e-13)
    steepness = x.grad.square().sum(dim=1).mean().sqrt().item()
    assert function.measure(trained)["sensitivity"] == pytest.approx(
        steepness / np.std(trained.data.train_y)
    )


def test_gradients_of_the_squared_error_are_pytorchs(models):
    trained = models.of_classes(CLASSES)
    weights = torch.tensor(trained.weights, requires_grad=True)
    x, y = (torch.tensor(a).double() for a in (trained.data.train_x, trained.data.train_y))
    found = torch_engine.forward(weights[None], x[None], trained.architecture)[0]
    loss = (expected_class(found) - y).square().mean()
    loss.backward()
    (ours,), (gradient,) = trained.train.gradients(trained.weights[None])
    assert ours == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, weights.grad, rtol=1e-9, atol=1e-12)
    assert trained.train.losses(trained.weights[None])[0] == pytest.approx(ours)


def test_gap_and_path_norm(models):
    trained = models.of_classes(CLASSES)
    x, y = torch.tensor(trained.data.test_x).double(), trained.data.test_y
    error = np.mean((expected_class(outputs(trained, x)).numpy() - y) ** 2)
    assert outcome.measure(trained)["gap"] == pytest.approx(error - trained.loss)
    squares = torch.ones(1, 4).double()
    for layer in matrices(trained.weights, trained.architecture):
        squares = squares @ torch.tensor(layer[:, :-1]).T ** 2 + torch.tensor(layer[:, -1]) ** 2
    assert norms.measure(trained)["path_norm"] == pytest.approx(squares.sum().sqrt().item())


def test_every_measure_that_takes_classifiers_is_finite(models):
    trained = models.of_classes(CLASSES, rows=30)
    names = [
        name
        for name in registry.NAMES
        if "loss" not in getattr(registry.family(name), "ONLY_WITH", {})
    ]
    assert np.isfinite(list(compute(names, trained).values())).all()
