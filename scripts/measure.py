"""Measure trained models, and write a sheet for each; what was measured before is kept."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from genboost import errors
from genboost.data.arrays import UNKNOWN, Data
from genboost.files import write_atomically
from genboost.measures import sheet
from genboost.measures.compute import compute
from genboost.measures.trained import Trained
from genboost.progress import Progress
from genboost.study.cells import Cell
from genboost.train import record, training
from genboost.train.order import Order


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the prepared data set (arrays.npz)")
    parser.add_argument("--order", required=True, help="which models: JSON, or a file of it")
    parser.add_argument("--measures", required=True, help="digests of measures, by name (JSON)")
    arguments = parser.parse_args(argv)

    order, wanted = Order.read(arguments.order), json.loads(arguments.measures)
    data, origin = Data.load(arguments.data), Data.origins(arguments.data)
    groups = {} if (origin == UNKNOWN).all() else {"origin": origin}
    there = {path: _sheet(path) for path in order.models}
    lacking = {path: found.lacks(wanted) for path, found in there.items() if found.lacks(wanted)}
    progress = Progress("measured", len(lacking), len(there) - len(lacking))
    for path, names in lacking.items():
        models = _trained(path, *order.models[path], data, groups)
        for name in names:
            values = {
                f"{quantity}{suffix}": value
                for suffix, model in models.items()
                for quantity, value in compute([name], model).items()
            }
            there[path].add(name, wanted[name], values)
        write_atomically(sheet.path_of(path), there[path].write())
        progress.step()


def _sheet(path: str) -> sheet.Sheet:
    """Return the sheet of a record's model: the one that is there, or an empty one."""
    seal = record.read(path)["sha256"]
    found = sheet.read(sheet.path_of(path))
    return found if found and found.record == seal else sheet.Sheet(seal)


def _trained(
    path: str, cell: Cell, seed: int, data: Data, groups: dict[str, np.ndarray]
) -> dict[str, Trained]:
    """Return a model as measures see it, and its snapshots, by what their columns end in.

    There is nothing of one that diverged, and so has no weights.
    """
    entries = record.read(path)
    weights = record.weights(entries)
    if weights is None:
        return {}
    rows, features = data.train_x.shape
    architecture = training.architecture(cell, features)
    steps = -(-rows // cell.batch_size)  # in an epoch
    rates = training.normalized_rates(cell, steps)[:, -1]
    moments = {n: v.astype(float) for n, v in record.second_moments(entries).items()}
    epochs = record.epochs(entries)
    start = training.initial_weights(architecture, seed, cell.initialization)
    final = Trained(
        architecture=architecture,
        data=data,
        weights=weights.astype(float),
        initial_weights=start.astype(np.float32).astype(float),  # as the engines start
        epochs=epochs,
        train_loss=np.array(entries["curves"]["train_loss"]),
        test_mse=np.array(entries["curves"]["test_mse"]),
        reached=entries.get("reached"),
        learning_rate=cell.learning_rate,
        last_rate=rates[epochs[-1] - 1],
        optimizer=cell.optimizer,
        momentum=cell.momentum,
        nesterov=cell.nesterov,
        steps=steps * epochs[-1],
        second_moment=moments.get(epochs[-1]),
        seed=seed,
        test_groups=groups,
    )
    none = {name: np.array([]) for name in ("epochs", "train_loss", "test_mse")}
    return {"": final} | {
        f"@{epoch}": replace(
            final,
            weights=then.astype(float),
            last_rate=rates[epoch - 1],
            steps=steps * epoch,
            second_moment=moments.get(epoch),
            reached=None,
            **none,
        )
        for epoch, then in record.snapshots(entries).items()
    }


if __name__ == "__main__":
    errors.exit_cleanly(main)
