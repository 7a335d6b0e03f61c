"""Write what the numbers mean: intervals, verdicts on claims, and the deck against ours."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.files import write_atomically
from genboost.report import findings, results


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    results.add_arguments(parser)
    parser.add_argument("--output", required=True, help="the folder to put the files in")
    arguments = parser.parse_args(argv)

    claims = json.loads(arguments.config)["comparisons"]
    found = findings.find(results.load(arguments), claims)
    for name, content in findings.files(found).items():
        write_atomically(Path(arguments.output, name), content)


if __name__ == "__main__":
    errors.exit_cleanly(main)
