"""Draw the figures of results, as PNG and SVG."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.data.arrays import Data
from genboost.files import delete_stale
from genboost.measures.network import Network
from genboost.receipts import Step
from genboost.report import exhibits, results
from genboost.report.figures import draw, drawing
from genboost.report.figures.material import Curves, Material, Minimum
from genboost.study import axes
from genboost.study.grid import Model
from genboost.train import record, training


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    results.add_arguments(parser)
    parser.add_argument("--statistics", required=True, help="what the numbers mean (JSON)")
    parser.add_argument("--audit", help="how well readings explain the deck (JSON), if audited")
    parser.add_argument("--arrays", nargs="*", default=[], metavar="VARIANT/arrays.npz")
    parser.add_argument("--output", required=True, help="the folder to put the figures in")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)

    def read(model: Model) -> Curves:
        entries = record.read(model.record)
        step.note(model.record, entries["sha256"])
        return Curves(**{**entries["curves"], "epoch": record.epochs(entries)})

    def minimum(model: Model) -> Minimum:
        entries = record.read(model.record)
        step.note(model.record, entries["sha256"])
        data = Data.load(step.reads(arrays[axes.variant(model.cell)]))
        architecture = training.architecture(model.cell, data.train_x.shape[1])
        return Minimum(
            record.weights(entries).astype(float),
            Network(architecture, data.train_x, data.train_y),
            Network(architecture, data.test_x, data.test_y),
        )

    arrays = {path.parent.name: path for path in map(Path, arguments.arrays)}
    config = step.settings
    statistics = step.read_json(arguments.statistics)
    audit = step.read_json(arguments.audit) if arguments.audit else None
    found = results.load(arguments, step)
    for exhibit, figure in draw.drawn(Material(config, found, statistics, read, audit, minimum)):
        for ending, content in drawing.contents(figure):
            step.write(Path(arguments.output, f"{exhibit.name}.{ending}"), content)
    current = exhibits.files_of(exhibits.FIGURES, config)
    delete_stale(arguments.output, exhibits.OF_SOME_STUDIES[exhibits.FIGURES], current)
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
