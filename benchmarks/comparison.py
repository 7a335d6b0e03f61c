"""The peers and the engines on the same models: time, and the error that they reach."""

import importlib
import math
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from scaling import deck_grid
from timing import Sample, Worker, in_turns, timed

from genboost.data.arrays import Data
from genboost.study.cells import Cell
from genboost.train import training
from genboost.train.engines import choice

MANY = 72
METHODS = {
    "torch_dataloader": ("PyTorch loop with DataLoader", 1),
    "torch_tensors": ("PyTorch loop without DataLoader", 1),
    "torch_func": ("torch.func: vmap", MANY),
    "jax_scan": ("JAX: jit(vmap(scan))", MANY),
    "torch": ("our torch engine", MANY),
    "simd, one model": ("our simd engine, one model", 1),
    "simd": ("our simd engine", MANY),
}
"""What is compared: its title, and how many models it trains in a run."""

CELLS = {
    "Adam": {"sam_rho": None, "epochs": 200},
    "Adam + SAM": {"sam_rho": 0.02, "epochs": 100},
}
USUAL = {"optimizer": "adam", "learning_rate": 0.003, "weight_decay": 0.001}
QUICK_EPOCHS = 20

Prepared = Callable[[], list[float]]
_prepared: dict[str, Prepared] = {}
_errors: dict[str, list[float]] = {}


def compare(arrays: str, quick: bool) -> dict[str, Any]:
    """Train the same cells by every method on one core, each model with a seed of its own."""
    methods, skipped = dict(METHODS), {}
    try:
        importlib.import_module("jax")
    except ImportError:
        skipped[methods.pop("jax_scan")[0]] = "jax is not installed (requirements-bench.txt)"
    workers = {method: Worker(1) for method in methods}
    results: dict[str, Any] = {}
    (standard, _), *_ = deck_grid()[1]
    for kind, special in CELLS.items():
        cell = standard.replace(**USUAL, **special)
        cell = cell.replace(epochs=QUICK_EPOCHS) if quick else cell
        starts = {
            method: workers[method].call(_prepare, method, kind, arrays, cell, count)
            for method, (_, count) in methods.items()
        }
        tasks = {
            f"{kind}, {method}": partial(workers[method].call, _run, kind) for method in methods
        }
        samples = in_turns(tasks, 2)
        results[kind] = {
            "cell": {name: cell[name] for name in (*USUAL, *special)},
            "methods": [
                {
                    "method": title,
                    "models": count,
                    "start": starts[method],
                    "samples": samples[f"{kind}, {method}"],
                    "test_mse": workers[method].call(_errors_of, kind),
                }
                for method, (title, count) in methods.items()
            ],
        }
    for worker in workers.values():
        worker.stop()
    return {"kinds": results, "skipped": skipped}


def agreement(one: list[float], other: list[float]) -> dict[str, float]:
    """Compare two methods' mean errors over seeds that they do not share.

    Returns
    -------
    dict
        The ``difference`` of the means, the ``noise`` of that difference (its standard error, with
        the standard deviation over seeds that the larger sample has), and if they ``agree``: within
        three times that.
    """
    difference = statistics.fmean(one) - statistics.fmean(other)
    sd = statistics.stdev(max(one, other, key=len))
    noise = sd * math.sqrt(1 / len(one) + 1 / len(other))
    return {"difference": difference, "noise": noise, "agree": abs(difference) <= 3 * noise}


def _prepare(method: str, kind: str, arrays: str, cell: Cell, count: int) -> float:
    """Import and prepare a method in this process, and return the seconds that it took."""
    started = time.perf_counter()
    data, seeds = Data.load(arrays), list(range(count))
    engine = method.partition(",")[0]
    if engine in ("simd", "torch"):
        _prepared[kind] = _prepare_engine(engine, data, cell, seeds)
    else:
        if method != "jax_scan":
            importlib.import_module("torch").set_num_threads(1)
        _prepared[kind] = importlib.import_module(f"peers.{method}").prepare(data, cell, seeds)
    return time.perf_counter() - started


def _prepare_engine(name: str, data: Data, cell: Cell, seeds: list[int]) -> Prepared:
    engine = choice.choose(name, "cpu", [cell])

    def train() -> list[float]:
        results = training.train([(cell, seed) for seed in seeds], data, engine.train)
        return [float(result.test_mse[-1]) for _, result in results]

    return train


def _run(kind: str) -> Sample:
    return timed(lambda: _errors.__setitem__(kind, _prepared[kind]()))


def _errors_of(kind: str) -> list[float]:
    return _errors[kind]
