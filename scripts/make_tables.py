"""Write the tables of results, a ranking and the deck's figures beside ours, in all formats."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from genboost import aggregation, deck, errors, grid, tables
from genboost.files import write_atomically


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="the resolved configuration, as JSON")
    parser.add_argument("--cells", required=True, help="the table of models (CSV)")
    parser.add_argument("--summary", required=True, help="the table of cells (CSV)")
    parser.add_argument("--provenance", required=True, nargs="+", metavar="DATASET.provenance.json")
    parser.add_argument("--baselines", required=True, nargs="+", metavar="VARIANT/baselines.json")
    parser.add_argument("--deck", default=deck.PATH, help="the deck's figures (CSV)")
    parser.add_argument("--output", required=True, help="the folder to put the tables in")
    arguments = parser.parse_args(argv)

    config = json.loads(arguments.config)
    provenance = {
        path.name.removesuffix(".provenance.json"): json.loads(path.read_bytes())
        for path in map(Path, arguments.provenance)
    }
    results = tables.Results(
        studies=grid.studies(config),
        models=aggregation.read_csv(arguments.cells),
        summary=aggregation.read_csv(arguments.summary),
        figures=deck.load(arguments.deck),
        baselines={
            path.parent.name: json.loads(path.read_bytes())
            for path in map(Path, arguments.baselines)
        },
        synthetic=frozenset(name for name, facts in provenance.items() if facts["synthetic"]),
        **config["tables"],
    )
    for name, content in tables.files(results).items():
        write_atomically(Path(arguments.output, name), content)


if __name__ == "__main__":
    errors.exit_cleanly(main)
