"""Write the report: one HTML file with tables, figures and everything else a reader needs."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.receipts import Step
from genboost.report import exhibits, page, results


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    results.add_arguments(parser)
    parser.add_argument(
        "--descriptions", required=True, nargs="+", metavar="VARIANT/description.md"
    )
    parser.add_argument("--statistics", required=True, help="what the numbers mean (JSON)")
    parser.add_argument("--audit", help="how well readings explain the deck (JSON), if audited")
    parser.add_argument("--figures", required=True, help="the folder of the figures")
    parser.add_argument("--runs", required=True, help="how the models were trained (JSON)")
    parser.add_argument("--curves", required=True, help="the cells' learning curves (JSON)")
    parser.add_argument("--output", required=True, help="where to put the report (HTML)")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    config = step.settings
    inputs = page.Inputs(
        config=config,
        provenance=results.provenances(arguments, step),
        descriptions={
            path.parent.name: step.read(path).decode() for path in map(Path, arguments.descriptions)
        },
        drawings={
            exhibit.name: step.read(Path(arguments.figures, f"{exhibit.name}.svg")).decode()
            for exhibit in exhibits.of(exhibits.FIGURES, config)
        },
        statistics=step.read_json(arguments.statistics),
        audit=step.read_json(arguments.audit) if arguments.audit else None,
        runs=step.read_json(arguments.runs),
        curves=step.read_json(arguments.curves),
        commit=page.commit(),
    )
    step.write(arguments.output, page.compose(results.load(arguments, step), inputs))
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
