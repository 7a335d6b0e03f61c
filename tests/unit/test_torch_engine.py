"""The reference engine against plain torch modules, torch.optim, SAM elsewhere, and by hand."""

import dataclasses

import numpy as np
import plain_torch
import pytest
import pytorch_optimizer
import torch
from shipped import as_shipped
from some_cell import posed
from torch import nn

from genboost.data.arrays import Data
from genboost.errors import UserError
from genboost.train import problem, schedules, training
from genboost.train.engines import optim, torch_engine
from genboost.train.problem import Architecture, Outcome, Problem

FEATURES, ROWS, TEST_ROWS, BATCH, EPOCHS = 5, 21, 7, 8, 3  # batches of 8, 8 and 5 rows
KINDS = {  # an optimizer and its settings
    "sgd": {"optimizer": "sgd"},
    "momentum": {"optimizer": "sgd", "momentum": 0.9},
    "nesterov": {"optimizer": "sgd", "momentum": 0.8, "nesterov": True},
    "adam": {"optimizer": "adam"},
    "adamw": {"optimizer": "adamw"},
    "lion": {"optimizer": "lion"},
}
RADII = {
    "plain": {},
    "sam": {"rho": 0.05},
    "asam": {"rho": 0.5, "sam_adaptive": True},
}


def some_data(rows: int = ROWS, features: int = FEATURES) -> Data:
    random = np.random.default_rng(7)
    train_x, test_x = (
        random.normal(size=(rows, features)),
        random.normal(size=(TEST_ROWS, features)),
    )
    return Data(
        train_x=train_x.astype(np.float32),
        train_y=random.integers(0, 7, size=rows).astype(np.float32),
        test_x=test_x.astype(np.float32),
        test_y=random.integers(0, 7, size=TEST_ROWS).astype(np.float32),
        validation_x=random.normal(size=(4, features)).astype(np.float32),
        validation_y=random.integers(0, 7, size=4).astype(np.float32),
    )


def some_problem(
    optimizer: list[str],
    *,
    rho: float | list[float] = np.nan,
    sam_adaptive: bool | list[bool] = False,
    momentum: float | list[float] = 0.0,
    nesterov: bool | list[bool] = False,
    stop_at: float | list[float] = np.nan,
    weight_decay: float | list[float] = 0.0,
    rate: float | list[float] = 0.02,
    hidden_layers: int = 2,
    width: int = 6,
    activation: str = "tanh",
    batch_size: int = BATCH,
    epochs: int = EPOCHS,
    decoupled: bool = False,
    rows: int = ROWS,
    features: int = FEATURES,
    classes: int = 0,
) -> Problem:
    """Return a problem of one model per name in `optimizer`; model k has seed k % 2.

    With classes, of which `some_data` has seven, they are trained by cross-entropy.
    """
    architecture = Architecture(features, hidden_layers, width, activation, outputs=classes or 1)
    models, steps = len(optimizer), -(-rows // batch_size)
    rates = [
        schedules.cosine(one, epochs, t_max=2, eta_min=one / 10)
        for one in np.broadcast_to(rate, models)
    ]
    return posed(
        models,
        some_data(rows, features),
        architecture=architecture,
        batch_size=batch_size,
        epochs=epochs,
        weights=np.stack([training.initial_weights(architecture, k % 2) for k in range(models)]),
        optimizer=optimizer,
        learning_rate=np.stack([np.repeat(one, steps) for one in rates]),
        weight_decay=np.broadcast_to(weight_decay, models).astype(float),
        rho=np.broadcast_to(rho, models).astype(float),
        sam_adaptive=np.broadcast_to(sam_adaptive, models),
        momentum=np.broadcast_to(momentum, models).astype(float),
        nesterov=np.broadcast_to(nesterov, models),
        stop_at=np.broadcast_to(stop_at, models).astype(float),
        order=np.stack([training.batch_order(rows, epochs, seed) for seed in (0, 1)]),
        order_of=np.arange(models) % 2,
        decoupled=decoupled,
        loss="cross_entropy" if classes else "mse",
    )


def some_kind(kind: str, models: int = 2, **options) -> Problem:
    settings = KINDS[kind] | options
    return some_problem([settings.pop("optimizer")] * models, **settings)


def train64(problem: Problem) -> Outcome:
    return torch_engine.train(problem, dtype=torch.float64)


def assert_close(ours: Outcome, k: int, reference: Outcome, rtol: float = 1e-9) -> None:
    ran = ours.epochs_run[k]
    assert (ran, ours.stopped[k]) == (reference.epochs_run, reference.stopped)
    curves = "train_loss", "test_mse", "validation_mse"
    for name in (*curves, "weights", "train_mse", "snapshots", "second_moments"):
        actual, expected = getattr(ours, name)[k], getattr(reference, name)
        actual = actual[:ran] if name in curves else actual
        np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol / 100, err_msg=name)


def shortened(problem: Problem, epochs: int) -> Problem:
    """Return the same problem with fewer epochs."""
    steps = problem.learning_rate.shape[1] // problem.epochs
    rates = problem.learning_rate[:, : epochs * steps]
    order = problem.order[:, :epochs]
    return dataclasses.replace(problem, epochs=epochs, learning_rate=rates, order=order)


def assert_same(ours: Outcome, k: int, other: Outcome, j: int) -> None:
    """Assert that two outcomes are equal bit by bit."""
    for name in ("weights", "train_loss", "test_mse", "validation_mse", "train_mse", "epochs_run"):
        np.testing.assert_array_equal(getattr(ours, name)[k], getattr(other, name)[j], name)


# Against torch.optim, step by step: an outcome after n epochs for n = 1, 2, 3, so that two errors
# can't cancel out.


@pytest.mark.parametrize("radius", RADII.values(), ids=RADII)
@pytest.mark.parametrize("decoupled", [False, True], ids=["l2", "decoupled"])
@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_the_reference_implementations(kind, decoupled, radius):
    for epochs in (1, 2, 3):
        problem = some_kind(
            kind, weight_decay=[0.3, 0.0], decoupled=decoupled, epochs=epochs, **radius
        )
        ours = train64(problem)
        for k in range(2):
            assert_close(ours, k, plain_torch.train(problem, k))


@pytest.mark.parametrize("radius", RADII.values(), ids=RADII)
@pytest.mark.parametrize("summed", [False, True], ids=["mean", "sum"])
@pytest.mark.parametrize("kind", KINDS)
def test_cross_entropy_agrees_with_the_reference_implementations(kind, summed, radius):
    for epochs in (1, 2, 3):
        problem = some_kind(kind, weight_decay=[0.3, 0.0], epochs=epochs, classes=7, **radius)
        problem = dataclasses.replace(problem, summed=summed)
        ours = train64(problem)
        for k in range(2):
            assert_close(ours, k, plain_torch.train(problem, k))


def test_cross_entropy_with_layer_normalization_and_an_error_to_stop_at():
    problem = some_problem(["adam"] * 2, epochs=20, classes=7, stop_at=[2.5, np.nan])
    layered = dataclasses.replace(problem.architecture, normalization="layer")
    problem = dataclasses.replace(problem, architecture=layered)
    ours = train64(problem)
    assert ours.stopped.tolist() == [True, False]
    for k in range(2):
        assert_close(ours, k, plain_torch.train(problem, k))


@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_an_independent_sam(kind):
    problem = some_kind(kind, rho=0.05, weight_decay=0.1)
    reference = plain_torch.train(
        problem,
        0,
        sam=lambda net, base, **options: pytorch_optimizer.SAM(net.parameters(), base, **options),
    )
    # It takes the gradient's norm in float32.
    assert_close(train64(problem), 0, reference, rtol=1e-6)


def test_agrees_at_every_single_step():
    # One batch an epoch makes every step visible in the curves.
    problem = some_problem(**MANY | {"weight_decay": 0.1}, batch_size=ROWS, epochs=12)
    ours = train64(problem)
    for k in range(len(problem.optimizer)):
        assert_close(ours, k, plain_torch.train(problem, k))


def test_follows_the_learning_rate_that_it_is_given_as_torchs_scheduler_sets_it():
    problem = some_problem(["adam"], epochs=6)
    network = plain_torch.network(problem.architecture, problem.weights[0])
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2, eta_min=0.002)
    x, y = (torch.from_numpy(a).double() for a in (problem.data.train_x, problem.data.train_y))
    for order in problem.order[0]:
        for batch in torch.from_numpy(order).long().split(BATCH):
            optimizer.zero_grad()
            nn.functional.mse_loss(network(x[batch])[:, 0], y[batch]).backward()
            optimizer.step()
        scheduler.step()
    expected = nn.utils.parameters_to_vector(network.parameters()).detach().numpy()
    np.testing.assert_allclose(train64(problem).weights[0], expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("activation", plain_torch.ACTIVATIONS)
def test_every_activation_agrees_with_torchs_module(activation):
    problem = some_problem(["adam"], activation=activation)
    assert_close(train64(problem), 0, plain_torch.train(problem, 0))


@as_shipped
def test_nothing_is_there_but_what_is_tested():
    assert set(optim.OPTIMIZERS) == {kind["optimizer"] for kind in KINDS.values()}
    assert set(torch_engine.ACTIVATIONS) == set(plain_torch.ACTIVATIONS)


@pytest.mark.parametrize(
    "shape",
    [
        {"hidden_layers": 0},
        {"hidden_layers": 1, "width": 1},
        {"hidden_layers": 4, "width": 18},
        {"batch_size": ROWS},
        {"batch_size": 1000},
        {"batch_size": 1},
        {"features": 1},
        {"rows": 1},
    ],
    ids=str,
)
def test_every_shape_agrees_with_torch(shape):
    problem = some_problem(["sgd", "adam"], rho=0.05, **shape)
    ours = train64(problem)
    for k in range(2):
        assert_close(ours, k, plain_torch.train(problem, k))


def test_float32_follows_float64_to_rounding():
    problem = some_problem(["sgd", "adam"], rho=[np.nan, 0.05], weight_decay=0.01)
    single, double = torch_engine.train(problem), train64(problem)
    assert single.weights.dtype == np.float32
    np.testing.assert_allclose(single.weights, double.weights, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(single.test_mse, double.test_mse, rtol=1e-4)


# What the numbers mean.


@pytest.mark.parametrize("radius", RADII.values(), ids=RADII)
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_layer_normalization_agrees_with_torchs_module(kind, radius):
    plain = some_kind(kind, epochs=3, activation="relu", weight_decay=0.1, **radius)
    layered = dataclasses.replace(plain.architecture, normalization="layer")
    problem = dataclasses.replace(plain, architecture=layered)
    outcome = train64(problem)
    for k in range(2):
        assert_close(outcome, k, plain_torch.train(problem, k))
        assert not np.allclose(outcome.weights[k], train64(plain).weights[k], rtol=1e-3)


def test_normalized_layers_take_the_same_steps_by_their_learning_rate_as_by_decay(monkeypatch):
    monkeypatch.setattr(torch_engine, "LAYER_NORM_EPSILON", 0)  # or their size counts a little
    plain = some_problem(["sgd"] * 2, weight_decay=[3.0, 0.0], epochs=6, activation="relu")
    layered = dataclasses.replace(plain.architecture, normalization="layer")
    decayed = dataclasses.replace(plain, architecture=layered)
    rates = np.stack(
        [
            schedules.in_place_of_decay(of_steps, decay)
            for of_steps, decay in zip(plain.learning_rate, plain.weight_decay, strict=True)
        ]
    )
    ours, theirs = train64(dataclasses.replace(decayed, normalized_rate=rates)), train64(decayed)
    shrunk = np.prod(1 - plain.learning_rate * plain.weight_decay[:, None], axis=1)
    assert shrunk[0] < 0.7 and shrunk[1] == 1
    sizes = np.where(layered.is_normalized, shrunk[:, None], 1)
    np.testing.assert_allclose(sizes * ours.weights, theirs.weights, rtol=1e-9)
    np.testing.assert_allclose(ours.test_mse, theirs.test_mse, rtol=1e-9)
    assert_same(ours, 1, theirs, 1)
    assert layered.is_normalized.sum() == layered.parameters - (layered.width + 1)


@pytest.mark.parametrize("batch_size", [BATCH, 1000])
def test_rows_can_be_taken_as_they_are(batch_size):
    problem = dataclasses.replace(some_kind("adam", batch_size=batch_size), order=None)
    outcome = train64(problem)
    in_order = np.tile(np.arange(ROWS, dtype=np.int32), (2, EPOCHS, 1))
    written = train64(dataclasses.replace(problem, order=in_order))
    for k in range(2):
        assert_same(outcome, k, written, k)
        assert_close(outcome, k, plain_torch.train(problem, k))


def test_the_smaller_last_batch_counts():
    problem = some_problem(["adam"])
    assert ROWS % BATCH  # or this tests nothing
    dropped = plain_torch.train(problem, 0, keep_last=False)
    assert np.abs(train64(problem).weights[0] - dropped.weights).max() > 1e-3


def test_a_last_batch_of_one_row_weighs_as_a_batch_of_its_own():
    # y = w x + b from w = b = 0, rows in order, batches {1, 2} and {3}; rate 0.1, by hand.
    data = Data(
        train_x=np.array([[1], [2], [3]], dtype=np.float32),
        train_y=np.array([1, 2, 3], dtype=np.float32),
        test_x=np.array([[1]], dtype=np.float32),
        test_y=np.array([0], dtype=np.float32),
    )
    outcome = train64(by_hand(data, "sgd", batch_size=2, rates=[0.1, 0.1]))
    # First batch: errors -1, -2; dw = 2/2 (-1 - 4) = -5, db = 2/2 (-3) = -3: w = 0.5, b = 0.3.
    # Second batch: error 1.5 + 0.3 - 3 = -1.2; dw = 2 * -1.2 * 3 = -7.2, db = -2.4.
    np.testing.assert_allclose(outcome.weights[0], [0.5 + 0.72, 0.3 + 0.24], rtol=1e-14)
    # Each row counts once, with the error it had before its batch's step: (1 + 4 + 1.44) / 3.
    np.testing.assert_allclose(outcome.train_loss[0], [6.44 / 3], rtol=1e-14)
    # After the epoch: (1.22 + 0.54)^2 on the test row; 0.76, 0.98, 1.2 off on the training rows.
    np.testing.assert_allclose(outcome.test_mse[0], [1.76**2], rtol=1e-14)
    train_errors = np.array([1.76 - 1, 2.98 - 2, 4.2 - 3])
    np.testing.assert_allclose(outcome.train_mse[0], np.mean(train_errors**2), rtol=1e-14)


def test_a_summed_loss_worked_out_by_hand():
    # As above, without the division by 2 and by 1: w = b = 0; dw = 2 (-1 - 4) = -10, db = -6.
    data = Data(
        train_x=np.array([[1], [2], [3]], dtype=np.float32),
        train_y=np.array([1, 2, 3], dtype=np.float32),
        test_x=np.array([[1]], dtype=np.float32),
        test_y=np.array([0], dtype=np.float32),
    )
    outcome = train64(by_hand(data, "sgd", batch_size=2, rates=[0.1, 0.1], summed=True))
    # Second batch, from w = 1, b = 0.6: error 3 + 0.6 - 3 = 0.6; dw = 2 * 0.6 * 3 = 3.6, db = 1.2.
    np.testing.assert_allclose(outcome.weights[0], [1 - 0.36, 0.6 - 0.12], rtol=1e-14)
    # Errors are reported as means, whatever the loss.
    np.testing.assert_allclose(outcome.train_loss[0], [(1 + 4 + 0.36) / 3], rtol=1e-14)


def by_hand(data: Data, optimizer: str, batch_size: int, rates: list[float], **fields) -> Problem:
    """Return a problem of one linear model y = w x + b, for one epoch, rows in their order."""
    rows = len(data.train_y)
    values = {
        "architecture": Architecture(1, 0, 1, "relu"),
        "batch_size": batch_size,
        "weights": np.zeros((1, 2)),
        "optimizer": [optimizer],
        "learning_rate": np.array([rates]),
        "order": np.arange(rows, dtype=np.int32).reshape(1, 1, rows),
    }
    return posed(1, data, **(values | fields))


ONE_ROW = Data(
    train_x=np.array([[2]], dtype=np.float32),
    train_y=np.array([3.5], dtype=np.float32),
    test_x=np.array([[0]], dtype=np.float32),
    test_y=np.array([0], dtype=np.float32),
)


# SAM by hand, y = w x + b with x = 2, y = 3.5, from w = 1, b = 0.5, rho = sqrt(5) / 10:
#   error = 2 + 0.5 - 3.5 = -1;  g = 2 * error * (x, 1) = (-4, -2);  ||g|| = sqrt(20) = 2 sqrt(5)
#   epsilon = rho g / ||g|| = (-4, -2) / 20 = (-0.2, -0.1)
#   at (0.8, 0.4): error = 1.6 + 0.4 - 3.5 = -1.5;  g = 2 * -1.5 * (2, 1) = (-6, -3)
SAM_CASE = {"weights": np.array([[1.0, 0.5]]), "rho": np.array([np.sqrt(5) / 10])}


@pytest.mark.parametrize(
    ("decay", "decoupled", "expected"),
    [
        # w - 0.1 g
        (0.0, False, [1 + 0.6, 0.5 + 0.3]),
        # Decay plays no part in epsilon; it enters at (1, 0.5): g + 0.5 w = (-5.5, -2.75).
        (0.5, False, [1 + 0.55, 0.5 + 0.275]),
        # 0.1 * 0.5 * w beside the step: the same for plain gradient descent.
        (0.5, True, [1 + 0.6 - 0.05, 0.5 + 0.3 - 0.025]),
    ],
)
def test_a_sam_step_with_sgd_worked_out_by_hand(decay, decoupled, expected):
    problem = by_hand(
        ONE_ROW, "sgd", 1, [0.1], **SAM_CASE, weight_decay=np.array([decay]), decoupled=decoupled
    )
    np.testing.assert_allclose(train64(problem).weights[0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("decay", "decoupled", "expected"),
    [
        # Adam's first step is rate * sign(g), whatever its size.
        (0.0, False, [1.1, 0.6]),
        # g + 20 w = (14, 7) points the other way.
        (20.0, False, [0.9, 0.4]),
        # Decoupled: (1.1, 0.6) - 0.1 * 2 * (1, 0.5).
        (2.0, True, [0.9, 0.5]),
    ],
)
def test_a_sam_step_with_adam_worked_out_by_hand(decay, decoupled, expected):
    problem = by_hand(
        ONE_ROW, "adam", 1, [0.1], **SAM_CASE, weight_decay=np.array([decay]), decoupled=decoupled
    )
    np.testing.assert_allclose(train64(problem).weights[0], expected, rtol=1e-8)


def test_the_training_loss_with_sam_is_the_one_at_the_weights_not_at_the_perturbed_ones():
    outcome = train64(by_hand(ONE_ROW, "sgd", 1, [0.1], **SAM_CASE))
    np.testing.assert_allclose(outcome.train_loss, [[1.0]], rtol=1e-12)


def test_the_perturbation_has_the_length_rho_over_all_parameters_of_each_model():
    gradient = torch.tensor(
        [[3.0, 0.0, 4.0], [0.0, 0.1, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64
    )
    rho = torch.tensor([[0.5], [0.2], [0.1]], dtype=torch.float64)
    epsilon = optim.sam_perturbation(gradient, rho)
    expected = torch.tensor(
        [[0.3, 0.0, 0.4], [0.0, 0.2, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64
    )
    torch.testing.assert_close(epsilon, expected, rtol=1e-9, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_rho_zero_is_the_base_optimizer_bit_by_bit(kind, decoupled, dtype):
    settings = {"weight_decay": 0.01, "decoupled": decoupled}
    with_sam = torch_engine.train(some_kind(kind, rho=0.0, **settings), dtype=dtype)
    without = torch_engine.train(some_kind(kind, **settings), dtype=dtype)
    assert_same(with_sam, 0, without, 0)


def test_sam_changes_the_outcome():
    ours = train64(some_problem(["sgd"], rho=0.05)), train64(some_problem(["sgd"]))
    assert np.abs(ours[0].weights - ours[1].weights).max() > 1e-5


def both_forms(kind: str) -> list[np.ndarray]:
    return [
        train64(some_kind(kind, weight_decay=0.1, decoupled=form)).weights for form in (False, True)
    ]


@pytest.mark.parametrize("kind", ["momentum", "nesterov", "adam"])
def test_the_weight_decay_forms_differ(kind):
    l2, decoupled = both_forms(kind)
    assert np.abs(l2 - decoupled).max() > 1e-4


@pytest.mark.parametrize("kind", ["sgd", "adamw", "lion"])
def test_the_weight_decay_forms_agree(kind):
    np.testing.assert_allclose(*both_forms(kind), rtol=1e-12)


def test_nesterov_needs_a_momentum():
    with_it, without = (
        torch_engine.train(some_problem(["sgd"], nesterov=nesterov)) for nesterov in (True, False)
    )
    assert_same(with_it, 0, without, 0)


# Many models at once.

MANY = {
    "optimizer": ["sgd", "adam", "adam", "sgd", "adam", "sgd", "adam", "lion", "adamw", "sgd"],
    "rho": [np.nan, np.nan, 0.05, 0.1, 0.02, np.nan, np.nan, 0.05, 0.3, 0.2],
    "sam_adaptive": [False, False, True, True, False, False, False, False, True, False],
    "momentum": [0.0, 0.0, 0.0, 0.9, 0.0, 0.8, 0.0, 0.0, 0.0, 0.0],
    "nesterov": [False, False, False, True, False, False, False, False, False, False],
    "weight_decay": [0.0, 0.1, 0.0, 0.01, 0.1, 0.1, 0.0, 0.2, 0.1, 0.0],
    "rate": [0.05, 0.02, 0.01, 0.02, 0.03, 0.01, 0.04, 0.001, 0.01, 0.03],
}


@pytest.mark.parametrize("decoupled", [False, True])
def test_models_are_trained_each_as_if_alone_and_come_back_in_order(decoupled):
    problem = some_problem(**MANY, decoupled=decoupled)
    together = train64(problem)
    for k in range(len(problem.optimizer)):
        alone = train64(problem.select([k]))
        for name in (
            "weights",
            "train_loss",
            "test_mse",
            "validation_mse",
            "train_mse",
            "epochs_run",
        ):
            np.testing.assert_allclose(
                getattr(together, name)[k], getattr(alone, name)[0], rtol=1e-11, atol=1e-13
            )


@pytest.mark.parametrize("changed", ["learning_rate", "weight_decay", "rho", "weights"])
def test_changing_a_neighbour_changes_no_bit_of_a_model(changed):
    problem = some_problem(["adam"] * 4, rho=0.05, weight_decay=[0.1, 0.2, 0.1, 0.2])
    values = getattr(problem, changed).copy()
    values[1] *= 1.5
    before = torch_engine.train(problem)
    after = torch_engine.train(dataclasses.replace(problem, **{changed: values}))
    for k in (0, 2, 3):
        assert_same(after, k, before, k)
    assert not np.array_equal(after.weights[1], before.weights[1])


def test_the_same_problem_gives_the_same_bits():
    problem = some_problem(**MANY)
    first, second = torch_engine.train(problem), torch_engine.train(problem)
    for k in range(len(problem.optimizer)):
        assert_same(first, k, second, k)


def test_training_leaves_the_problem_as_it_was():
    problem = some_problem(["sgd"])
    before = problem.weights.copy()
    train64(problem)
    np.testing.assert_array_equal(problem.weights, before)


def test_training_leaves_the_processors_arithmetic_as_it_was():
    train64(some_problem(["sgd"]))
    assert np.float32(1e-40) * np.float32(0.5) > 0


# Divergence.


def test_a_diverging_model_ends_and_its_neighbours_do_not_notice():
    rates = [0.02, 1e4, 0.01]
    problem = some_problem(["sgd"] * 3, rate=rates, activation="relu", epochs=8)
    steady = dataclasses.replace(
        problem, learning_rate=np.where(np.arange(3)[:, None] == 1, 0.02, problem.learning_rate)
    )
    outcome, without = torch_engine.train(problem), torch_engine.train(steady)
    ran = int(outcome.epochs_run[1])
    assert ran < 8
    curves = outcome.train_loss[1] + outcome.test_mse[1]
    assert np.isfinite(curves[:ran]).all()
    assert not np.isfinite(curves[ran])
    for k in (0, 2):
        assert outcome.epochs_run[k] == 8
        assert_same(outcome, k, without, k)


def test_a_model_stops_at_its_training_error_and_its_neighbours_do_not_notice():
    kinds = ["sgd", "adam", "sgd", "adam"]
    options = {"rho": [np.nan, np.nan, 0.05, 0.05], "epochs": 12}
    calm = dataclasses.replace(some_problem(kinds, **options), snapshots=(2, 7))
    errors = [train64(shortened(calm, n)).train_mse for n in range(1, 13)]
    stop_at = np.array([errors[4][0] * 1.0001, errors[7][1] * 1.0001, np.nan, 0.0])
    outcome = train64(dataclasses.replace(calm, stop_at=stop_at))
    assert outcome.stopped.tolist() == [True, True, False, False]
    assert outcome.epochs_run[0] == 5
    for k in range(4):
        assert_close(outcome, k, plain_torch.train(dataclasses.replace(calm, stop_at=stop_at), k))
        ran = outcome.epochs_run[k]
        short = train64(shortened(calm, ran))
        for name in ("weights", "train_mse"):
            np.testing.assert_array_equal(getattr(outcome, name)[k], getattr(short, name)[k], name)


def test_training_stops_when_no_model_is_left(monkeypatch):
    problem = some_problem(["sgd"], rate=1e4, activation="relu", epochs=50)
    calls = []
    forward = torch_engine.forward
    monkeypatch.setattr(torch_engine, "forward", lambda *args: calls.append(0) or forward(*args))
    outcome = torch_engine.train(problem)
    assert outcome.epochs_run[0] < 10
    assert len(calls) < 10 * 4 + 2


def test_diverging_late_keeps_the_epochs_before():
    # The rate explodes in the third epoch: two finite epochs, the same as without the explosion.
    problem = some_problem(["sgd"], epochs=6, activation="relu")
    rates = problem.learning_rate.copy()
    rates[:, 6:] = 1e30
    outcome = torch_engine.train(dataclasses.replace(problem, learning_rate=rates))
    calm = torch_engine.train(problem)
    assert outcome.epochs_run[0] == 2
    np.testing.assert_array_equal(outcome.test_mse[0, :2], calm.test_mse[0, :2])
    np.testing.assert_array_equal(outcome.train_loss[0, :2], calm.train_loss[0, :2])


def test_a_finite_loss_is_not_divergence_however_large_in_float32():
    # 1e30 is finite in float32 and its square is not: squares are taken in float64.
    data = dataclasses.replace(some_data(), test_y=np.full(TEST_ROWS, 1e30, dtype=np.float32))
    outcome = torch_engine.train(dataclasses.replace(some_problem(["sgd"]), data=data))
    assert outcome.epochs_run[0] == EPOCHS
    np.testing.assert_allclose(outcome.test_mse, 1e60, rtol=1e-6)


def test_engine_constants_are_those_of_torch():
    defaults = torch.optim.Adam([torch.zeros(1)]).defaults
    assert defaults["betas"] == problem.ADAM_BETAS
    assert defaults["eps"] == problem.ADAM_EPSILON
    defaults = pytorch_optimizer.Lion([torch.zeros(1)]).defaults
    assert defaults["betas"] == problem.LION_BETAS


def test_an_optimizer_that_nobody_added_is_named():
    problem = some_problem(["sgd", "rmsprop"])
    with pytest.raises(
        UserError, match="rmsprop is not among OPTIMIZERS in scripts/genboost/train/engines/optim"
    ):
        torch_engine.train(problem)
