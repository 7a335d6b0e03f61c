"""Fit simple methods to prepared data and write their errors."""

import argparse
import json
from collections.abc import Sequence

from genboost import errors
from genboost.data import baselines
from genboost.data.arrays import Data
from genboost.receipts import Step


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--arrays", required=True, help="the prepared arrays (npz)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", required=True, help="where to put the errors (JSON)")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    path = step.reads(arguments.arrays)
    results = {
        "data": Data.name(path),
        "errors": baselines.baselines(Data.load(path), arguments.seed, Data.origins(path)),
    }
    step.write(arguments.output, json.dumps(results, indent=2) + "\n")
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
