"""Training: from a grid's models to engine problems, and from outcomes to results to record.

A model's seed gives two independent streams, one for initialization and one for the order of the
batches. Both are NumPy's, so every engine starts from the same weights and sees the same batches,
and cells of the same seed can be compared in pairs.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from genboost.data.arrays import Data
from genboost.study.cells import Cell
from genboost.train import schedules
from genboost.train.problem import Architecture, Group, Problem

INITIALIZATION, BATCH_ORDER = 0, 1
MODELS_AT_ONCE = 1024  # in a problem, to limit memory: a model's learning rates take 85 kB


@dataclass(frozen=True)
class Result:
    """A trained model.

    Attributes
    ----------
    weights : float32 array [P]
        For each layer W[outputs][inputs] row by row, then b[outputs].
    train_loss, test_mse, validation_mse, learning_rate : float64 array [epochs_run]
        The curves, the learning rate that of each epoch's first step; they end before the first
        epoch with a loss that is not finite, or with that which reached `stop_at_train_mse`.
        That of the validation rows is empty if there are none.
    train_mse : float
        On the training rows, at the end.
    reached : bool
        Whether the cell's `stop_at_train_mse` was reached.
    snapshots : mapping of an epoch to a float32 array [P]
        The weights after those of the cell's `snapshots` that training reached.
    diverged : bool
        Whether an epoch's loss or `train_mse` is not finite.
    seconds : float
        Its share of the time of the models trained together.
    gradient_evaluations : int
        Batch gradients computed in those epochs; SAM computes two per step.
    """

    weights: np.ndarray
    train_loss: np.ndarray
    test_mse: np.ndarray
    validation_mse: np.ndarray
    learning_rate: np.ndarray
    train_mse: float
    reached: bool
    snapshots: Mapping[int, np.ndarray]
    diverged: bool
    seconds: float
    gradient_evaluations: int


def architecture(cell: Cell, features: int, classes: int) -> Architecture:
    """Return a cell's network for a number of inputs, and of classes of the label.

    With cross-entropy it has an output for each class, otherwise one.
    """
    outputs = classes if cell.loss == "cross_entropy" else 1
    shape = (cell.hidden_layers, cell.width, cell.activation, cell.normalization)
    return Architecture(features, *shape, outputs)


def initial_weights(architecture: Architecture, seed: int, kind: str = "torch") -> np.ndarray:
    """Return initial parameters [P].

    Parameters
    ----------
    kind
        ``torch``: weights and biases uniform in ±1 / sqrt(inputs), as torch.nn.Linear draws them
        (Kaiming's uniform initialization with torch's default a = sqrt(5)).
        ``xavier``: weights uniform in ±sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010, eq. 16);
        ``kaiming``: in ±sqrt(6 / inputs) (He et al. 2015, eq. 10); both with biases of zero.
    """
    random = _generator(seed, INITIALIZATION)
    layers = []
    for inputs, outputs in architecture.layers:
        bound = {
            "torch": inputs**-0.5,
            "xavier": (6 / (inputs + outputs)) ** 0.5,
            "kaiming": (6 / inputs) ** 0.5,
        }[kind]
        layer = random.uniform(-bound, bound, size=(inputs + 1) * outputs)
        if kind != "torch":
            layer[inputs * outputs :] = 0
        layers.append(layer)
    return np.concatenate(layers)


def batch_order(rows: int, epochs: int, seed: int) -> np.ndarray:
    """Return a permutation of the training rows for each epoch, int32 [epochs, rows]."""
    random = _generator(seed, BATCH_ORDER)
    return np.stack([random.permutation(rows) for _ in range(epochs)]).astype(np.int32)


def learning_rates(cell: Cell, steps: int) -> np.ndarray:
    """Return a cell's learning rate in each step of each epoch, float64 [epochs, steps]."""
    by_batch = cell.schedule_step == "batch"
    times = cell.epochs * steps if by_batch else cell.epochs
    if cell.schedule == "constant":
        rates = schedules.constant(cell.learning_rate, times)
    else:
        rates = schedules.cosine(cell.learning_rate, times, cell.t_max, cell.eta_min)
    return rates.reshape(cell.epochs, steps) if by_batch else np.repeat(rates[:, None], steps, 1)


def alike(cell: Cell) -> Hashable:
    """Return what models must share to be trained at once, as one `Problem`."""
    return (
        cell.hidden_layers,
        cell.width,
        cell.activation,
        cell.normalization,
        cell.batch_size,
        cell.epochs,
        cell.weight_decay_form,
        cell.loss,
        cell.reduction,
        cell.snapshots,
    )


def train(
    models: Sequence[tuple[Cell, int]],
    data: Data,
    engine: Callable[[Problem], Iterator[Group]],
    classes: int = 0,
) -> Iterator[tuple[int, Result]]:
    """Train models.

    Parameters
    ----------
    models
        Each model's cell and seed.
    engine
        Trains a problem's models, group by group.
    classes
        How many classes the label has; 0 if it is a number.

    Yields
    ------
    (int, Result)
        A model's index in `models` and its result, as soon as it is trained.
    """
    kinds: dict[Hashable, list[int]] = {}
    for index, (cell, _) in enumerate(models):
        kinds.setdefault(alike(cell), []).append(index)
    for indices in (
        kind[start : start + MODELS_AT_ONCE]
        for kind in kinds.values()
        for start in range(0, len(kind), MODELS_AT_ONCE)
    ):
        chosen = [models[index] for index in indices]
        problem = pose(chosen, data, classes)
        steps = problem.learning_rate.shape[1] // problem.epochs
        for group in engine(problem):
            outcome = group.outcome
            for row, k in enumerate(group.models):
                cell, _ = chosen[k]
                epochs_run = int(outcome.epochs_run[row])
                train_mse, reached = float(outcome.train_mse[row]), bool(outcome.stopped[row])
                whole = reached or epochs_run == problem.epochs
                yield (
                    indices[k],
                    Result(
                        weights=outcome.weights[row],
                        train_loss=outcome.train_loss[row, :epochs_run],
                        test_mse=outcome.test_mse[row, :epochs_run],
                        validation_mse=outcome.validation_mse[row, :epochs_run],
                        learning_rate=problem.learning_rate[k, ::steps][:epochs_run],
                        train_mse=train_mse,
                        reached=reached,
                        snapshots={
                            epoch: outcome.snapshots[row, place]
                            for place, epoch in enumerate(problem.snapshots)
                            if epoch <= epochs_run
                        },
                        diverged=not (whole and np.isfinite(train_mse)),
                        seconds=group.seconds / len(group.models),
                        gradient_evaluations=epochs_run * steps * (1 + (cell.sam_rho is not None)),
                    ),
                )


def pose(models: Sequence[tuple[Cell, int]], data: Data, classes: int = 0) -> Problem:
    """Return the engine's problem for models that are `alike`; for `classes` see `train`."""
    rows, features = data.train_x.shape
    shared = models[0][0]
    epochs = shared.epochs
    steps = -(-rows // shared.batch_size)
    shape = architecture(shared, features, classes)
    seeds = sorted({seed for _, seed in models})
    # In a batch of all rows, order does not count, and 20,000 epochs of it take 130 MB.
    in_order = shared.batch_size >= rows
    kinds = {(seed, cell.initialization) for cell, seed in models}
    starts = {(seed, kind): initial_weights(shape, seed, kind) for seed, kind in kinds}
    rates = {cell: learning_rates(cell, steps).ravel() for cell, _ in models}
    return Problem(
        architecture=shape,
        data=data,
        batch_size=shared.batch_size,
        epochs=epochs,
        weights=np.stack([starts[seed, cell.initialization] for cell, seed in models]),
        optimizer=[cell.optimizer for cell, _ in models],
        learning_rate=np.stack([rates[cell] for cell, _ in models]),
        weight_decay=np.array([cell.weight_decay for cell, _ in models]),
        rho=np.array([np.nan if cell.sam_rho is None else cell.sam_rho for cell, _ in models]),
        sam_adaptive=np.array([cell.sam_adaptive for cell, _ in models]),
        momentum=np.array([cell.momentum for cell, _ in models]),
        nesterov=np.array([cell.nesterov for cell, _ in models]),
        stop_at=np.array([cell.stop_at_train_mse for cell, _ in models], float),  # None: NaN
        order=None if in_order else np.stack([batch_order(rows, epochs, s) for s in seeds]),
        order_of=np.array([seeds.index(seed) for _, seed in models]),
        decoupled=shared.weight_decay_form == "decoupled",
        loss=shared.loss,
        summed=shared.reduction == "sum",
        snapshots=tuple(shared.snapshots),
    )


def _generator(seed: int, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream])))
