"""Rank the readings of the deck's protocol by how well they explain its figures."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.analysis import deck
from genboost.receipts import Step
from genboost.report import audit_report


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--deck", default=deck.PATH, help="the deck's figures (CSV)")
    parser.add_argument("--provenance", required=True, help="where the data came from (JSON)")
    parser.add_argument("--output", required=True, help="the folder to put the files in")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    found = audit_report.load(step.settings, deck.load(step.reads(arguments.deck)), step.reads)
    synthetic = step.read_json(arguments.provenance)["synthetic"]
    for name, content in audit_report.files(found, synthetic).items():
        step.write(Path(arguments.output, name), content)
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
