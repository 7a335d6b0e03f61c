"""Ascents, worst cases and noise: where the answer is known, and under Dinh's rescaling."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from genboost.measures import ascent, registry
from genboost.measures.compute import compute
from genboost.measures.families import keskar, pac_bayes, sam_ascent, stability, worst_case
from genboost.measures.network import matrices, parameters


def quadratic(models):
    """Return a model without hidden layers, whose loss is exactly quadratic."""
    trained = models.of(hidden_layers=0, features=3, rows=64)
    return trained, trained.gradient, trained.hessian


def test_sam_ascent_of_a_quadratic(models):
    trained, g, h = quadratic(models)
    values = sam_ascent.measure(trained)
    t = np.abs(trained.weights)
    for rho in sam_ascent.RADII:
        plain = rho * g / np.linalg.norm(g)
        adaptive = rho * t**2 * g / np.linalg.norm(t * g)  # Kwon et al. 2021
        for name, step in (("sam_ascent", plain), ("asam_ascent", adaptive)):
            assert values[f"{name}_{rho}"] == pytest.approx(g @ step + step @ h @ step / 2)


def test_sam_ascent_in_batches_has_a_perturbation_for_each(models):
    trained, _, _ = quadratic(models)
    x, y, w = trained.data.train_x, trained.data.train_y, trained.weights
    rises = []
    for at in (slice(0, 32), slice(32, 64)):
        ones = np.column_stack([x[at], np.ones(32)]).astype(float)
        r = ones @ w - y[at]
        g = 2 / 32 * ones.T @ r
        step = 0.05 * g / np.linalg.norm(g)
        rises.append(np.mean((r + ones @ step) ** 2) - np.mean(r**2))
    assert sam_ascent.measure(trained)["sam_ascent_batch_0.05"] == pytest.approx(np.mean(rises))


@pytest.mark.parametrize("adaptive", [False, True])
def test_worst_case_in_a_ball_of_a_quadratic(models, adaptive):
    trained, g, h = quadratic(models)
    scale = np.abs(trained.weights) if adaptive else np.ones(4)
    name = "adaptive_worst_case" if adaptive else "worst_case"
    values, vectors = np.linalg.eigh(scale[:, None] * h * scale)
    projected = vectors.T @ (scale * g)
    for rho in worst_case.RADII:
        # The maximum is where (mu - H) u = g on the sphere, with mu above all eigenvalues.
        mu = brentq(
            lambda mu, rho=rho: np.linalg.norm(projected / (mu - values)) - rho,
            values[-1] + 1e-9,
            1e6,
        )
        u = projected / (mu - values)
        highest = projected @ u + u**2 @ values / 2
        assert worst_case.measure(trained)[f"{name}_{rho}"] == pytest.approx(highest, rel=1e-5)


def test_keskar_box_of_a_quadratic(models):
    trained, g, h = quadratic(models)
    for epsilon in keskar.RADII:
        corners = np.array(list(itertools.product([-1, 1], repeat=4)))
        steps = epsilon * (np.abs(trained.weights) + 1) * corners
        highest = (steps @ g + np.einsum("ci,ij,cj->c", steps, h, steps) / 2).max()
        expected = 100 * highest / (1 + trained.loss)
        assert keskar.measure(trained)[f"keskar_{epsilon:g}"] == pytest.approx(expected, rel=1e-9)


def test_worst_cases_stay_inside_and_are_no_lower_than_sam(models):
    trained = models.fitted()
    sam, worst = sam_ascent.measure(trained), worst_case.measure(trained)
    for rho in worst_case.RADII:
        assert worst[f"worst_case_{rho}"] >= sam[f"sam_ascent_{rho}"] * (1 - 1e-9)
        assert worst[f"adaptive_worst_case_{rho}"] >= sam[f"asam_ascent_{rho}"] * (1 - 1e-9)
    highest = [worst[f"worst_case_{rho}"] for rho in worst_case.RADII]
    assert highest == sorted(highest)
    u = 5 * np.random.default_rng(0).standard_normal((3, 7))
    radius = np.array([[0.1], [1.0], [100.0]])
    norms = np.linalg.norm(ascent.into_ball(u, radius), axis=1)
    np.testing.assert_allclose(norms, [0.1, 1.0, np.linalg.norm(u[2])])
    assert np.abs(ascent.into_box(u, radius)).max(axis=1).tolist()[:2] == [0.1, 1.0]


def test_noise_that_the_weights_bear(models, monkeypatch):
    """Of a quadratic, E L(w + sigma z) - L is sigma^2 tr H / 2: sigma is a standard deviation."""
    monkeypatch.setattr(pac_bayes, "PAIRS", 4000)
    trained, _, h = quadratic(models)
    values = pac_bayes.measure(trained)
    rise = 0.1 * np.var(trained.data.train_y)
    t = np.abs(trained.weights)
    sigma, sigma_mag = (2 * rise / np.trace(h)) ** 0.5, (2 * rise / (t**2 @ np.diag(h))) ** 0.5
    assert values["pac_bayes_sigma"] == pytest.approx(sigma, rel=0.03)
    assert values["pac_bayes_mag_sigma"] == pytest.approx(sigma_mag, rel=0.03)
    assert abs(sigma - sigma**2) > 0.3 * sigma and abs(sigma_mag - sigma_mag**2) > 0.3 * sigma_mag


def test_noise_is_searched_to_its_precision(models):
    trained = models.fitted()
    sigma = pac_bayes.measure(trained)["pac_bayes_sigma"]
    random = np.random.default_rng(1)
    noise = random.standard_normal((400, len(trained.weights)))
    rise = trained.train.losses(trained.weights + sigma * noise).mean() - trained.loss
    assert rise == pytest.approx(0.1 * np.var(trained.train.y), rel=0.1)  # other noise


def test_bounds_by_hand(models):
    trained, _, _ = quadratic(models)
    values = pac_bayes.measure(trained)
    w, sigma, sigma_mag = (
        trained.weights,
        values["pac_bayes_sigma"],
        values["pac_bayes_mag_sigma"],
    )
    assert values["pac_bayes_flatness"] == pytest.approx(1 / sigma**2)
    orig = sum(value**2 for value in w) / (4 * sigma**2) + np.log(64 / sigma) + 10
    assert values["pac_bayes_orig"] == pytest.approx((orig / 64) ** 0.5)
    init = np.log(64 / sigma) + 10  # it has not moved from where it started
    assert values["pac_bayes_init"] == pytest.approx((init / 64) ** 0.5)
    mean_square = sum(value**2 for value in w) / 4
    mag = 4 * np.log((1e-6 + (sigma_mag**2 + 1) * mean_square) / 1e-6) / 4
    mag += np.log(64 / sigma_mag) + 10
    assert values["pac_bayes_mag_orig"] == pytest.approx((mag / 64) ** 0.5)


INVARIANT = (
    "hessian_adaptive_max", "hessian_adaptive_trace", "asam_ascent_0.05", "asam_ascent_batch_0.05",
    "adaptive_worst_case_0.05", "pac_bayes_mag_sigma", "path_norm", "sensitivity", "feature_rank",
    "dead_units", "gap",
)  # fmt: skip
CHANGED = (
    "hessian_max", "hessian_trace", "hessian_frobenius", "sam_ascent_0.05", "worst_case_0.05",
    "keskar_0.001", "pac_bayes_sigma", "weight_norm", "gradient_norm", "log_frobenius_product",
)  # fmt: skip


def test_rescaling_units_changes_what_is_not_adaptive(models):
    """Dinh et al. 2017: a unit's inputs and bias times alpha, its outputs divided by it."""
    trained = models.of(features=6, hidden_layers=2, width=8, rows=200, steps=200)
    layers = matrices(trained.weights, trained.architecture)
    layers[0][3] *= 7
    layers[1][:, 3] /= 7
    layers[1][5] *= 0.2
    layers[2][:, 5] /= 0.2
    rescaled = replace(trained, weights=parameters(layers))
    before, after = (compute(registry.NAMES, model) for model in (trained, rescaled))
    np.testing.assert_allclose(rescaled.test_residuals, trained.test_residuals, atol=1e-12)
    for name in INVARIANT:
        assert after[name] == pytest.approx(before[name], rel=1e-8), name
    for name in CHANGED:
        assert abs(after[name] / before[name] - 1) > 0.05, name


def test_stability_of_gradient_descent_is_that_of_the_hessian(models):
    trained = replace(models.fitted(), last_rate=0.1)
    largest = np.linalg.eigvalsh(trained.hessian)[-1]
    values = stability.measure(trained)
    assert values == pytest.approx({"preconditioned_max": largest, "edge": 0.05 * largest})
    values = stability.measure(replace(trained, momentum=0.9))
    assert values["edge"] == pytest.approx(0.1 / 3.8 * largest)
    for unknown in ({"optimizer": "adam"}, {"optimizer": "lion"}, {"nesterov": True}):
        assert np.isnan(list(stability.measure(replace(trained, **unknown)).values())).all()


def test_the_edge_of_adam_is_where_it_begins_to_diverge(models):
    """Adam with its second moments held still, on the quadratic loss of the Hessian."""
    trained, _, hessian = quadratic(models)
    moment = np.random.default_rng(0).uniform(1e-4, 1e-2, size=trained.weights.shape)
    adam = replace(trained, optimizer="adam", second_moment=moment, steps=100_000, last_rate=1e-3)
    edge = stability.measure(adam)["edge"]
    step_size = np.sqrt(moment[trained.alive]) + 1e-8
    for factor, diverges in ((0.98, False), (1.02, True)):
        w, m = np.full(len(trained.alive), 1e-3), 0.0
        for _ in range(2000):
            m = 0.9 * m + 0.1 * hessian @ w
            w = w - factor * 1e-3 / edge * m / step_size
        assert (np.linalg.norm(w) > 1) == diverges
