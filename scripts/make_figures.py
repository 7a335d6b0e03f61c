"""Draw the figures of results, as PNG and SVG."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.files import delete_stale
from genboost.receipts import Step
from genboost.report import exhibits, results
from genboost.report.figures import draw, drawing
from genboost.report.figures.material import Curves, Material
from genboost.study.grid import Model
from genboost.train import record


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    results.add_arguments(parser)
    parser.add_argument("--statistics", required=True, help="what the numbers mean (JSON)")
    parser.add_argument("--audit", help="how well readings explain the deck (JSON), if audited")
    parser.add_argument("--output", required=True, help="the folder to put the figures in")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)

    def read(model: Model) -> Curves:
        entries = record.read(model.record)
        step.note(model.record, entries["sha256"])
        curves = {**entries["curves"], "epoch": record.epochs(entries)}
        return Curves(**curves, gradient_evaluations=entries["gradient_evaluations"])

    config = step.settings
    statistics = step.read_json(arguments.statistics)
    audit = step.read_json(arguments.audit) if arguments.audit else None
    found = results.load(arguments, step)
    for exhibit, figure in draw.drawn(Material(config, found, statistics, read, audit)):
        for ending, content in drawing.contents(figure):
            step.write(Path(arguments.output, f"{exhibit.name}.{ending}"), content)
    current = exhibits.files_of(exhibits.FIGURES, config)
    delete_stale(arguments.output, exhibits.OF_SOME_STUDIES[exhibits.FIGURES], current)
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
