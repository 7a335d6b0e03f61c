"""The fast engine on the CPU: a compiled kernel (kernel/kernel.c).

It trains as many small models at once as a vector has lanes, one per lane, or a single model with
its rows in the lanes. A model's bits are the same either way, so the faster way is taken. A group
or a model is one call of C, which releases Python's lock. torch is not imported.
"""

import ctypes
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from genboost.train.engines import kernel_build
from genboost.train.engines.kernel import ACTIVATIONS, LOSSES, OPTIMIZERS
from genboost.train.problem import KERNEL_NORMALIZATIONS, Engine, Group, Outcome, Problem

WIDE = 64  # units in a layer


@dataclass(frozen=True)
class Kernel:
    """A loaded kernel for real numbers of type `dtype`."""

    library: ctypes.CDLL
    level: str
    dtype: np.dtype
    lanes: int


def load(dtype: str = "float32", level: str | None = None) -> Kernel:
    """Load the kernel, built if need be; see `kernel_build.load` for parameters and errors."""
    library, level = kernel_build.load(dtype, level)
    return Kernel(library, level, np.dtype(dtype), library.genboost_lanes())


def start(threads: int = 1) -> Engine:
    """Make the engine ready.

    Raises
    ------
    kernel_build.KernelUnavailable
        If this machine cannot run it.
    """
    kernel = load()
    return Engine(f"simd {kernel.level}", "cpu", partial(groups, threads=threads, kernel=kernel))


def train(problem: Problem, threads: int = 1, kernel: Kernel | None = None) -> Outcome:
    """Train K models; see `groups`.

    Returns
    -------
    Outcome
    """
    names = [field.name for field in fields(Outcome)]
    done = list(groups(problem, threads, kernel))
    place = np.argsort(np.concatenate([group.models for group in done]))
    return Outcome(
        *(np.concatenate([getattr(group.outcome, name) for group in done])[place] for name in names)
    )


def groups(problem: Problem, threads: int = 1, kernel: Kernel | None = None) -> Iterator[Group]:
    """Train K models, group by group.

    Parameters
    ----------
    problem
        The models. A model's outcome has the same bits whatever the others are.
    threads
        Groups to train at the same time; with one, in the caller's thread.
    kernel
        The float32 kernel of the best level, unless given.

    Yields
    ------
    Group
        As soon as it is done. For a diverged model, the weights, `train_mse` and all that follows
        `Outcome.epochs_run` epochs are NaN.

    Raises
    ------
    ValueError
        If the problem has an optimizer, an activation or a loss that the kernel does not know, or
        arrays of the wrong shape.
    kernel_build.KernelUnavailable
        If this machine cannot run the kernel.
    """
    kernel = kernel or load()
    shared = _Shared(problem, kernel)
    packs = pack(problem, kernel.lanes)
    if threads == 1 or len(packs) == 1:
        yield from (_train_group(shared, models) for models in packs)
        return
    executor = ThreadPoolExecutor(min(threads, len(packs)))
    try:
        futures = [executor.submit(_train_group, shared, models) for models in packs]
        for future in as_completed(futures):
            yield future.result()
    finally:
        executor.shutdown(cancel_futures=True)


def pack(problem: Problem, lanes: int) -> list[np.ndarray]:
    """Divide a problem's models into groups of at most `lanes`, or of one model.

    A group takes as long as its slowest kind of model. So models of a kind go together, and those
    with SAM, which need two gradients per step, go first: few groups are mixed, and the thread with
    the last group does not work alone for long. Models that would fill at most half of the lanes
    are faster one by one, and so are models so wide that many do not fit into the cache (measured
    by benchmarks/, section growth).
    """
    last = [-OPTIMIZERS.index(name) for name in problem.optimizer]
    keys = (problem.momentum == 0, last, ~problem.sam_adaptive, np.isnan(problem.rho))
    order = np.lexsort((*keys, np.isnan(problem.stop_at)))
    groups = [order[start : start + lanes] for start in range(0, len(order), lanes)]
    wide = problem.architecture.width >= WIDE
    return [
        part
        for group in groups
        for part in (np.split(group, len(group)) if wide or 2 * len(group) <= lanes else [group])
    ]


class _CProblem(ctypes.Structure):
    """``struct problem`` of the kernel."""

    _fields_ = (
        [(name, ctypes.c_int32) for name in ("features", "hidden_layers", "width", "outputs")]
        + [(name, ctypes.c_int32) for name in ("activation", "loss")]
        + [(name, ctypes.c_int32) for name in ("batch_size", "epochs", "summed")]
        + [(name, ctypes.c_int32) for name in ("train_rows", "test_rows", "validation_rows")]
        + [(name, ctypes.c_int32) for name in ("snapshots", "stride")]
        + [(name, ctypes.c_void_p) for name in ("train_x", "train_y", "test_x", "test_y")]
        + [(name, ctypes.c_void_p) for name in ("validation_x", "validation_y")]
        + [(name, ctypes.c_void_p) for name in ("order", "is_weight", "snapshot_epochs")]
    )


class _CGroup(ctypes.Structure):
    """``struct group`` of the kernel."""

    _fields_ = (
        [("models", ctypes.c_int32)]
        + [(name, ctypes.c_void_p) for name in ("weights", "learning_rate", "weight_decay")]
        + [(name, ctypes.c_void_p) for name in ("decoupled", "rho", "sam_adaptive", "optimizer")]
        + [(name, ctypes.c_void_p) for name in ("momentum", "nesterov", "stop_at", "order_of")]
        + [(name, ctypes.c_void_p) for name in ("final_weights", "train_loss", "test_mse")]
        + [(name, ctypes.c_void_p) for name in ("validation_mse", "train_mse", "epochs_run")]
        + [(name, ctypes.c_void_p) for name in ("stopped", "snapshots")]
    )


class _Shared:
    """What all groups of a problem share, in the kernel's form."""

    def __init__(self, problem: Problem, kernel: Kernel):
        _check(problem)
        self.problem, self.kernel = problem, kernel
        data, architecture = problem.data, problem.architecture
        features = architecture.features
        stride = -(-features // kernel.lanes) * kernel.lanes
        self.arrays = {
            "train_x": _with_stride(data.train_x, stride, kernel.dtype),
            "train_y": np.ascontiguousarray(data.train_y, kernel.dtype),
            "test_x": _with_stride(data.test_x, stride, kernel.dtype),
            "test_y": np.ascontiguousarray(data.test_y, kernel.dtype),
            "validation_y": np.ascontiguousarray(data.validation_y, kernel.dtype),
            "is_weight": architecture.is_weight.astype(np.int32),
            "snapshot_epochs": np.array(problem.snapshots, np.int32),
        }
        if len(data.validation_y):
            self.arrays["validation_x"] = _with_stride(data.validation_x, stride, kernel.dtype)
        if problem.order is not None:
            self.arrays["order"] = np.ascontiguousarray(problem.order, np.int32)
        self.c_problem = _CProblem(
            features=features,
            hidden_layers=architecture.hidden_layers,
            width=architecture.width,
            outputs=architecture.outputs,
            activation=ACTIVATIONS.index(architecture.activation),
            loss=LOSSES.index(problem.loss),
            batch_size=min(problem.batch_size, len(data.train_y)),
            epochs=problem.epochs,
            summed=problem.summed,
            train_rows=len(data.train_y),
            test_rows=len(data.test_y),
            validation_rows=len(data.validation_y),
            snapshots=len(problem.snapshots),
            stride=stride,
            **{name: array.ctypes.data for name, array in self.arrays.items()},
        )


def _train_group(shared: _Shared, models: np.ndarray) -> Group:
    """Train up to as many models as a vector has lanes."""
    started = time.perf_counter()
    problem, kernel = shared.problem, shared.kernel
    lanes, epochs, dtype = kernel.lanes, problem.epochs, kernel.dtype
    size = 1 if len(models) == 1 else lanes  # a single model has all lanes
    filled = models[np.minimum(np.arange(size), len(models) - 1)]  # idle lanes: the last model
    parameters = problem.architecture.parameters
    arrays = {
        "weights": np.ascontiguousarray(problem.weights[filled], dtype),
        "learning_rate": np.ascontiguousarray(problem.learning_rate[filled], np.float64),
        "weight_decay": np.ascontiguousarray(problem.weight_decay[filled], np.float64),
        "decoupled": np.array([problem.decouples(problem.optimizer[k]) for k in filled], np.int32),
        "rho": np.ascontiguousarray(problem.rho[filled], np.float64),
        "sam_adaptive": np.ascontiguousarray(problem.sam_adaptive[filled], np.int32),
        "optimizer": np.array([OPTIMIZERS.index(problem.optimizer[k]) for k in filled], np.int32),
        "momentum": np.ascontiguousarray(problem.momentum[filled], np.float64),
        "nesterov": np.ascontiguousarray(problem.nesterov[filled], np.int32),
        "stop_at": np.ascontiguousarray(problem.stop_at[filled], np.float64),
        "order_of": np.ascontiguousarray(problem.order_of[filled], np.int64),
        "final_weights": np.empty((size, parameters), dtype),
        "snapshots": np.full((size, len(problem.snapshots), parameters), np.nan, dtype),
        "train_loss": np.full((size, epochs), np.nan),
        "test_mse": np.full((size, epochs), np.nan),
        "validation_mse": np.full((size, problem.validated_epochs), np.nan),
        "train_mse": np.empty(size),
        "epochs_run": np.empty(size, np.int32),
        "stopped": np.empty(size, np.int32),
    }
    c_group = _CGroup(models=size, **{name: array.ctypes.data for name, array in arrays.items()})
    if kernel.library.genboost_train(ctypes.byref(shared.c_problem), ctypes.byref(c_group)):
        raise MemoryError("no memory for a group of models")
    outcome = Outcome(
        weights=arrays["final_weights"][: len(models)],
        train_loss=arrays["train_loss"][: len(models)],
        test_mse=arrays["test_mse"][: len(models)],
        validation_mse=arrays["validation_mse"][: len(models)],
        train_mse=arrays["train_mse"][: len(models)],
        epochs_run=arrays["epochs_run"][: len(models)],
        stopped=arrays["stopped"][: len(models)].astype(bool),
        snapshots=arrays["snapshots"][: len(models)],
    )
    # A group goes on until its last model ends; nothing of that may show.
    for row in np.flatnonzero((outcome.epochs_run < epochs) & ~outcome.stopped):
        outcome.weights[row] = outcome.train_mse[row] = np.nan
        outcome.train_loss[row, outcome.epochs_run[row] :] = np.nan
        outcome.test_mse[row, outcome.epochs_run[row] :] = np.nan
        outcome.validation_mse[row, outcome.epochs_run[row] :] = np.nan
    return Group(models, outcome, time.perf_counter() - started)


def _with_stride(x: np.ndarray, stride: int, dtype: np.dtype) -> np.ndarray:
    """Return the rows of x, each padded with zeros."""
    rows, features = x.shape
    padded = np.zeros((rows, stride), dtype)
    padded[:, :features] = x
    return padded


def _check(problem: Problem) -> None:
    """Raise ValueError if the kernel would leave an array's bounds, or cannot train the problem."""
    architecture, data = problem.architecture, problem.data
    models, rows = len(problem.optimizer), len(data.train_y)
    steps = problem.epochs * -(-rows // problem.batch_size)
    shapes = {
        "weights": (problem.weights, (models, architecture.parameters)),
        "learning_rate": (problem.learning_rate, (models, steps)),
        "weight_decay": (problem.weight_decay, (models,)),
        "rho": (problem.rho, (models,)),
        "sam_adaptive": (problem.sam_adaptive, (models,)),
        "momentum": (problem.momentum, (models,)),
        "nesterov": (problem.nesterov, (models,)),
        "stop_at": (problem.stop_at, (models,)),
        "order_of": (problem.order_of, (models,)),
        "train_x": (data.train_x, (rows, architecture.features)),
        "test_x": (data.test_x, (len(data.test_y), architecture.features)),
    }
    if len(data.validation_y):
        validation = (len(data.validation_y), architecture.features)
        shapes["validation_x"] = data.validation_x, validation
    limits = {}
    if problem.order is not None:
        orders = len(problem.order)
        shapes["order"] = problem.order, (orders, problem.epochs, rows)
        limits = {"order": (problem.order, rows), "order_of": (problem.order_of, orders)}
    for name, (array, shape) in shapes.items():
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, not {shape}")
    for name, (array, limit) in limits.items():
        if array.min() < 0 or array.max() >= limit:
            raise ValueError(f"{name} has indices beyond 0..{limit - 1}")
    if unknown := set(problem.optimizer) - set(OPTIMIZERS):
        raise ValueError(f"no optimizer {', '.join(sorted(unknown))} in the kernel")
    if architecture.normalization not in KERNEL_NORMALIZATIONS:
        raise ValueError(f"no normalization {architecture.normalization} in the kernel")
    if architecture.activation not in ACTIVATIONS:
        raise ValueError(f"no activation {architecture.activation} in the kernel")
    if problem.loss not in LOSSES:
        raise ValueError(f"no loss {problem.loss} in the kernel")
    if problem.loss == "mse" and architecture.outputs != 1:
        raise ValueError(f"mse is of one output, not {architecture.outputs}")
