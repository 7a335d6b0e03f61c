"""Read the record of every model; write one row per model, one per cell, and their curves."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.analysis import aggregation, curves
from genboost.data.arrays import Data
from genboost.measures import sheet
from genboost.receipts import Step
from genboost.study import axes, grid
from genboost.train import record
from genboost.train.engines import policy


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--trained", required=True, help="engine, device and code (JSON)")
    parser.add_argument("--arrays", required=True, nargs="+", metavar="VARIANT/arrays.npz")
    parser.add_argument("--cells", required=True, help="where to put the table of models (CSV)")
    parser.add_argument("--summary", required=True, help="where to put the table of cells (CSV)")
    parser.add_argument("--runs", required=True, help="where to put how they were trained (JSON)")
    parser.add_argument("--curves", required=True, help="where to put the cells' curves (JSON)")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    data = {
        path.parent.name: Data.identity(step.reads(path)) for path in map(Path, arguments.arrays)
    }
    trained = json.loads(arguments.trained)

    def fingerprints(model: grid.Model) -> list[str]:
        variant, code = data[axes.variant(model.cell)], trained["code"]
        return [
            record.fingerprint(model.record, variant, code[engine], engine, device)
            for engine, device in policy.accepted(*trained["execution"], [model.cell], kernel=False)
        ]

    studies = grid.studies(step.settings)
    names = step.settings["measures"]
    models, runs, found = aggregation.collect(studies, fingerprints, names)
    paths = [model.record for model in grid.models(studies)]
    step.note("records", record.seal_of_all({path: record.identity(path) for path in paths}))
    step.note("sheets", sheet.identity_of_all(sheet.path_of(path) for path in paths))
    step.write(arguments.cells, aggregation.to_csv(models))
    step.write(
        arguments.summary,
        aggregation.to_csv(aggregation.summarize(aggregation.over_splits(models))),
    )
    step.write(arguments.runs, json.dumps(runs, indent=1) + "\n")
    step.write(arguments.curves, curves.to_json(found))
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
