"""Write the tables of results, the ranking, and the deck's figures beside ours, in all formats."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.files import delete_stale
from genboost.receipts import Step
from genboost.report import exhibits, results, tables


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    results.add_arguments(parser)
    parser.add_argument("--output", required=True, help="the folder to put the tables in")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    files = tables.files(results.load(arguments, step))
    for name, content in files.items():
        step.write(Path(arguments.output, name), content)
    delete_stale(arguments.output, exhibits.OF_SOME_STUDIES[exhibits.TABLES], files)
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
