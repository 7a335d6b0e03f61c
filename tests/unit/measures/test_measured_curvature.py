"""The Hessian against automatic differentiation, an independent library, and known traps."""

from dataclasses import replace

import hessian_eigenthings as he
import numpy as np
import pytest
import torch

from genboost.measures import curvature
from genboost.measures.eigenvalues import largest
from genboost.measures.families import hessian
from genboost.measures.network import matrices, parameters
from genboost.train.engines import torch_engine


def relative_error(value: np.ndarray, expected: np.ndarray) -> float:
    return np.linalg.norm(value - expected) / np.linalg.norm(expected)


def automatic_hessian(models, trained) -> np.ndarray:
    weights = torch.tensor(trained.weights)
    return torch.func.hessian(lambda w: models.loss(trained, w))(weights).numpy()


@pytest.mark.parametrize("hidden_layers", [0, 1, 2, 4])
@pytest.mark.parametrize("activation", torch_engine.ACTIVATIONS)
def test_whole_hessian_agrees_with_automatic_differentiation(models, activation, hidden_layers):
    trained = models.of(activation, hidden_layers=hidden_layers)
    expected = automatic_hessian(models, trained)
    found = models.whole(trained, trained.hessian)
    assert relative_error(found, expected) < 1e-12
    np.testing.assert_allclose(found, found.T, rtol=1e-10, atol=1e-14)


def test_whole_hessian_of_the_default_architecture(models):
    trained = models.fitted()
    assert len(trained.weights) == 1351
    found = models.whole(trained, trained.hessian)
    assert relative_error(found, automatic_hessian(models, trained)) < 1e-10


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_an_independent_library_finds_the_same(models):
    trained = models.of(steps=100)
    values = hessian.measure(trained)
    module, batches = models.module(trained)
    mse = torch.nn.functional.mse_loss
    h = he.HessianOperator(module, batches, he.supervised_loss(mse))
    g = he.GGNOperator(module, batches, he.supervised_forward, he.supervised_loss_of_output(mse))
    for name, operator in (("hessian_max", h), ("gauss_newton_max", g)):
        found = he.lanczos(operator, k=1, max_iter=10, which="LA", seed=0, reorthogonalize=True)
        assert found.eigenvalues[0].item() == pytest.approx(values[name], rel=1e-6)
    identity = torch.eye(len(trained.weights), dtype=torch.float64)
    whole_h = torch.stack([h.matvec(row) for row in identity]).numpy()
    assert relative_error(models.whole(trained, trained.hessian), whole_h) < 1e-12
    for row in (0, 20, -1):
        expected = g.matvec(identity[row]).detach().numpy()
        found = models.whole(trained, trained.gauss_newton)[row]
        assert relative_error(found, expected) < 1e-12
    assert values["hessian_trace"] == pytest.approx(np.trace(whole_h), rel=1e-12)


def test_spectrum_against_its_definitions(models):
    trained = models.fitted()
    values = hessian.measure(trained)
    h = models.whole(trained, trained.hessian)
    eigenvalues = np.linalg.eigvalsh(h)
    share = np.abs(eigenvalues) / np.abs(eigenvalues).sum() + 1e-300
    scaled = np.abs(trained.weights)[:, None] * h * np.abs(trained.weights)
    expected = {
        "hessian_max": eigenvalues[-1],
        "hessian_min": eigenvalues[0],
        "hessian_trace": eigenvalues.sum(),
        "hessian_frobenius": np.sqrt(eigenvalues @ eigenvalues),
        "hessian_trace_ratio": eigenvalues.sum() / eigenvalues[-1],
        "hessian_entropy_rank": np.exp(-np.sum(share * np.log(share))),
        "gauss_newton_max": np.linalg.eigvalsh(trained.gauss_newton)[-1],
        "hessian_adaptive_max": np.linalg.eigvalsh(scaled)[-1],
        "hessian_adaptive_trace": np.trace(scaled),
    }
    for name, value in expected.items():
        assert values[name] == pytest.approx(value, rel=1e-9), name
    negative = np.sum(eigenvalues < -1e-12 * eigenvalues[-1])
    assert 0 < negative < 1351 and values["hessian_negative"] == pytest.approx(negative, abs=5)


def test_of_relu_the_trace_is_that_of_gauss_newton(models):
    trained = models.fitted()
    np.testing.assert_array_equal(np.diag(trained.hessian), np.diag(trained.gauss_newton))
    smooth = models.of("tanh")
    assert np.trace(smooth.hessian) != pytest.approx(np.trace(smooth.gauss_newton), rel=1e-3)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "sigmoid"])
@pytest.mark.parametrize("dead_layer", [False, True])
def test_what_is_dead_is_left_out_and_zero(models, activation, dead_layer):
    trained = models.of(activation, hidden_layers=3, steps=50)
    layers = matrices(trained.weights, trained.architecture)
    layers[1][: 5 if dead_layer else 2, -1] = -5000
    layers[2][1] = 0  # gives zero, but has a slope where it is smooth
    trained.data.train_x[:, 2] = 0
    trained = replace(trained, weights=parameters(layers))
    at = trained.at
    expected = curvature.hessian(at, curvature.gauss_newton(at.jacobian()))
    if activation != "leaky_relu":
        assert len(trained.alive) < len(expected) - 20
    np.testing.assert_allclose(
        models.whole(trained, trained.hessian), expected, rtol=1e-12, atol=1e-15
    )
    values = hessian.measure(trained)
    assert values["hessian_max"] == pytest.approx(np.linalg.eigvalsh(expected)[-1])


def test_a_matrix_of_zeros_has_a_largest_eigenvalue():
    assert largest(lambda v: 0 * v, 4) == 0


def test_trap_a_finite_difference_is_right_until_it_crosses_kinks(models):
    trained = models.fitted()
    h = models.whole(trained, trained.hessian)
    random = np.random.default_rng(0)
    errors = {1e-6: [], 1e-5: [], 1e-3: []}
    for _ in range(5):
        v = random.standard_normal(len(trained.weights))
        v /= np.linalg.norm(v)
        for epsilon, found in errors.items():
            ends = np.stack([trained.weights + epsilon * v, trained.weights - epsilon * v])
            ahead, behind = trained.train.gradients(ends)[1]
            product = (ahead - behind) / (2 * epsilon)
            found.append(relative_error(product, h @ v))
    assert max(errors[1e-6]) < 1e-7 and max(errors[1e-5]) < 1e-8
    assert np.median(errors[1e-3]) > 0.3


def test_trap_a_power_iteration_that_stops_too_early(models):
    """Ours is right to rounding where two eigenvalues are close, and a power iteration is not."""
    random = np.random.default_rng(0)
    basis, _ = np.linalg.qr(random.standard_normal((200, 200)))
    eigenvalues = np.concatenate([[1.0, 0.99, 0.98, 0.97], np.linspace(0, 0.95, 196)])
    matrix = (basis * eigenvalues) @ basis.T
    operator = he.LambdaOperator(
        lambda v: torch.as_tensor(matrix) @ v, 200, dtype=torch.float64, device=torch.device("cpu")
    )
    v, value = random.standard_normal(200), 0.0
    while True:
        v = matrix @ (v / np.linalg.norm(v))
        last, value = value, np.linalg.norm(v)
        if abs(value - last) < 1e-3 * value:
            break
    assert 1 - value > 5e-3
    assert largest(lambda v: matrix @ v, 200) == pytest.approx(1, rel=1e-12)
    library = he.lanczos(operator, k=1, max_iter=120, which="LA", seed=0, reorthogonalize=True)
    assert library.eigenvalues[0].item() == pytest.approx(1, rel=1e-6)
