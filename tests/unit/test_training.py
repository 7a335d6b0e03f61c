"""From cells to engine problems and back: seeds, streams, schedules, results in order."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from some_cell import cell
from torch import nn

from genboost.data.arrays import Data
from genboost.study.cells import Cell
from genboost.train import schedules, training
from genboost.train.problem import Architecture, Group, Outcome, Problem

SMALL = {"hidden_layers": 2, "width": 3, "batch_size": 4, "t_max": 3, "eta_min": 1e-4}
PLAIN = cell(optimizer="sgd", learning_rate=0.1, weight_decay=0.01, epochs=5, **SMALL)
SAM = cell(learning_rate=0.02, sam_rho=0.05, epochs=2, **SMALL)
ZERO = cell(optimizer="sgd", learning_rate=0.1, sam_rho=0.0, epochs=2, **SMALL)


def changed(some: Cell, **settings) -> Cell:
    return Cell({**some, **settings})


@pytest.fixture(scope="module")
def data() -> Data:
    random = np.random.default_rng(1)
    return Data(
        train_x=random.normal(size=(10, 2)).astype(np.float32),
        train_y=random.normal(size=10).astype(np.float32),
        test_x=random.normal(size=(3, 2)).astype(np.float32),
        test_y=random.normal(size=3).astype(np.float32),
    )


def architecture(features: int = 16, hidden_layers: int = 4, width: int = 18) -> Architecture:
    return Architecture(features, hidden_layers, width, "relu")


def by_layer(weights: np.ndarray, shape: Architecture) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return each layer's W [outputs, inputs] and b [outputs]."""
    parts, start = [], 0
    for inputs, outputs in shape.layers:
        w = weights[start : start + inputs * outputs].reshape(outputs, inputs)
        start += inputs * outputs
        parts.append((w, weights[start : start + outputs]))
        start += outputs
    assert start == len(weights) == shape.parameters
    return parts


# Initialization.


def test_initial_weights_have_the_distribution_of_torchs_linear_layers():
    shape = Architecture(16, 2, 300, "relu")
    ours = by_layer(training.initial_weights(shape, 0), shape)
    torch.manual_seed(0)
    for (inputs, outputs), (w, b) in zip(shape.layers, ours, strict=True):
        theirs = nn.Linear(inputs, outputs)
        bound = inputs**-0.5
        for values, reference in ((w, theirs.weight), (b, theirs.bias)):
            reference = reference.detach().numpy()
            assert np.abs(values).max() <= bound
            if values.size < 100:
                continue
            # Both fill the same range evenly, to within 5 standard errors.
            error = 5 / values.size**0.5
            for sample in (values, reference):
                assert np.abs(sample).max() == pytest.approx(bound, rel=20 / values.size)
                assert sample.mean() == pytest.approx(0, abs=error * bound / 3**0.5)
                assert sample.var() == pytest.approx(bound**2 / 3, rel=error)
                quarters = np.histogram(sample, bins=4, range=(-bound, bound))[0] / sample.size
                np.testing.assert_allclose(quarters, 0.25, atol=error / 2)


@pytest.mark.parametrize("kind", ["xavier", "kaiming"])
def test_other_initial_weights_are_those_of_torch(kind):
    shape = Architecture(20, 1, 400, "relu")
    draw = {
        "xavier": nn.init.xavier_uniform_,
        "kaiming": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    }[kind]
    torch.manual_seed(0)
    weights = by_layer(training.initial_weights(shape, 0, kind), shape)
    for (inputs, outputs), (w, b) in zip(shape.layers, weights, strict=True):
        theirs = draw(torch.empty(outputs, inputs)).numpy()
        assert np.abs(w).max() == pytest.approx(np.abs(theirs).max(), rel=20 / w.size)
        assert w.var() == pytest.approx(theirs.var(), rel=10 / w.size**0.5)
        assert not b.any()


def test_every_layer_of_a_small_network_has_a_bound_of_its_own():
    shape = Architecture(100, 1, 4, "relu")
    draws = [by_layer(training.initial_weights(shape, seed), shape) for seed in range(200)]
    for layer, bound in ((0, 0.1), (1, 0.5)):
        for part in (0, 1):
            top = max(np.abs(draw[layer][part]).max() for draw in draws)
            assert bound * 0.95 < top <= bound


def test_a_seed_is_a_start_and_seeds_are_independent():
    starts = [training.initial_weights(architecture(), seed) for seed in range(5)]
    np.testing.assert_array_equal(starts[3], training.initial_weights(architecture(), 3))
    for one, other in itertools.combinations(starts, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.15
        assert not (one == other).any()


def test_random_numbers_stay_the_same_from_version_to_version():
    shape = Architecture(1, 0, 1, "relu")
    np.testing.assert_array_equal(
        training.initial_weights(shape, 0), [0.2739233746429086, -0.4604265724722594]
    )
    assert training.batch_order(5, 2, seed=0).tolist() == [[1, 4, 3, 0, 2], [1, 3, 4, 2, 0]]


# Batches.


@pytest.mark.parametrize("rows", [1, 2, 37])
def test_every_epoch_visits_every_row_once(rows):
    order = training.batch_order(rows, 20, seed=1)
    assert order.shape == (20, rows)
    assert order.dtype == np.int32
    for epoch in order:
        assert sorted(epoch) == list(range(rows))


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = np.concatenate([training.batch_order(37, 5, seed) for seed in range(3)])
    for one, other in itertools.combinations(orders, 2):
        assert (one == other).mean() < 0.3


def test_a_short_run_sees_the_batches_of_a_long_ones_start():
    np.testing.assert_array_equal(
        training.batch_order(37, 200, seed=2)[:100], training.batch_order(37, 100, seed=2)
    )


def test_initialization_and_order_do_not_share_random_numbers():
    streams = [training._generator(0, stream).random(50) for stream in (0, 1)]
    assert training.INITIALIZATION != training.BATCH_ORDER
    assert abs(np.corrcoef(*streams)[0, 1]) < 0.5
    assert not np.isin(*streams).any()


# What the engine is asked.


def test_the_problem_of_some_cells(data):
    cells = [(SAM, 7), (ZERO, 0), (changed(SAM, weight_decay=0.3), 7)]
    problem = training.pose(cells, data)
    shape = Architecture(2, 2, 3, "relu")
    assert problem.architecture == shape
    assert problem.optimizer == ["adam", "sgd", "adam"]
    assert (problem.batch_size, problem.epochs, problem.decoupled) == (4, 2, False)
    assert problem.weight_decay.tolist() == [0.0, 0.0, 0.3]
    np.testing.assert_array_equal(problem.rho, [0.05, 0.0, 0.05])
    for k, (one, seed) in enumerate(cells):
        np.testing.assert_array_equal(problem.weights[k], training.initial_weights(shape, seed))
        np.testing.assert_array_equal(
            problem.order[problem.order_of[k]], training.batch_order(10, 2, seed)
        )
        rates = schedules.cosine(one.learning_rate, 2, t_max=3, eta_min=1e-4)
        # Three batches an epoch: 4, 4 and 2 rows.
        assert problem.learning_rate[k].tolist() == [rates[0]] * 3 + [rates[1]] * 3
    assert len(problem.order) == 2


def test_a_schedule_can_go_on_with_every_batch(data):
    problem = training.pose([(changed(ZERO, schedule_step="batch"), 0)], data)
    rates = schedules.cosine(0.1, 6, t_max=3, eta_min=1e-4)
    np.testing.assert_array_equal(problem.learning_rate[0], rates)
    assert rates[3] == 1e-4


def test_no_sam_is_not_a_radius_of_zero(data):
    problem = training.pose([(changed(ZERO, sam_rho=None), 0)], data)
    assert np.isnan(problem.rho).all() and np.isnan(problem.stop_at).all()


def test_all_settings_reach_the_engine(data):
    other = changed(
        PLAIN,
        schedule="constant",
        weight_decay_form="decoupled",
        batch_size=100,
        initialization="xavier",
        reduction="sum",
    )
    problem = training.pose([(other, 0)], data)
    assert problem.decoupled and problem.summed
    assert problem.learning_rate.tolist() == [[0.1] * 5]
    assert problem.order is None  # of all rows at once
    start = training.initial_weights(problem.architecture, 0, "xavier")
    np.testing.assert_array_equal(problem.weights[0], start)


@pytest.mark.parametrize(("rows", "steps"), [(8, 2), (9, 3), (1, 1)])
def test_a_smaller_last_batch_is_a_step(data, rows, steps):
    short = dataclasses.replace(data, train_x=data.train_x[:rows], train_y=data.train_y[:rows])
    problem = training.pose([(PLAIN, 0)], short)
    assert problem.learning_rate.shape == (1, 5 * steps)


# What comes back.


class Engine:
    """Hands back made-up outcomes, one model a group, the last model first."""

    def __init__(self, epochs_run: int | None = None, train_mse: float = 0.5, stopped=False):
        self.stopped = stopped
        self.problems: list[Problem] = []
        self.epochs_run = epochs_run
        self.train_mse = train_mse

    def __call__(self, problem: Problem):
        self.problems.append(problem)
        ran = problem.epochs if self.epochs_run is None else self.epochs_run
        for k in reversed(range(len(problem.optimizer))):
            epochs = np.arange(problem.epochs)
            outcome = Outcome(
                weights=problem.weights[[k]] + 1,
                train_loss=np.array([100 * problem.learning_rate[k, 0] + epochs]),
                test_mse=np.array([200 * problem.learning_rate[k, 0] + epochs]),
                validation_mse=np.array([300 * problem.learning_rate[k, 0] + epochs]),
                train_mse=np.array([self.train_mse]),
                epochs_run=np.array([ran]),
                stopped=np.array([self.stopped]),
                snapshots=np.array([[[n, n] for n in problem.snapshots]]),
            )
            yield Group([k], outcome, seconds=0.25)


CELLS = [(SAM, 0), (PLAIN, 1), (ZERO, 2), (SAM, 2), (PLAIN, 0)]


def test_every_model_comes_back_once_under_its_own_index(data):
    engine = Engine()
    results = list(training.train(CELLS, data, engine))
    assert sorted(index for index, _ in results) == list(range(len(CELLS)))
    # Models of the same number of epochs are one problem.
    assert [len(problem.optimizer) for problem in engine.problems] == [3, 2]
    for index, result in results:
        one, seed = CELLS[index]
        shape = Architecture(2, 2, 3, "relu")
        np.testing.assert_array_equal(result.weights, training.initial_weights(shape, seed) + 1)
        epochs = np.arange(one.epochs)
        np.testing.assert_array_equal(result.train_loss, 100 * one.learning_rate + epochs)
        np.testing.assert_array_equal(result.test_mse, 200 * one.learning_rate + epochs)
        expected = schedules.cosine(one.learning_rate, one.epochs, 3, 1e-4)
        np.testing.assert_array_equal(result.learning_rate, expected)
        assert result.train_mse == 0.5
        assert result.seconds == 0.25
        assert not result.diverged


def test_models_of_any_settings_are_trained_in_one_call(data):
    """What an engine trains at once is alike; the rest are other problems, and nothing is mixed."""
    cells = [
        changed(SAM, width=5),
        changed(SAM, initialization="xavier"),  # may differ within a problem
        changed(SAM, batch_size=3),
        SAM,
        changed(SAM, weight_decay_form="decoupled"),
        changed(SAM, reduction="sum"),
        changed(SAM, hidden_layers=1),
        changed(SAM, activation="tanh"),
        changed(SAM, normalization="layer"),
    ]
    engine = Engine()
    results = dict(training.train([(one, 4) for one in cells], data, engine))
    assert sorted(results) == list(range(len(cells)))
    assert [len(problem.optimizer) for problem in engine.problems] == [1, 2, 1, 1, 1, 1, 1, 1]
    for index, one in enumerate(cells):
        shape = Architecture(2, one.hidden_layers, one.width, one.activation)
        start = training.initial_weights(shape, 4, one.initialization)
        np.testing.assert_array_equal(results[index].weights, start + 1)
        steps = -(-10 // one.batch_size)
        assert results[index].gradient_evaluations == 2 * 2 * steps


def test_results_come_as_soon_as_they_are_there(data):
    engine = Engine()
    indices = (index for index, _ in training.train(CELLS, data, engine))
    assert next(indices) == 3
    assert len(engine.problems) == 1


def test_a_group_shares_its_seconds(data):
    def engine(problem):
        (one, two, three) = Engine()(problem)
        fields = [field.name for field in dataclasses.fields(Outcome)]
        both = [
            np.concatenate([getattr(group.outcome, name) for group in (one, three)])
            for name in fields
        ]
        yield Group([2, 0], Outcome(*both), seconds=1.0)
        yield two

    results = dict(training.train([(SAM, 0), (SAM, 1), (SAM, 2)], data, engine))
    assert [results[index].seconds for index in range(3)] == [0.5, 0.25, 0.5]


def test_sam_takes_two_gradients_a_step(data):
    results = dict(training.train(CELLS, data, Engine()))
    steps = 3  # an epoch: 4 + 4 + 2 rows
    assert [results[index].gradient_evaluations for index in range(5)] == [
        2 * 2 * steps,
        5 * steps,
        2 * 2 * steps,
        2 * 2 * steps,
        5 * steps,
    ]


@pytest.mark.parametrize("ran", [0, 1, 4])
def test_a_diverged_model_keeps_its_finite_epochs(data, ran):
    ((_, result),) = training.train([(PLAIN, 0)], data, Engine(epochs_run=ran))
    assert result.diverged
    for curve in (result.train_loss, result.test_mse, result.learning_rate):
        assert len(curve) == ran
    assert result.gradient_evaluations == ran * 3


@pytest.mark.parametrize("ran", [1, 4, 5])
def test_a_model_that_reaches_its_training_error_has_not_diverged(data, ran):
    one = changed(PLAIN, stop_at_train_mse=0.5)
    one = changed(one, snapshots=(2, 4))
    engine = Engine(epochs_run=ran, stopped=True)
    ((_, result),) = training.train([(one, 0)], data, engine)
    assert engine.problems[0].stop_at.tolist() == [0.5]
    taken = {n: w.tolist() for n, w in result.snapshots.items()}
    assert taken == {n: [n, n] for n in (2, 4) if n <= ran}
    assert (result.reached, result.diverged, len(result.test_mse)) == (True, False, ran)
    assert result.gradient_evaluations == ran * 3


def test_a_model_whose_final_error_is_not_finite_has_diverged(data):
    ((_, result),) = training.train([(PLAIN, 0)], data, Engine(train_mse=float("inf")))
    assert result.diverged
    assert len(result.test_mse) == 5


def test_nothing_to_train(data):
    assert list(training.train([], data, Engine())) == []


def test_prepared_data_come_back_as_they_were_saved(tmp_path, data):
    np.savez(tmp_path / "arrays.npz", name="obesity", classes=7, **dataclasses.asdict(data))
    loaded = Data.load(tmp_path / "arrays.npz")
    for field in dataclasses.fields(Data):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(data, field.name))
