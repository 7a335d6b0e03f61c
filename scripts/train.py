"""Train models and write a record of each; those whose records are there and valid are kept."""

import argparse
import hashlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from genboost import errors
from genboost.data.arrays import Data
from genboost.files import write_atomically
from genboost.study.cells import Cell, Protocol, cell_and_seed
from genboost.train import record, training
from genboost.train.engines import choice, gpus

PROGRESS_EVERY = 10.0  # seconds


def main() -> None:
    """Parse the command line, train the models that are not yet trained, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the prepared data set (arrays.npz)")
    parser.add_argument("--protocol", required=True, help="model and training settings, as JSON")
    parser.add_argument("--engine", default="auto", choices=["auto", "simd", "torch"])
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--threads", default=1, type=int, help="processor cores to use")
    parser.add_argument("--gpus", default=0, type=int, help="0 to leave the machine's GPUs alone")
    parser.add_argument("--code", default="", help="a digest of the training code")
    parser.add_argument("records", nargs="+", help="the records to write; a path names its model")
    arguments = parser.parse_args()

    protocol = Protocol(**json.loads(arguments.protocol))
    data = Data.load(arguments.data)
    origin = {
        "data": {"name": Data.name(arguments.data), "sha256": data.digest},
        "code": arguments.code,
    }
    basis = {
        **origin,
        "protocol": asdict(protocol),
        "engine": [arguments.engine, arguments.device],
    }
    models = {path: cell_and_seed(path) for path in arguments.records}
    origins = {
        path: origin | {"fingerprint": fingerprint(basis | {"cell": asdict(cell), "seed": seed})}
        for path, (cell, seed) in models.items()
    }
    missing = [path for path in models if not record.is_valid(path, origins[path]["fingerprint"])]
    for path in models.keys() - set(missing):
        os.utime(path)
    if missing:
        train(missing, models, origins, protocol, data, arguments)


def train(
    paths: list[str],
    models: dict[str, tuple[Cell, int]],
    origins: dict[str, dict[str, Any]],
    protocol: Protocol,
    data: Data,
    arguments: argparse.Namespace,
) -> None:
    """Train the models of some records, and write each record as soon as its model is there."""
    chosen = [models[path] for path in paths]
    optimizers = {cell.optimizer for cell, _ in chosen}
    claim = gpus.claim(arguments.gpus)  # noqa: F841 - lasts as long as this variable
    engine = choice.choose(arguments.engine, arguments.device, optimizers, arguments.threads)
    started = reported = time.monotonic()
    results = training.train(chosen, protocol, data, engine.train)
    for done, (index, result) in enumerate(results, start=1):
        cell, seed = chosen[index]
        run = {
            "seconds": round(result.seconds, 4),
            "engine": engine.name,
            "device": engine.device,
            "versions": {"python": platform.python_version(), "numpy": np.__version__},
        }
        text = record.compose(cell, seed, protocol, result, origins[paths[index]], run)
        write_atomically(paths[index], text)
        now = time.monotonic()
        if len(paths) > 1 and (now - reported > PROGRESS_EVERY or done == len(paths)):
            reported = now
            left = (now - started) / done * (len(paths) - done)
            kept = f", {len(models) - len(paths)} kept" if len(models) > len(paths) else ""
            print(
                f"trained {done} of {len(paths)} models{kept} in {now - started:.1f} s"
                + (f", {left:.0f} s to go" if done < len(paths) else ""),
                file=sys.stderr,
                flush=True,
            )


def fingerprint(basis: dict[str, Any]) -> str:
    """Return a digest of all that determines a model's record, apart from its ``run`` line."""
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()


if __name__ == "__main__":
    errors.exit_cleanly(main)
