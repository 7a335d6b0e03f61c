"""Measure trained models and write a sheet for each, keeping what was measured before."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

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
    parser.add_argument("--order", required=True, help="which models: JSON, or a JSON file")
    parser.add_argument("--measures", required=True, help="digests of measures, by name (JSON)")
    arguments = parser.parse_args(argv)

    order, wanted = Order.read(arguments.order), json.loads(arguments.measures)
    data, origin = Data.load(arguments.data), Data.origins(arguments.data)
    classes = Data.classes(arguments.data)
    groups = {} if (origin == UNKNOWN).all() else {"origin": origin}
    origins = sheet.identity_of(origin)
    progress = Progress("measured", len(order.models))
    for path, (cell, seed) in order.models.items():
        entries = record.read(path)
        found = _sheet(path, entries["sha256"], origins)
        lacking = found.lacks(wanted)
        if not lacking:
            progress.total, progress.kept = progress.total - 1, progress.kept + 1
            continue
        models = _trained(entries, cell, seed, data, classes, groups)
        for name in lacking:
            values = {
                f"{quantity}{suffix}": value
                for suffix, model in models.items()
                for quantity, value in compute([name], model).items()
            }
            found.add(name, wanted[name], values)
        write_atomically(sheet.path_of(path), found.write())
        progress.step()


def _sheet(path: str, seal: str, origins: str) -> sheet.Sheet:
    """Return the sheet of a record's model, or an empty one if there is none."""
    found = sheet.read(sheet.path_of(path))
    empty = sheet.Sheet(seal, origins)
    return found if found and (found.record, found.origins) == (seal, origins) else empty


def _trained(
    entries: dict[str, Any],
    cell: Cell,
    seed: int,
    data: Data,
    classes: int,
    groups: dict[str, np.ndarray],
) -> dict[str, Trained]:
    """Return a model as measures see it, and its snapshots, by the suffix of their columns.

    A model that diverged has no weights, so nothing is returned for it.

    Parameters
    ----------
    entries
        The content of its record.
    """
    weights = record.weights(entries)
    if weights is None:
        return {}
    rows, features = data.train_x.shape
    architecture = training.architecture(cell, features, classes)
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
        validation_mse=np.array(entries["curves"].get("validation_mse", [])),
        reached=entries.get("reached"),
        learning_rate=cell.learning_rate,
        last_rate=rates[epochs[-1] - 1],
        optimizer=cell.optimizer,
        momentum=cell.momentum,
        nesterov=cell.nesterov,
        steps=steps * epochs[-1],
        second_moment=moments.get(epochs[-1]),
        seed=seed,
        classes=classes,
        test_groups=groups,
    )
    curves = "epochs", "train_loss", "test_mse", "validation_mse"
    none = {name: np.array([]) for name in curves}
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
