"""Draw the figures of results, as PNG and SVG."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genboost import errors, forks
from genboost.files import delete_stale
from genboost.receipts import Step
from genboost.report import exhibits, results
from genboost.report.exhibits import Exhibit
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
    parser.add_argument("--plane", help="losses between minima (JSON), if any are chosen")
    parser.add_argument("--threads", type=int, default=1, help="how many figures to draw at once")
    parser.add_argument("--output", required=True, help="the folder to put the figures in")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)

    def read(model: Model) -> Curves:
        entries = record.read(model.record)
        step.note(model.record, entries["sha256"])
        return Curves(**entries["curves"] | {"epoch": record.epochs(entries)})

    config = step.settings
    statistics = step.read_json(arguments.statistics)
    audit = step.read_json(arguments.audit) if arguments.audit else None
    plane = step.read_json(arguments.plane) if arguments.plane else None
    found = results.load(arguments, step)
    material = Material(config, found, statistics, read, audit, plane)

    def files(exhibit: Exhibit) -> tuple[dict[str, bytes], dict[str, str]]:
        """Return the files of a figure, by their names, and all that was read up to now."""
        drawn = drawing.contents(draw.figure(material, exhibit))
        return {f"{exhibit.name}.{ending}": content for ending, content in drawn}, step.inputs

    figures = exhibits.of(exhibits.FIGURES, config)
    for contents, inputs in forks.each(files, figures, arguments.threads):
        step.inputs.update(inputs)
        for name, content in contents.items():
            step.write(Path(arguments.output, name), content)
    outcome = Path(arguments.output).parent
    for folder in (exhibits.FIGURES, exhibits.AUDIT):
        current = exhibits.files_of(folder, config)
        delete_stale(outcome / folder, exhibits.OF_SOME_STUDIES[folder], current)
    delete_stale(outcome, r"plane\.json", ["plane.json"] if plane else [])
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
