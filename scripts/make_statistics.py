"""Write what the numbers mean: intervals, verdicts on claims, and the deck against ours."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.files import delete_stale
from genboost.receipts import Step
from genboost.report import exhibits, findings, results


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    results.add_arguments(parser)
    parser.add_argument("--output", required=True, help="the folder to put the files in")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    found = findings.find(
        results.load(arguments, step),
        step.settings["comparisons"],
        step.settings["schemes"],
        step.settings["measures"],
    )
    files = findings.files(found)
    for name, content in files.items():
        step.write(Path(arguments.output, name), content)
    delete_stale(arguments.output, exhibits.OF_SOME_STUDIES[exhibits.STATISTICS], files)
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
