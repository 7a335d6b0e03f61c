"""The list of measures, and the small ones by hand."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl
import torch
from some_cell import cell

from genboost.code_digest import SCRIPTS, Code
from genboost.errors import UserError
from genboost.measures import registry
from genboost.measures.compute import compute
from genboost.measures.families import (
    effective_rate,
    function,
    gradient_noise,
    groups,
    norms,
    outcome,
)
from genboost.measures.network import matrices, parameters
from genboost.train.engines import torch_engine

FAMILIES = SCRIPTS / "genboost/measures/families"


def test_every_file_is_a_measure():
    files = {path.stem for path in FAMILIES.glob("*.py")} - {"__init__"}
    assert set(registry.NAMES) == files and "hessian" in files


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_measures_yield_what_they_say(models, activation):
    trained = replace(
        models.of(activation, steps=100),
        reached=True,
        validation_mse=np.array([3.0, 2.0, 1.0]),
        classes=7,
    )
    for name in registry.NAMES:
        values = compute([name], trained)
        if name != "groups":  # has none here
            assert list(values) == [quantity.name for quantity in registry.quantities([name])]
        assert all(type(value) is float and np.isfinite(value) for value in values.values())
    names = [quantity.name for quantity in registry.quantities()]
    assert len(names) == len(set(names))


def test_same_bytes_again_and_in_any_order(models):
    trained = models.of(features=16, width=18, rows=300, steps=50)
    first = compute(registry.NAMES, trained)
    again = compute(registry.NAMES[::-1], replace(trained))
    assert first == again


def test_same_bytes_with_any_number_of_threads(models):
    results = []
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads):
            results.append(compute(registry.NAMES, replace(models.fitted())))
    assert results[0] == results[1]


def test_no_such_measure(models):
    with pytest.raises(UserError, match="no measure 'flatness'; there are classification, "):
        compute(["flatness"], models.of())


def test_a_measures_digest_depends_on_no_other_measure():
    code, files = Code(), {Path(f"genboost/measures/families/{name}.py") for name in registry.NAMES}
    assert len({code.digest(str(file)) for file in files}) == len(registry.NAMES)
    for file in files:
        assert code.reached(file) & files == {file}


def test_names_load_nothing_heavy():
    code = (
        "import sys; from genboost.measures import registry; registry.quantities();"
        "print([name for name in ('torch', 'scipy', 'pandas') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_quantity_of_a_column():
    assert registry.quantity("hessian_max").title == "λ_max"
    group = registry.quantity("test_mse[gender=female]")
    assert (group.name, group.unit) == ("test_mse[gender=female]", "MSE")
    assert group.title == "test error, gender=female"
    assert registry.quantity("test_mse").better == "lower"
    assert registry.quantity("nothing") is None


def test_errors_of_groups(models):
    trained = models.of()
    kinds = np.array(["a", "b"] * 10)
    values = groups.measure(replace(trained, test_groups={"kind": kinds}))
    squares = trained.test_residuals**2
    assert values == {
        "test_mse[kind=a]": pytest.approx(squares[::2].mean()),
        "test_mse[kind=b]": pytest.approx(squares[1::2].mean()),
    }


def test_measures_say_which_networks_they_are_for():
    plain, layered = cell(), cell(normalization="layer")
    classifier = cell(loss="cross_entropy")
    assert not list(registry.unfit(registry.NAMES, [plain]))
    assert not list(registry.unfit(["outcome", "norms", "function", "groups"], [layered]))
    found = dict(registry.unfit(["outcome", "hessian", "pac_bayes"], [plain, layered]))
    assert list(found) == [("measures", 1), ("measures", 2)]
    assert found["measures", 1].startswith("hessian needs normalization: none, but some")
    found = dict(registry.unfit(["norms", "worst_case"], [plain, classifier]))
    assert list(found) == [("measures", 1)]
    assert "some models have cross_entropy" in found["measures", 1]
    every_other = {*registry.NAMES} - {"hessian", "pac_bayes", "gradient_noise"}
    every_other -= {"keskar", "sam_ascent", "stability", "worst_case"}
    assert not list(registry.unfit(every_other, [classifier]))


def test_normalized_networks_have_torchs_gradients(models):
    made = models.of()
    shape = replace(made.architecture, normalization="layer")
    trained = replace(made, architecture=shape)
    weights = torch.tensor(trained.weights, requires_grad=True)
    loss = models.loss(trained, weights)
    loss.backward()
    (ours,), (gradient,) = trained.train.gradients(trained.weights[None])
    assert ours == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, weights.grad, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        2 / 60 * trained.at.jacobian() @ trained.at.residuals, gradient, atol=1e-12
    )
    x = torch.tensor(trained.data.train_x.astype(float), requires_grad=True)
    torch_engine.forward(weights.detach()[None], x[None], shape).sum().backward()
    slopes = trained.at.layers[0][:, :-1].T @ trained.at.delta[0]
    np.testing.assert_allclose(slopes.T, x.grad, rtol=1e-9, atol=1e-12)


def test_effective_rate(models):
    trained = models.of(hidden_layers=2)
    layers = matrices(trained.weights, trained.architecture)
    rates = [0.01 / np.sum(layer**2) for layer in layers[:-1]]
    values = effective_rate.measure(trained)
    assert values == {"effective_rate": pytest.approx((rates[0] * rates[1]) ** 0.5)}
    assert np.isnan(effective_rate.measure(models.of(hidden_layers=0))["effective_rate"])


def test_outcome(models):
    trained = models.of(steps=100)
    values = outcome.measure(trained)
    test_mse, train_mse = np.mean(trained.test_residuals**2), np.mean(trained.at.residuals**2)
    assert values == {"gap": test_mse - train_mse, "collapsed": False, "best_epoch": 2}
    layers = matrices(trained.weights, trained.architecture)
    layers[-1][:, :-1] = 0
    assert outcome.measure(replace(trained, weights=parameters(layers)))["collapsed"]
    assert not {"reached", "epochs_run"} & values.keys()
    nothing = np.array([])
    snapshot = replace(trained, epochs=nothing, train_loss=nothing, test_mse=nothing)
    assert list(outcome.measure(snapshot)) == ["gap", "collapsed"]
    assert registry.quantity("gap@5").title == "generalization gap, epoch 5"
    assert registry.quantity("nothing@5") is None
    sparse = replace(trained, reached=True, epochs=np.array([2, 12, 22]))
    values = outcome.measure(sparse)
    assert [values[name] for name in ("reached", "epochs_run", "best_epoch")] == [True, 22, 12]


def test_early_stopping_in_hindsight_by_hand(models):
    # The test error is 3, 1.5 and 2 after epochs 1, 2 and 3.
    trained = replace(models.of(), validation_mse=np.array([2.5, 1.75, 1.25]))
    values = outcome.measure(trained)
    assert (values["best_epoch"], values["stopping_epoch"]) == (2, 3)
    assert (values["early_stopped_mse"], values["lowest_validation_mse"]) == (2, 1.25)
    assert "stopping_epoch" not in outcome.measure(models.of())


def test_norms_by_hand(models):
    trained = models.of(features=2, hidden_layers=1, width=2)
    layers = [np.array([[3.0, 0, 1], [0, 4, 0]]), np.array([[2.0, 1, 5]])]
    values = norms.measure(
        replace(trained, weights=parameters(layers), initial_weights=parameters(layers) - 2)
    )
    assert values["weight_norm"] == pytest.approx(56**0.5)
    assert values["distance"] == pytest.approx(2 * 9**0.5)
    assert values["log_spectral_product"] == pytest.approx(np.log(16) + np.log(5))
    assert values["log_frobenius_product"] == pytest.approx(np.log(25) + np.log(5))
    assert values["stable_rank"] == pytest.approx(25 / 16 + 1)
    # Paths: 3·2, 1·2, 4·1, and the last bias.
    assert values["path_norm"] == pytest.approx((36 + 4 + 16 + 25) ** 0.5)


@pytest.mark.filterwarnings("error")
def test_weights_that_decayed_to_nothing(models):
    trained = models.of()
    values = compute(registry.NAMES, replace(trained, weights=0 * trained.weights))
    assert values["log_spectral_product"] == -np.inf and np.isnan(values["stable_rank"])
    assert values["pac_bayes_mag_sigma"] == np.inf and np.isnan(values["pac_bayes_mag_init"])
    assert (values["hessian_trace"], values["hessian_max"]) == (2, 2)  # of the last bias
    assert values["asam_ascent_0.1"] == values["adaptive_worst_case_0.1"] == 0


def test_function(models):
    trained = models.of("tanh", steps=50)
    values = function.measure(trained)
    x, step = trained.data.train_x.astype(float), 1e-6
    squares = np.zeros(len(x))
    for feature in range(4):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[:, feature] += sign * step
            ends.append(type(trained.train)(trained.architecture, moved, trained.train.y))
        ahead, behind = (network.predictions(trained.weights) for network in ends)
        squares += ((ahead - behind) / (2 * step)) ** 2
    expected = np.sqrt(squares.mean()) / np.std(trained.train.y)
    assert values["sensitivity"] == pytest.approx(expected, rel=1e-6)
    features = trained.at.inputs[-1][:-1].T
    singular = np.linalg.svd(features - features.mean(axis=0), compute_uv=False) ** 2
    held = np.cumsum(singular) / singular.sum()
    assert values["feature_rank"] == 1 + np.sum(held < 0.99)


def test_dead_units(models):
    trained = models.of(hidden_layers=2, width=5)
    layers = matrices(trained.weights, trained.architecture)
    alive = function.measure(trained)["dead_units"]
    layers[0][:, -1] = -100
    values = function.measure(replace(trained, weights=parameters(layers)))
    assert values["dead_units"] >= 0.5 > alive
    layers[1][:, -1] = -100
    values = function.measure(replace(trained, weights=parameters(layers)))
    assert (values["dead_units"], values["feature_rank"], values["sensitivity"]) == (1, 0, 0)


def test_gradient_noise_by_its_definition(models):
    trained = models.of(steps=50, width=4)
    values = gradient_noise.measure(trained)
    rows = 2 * trained.at.residuals[:, None] * trained.jacobian.T
    covariance = np.cov(rows.T, bias=True)
    metric = trained.gauss_newton.copy()
    metric += 1e-3 * np.trace(metric) / len(metric) * np.eye(len(metric))
    assert values["gradient_norm"] == pytest.approx(np.linalg.norm(rows.mean(axis=0)))
    assert values["gradient_noise"] == pytest.approx(np.trace(covariance))
    assert values["tic"] == pytest.approx(np.trace(np.linalg.solve(metric, covariance)) / 60)
