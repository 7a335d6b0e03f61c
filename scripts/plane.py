"""Compute the losses on the plane through three trained models' weights, and between two."""

import argparse
import json
from collections.abc import Sequence

from genboost import errors
from genboost.data.arrays import Data
from genboost.measures.network import Network
from genboost.measures.plane import survey
from genboost.receipts import Step
from genboost.study.cells import Cell
from genboost.train import record, training


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", required=True, help="records by name, and code; receipts.py")
    parser.add_argument("--arrays", required=True, help="the prepared arrays (npz)")
    parser.add_argument("--output", required=True, help="where to put the losses (JSON)")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    path = step.reads(arguments.arrays)
    data, classes = Data.load(path), Data.classes(path)
    models = {}
    for name, file in step.settings["records"].items():
        entries = record.read(file)
        step.note(file, entries["sha256"])
        models[name] = record.weights(entries)
    # All three have the same network.
    architecture = training.architecture(Cell(entries["settings"]), data.train_x.shape[1], classes)
    networks = {
        "train_mse": Network(architecture, data.train_x, data.train_y),
        "test_mse": Network(architecture, data.test_x, data.test_y),
    }
    found = {"records": step.settings["records"], **survey(models, networks)}
    step.write(arguments.output, json.dumps(found) + "\n")
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
