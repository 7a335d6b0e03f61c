"""Fit simple methods to prepared data and write their errors."""

import argparse
import json
from collections.abc import Sequence

from genboost import errors, files
from genboost.data import baselines
from genboost.data.arrays import Data


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arrays", required=True, help="the prepared arrays (npz)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", required=True, help="where to put the errors (JSON)")
    arguments = parser.parse_args(argv)

    results = {
        "data": Data.name(arguments.arrays),
        "errors": baselines.baselines(Data.load(arguments.arrays), arguments.seed),
    }
    files.write_atomically(arguments.output, json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    errors.exit_cleanly(main)
