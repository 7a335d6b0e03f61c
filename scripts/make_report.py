"""Write the report: one HTML file with the tables, the figures and all that a reader asks for."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.files import write_atomically
from genboost.report import figures, page, results
from genboost.study import grid


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
    parser.add_argument("--output", required=True, help="where to put the report (HTML)")
    arguments = parser.parse_args(argv)

    config = json.loads(arguments.config)
    found = results.load(arguments)
    inputs = page.Inputs(
        config=config,
        provenance=results.provenances(arguments),
        descriptions={
            path.parent.name: path.read_text() for path in map(Path, arguments.descriptions)
        },
        drawings={
            name: Path(arguments.figures, f"{name}.svg").read_text()
            for name in figures.captions(config)
        },
        statistics=json.loads(Path(arguments.statistics).read_bytes()),
        audit=json.loads(Path(arguments.audit).read_bytes()) if arguments.audit else None,
        runs=page.read_runs(grid.models(found.studies)),
        commit=page.commit(),
    )
    write_atomically(arguments.output, page.compose(found, inputs))


if __name__ == "__main__":
    errors.exit_cleanly(main)
