"""The SIMD engine: right by torch.optim, and the same bits whatever the company."""

import math
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import plain_torch
import pytest
import torch
from some_cell import posed

from genboost.data.arrays import Data
from genboost.train.engines import kernel_build, simd_engine, torch_engine
from genboost.train.problem import (
    KERNEL_ACTIVATIONS,
    Architecture,
    Outcome,
    Problem,
)

SCRIPTS = Path(simd_engine.__file__).parents[3]
NAMES = [field.name for field in fields(Outcome)]
KINDS = 18  # six optimizers; without SAM, with it, adaptive

try:
    kernel_build.compiler()
except kernel_build.KernelUnavailable as reason:
    pytest.skip(str(reason), allow_module_level=True)


def pose(
    models=KINDS,
    hidden_layers=2,
    width=18,
    activation="relu",
    features=16,
    rows=75,
    test_rows=21,
    validation_rows=37,
    batch_size=32,
    epochs=4,
    decoupled=False,
    summed=False,
    in_order=False,
    classes=0,
    seed=0,
) -> Problem:
    """Return models of all `KINDS`: 75 rows and batches of 32 leave a last batch of 11."""
    random = np.random.default_rng(seed)
    architecture = Architecture(features, hidden_layers, width, activation, outputs=classes or 1)
    shapes = (rows, features), (rows,), (test_rows, features), (test_rows,)
    data = Data(*(random.standard_normal(shape).astype(np.float32) for shape in shapes))
    if validation_rows:
        x = random.standard_normal((validation_rows, features)).astype(np.float32)
        data = replace(data, validation_x=x, validation_y=x[:, 0])
    if classes:
        labels = (random.integers(classes, size=n).astype("f4") for n in (rows, test_rows))
        data = replace(data, **dict(zip(("train_y", "test_y"), labels, strict=True)))
    k = np.arange(models)
    layers = [
        random.uniform(-(inputs**-0.5), inputs**-0.5, (models, (inputs + 1) * outputs))
        for inputs, outputs in architecture.layers
    ]
    orders = [[random.permutation(rows) for _ in range(epochs)] for _ in range(3)]
    return posed(
        models,
        data,
        architecture=architecture,
        batch_size=batch_size,
        epochs=epochs,
        weights=np.concatenate(layers, axis=1),
        optimizer=[("sgd", "adam", "adamw", "sgd", "lion", "sgd")[j] for j in k % 6],
        learning_rate=random.uniform(0.001, 0.03, (models, epochs * -(-rows // batch_size))),
        weight_decay=np.array([0.0, 0.01, 0.3])[(k + k // 6) % 3],
        rho=np.array([np.nan, 0.05, 0.5])[k // 6 % 3],
        sam_adaptive=k // 6 % 3 == 2,
        momentum=np.array([0.0, 0.0, 0.0, 0.9, 0.0, 0.8])[k % 6],
        nesterov=k % 6 == 5,
        stop_at=np.full(models, np.nan),
        order=None if in_order else np.array(orders, np.int32),
        order_of=random.integers(0, 3, models),
        decoupled=decoupled,
        loss="cross_entropy" if classes else "mse",
        summed=summed,
        snapshots=(1, 3),
    )


def assert_same_bits(outcome: Outcome, other: Outcome):
    for name in NAMES:
        one, two = getattr(outcome, name), getattr(other, name)
        np.testing.assert_array_equal(one, two, name)
        assert one.tobytes() == two.tobytes(), name  # -0 is not 0


def rows_of(outcome: Outcome, models) -> Outcome:
    return Outcome(*(getattr(outcome, name)[models] for name in NAMES))


# ---- against the reference implementations, one model after another ----

PROBLEMS = {
    "deck": {"hidden_layers": 4},
    "decoupled decay": {"decoupled": True},
    "loss summed": {"summed": True, "batch_size": 4},
    "loss summed, several blocks": {"summed": True, "batch_size": 40, "width": 4},
    "linear": {"hidden_layers": 0},
    "width 1": {"hidden_layers": 1, "width": 1, "features": 1},
    "tiles not filled": {"width": 7, "features": 13},
    "wide": {"width": 31, "features": 33, "hidden_layers": 1},
    "batch of one": {"batch_size": 1, "rows": 13},
    "batch not a tile": {"batch_size": 7},
    "batch of several blocks": {"batch_size": 70, "rows": 150},
    "batch beyond the rows": {"batch_size": 1000},
    "all rows in order": {"batch_size": 1000, "in_order": True},
    "batches in order": {"batch_size": 7, "in_order": True},
    "one test row": {"test_rows": 1},
    "no validation rows": {"validation_rows": 0},
    "classes": {"classes": 7, "hidden_layers": 4},
    "classes, loss summed": {"classes": 3, "summed": True, "batch_size": 4},
    "classes, several blocks": {"classes": 4, "batch_size": 70, "rows": 150},
    "classes, linear": {"classes": 5, "hidden_layers": 0},
    "more classes than units": {"classes": 23, "width": 5, "decoupled": True},
    "leaky_relu": {"activation": "leaky_relu"},
    "elu": {"activation": "elu"},
    "tanh": {"activation": "tanh"},
    "sigmoid": {"activation": "sigmoid"},
    "silu": {"activation": "silu"},
    "silu, several blocks": {"activation": "silu", "batch_size": 50, "decoupled": True},
    "gelu": {"activation": "gelu"},
    "gelu, several blocks": {"activation": "gelu", "batch_size": 50, "decoupled": True},
}


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def double_kernel():
    return simd_engine.load("float64")


@pytest.mark.parametrize("options", PROBLEMS.values(), ids=PROBLEMS)
def test_float64_agrees_with_the_reference_implementations(options, double_kernel):
    problem = pose(**options)
    outcome = simd_engine.train(problem, kernel=double_kernel)
    for k in range(KINDS):
        expected = plain_torch.train(problem, k)
        for name in NAMES:
            np.testing.assert_allclose(
                getattr(outcome, name)[k],
                getattr(expected, name),
                rtol=1e-10,
                atol=1e-12,
                err_msg=f"{name} of model {k}",
            )


def test_float64_agrees_over_hundreds_of_steps(double_kernel):
    problem = pose(epochs=100)
    outcome = simd_engine.train(problem, kernel=double_kernel)
    for k in range(KINDS):
        np.testing.assert_allclose(
            outcome.weights[k], plain_torch.train(problem, k).weights, atol=1e-9
        )


@pytest.mark.parametrize("options", PROBLEMS.values(), ids=PROBLEMS)
def test_float32_agrees_to_rounding(options, double_kernel):
    problem = pose(models=19, **options)
    outcome = simd_engine.train(problem)
    expected = simd_engine.train(problem, kernel=double_kernel)
    assert outcome.weights.dtype == np.float32
    for name in ("train_loss", "test_mse", "validation_mse", "train_mse"):
        np.testing.assert_allclose(getattr(outcome, name), getattr(expected, name), rtol=2e-5)
    # Adam makes a step of the rounding of a gradient near zero, so single weights differ more.
    assert np.quantile(np.abs(outcome.weights - expected.weights), 0.99) < 2e-6


@pytest.mark.parametrize("activation", ["elu", "tanh", "sigmoid", "silu", "gelu"])
def test_activations_over_the_whole_range(activation, double_kernel):
    """One unit, seen through its prediction, and its slope, seen through a step of SGD."""
    problem = pose(1, 1, 1, activation, features=1, rows=1, test_rows=601, batch_size=1, epochs=1)
    x = np.concatenate([np.linspace(-3, 3, 301), np.linspace(-300, 300, 300)])[:, None]
    for z in (-200.0, -30.0, -3.0, -1e-3, 0.0, 1e-3, 3.0, 30.0, 200.0):
        data = Data(np.float32([[z]]), np.float32([0.5]), np.float32(x[:601]), np.zeros(601, "f4"))
        case = replace(problem, data=data, weights=np.array([[1.0, 0.0, 1.0, 0.0]]),
                       optimizer=["sgd"], order=np.zeros((3, 1, 1), np.int32))  # fmt: skip
        for rate in (0.0, 0.1):
            case = replace(case, learning_rate=np.array([[rate]]))
            outcome = simd_engine.train(case, kernel=double_kernel)
            expected = plain_torch.train(case, 0)
            np.testing.assert_allclose(outcome.weights[0], expected.weights, rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(outcome.test_mse[0], expected.test_mse, rtol=1e-12)
            single = simd_engine.train(case)
            np.testing.assert_allclose(single.test_mse[0], expected.test_mse, rtol=1e-6)


def test_cross_entropy_over_the_whole_range(double_kernel):
    """Outputs as large as they are, with labels likely and unlikely: neither 0 nor infinite."""
    problem = pose(1, 0, features=1, rows=3, batch_size=3, test_rows=3, epochs=1, classes=3)
    x, labels = np.ones((3, 1), "f4"), np.arange(3, dtype="f4")
    for outputs in ([0, 0, 0], [0.5, -2, 1], [30, 0, -30], [80, 40, 0], [99, 0, -5], [-9, -8, -99]):
        case = replace(
            problem,
            data=Data(x, labels, x, labels),
            weights=np.array([[*outputs, 0.0, 0.0, 0.0]]),
            learning_rate=np.array([[0.1]]),
            optimizer=["sgd"],
        )
        expected = plain_torch.train(case, 0)
        for kernel in (double_kernel, simd_engine.load()):
            outcome = simd_engine.train(case, kernel=kernel)
            # An output is rounded to its own size, and a probability is as far off as that.
            rounding = 3 * np.finfo(kernel.dtype).eps * (1 + np.max(np.abs(outputs)))
            for name in ("train_loss", "test_mse", "weights"):
                np.testing.assert_allclose(
                    getattr(outcome, name)[0],
                    getattr(expected, name),
                    rtol=rounding,
                    atol=rounding,
                    err_msg=f"{name} of {outputs}",
                )


def gelus(z: np.ndarray, kernel: simd_engine.Kernel) -> np.ndarray:
    """Return |GELU(z)|, each as the test error of a model with one unit."""
    models = len(z)
    problem = pose(models, 1, 1, "gelu", features=1, rows=1, test_rows=1, batch_size=1, epochs=1)
    data = Data(np.ones((1, 1)), np.zeros(1), np.ones((1, 1)), np.zeros(1))
    weights = np.stack([z, np.zeros(models), np.ones(models), np.zeros(models)], axis=1)
    rates = np.zeros((models, 1))
    problem = replace(problem, data=data, weights=weights, learning_rate=rates)
    return np.sqrt(simd_engine.train(problem, kernel=kernel).test_mse[:, 0])


@pytest.mark.skipif(
    kernel_build.supported_levels() == [kernel_build.BASELINE], reason="no fused multiply-add"
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gelu_is_right_to_three_units_in_the_last_place(dtype):
    """However small it is."""
    z = np.linspace(-12.5, 12.5, 4001).astype(np.float32).astype(float)
    expected = np.abs(z) * [math.erfc(-value / math.sqrt(2)) / 2 for value in z]
    actual = gelus(z, simd_engine.load(dtype))
    # The reference takes the root of two as a float64, which counts 2 (z / sqrt(2))^2 times.
    doubt = np.where(z < 0, z**2, 0) * np.finfo(float).eps
    assert (np.abs(actual - expected) <= expected * (3 * np.finfo(dtype).eps + doubt)).all()


def test_dead_relus():
    """Nothing reaches them: without decay they stay as they are, with it they only shrink."""
    problem = pose(models=8, decoupled=True, epochs=60)
    hidden = 16 * 18 + 18
    weights = problem.weights.copy()
    weights[:, 16 * 18 : hidden] = -1e3  # the first layer's biases
    weights[:, : 16 * 18] *= 1e-30  # and weights that decay below the normal numbers
    problem = replace(problem, weights=weights, learning_rate=np.full((8, 180), 0.5),
                      weight_decay=np.array([0.0, 0.0, 0.0, 0.0, 0.3, 0.3, 0.3, 0.3]))  # fmt: skip
    outcome = simd_engine.train(problem)
    np.testing.assert_array_equal(outcome.weights[:4, :hidden], np.float32(weights[:4, :hidden]))
    np.testing.assert_allclose(outcome.weights[4:, 288:306], -1e3 * 0.85**180, rtol=1e-5)
    assert np.isfinite(outcome.train_mse).all()
    assert not outcome.weights[4:, :288].any()


def test_rho_of_zero_is_no_sam():
    problem = pose()
    plain = simd_engine.train(replace(problem, rho=np.full(KINDS, np.nan)))
    assert_same_bits(simd_engine.train(replace(problem, rho=np.zeros(KINDS))), plain)


def test_nesterov_needs_a_momentum():
    problem = replace(pose(), momentum=np.zeros(KINDS))
    with_it, without = (
        simd_engine.train(replace(problem, nesterov=np.full(KINDS, one))) for one in (True, False)
    )
    assert_same_bits(with_it, without)


def test_squared_errors_are_summed_in_double():
    problem = pose(1, hidden_layers=0, features=1, rows=60_000, test_rows=60_000, epochs=1)
    train_y, test_y = problem.data.train_y + 1000, problem.data.test_y * 9
    data = replace(problem.data, train_y=train_y, test_y=test_y)
    problem = replace(problem, data=data, weights=np.zeros((1, 2)),
                      learning_rate=np.zeros_like(problem.learning_rate))  # fmt: skip
    outcome = simd_engine.train(problem)
    train, test = ((y.astype(float) ** 2).mean() for y in (train_y, test_y))
    assert outcome.train_loss[0, 0] == pytest.approx(train, rel=1e-12)
    assert outcome.train_mse[0] == pytest.approx(train, rel=1e-12)
    assert outcome.test_mse[0, 0] == pytest.approx(test, rel=1e-12)


# ---- the same bits, whatever the company ----


@pytest.fixture(scope="module")
def crowd():
    problem = pose(648, width=9, epochs=2)
    return problem, simd_engine.train(problem)


@pytest.mark.parametrize("models", [1, 3, 11, 16, 17, 72])
def test_bits_do_not_depend_on_the_number_of_models(models, crowd):
    problem, outcome = crowd
    chosen = np.arange(100, 100 + models)
    assert_same_bits(simd_engine.train(problem.select(chosen)), rows_of(outcome, chosen))


def test_bits_do_not_depend_on_order_and_threads(crowd):
    problem, outcome = crowd
    order = np.random.default_rng(1).permutation(648)
    for threads in (1, 2, 5):
        shuffled = simd_engine.train(problem.select(order), threads)
        assert_same_bits(shuffled, rows_of(outcome, order))


@pytest.mark.parametrize("classes", [0, 7])
def test_mixed_groups_are_as_their_models_alone(classes):
    """As many kinds as a vector has lanes, each in every lane."""
    problem = pose(16, epochs=3, classes=classes)
    mixed = simd_engine.train(problem)
    for k in range(16):
        assert_same_bits(simd_engine.train(problem.select([k])), rows_of(mixed, [k]))
    for shift in range(1, 16, 3):
        shifted = np.roll(np.arange(16), shift)
        assert_same_bits(simd_engine.train(problem.select(shifted)), rows_of(mixed, shifted))


@pytest.mark.parametrize("classes", [0, 7])
@pytest.mark.parametrize("activation", sorted(KERNEL_ACTIVATIONS))
def test_levels_give_the_same_bits(activation, classes):
    problem = pose(24, activation=activation, width=11, features=5, classes=classes)
    levels = kernel_build.supported_levels()
    if len(levels) < 2:
        pytest.skip("this processor has one level only")
    best, other = (simd_engine.train(problem, kernel=simd_engine.load(level=x)) for x in levels[:2])
    assert_same_bits(best, other)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_compilers_give_the_same_bits(compiler, tmp_path, monkeypatch):
    path = shutil.which(compiler)
    if not path:
        pytest.skip(f"there is no {compiler}")
    outcome = simd_engine.train(pose(17))
    monkeypatch.setenv("CC", path)
    monkeypatch.setenv("GENBOOST_KERNEL_DIR", str(tmp_path))
    kernel = simd_engine.load(level=kernel_build.supported_levels()[-1])
    assert_same_bits(simd_engine.train(pose(17), kernel=kernel), outcome)
    problem = pose(17, classes=7)
    assert_same_bits(simd_engine.train(problem, kernel=kernel), simd_engine.train(problem))


def test_baseline_works():
    problem = pose(24)
    outcome = simd_engine.train(problem, kernel=simd_engine.load(level=kernel_build.BASELINE))
    np.testing.assert_allclose(outcome.test_mse, simd_engine.train(problem).test_mse, rtol=1e-5)


@pytest.mark.parametrize("optimizers", [["sgd", "adam"], ["sgd", "adamw", "lion"]], ids=str)
def test_plain_sgd_beside_other_optimizers(optimizers):
    problem = replace(pose(16), optimizer=(optimizers * 16)[:16], momentum=np.zeros(16))
    mixed = simd_engine.train(problem)
    for k in range(16):
        assert_same_bits(simd_engine.train(problem.select([k])), rows_of(mixed, [k]))


def test_momentum_nearby_leaves_even_the_sign_of_a_zero():
    """A weight of -0 and a gradient that is too small for a number and ends as -0."""
    problem = pose(16, hidden_layers=0, features=1, rows=1, test_rows=1, batch_size=1, epochs=1)
    data = replace(problem.data, train_x=np.full((1, 1), 1e-30), train_y=np.full(1, 1e-20))
    problem = replace(
        problem,
        data=data,
        weights=np.tile([-0.0, 0.0], (16, 1)),
        optimizer=["sgd"] * 16,
        momentum=np.arange(16) / 16,
        rho=np.full(16, np.nan),
        weight_decay=np.zeros(16),
        order=np.zeros((3, 1, 1), np.int32),
    )
    together = simd_engine.train(problem)
    for k in range(16):
        assert_same_bits(simd_engine.train(problem.select([k])), rows_of(together, [k]))


def test_diverging_models_leave_their_neighbours_untouched():
    problem = pose(16, epochs=6)
    rates = problem.learning_rate.copy()
    rates[2, 7:] = 1e25  # adamw, from the third epoch on
    rates[5] = 1e38  # nesterov
    wild = replace(problem, learning_rate=rates)
    outcome, calm = simd_engine.train(wild), simd_engine.train(problem)
    others = [k for k in range(16) if k not in (2, 5)]
    assert_same_bits(rows_of(outcome, others), rows_of(calm, others))
    assert outcome.epochs_run.tolist() == [6, 6, 2, 6, 6, 0] + [6] * 10
    np.testing.assert_array_equal(outcome.test_mse[2, :2], calm.test_mse[2, :2])
    for k in (2, 5):
        assert_same_bits(simd_engine.train(wild.select([k])), rows_of(outcome, [k]))
        assert np.isnan(outcome.train_loss[k, outcome.epochs_run[k] :]).all()
        assert np.isnan(outcome.weights[k]).all()


def stopping(epochs=8) -> Problem:
    """Return models of which some stop, each at an error of its own; one diverges, one after that.

    The thirteenth would diverge had it not stopped.
    """
    problem = pose(16, epochs=epochs)
    first = simd_engine.train(shortened(problem, 3)).train_mse
    stop_at = np.where(np.arange(16) % 4 == 3, np.nan, first * np.linspace(0.8, 1.1, 16))
    stop_at[[1, 12]] = 0, 100
    rates = problem.learning_rate.copy()
    rates[1, 6:] = 1e38
    rates[12, 3:] = 1e38
    return replace(problem, stop_at=stop_at, learning_rate=rates)


def shortened(problem: Problem, epochs: int) -> Problem:
    steps = problem.learning_rate.shape[1] // problem.epochs
    rates, order = problem.learning_rate[:, : epochs * steps], problem.order[:, :epochs]
    return replace(problem, epochs=epochs, learning_rate=rates, order=order)


def test_models_stop_each_at_an_error_of_its_own():
    problem = stopping()
    outcome = simd_engine.train(problem)
    endless = simd_engine.train(replace(problem, stop_at=np.full(16, np.nan)))
    ran = outcome.epochs_run
    assert len({*ran[outcome.stopped]}) >= 3
    assert (outcome.stopped[12], ran[12], ran[1], outcome.stopped[1]) == (True, 1, 2, False)
    for k in range(16):
        alone = simd_engine.train(problem.select([k]))
        assert_same_bits(alone, rows_of(outcome, [k]))
        assert np.isnan(outcome.test_mse[k, ran[k] :]).all()
        for name in ("train_loss", "test_mse"):
            with_it, without = getattr(outcome, name)[k], getattr(endless, name)[k]
            np.testing.assert_array_equal(with_it[: ran[k]], without[: ran[k]])
        if not outcome.stopped[k]:
            assert_same_bits(rows_of(outcome, [k]), rows_of(endless, [k]))
            continue
        errors = [simd_engine.train(shortened(problem, n)).train_mse[k] for n in range(1, 9)]
        assert ran[k] == 1 + np.flatnonzero(errors <= problem.stop_at[k])[0]
        short = simd_engine.train(
            replace(shortened(problem, ran[k]), stop_at=endless.train_mse * 0)
        )
        assert short.weights[k].tobytes() == outcome.weights[k].tobytes()
        assert short.train_mse[k] == outcome.train_mse[k] == errors[ran[k] - 1]


def test_stopping_agrees_with_plain_torch(double_kernel):
    problem = replace(pose(16, epochs=8), stop_at=np.linspace(0.3, 1.1, 16))
    outcome = simd_engine.train(problem, kernel=double_kernel)
    assert 0 < outcome.stopped.sum() < 16
    for k in range(16):
        expected = plain_torch.train(problem, k)
        ran = outcome.epochs_run[k]
        assert (ran, outcome.stopped[k]) == (expected.epochs_run, expected.stopped)
        np.testing.assert_allclose(outcome.weights[k], expected.weights, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(outcome.train_loss[k, :ran], expected.train_loss, rtol=1e-10)


def test_snapshots_are_the_weights_that_a_shorter_run_ends_with():
    problem = replace(stopping(), snapshots=(3, 1, 99))
    outcome = simd_engine.train(problem)
    for place, epochs in enumerate((3, 1)):
        short = simd_engine.train(replace(shortened(problem, epochs), snapshots=()))
        for k in range(16):
            expected = short.weights[k] if outcome.epochs_run[k] >= epochs else np.nan
            np.testing.assert_array_equal(outcome.snapshots[k, place], expected)
            expected = short.second_moments[k, -1] if outcome.epochs_run[k] >= epochs else np.nan
            np.testing.assert_array_equal(outcome.second_moments[k, place], expected)
    assert np.isnan(outcome.snapshots[:, 2]).all()


def test_a_group_goes_on_whichever_model_diverges():
    problem = pose(16, epochs=3)
    calm = simd_engine.train(problem)
    for k in range(16):
        rates = problem.learning_rate.copy()
        rates[k] = 1e38
        outcome = simd_engine.train(replace(problem, learning_rate=rates))
        others = np.delete(np.arange(16), k)
        assert_same_bits(rows_of(outcome, others), rows_of(calm, others))
        assert outcome.epochs_run[k] == 0


def test_a_model_that_diverges_is_over_even_if_its_weights_are_finite():
    """Alone it stops at once; in company the group goes on: nobody may see the difference."""
    problem = pose(4, hidden_layers=0)
    test_x, weights = problem.data.test_x.copy(), problem.weights.copy()
    test_x[0, 0] = 3e38
    weights[:, 0] = [0.1, 0.1, 2.0, 0.1]  # 6e38 is no float32
    problem = replace(problem, data=replace(problem.data, test_x=test_x), weights=weights)
    outcome = simd_engine.train(problem)
    assert outcome.epochs_run.tolist() == [4, 4, 0, 4]
    assert_same_bits(simd_engine.train(problem.select([2])), rows_of(outcome, [2]))


def test_an_error_on_validation_rows_that_is_not_finite_is_divergence():
    problem = pose(3, hidden_layers=0)
    validation_x, weights = problem.data.validation_x.copy(), problem.weights.copy()
    validation_x[0, 0] = 3e38
    weights[:, 0] = [0.1, 2.0, 0.1]  # 6e38 is no float32
    data = replace(problem.data, validation_x=validation_x)
    problem = replace(problem, data=data, weights=weights)
    for engine in (simd_engine.train, torch_engine.train):
        assert engine(problem).epochs_run.tolist() == [4, 0, 4]


def test_a_classifier_that_diverges_is_seen():
    problem = pose(classes=4)
    problem = replace(problem, learning_rate=problem.learning_rate * 1e30)
    wild = [name == "sgd" for name in problem.optimizer]
    assert (simd_engine.train(problem).epochs_run[wild] < problem.epochs).all()


def test_not_a_number_does_not_hide_behind_a_relu():
    problem = pose(2)
    weights = problem.weights.copy()
    weights[1, 3] = np.nan  # in the first layer
    assert simd_engine.train(replace(problem, weights=weights)).epochs_run.tolist() == [4, 0]


# ---- the binding ----


def test_groups_come_one_by_one():
    problem = pose(40)
    lanes = simd_engine.load().lanes
    for threads in (1, 2):
        groups = list(simd_engine.groups(problem, threads))
        assert sorted(k for group in groups for k in group.models) == list(range(40))
        assert all(1 <= len(group.models) <= lanes for group in groups)
        assert all(len(group.outcome.train_mse) == len(group.models) for group in groups)
        assert all(group.seconds > 0 for group in groups)


def test_the_faster_layout_is_taken():
    sizes = {
        models: [*map(len, simd_engine.pack(pose(models), 16))] for models in (1, 8, 9, 24, 25)
    }
    assert sizes == {1: [1], 8: [1] * 8, 9: [9], 24: [16] + [1] * 8, 25: [16, 9]}
    assert [*map(len, simd_engine.pack(pose(16, width=256), 16))] == [1] * 16


def test_wide_networks(monkeypatch):
    """Several models of a width that goes one by one are as they are in one group."""
    problem = pose(9, width=simd_engine.WIDE, epochs=2)
    alone = simd_engine.train(problem)
    monkeypatch.setattr(simd_engine, "WIDE", 1000)
    assert_same_bits(simd_engine.train(problem), alone)


def test_few_groups_are_mixed():
    problem = pose(400, width=4)
    packs = simd_engine.pack(problem, 16)
    columns = zip(problem.optimizer, problem.momentum > 0, np.isnan(problem.rho),
                  problem.sam_adaptive, strict=True)  # fmt: skip
    kinds = list(columns)
    mixed = sum(len({kinds[k] for k in models}) > 1 for models in packs)
    assert len(packs) == 25
    assert mixed < len(set(kinds))  # one where a kind ends and the next begins
    assert not any(np.isnan(problem.rho[k]) for k in packs[0])


def test_subnormals_are_back_afterwards():
    simd_engine.train(pose(1))
    assert np.float32(1e-40) * np.float32(0.5) != 0


def test_torch_is_not_imported():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from genboost.train.engines import simd_engine;"
        "simd_engine.load(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(SCRIPTS)], check=True)


def test_what_the_kernel_knows_is_known_without_it():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from genboost.train.problem import KERNEL_ACTIVATIONS, KERNEL_OPTIMIZERS;"
        "assert 'lion' in KERNEL_OPTIMIZERS and 'gelu' in KERNEL_ACTIVATIONS;"
        "assert not {'torch', 'genboost.train.engines.kernel_build'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(SCRIPTS)], check=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order_of": np.full(KINDS, 3)}, "order_of has indices beyond 0..2"),
        ({"learning_rate": np.ones((KINDS, 3))}, "learning_rate has shape"),
        ({"momentum": np.ones(3)}, "momentum has shape"),
        ({"optimizer": ["sgd"] * (KINDS - 1) + ["rmsprop"]}, "no optimizer rmsprop"),
        ({"architecture": Architecture(16, 2, 18, "mish")}, "no activation mish"),
        ({"loss": "hinge"}, "no loss hinge"),
        ({"architecture": Architecture(16, 2, 18, "relu", "layer")}, "no normalization layer"),
    ],
)
def test_what_the_kernel_cannot_do_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        simd_engine.train(replace(pose(), **change))


# ---- memory and undefined behaviour ----

SANITIZERS = ("-O0", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
TRAIN_SANITIZED = """
import ctypes, pickle, sys
sys.path.insert(0, sys.argv[1])
import numpy
from genboost.train.engines import simd_engine
library = ctypes.CDLL(sys.argv[2])
kernel = simd_engine.Kernel(library, "", numpy.dtype("float32"), library.genboost_lanes())
problems = pickle.load(sys.stdin.buffer)
outcomes = [simd_engine.train(problem, 2, kernel) for problem in problems]
pickle.dump(outcomes, sys.stdout.buffer)
"""


def test_sanitizers_find_nothing_and_change_nothing(tmp_path):
    """AddressSanitizer and UndefinedBehaviorSanitizer, with a kernel that is not optimized.

    It takes a fifth of the time to compile. NumPy's arrays come from malloc, so a step beyond one
    is seen. The outcome has the same bits, for these are the source's, not the optimizer's.
    """
    compiler = kernel_build.compiler()
    runtimes = [
        subprocess.check_output([*compiler, f"-print-file-name={name}"], text=True).strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    if not all(map(os.path.isabs, runtimes)):
        pytest.skip("the C compiler has no sanitizers")
    library = tmp_path / "kernel.so"
    level = kernel_build.supported_levels()[-1]  # of equal bits, the fastest to compile
    kernel_build.compile_kernel(library, (*kernel_build.flags(level, "float32"), *SANITIZERS))
    problems = [pose(17, epochs=2, **options) for options in PROBLEMS.values()]
    problems += [pose(epochs=2).select([k]) for k in range(KINDS)]
    done = subprocess.run(
        [sys.executable, "-c", TRAIN_SANITIZED, str(SCRIPTS), str(library)],
        input=pickle.dumps(problems),
        capture_output=True,
        env=os.environ
        | {
            "LD_PRELOAD": " ".join(runtimes),
            "ASAN_OPTIONS": "detect_leaks=0",  # Python's own
            "PYTHONMALLOC": "malloc",
        },
    )
    assert not done.returncode, done.stderr.decode()
    for problem, outcome in zip(problems, pickle.loads(done.stdout), strict=True):
        assert_same_bits(outcome, simd_engine.train(problem))
