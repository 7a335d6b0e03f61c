"""Predict the label of new rows with a trained model.

Writes a CSV file with a row for each of theirs: the prediction and, where the label has classes,
the class whose code is nearest to it. Of a model trained by cross-entropy, they are the expected
code and the most probable class. New rows are coded and scaled as the training rows were. They
need the columns that the model sees, in any order; other columns are ignored.
"""

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from genboost import errors
from genboost.files import no_regular_file, write_atomically


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="the record of a trained model: results/models/....json")
    parser.add_argument("rows", help="the new rows (CSV)")
    parser.add_argument("--output", help="where to put the predictions; printed unless given")
    parser.add_argument(
        "--coding", help="how rows are coded (coding.json), for a record outside its results folder"
    )
    arguments = parser.parse_args(argv)
    if problem := no_regular_file(arguments.rows):
        raise errors.UserError(f"{arguments.rows}: {problem}")

    from genboost import predict  # with PyTorch, which takes a second

    model = predict.load(arguments.model, arguments.coding)
    rows, notes = model.coding.read(Path(arguments.rows).read_bytes(), arguments.rows)
    for note in notes:
        print(f"note: {errors.message(note)}", file=sys.stderr)
    columns = {"prediction": model.predict(rows).tolist()}
    if model.coding.classes:
        columns["class"] = model.classify(rows)
    text = _table(columns)
    if arguments.output:
        write_atomically(arguments.output, text)
    else:
        sys.stdout.write(text)


def _table(columns) -> str:
    """Return columns as CSV."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([columns, *zip(*columns.values(), strict=True)])
    return file.getvalue()


if __name__ == "__main__":
    errors.exit_cleanly(main)
