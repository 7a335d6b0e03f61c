"""Lay out what the article needs to be compiled, from a finished run's results."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import yaml

from genboost import errors
from genboost.files import ROOT, write_atomically
from genboost.report import paper

SOURCES = ROOT / "paper"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", required=True, type=Path, help="such as results/deck")
    parser.add_argument(
        "--validity", type=Path, help="results whose schemes judge the claims, if there are others"
    )
    parser.add_argument("--output", required=True, type=Path, help="the folder to compile it in")
    arguments = parser.parse_args(argv)

    outcome = paper.Outcome(arguments.results)
    judged = paper.Outcome(arguments.validity) if arguments.validity else outcome
    metadata = yaml.safe_load((SOURCES / "metadata.yaml").read_text("utf-8"))
    for name, content in paper.files(outcome, judged, metadata).items():
        write_atomically(arguments.output / name, content)
    for source in (SOURCES / "paper.tex", SOURCES / "bibliography.bib"):
        write_atomically(arguments.output / source.name, source.read_bytes())
    for name in paper.FIGURES:
        figure = arguments.results / f"figures/{name}.png"
        (arguments.output / figure.name).unlink(missing_ok=True)
        if figure.exists():
            write_atomically(arguments.output / figure.name, figure.read_bytes())


if __name__ == "__main__":
    errors.exit_cleanly(main)
