"""Read what the tables, the figures and the report are made from, as a command line names it."""

import argparse
import json
from pathlib import Path
from typing import Any

from genboost.analysis import deck
from genboost.report.tables import Results
from genboost.study import grid


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that `load` reads."""
    parser.add_argument("--config", required=True, help="the resolved configuration, as JSON")
    parser.add_argument("--cells", required=True, help="the table of models (CSV)")
    parser.add_argument("--summary", required=True, help="the table of cells (CSV)")
    parser.add_argument("--provenance", required=True, nargs="+", metavar="DATASET.provenance.json")
    parser.add_argument("--baselines", required=True, nargs="+", metavar="VARIANT/baselines.json")
    parser.add_argument("--deck", default=deck.PATH, help="the deck's figures (CSV)")


def load(arguments: argparse.Namespace) -> Results:
    """Read the results that a command line names."""
    from genboost.analysis import aggregation

    config = json.loads(arguments.config)
    return Results(
        studies=grid.studies(config),
        models=aggregation.read_csv(arguments.cells),
        summary=aggregation.read_csv(arguments.summary),
        figures=deck.load(arguments.deck),
        baselines={
            path.parent.name: json.loads(path.read_bytes())["errors"]
            for path in map(Path, arguments.baselines)
        },
        synthetic=frozenset(
            name for name, facts in provenances(arguments).items() if facts["synthetic"]
        ),
        **config["tables"],
    )


def provenances(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return where the data sets that a command line names come from, by their names."""
    return {
        path.name.removesuffix(".provenance.json"): json.loads(path.read_bytes())
        for path in map(Path, arguments.provenance)
    }
