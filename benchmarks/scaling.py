"""The engines: time to train by number of models and cores, and how the cost grows."""

import resource
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import yaml
from timing import Sample, Worker, available_cores, in_turns, peak, timed

from genboost.data.arrays import Data
from genboost.study import config, grid
from genboost.study.cells import Cell
from genboost.train import training
from genboost.train.engines import choice
from genboost.train.problem import Architecture

ROOT = Path(__file__).resolve().parents[1]

Models = list[tuple[Cell, int]]
Task = Callable[[], Sample]

USUAL = {"width": 18, "hidden_layers": 4, "rows": 1688}  # of made-up problems
ON_GPU = 40  # epochs on a GPU, so that recording the steps is little of it
SHORTER = 20  # the torch engine trains for a twentieth of the epochs


def by_models(arrays: str, quick: bool) -> dict[str, Any]:
    """Time both engines at several numbers of models, on one core and on two."""
    kinds, study = deck_grid()
    workers = {cores: Worker(cores) for cores in (1, 2) if cores <= available_cores()}
    tasks: dict[str, Task] = {}
    about: dict[str, dict[str, Any]] = {}

    def add(engine: str, cores: int, models: Models, count: int, kind: str, share: float) -> None:
        name = f"{engine}, {count} models, {kind}, {_plural(cores, 'core')}"
        shorter = SHORTER if engine == "torch" else 1
        models = [(cell.replace(epochs=cell.epochs // shorter), seed) for cell, seed in models]
        call = partial(workers[cores].call, _train, engine, cores, arrays, models)
        tasks[name] = call
        about[name] = {
            "engine": engine,
            "cores": cores,
            "models": count,
            "kind": kind,
            "share": share,
            "shorter": shorter,
            "gradients": sum(map(gradients_of, models)) * steps_of(arrays, study[0][0]),
        }

    for engine in ("simd", "torch"):
        for cores in workers if engine == "simd" else [1]:  # torch gains nothing from a second
            for count in (1, 16) if quick else (1, 16, 72):
                for kind, models in kinds.items():
                    share = len(models) / len(study)
                    add(engine, cores, spread(models, count), count, kind, share)
            for seeds in (1,) if quick else (1, 3):
                models = [(cell, seed) for cell, seed in study if seed < seeds]
                add(engine, cores, models, len(models), "the study", 1.0)
    for cores, worker in workers.items():
        for engine in ("simd", "torch"):
            worker.call(_train, engine, cores, arrays, [(study[0][0], 0)], 1)
    peaks: list[Sample] = []
    samples: dict[str, list[Sample]] = {name: [] for name in tasks}
    for _ in range(2 if quick else 3):
        peaks += [workers[1].call(peak) for _ in range(5)]
        for name, new in in_turns(tasks, 1).items():
            samples[name] += new
    for worker in workers.values():
        worker.stop()
    data = Data.load(arrays)
    cell, _ = study[0]
    architecture = Architecture(
        data.train_x.shape[1], cell.hidden_layers, cell.width, cell.activation
    )
    return {
        "peak": peaks,
        "flop_per_gradient": flop(architecture) * len(data.train_y) / steps_of(arrays, study[0][0]),
        "runs": [{**about[name], "samples": samples[name]} for name in tasks],
    }


def on_gpu(arrays: str, quick: bool) -> dict[str, Any]:
    """Time the torch engine on a GPU, its steps replayed as CUDA graphs and not.

    Then, as networks grow wider, beside the kernel on a core of the same machine.
    """
    worker = Worker(1)
    if not (gpu := worker.call(_gpu)):
        worker.stop()
        return {"gpu": None}
    _, study = deck_grid()
    tasks: dict[str, Task] = {}
    runs: dict[str, dict[str, Any]] = {}
    for replayed in (True, False):
        for count in (1, 648) if quick else (1, 16, 72, 216, 648):
            shorter = 1 if replayed else SHORTER
            models = [
                (cell.replace(epochs=cell.epochs // shorter), seed)
                for cell, seed in spread(study, count)
            ]
            name = f"{'replayed' if replayed else 'launched'}, {count} models"
            tasks[name] = partial(worker.call, _train_on_gpu, arrays, models, replayed)
            runs[name] = {
                "replayed": replayed,
                "models": count,
                "shorter": shorter,
                "gradients": sum(map(gradients_of, models)) * steps_of(arrays, study[0][0]),
            }
    wider: dict[str, dict[str, Any]] = {}
    for width in (18, 256) if quick else (18, 64, 128, 256):
        point = {**USUAL, "width": width, "models": 72}
        for engine, device, epochs in (
            ("simd", "cpu", _epochs(point, "simd")),
            ("torch", "cuda", ON_GPU),
        ):
            name = f"{engine}, width {width}"
            tasks[name] = partial(worker.call, _train_made_up, engine, point, epochs, device)
            gradients = point["models"] * epochs * _steps(point)
            wider[name] = {**point, "engine": engine, "gradients": gradients}
    worker.call(_train_on_gpu, arrays, [(study[0][0].replace(epochs=1), 0)], True)
    samples = in_turns(tasks, 2 if quick else 3)
    worker.stop()
    return {
        "gpu": gpu,
        "runs": [{**runs[name], "samples": samples[name]} for name in runs],
        "wider": [{**wider[name], "samples": samples[name]} for name in wider],
    }


def growth(quick: bool) -> dict[str, Any]:
    """Time both engines as the network, the data and the number of models grow, on one core."""
    worker = Worker(1)
    usual = {**USUAL, "models": 16}
    points: list[dict[str, Any]] = []
    for models in (1, 4, 16):
        for width in (18, 64, 256) if quick else (18, 32, 48, 64, 96, 128, 192, 256):
            points.append({"varied": "width", **usual, "width": width, "models": models})
    for hidden_layers in (1, 4, 16) if quick else (1, 2, 4, 8, 16):
        points.append({"varied": "depth", **usual, "hidden_layers": hidden_layers})
    for rows in (422, 6752) if quick else (422, 1688, 6752, 27008):
        points.append({"varied": "rows", **usual, "rows": rows})
    for models in (16, 1600) if quick else (16, 160, 1600, 10_000):
        points.append({"varied": "models", **usual, "models": models})

    tasks: dict[str, Task] = {}
    runs: dict[str, dict[str, Any]] = {}
    for point in points:
        for engine in ("simd", "torch"):
            if engine == "torch" and point["models"] > 1600:
                continue
            epochs = _epochs(point, engine)
            name = f"{engine}, {point['varied']}: " + ", ".join(
                f"{key} {point[key]}" for key in usual
            )
            tasks[name] = partial(worker.call, _train_made_up, engine, point, epochs)
            steps = epochs * _steps(point)
            runs[name] = {
                **point,
                "engine": engine,
                "epochs": epochs,
                "gradients": point["models"] * steps,
                "flop_per_gradient": flop(_architecture(point)) * point["rows"] / (steps / epochs),
            }
    for engine in ("simd", "torch"):
        worker.call(_train_made_up, engine, {**usual, "models": 1}, 1)
    samples = in_turns(tasks, 2 if quick else 3)
    peaks = [worker.call(peak) for _ in range(10)]
    worker.stop()
    return {
        "peak": peaks,
        "runs": [{**runs[name], "samples": samples[name]} for name in tasks],
        "memory": [_memory(models) for models in ((16, 1600) if quick else (16, 1600, 10_000))],
    }


def study_config(seeds: int | None = None) -> dict[str, Any]:
    """Return the resolved configuration of the study, with another number of seeds if given."""
    given = yaml.safe_load((ROOT / "config.yaml").read_text())
    if seeds:
        given["grid"]["seeds"] = seeds
    return config.resolve(given, ["config.yaml"])


@cache
def deck_grid() -> tuple[dict[str, Models], Models]:
    """Return the default study's models by kind, and all of them.

    A kind is what the cost depends on: the optimizer, SAM or not, and the epochs.
    """
    studies = grid.studies(study_config())
    models = [(model.cell, model.seed) for model in grid.models(studies)]
    kinds: dict[str, Models] = {}
    for cell, seed in models:
        sam = "" if cell.sam_rho is None else " + SAM"
        name = f"{ {'sgd': 'SGD', 'adam': 'Adam'}[cell.optimizer] }{sam}, {cell.epochs} epochs"
        kinds.setdefault(name, []).append((cell, seed))
    return kinds, models


def spread(models: Models, count: int) -> Models:
    """Take models evenly from all over a list."""
    return [models[int((k + 0.5) * len(models) / count)] for k in range(count)]


def gradients_of(model: tuple[Cell, int]) -> int:
    """Return how many gradients training a model takes, for a step an epoch."""
    cell, _ = model
    return cell.epochs * (1 if cell.sam_rho is None else 2)


@cache
def steps_of(arrays: str, cell: Cell) -> int:
    """Return the steps of an epoch."""
    return -(-len(Data.load(arrays).train_y) // cell.batch_size)


def flop(architecture: Architecture) -> int:
    """Return the floating-point operations of a row's gradient: those of the matrix products.

    Forward and the weights' gradient take two a weight, and so does the inputs' gradient, which the
    first layer does not need. Biases, activations, optimizer and tests are left out.
    """
    products = [inputs * outputs for inputs, outputs in architecture.layers]
    return 2 * (3 * sum(products) - products[0])


def _train(
    engine: str,
    cores: int,
    arrays: str,
    models: Models,
    epochs: int | None = None,
) -> Sample:
    """Train models in this process, for so many epochs, and say what it took."""
    data, ready = Data.load(arrays), _engine(engine, cores)
    if epochs:
        models = [(cell.replace(epochs=epochs), seed) for cell, seed in models]
    return timed(lambda: list(training.train(models, data, ready.train)))


def _gpu() -> str | None:
    """Return the name of the GPU, if torch finds one."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def _train_on_gpu(arrays: str, models: Models, replayed: bool) -> Sample:
    """Train models on a GPU from this process, and say what it took."""
    from genboost.train.engines import torch_engine

    data, ready = Data.load(arrays), choice.choose("torch", "cuda", [])
    as_it_is = torch_engine.replayable if replayed else lambda step, *_: step
    with patch.object(torch_engine, "replayable", as_it_is):
        return timed(lambda: list(training.train(models, data, ready.train)))


def _train_made_up(engine: str, point: dict[str, Any], epochs: int, device: str = "cpu") -> Sample:
    """Train models of some size on random data in this process, and say what it took."""
    models, data = _made_up(point, epochs)
    ready = _engine(engine, 1, device)
    return timed(lambda: list(training.train(models, data, ready.train)))


def _made_up(point: dict[str, Any], epochs: int) -> tuple[Models, Data]:
    random = np.random.default_rng(0)
    rows, features = point["rows"], 16
    data = Data(
        random.normal(size=(rows, features)).astype(np.float32),
        random.integers(7, size=rows).astype(np.float32),
        random.normal(size=(32, features)).astype(np.float32),
        random.integers(7, size=32).astype(np.float32),
    )
    usual, _ = deck_grid()[0]["Adam, 200 epochs"][0]
    shape = {"hidden_layers": point["hidden_layers"], "width": point["width"]}
    cells = [usual.replace(weight_decay=decay, epochs=epochs, **shape) for decay in (0.0, 0.001)]
    seeds = 30  # as in a large study: every seed has an order of the batches to keep
    return [(cells[k % 2], k // 2 % seeds) for k in range(point["models"])], data


def _steps(point: dict[str, Any]) -> int:
    """Return the steps of an epoch, in batches of 32."""
    return -(-point["rows"] // 32)


def _architecture(point: dict[str, Any]) -> Architecture:
    return Architecture(16, point["hidden_layers"], point["width"], "relu")


def _epochs(point: dict[str, Any], engine: str) -> int:
    """Return epochs that take a tenth of a second or some more, and at least four."""
    work = flop(_architecture(point)) * point["rows"]
    if engine == "simd":
        return int(np.clip(12e9 / (work * point["models"]), 4, 100))
    return int(np.clip(2e9 / (work * max(point["models"], 16)), 4, 100))  # few cost it as much


@cache
def _engine(engine: str, cores: int, device: str = "cpu") -> choice.Engine:
    return choice.choose(engine, device, [], cores)


def _memory(models: int) -> dict[str, Any]:
    """Return what a process that trains so many models for 200 epochs takes at most, in bytes.

    It stops after its first group: each takes the memory of the one before.
    """
    worker = Worker(1)
    result = {"models": models, "bytes": worker.call(_peak_memory, models)}
    worker.stop()
    return result


def _peak_memory(models: int) -> int:
    point = {**USUAL, "models": models}
    chosen, data = _made_up(point, 200)
    next(training.train(chosen, data, _engine("simd", 1).train))
    status = Path("/proc/self/status")
    if status.exists():  # in getrusage's maximum, Linux counts the process that started this one
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
