"""Read what the tables, the figures and the report are made from, as a command line names it."""

import argparse
from pathlib import Path
from typing import Any

from genboost.analysis import deck
from genboost.receipts import Step
from genboost.report.tables import Results
from genboost.study import grid


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that `load` reads."""
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--cells", required=True, help="the table of models (CSV)")
    parser.add_argument("--summary", required=True, help="the table of cells (CSV)")
    parser.add_argument("--provenance", required=True, nargs="+", metavar="DATASET.provenance.json")
    parser.add_argument("--baselines", required=True, nargs="+", metavar="VARIANT/baselines.json")
    parser.add_argument("--deck", default=deck.PATH, help="the deck's figures (CSV)")


def load(arguments: argparse.Namespace, step: Step) -> Results:
    """Read the results that a command line names."""
    from genboost.analysis import aggregation

    return Results(
        studies=grid.studies(step.settings),
        models=aggregation.read_csv(step.reads(arguments.cells)),
        summary=aggregation.read_csv(step.reads(arguments.summary)),
        figures=deck.load(step.reads(arguments.deck)),
        baselines={
            path.parent.name: step.read_json(path)["errors"]
            for path in map(Path, arguments.baselines)
        },
        synthetic=frozenset(
            name for name, facts in provenances(arguments, step).items() if facts["synthetic"]
        ),
        **step.settings["tables"],
    )


def provenances(arguments: argparse.Namespace, step: Step) -> dict[str, dict[str, Any]]:
    """Return where the raw files that a command line names come from, by their names."""
    return {
        path.name.removesuffix(".provenance.json"): step.read_json(path)
        for path in map(Path, arguments.provenance)
    }
