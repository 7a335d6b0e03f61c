"""Train models and write a record of each, keeping valid records that are there already."""

import argparse
import os
import platform
from typing import Any

import numpy as np

from genboost import errors
from genboost.data.arrays import Data
from genboost.files import write_atomically
from genboost.progress import Progress
from genboost.train import record, training
from genboost.train.engines import choice, gpus
from genboost.train.order import Order
from genboost.train.problem import Engine


def main() -> None:
    """Parse the command line, train the models that are not yet trained, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the prepared data set (arrays.npz)")
    parser.add_argument("--order", required=True, help="what to train: JSON, or a file of it")
    parser.add_argument("--threads", default=1, type=int, help="processor cores to use")
    parser.add_argument("--gpus", default=0, type=int, help="0 to leave the machine's GPUs alone")
    arguments = parser.parse_args()

    order, data = Order.read(arguments.order), Data.identity(arguments.data)
    missing = [path for path in order.models if not order.is_met(path, record.identity(path), data)]
    for path in order.models.keys() - set(missing):
        os.utime(path)  # or Snakemake, which also compares times, would make it again
    if missing:
        train(missing, order, arguments)


def train(paths: list[str], order: Order, arguments: argparse.Namespace) -> None:
    """Train the models of some records, writing each record as soon as its model is trained."""
    chosen = [order.models[path] for path in paths]
    cells = [cell for cell, _ in chosen]
    claim = gpus.claim(arguments.gpus)  # noqa: F841 - lasts as long as this variable
    engine = choice.choose(order.engine, order.device, cells, arguments.threads)
    kind = engine.name.split()[0]
    data, identity = Data.load(arguments.data), Data.identity(arguments.data)
    origin = {
        "data": {"name": Data.name(arguments.data), "sha256": data.digest},
        "code": order.code[kind],
        "engine": [kind, engine.device],
    }
    progress = Progress("trained", len(paths), len(order.models) - len(paths))
    results = training.train(chosen, data, engine.train, Data.classes(arguments.data))
    for index, result in results:
        path, (cell, seed) = paths[index], chosen[index]
        fingerprint = order.fingerprint(path, identity, kind, engine.device)
        text = record.compose(
            cell,
            seed,
            result,
            origin | {"fingerprint": fingerprint},
            run_facts(result.seconds, engine),
        )
        write_atomically(path, text)
        progress.step()


def run_facts(seconds: float, engine: Engine) -> dict[str, Any]:
    """Return a record's line about how it was made, which may differ between two runs."""
    return {
        "seconds": round(seconds, 4),
        "engine": engine.name,
        "device": engine.device,
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


if __name__ == "__main__":
    errors.exit_cleanly(main)
