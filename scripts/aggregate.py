"""Read the record of every model and write one row per model and one row per cell."""

import argparse
import json
from collections.abc import Sequence

from genboost import errors, files
from genboost.analysis import aggregation
from genboost.study import grid


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="the resolved configuration, as JSON")
    parser.add_argument("--cells", required=True, help="where to put the table of models (CSV)")
    parser.add_argument("--summary", required=True, help="where to put the table of cells (CSV)")
    arguments = parser.parse_args(argv)

    models = aggregation.collect(grid.studies(json.loads(arguments.config)))
    summary = aggregation.summarize(models)
    files.write_atomically(arguments.cells, aggregation.to_csv(models))
    files.write_atomically(arguments.summary, aggregation.to_csv(summary))


if __name__ == "__main__":
    errors.exit_cleanly(main)
