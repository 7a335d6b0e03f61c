"""Rank the readings of the deck's protocol by how well they explain its figures."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.analysis import deck
from genboost.files import write_atomically
from genboost.report import audit_report


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="the resolved configuration, as JSON")
    parser.add_argument("--deck", default=deck.PATH, help="the deck's figures (CSV)")
    parser.add_argument("--provenance", required=True, help="where the data came from (JSON)")
    parser.add_argument("--output", required=True, help="the folder to put the files in")
    arguments = parser.parse_args(argv)

    found = audit_report.load(json.loads(arguments.config), deck.load(arguments.deck))
    synthetic = json.loads(Path(arguments.provenance).read_bytes())["synthetic"]
    for name, content in audit_report.files(found, synthetic).items():
        write_atomically(Path(arguments.output, name), content)


if __name__ == "__main__":
    errors.exit_cleanly(main)
