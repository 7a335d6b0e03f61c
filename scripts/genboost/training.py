"""Training: from models on a grid to engine problems, and from outcomes to what is recorded.

A model's seed gives two independent streams, one for initialization and one for the order of the
batches. Both are NumPy's, so every engine starts from the same weights and sees the same batches,
and cells of the same seed can be compared in pairs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from genboost import schedules
from genboost.engine import Architecture, Data, Group, Problem
from genboost.grid import Cell, Protocol

INITIALIZATION, BATCH_ORDER = 0, 1


@dataclass(frozen=True)
class Result:
    """A trained model.

    Attributes
    ----------
    weights : float32 array [P]
        For each layer W[outputs][inputs] row by row, then b[outputs].
    train_loss, test_mse, learning_rate : float64 array [epochs_run]
        The curves; they end before the first epoch with a loss that is not finite.
    train_mse : float
        On the training rows, at the end.
    diverged : bool
        A loss of an epoch or `train_mse` is not finite.
    seconds : float
        Its share of the time that the models trained together took.
    gradient_evaluations : int
        Gradients of a batch that were computed in those epochs; SAM takes two a step.
    """

    weights: np.ndarray
    train_loss: np.ndarray
    test_mse: np.ndarray
    learning_rate: np.ndarray
    train_mse: float
    diverged: bool
    seconds: float
    gradient_evaluations: int


def load_data(path: str) -> Data:
    """Read a prepared data set."""
    with np.load(path) as arrays:
        return Data(*(arrays[name] for name in Data.__dataclass_fields__))


def initial_weights(architecture: Architecture, seed: int) -> np.ndarray:
    """Return initial parameters [P], as torch.nn.Linear draws them.

    Weights and biases are uniform in ±1 / sqrt(inputs): what Kaiming's uniform initialization
    (He et al. 2015) with torch's default a = sqrt(5) comes to.
    """
    random = _generator(seed, INITIALIZATION)
    layers = [
        random.uniform(-(inputs**-0.5), inputs**-0.5, size=(inputs + 1) * outputs)
        for inputs, outputs in architecture.layers
    ]
    return np.concatenate(layers)


def batch_order(rows: int, epochs: int, seed: int) -> np.ndarray:
    """Return a permutation of the training rows for each epoch, int32 [epochs, rows]."""
    random = _generator(seed, BATCH_ORDER)
    return np.stack([random.permutation(rows) for _ in range(epochs)]).astype(np.int32)


def learning_rates(cell: Cell, protocol: Protocol) -> np.ndarray:
    """Return a cell's learning rate in each epoch, float64 [epochs]."""
    if protocol.schedule == "constant":
        return schedules.constant(cell.learning_rate, cell.epochs)
    return schedules.cosine(cell.learning_rate, cell.epochs, protocol.t_max, protocol.eta_min)


def train(
    cells: list[tuple[Cell, int]],
    protocol: Protocol,
    data: Data,
    engine: Callable[[Problem], Iterator[Group]],
) -> Iterator[tuple[int, Result]]:
    """Train models.

    Parameters
    ----------
    cells
        Each model's cell and seed.
    engine
        Trains a problem's models, group by group.

    Yields
    ------
    (int, Result)
        A model's index in `cells` and its result, as soon as it is there.
    """
    by_epochs: dict[int, list[int]] = {}
    for index, (cell, _) in enumerate(cells):
        by_epochs.setdefault(cell.epochs, []).append(index)
    for indices in by_epochs.values():
        chosen = [cells[index] for index in indices]
        curves = {cell: learning_rates(cell, protocol) for cell, _ in chosen}
        problem = pose(chosen, protocol, data)
        steps = problem.learning_rate.shape[1] // problem.epochs
        for group in engine(problem):
            outcome = group.outcome
            for row, k in enumerate(group.models):
                cell, _ = chosen[k]
                epochs_run = int(outcome.epochs_run[row])
                train_mse = float(outcome.train_mse[row])
                yield (
                    indices[k],
                    Result(
                        weights=outcome.weights[row],
                        train_loss=outcome.train_loss[row, :epochs_run],
                        test_mse=outcome.test_mse[row, :epochs_run],
                        learning_rate=curves[cell][:epochs_run],
                        train_mse=train_mse,
                        diverged=epochs_run < problem.epochs or not np.isfinite(train_mse),
                        seconds=group.seconds / len(group.models),
                        gradient_evaluations=epochs_run * steps * (1 + (cell.sam_rho is not None)),
                    ),
                )


def pose(cells: list[tuple[Cell, int]], protocol: Protocol, data: Data) -> Problem:
    """Return the engine's problem for models of the same number of epochs."""
    rows, features = data.train_x.shape
    epochs = cells[0][0].epochs
    steps = -(-rows // protocol.batch_size)
    architecture = Architecture(
        features, protocol.hidden_layers, protocol.width, protocol.activation
    )
    seeds = sorted({seed for _, seed in cells})
    starts = {seed: initial_weights(architecture, seed) for seed in seeds}
    return Problem(
        architecture=architecture,
        data=data,
        batch_size=protocol.batch_size,
        epochs=epochs,
        weights=np.stack([starts[seed] for _, seed in cells]),
        optimizer=[cell.optimizer for cell, _ in cells],
        learning_rate=np.stack(
            [np.repeat(learning_rates(cell, protocol), steps) for cell, _ in cells]
        ),
        weight_decay=np.array([cell.weight_decay for cell, _ in cells]),
        rho=np.array([np.nan if cell.sam_rho is None else cell.sam_rho for cell, _ in cells]),
        order=np.stack([batch_order(rows, epochs, seed) for seed in seeds]),
        order_of=np.array([seeds.index(seed) for _, seed in cells]),
        decoupled=protocol.weight_decay_form == "decoupled",
    )


def _generator(seed: int, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream])))
