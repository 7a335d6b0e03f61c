"""Train the deck's cells under one reading, on several splits, and write their test errors."""

import argparse
import io
import json
from collections.abc import Sequence

import numpy as np

from genboost import errors
from genboost.data.arrays import Data
from genboost.receipts import Step
from genboost.study import reference
from genboost.train import training
from genboost.train.engines import choice, gpus


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", required=True, nargs="+", help="prepared data, one for each split"
    )
    parser.add_argument("--deck", required=True, help="the deck's figures (CSV)")
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--settings", required=True, help="all that the cells share, as JSON")
    parser.add_argument("--threads", default=1, type=int, help="processor cores to use")
    parser.add_argument("--gpus", default=0, type=int, help="0 to leave the machine's GPUs alone")
    parser.add_argument("--output", required=True, help="where to put the errors (CSV)")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    cells = reference.cells(step.reads(arguments.deck), json.loads(arguments.settings))
    count = step.settings["seeds"]
    claim = gpus.claim(arguments.gpus)  # noqa: F841 - lasts as long as this variable
    engine = choice.choose(*step.settings["execution"], cells, arguments.threads)
    table = io.StringIO()
    table.write("data,split,cell,seed,last,best\n")
    for split, path in enumerate(map(step.reads, arguments.data)):
        # The deck's seeds varied, and a seed's luck would be the same on every split.
        seeds = range(split * count, (split + 1) * count)
        models = [(cell, seed) for cell in cells for seed in seeds]
        found = np.full((len(models), 2), np.nan)
        for index, result in training.train(models, Data.load(path), engine.train):
            if not result.diverged:
                found[index] = result.test_mse[-1], result.test_mse.min()
        for (cell, seed), (last, best) in zip(models, found.tolist(), strict=True):
            ends = ("" if np.isnan(value) else repr(value) for value in (last, best))
            table.write(f"{Data.name(path)},{split},{cells.index(cell)},{seed},{','.join(ends)}\n")
    step.write(arguments.output, table.getvalue())
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
