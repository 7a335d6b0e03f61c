"""The network in double precision against PyTorch: predictions, loss, gradients, Jacobian."""

import numpy as np
import pytest
import torch

from genboost.measures import activations
from genboost.measures.network import matrices, parameters
from genboost.train.engines import torch_engine

SHAPES = [(0, 5), (1, 5), (3, 4)]


@pytest.mark.parametrize("hidden_layers, width", SHAPES)
@pytest.mark.parametrize("activation", torch_engine.ACTIVATIONS)
def test_network_agrees_with_pytorch(models, activation, hidden_layers, width):
    trained = models.of(activation, hidden_layers=hidden_layers, width=width)
    weights = torch.tensor(trained.weights, requires_grad=True)
    loss = models.loss(trained, weights)
    two = np.stack([trained.initial_weights + 1, trained.weights])
    losses, gradients = trained.train.gradients(two)
    assert losses[1] == pytest.approx(loss.item(), rel=1e-13)
    assert trained.train.losses(trained.weights[None])[0] == losses[1]
    expected = torch.autograd.grad(loss, weights)[0].numpy()
    np.testing.assert_allclose(gradients[1], expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("activation", ["relu", "silu"])
def test_jacobian_agrees_with_pytorch(models, activation):
    trained = models.of(activation)
    x = torch.as_tensor(trained.data.train_x, dtype=torch.float64)[None]

    def predict(weights):
        return torch_engine.forward(weights[None], x, trained.architecture)[0, :, 0]

    weights = torch.tensor(trained.weights)
    np.testing.assert_allclose(
        trained.train.predictions(trained.weights), predict(weights).numpy(), rtol=1e-13
    )
    expected = torch.func.jacrev(predict)(weights).numpy()
    np.testing.assert_allclose(trained.at.jacobian().T, expected, rtol=1e-11, atol=1e-14)
    np.testing.assert_array_equal(trained.jacobian, trained.at.jacobian()[trained.alive])
    assert not np.delete(expected, trained.alive, axis=1).any()


def test_matrices_and_back(models):
    trained = models.of()
    layers = matrices(trained.weights, trained.architecture)
    assert [m.shape for m in layers] == [(5, 5), (5, 6), (1, 6)]
    np.testing.assert_array_equal(parameters(layers), trained.weights)


@pytest.mark.parametrize("name", activations.CLOSED_FORM)
def test_closed_forms_of_activations(name):
    z = np.concatenate([np.linspace(-6, 6, 41), [-800.0, 0.0, 800.0]])
    closed, automatic = activations.activation(name), activations.from_torch(name)
    a, expected = np.empty_like(z), np.empty_like(z)
    closed.value(z, a)
    automatic.value(z, expected)
    np.testing.assert_allclose(a, expected, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(closed.slope(z, a), automatic.slope(z, a), rtol=1e-12, atol=1e-15)
    curvature = closed.curvature(z, a) if closed.curvature else 0 * z
    smooth = z != 0  # ELU's second derivative jumps there
    np.testing.assert_allclose(
        curvature[smooth], automatic.curvature(z, a)[smooth], rtol=1e-11, atol=1e-15
    )


def test_activation_that_only_pytorch_has(models, monkeypatch):
    monkeypatch.setitem(torch_engine.ACTIVATIONS, "softplus", torch.nn.functional.softplus)
    trained = models.of("softplus")
    hessian = torch.func.hessian(lambda w: models.loss(trained, w))(torch.tensor(trained.weights))
    found = models.whole(trained, trained.hessian)
    np.testing.assert_allclose(found, hessian.numpy(), rtol=1e-9, atol=1e-12)
