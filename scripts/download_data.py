"""Download a data set's raw file, check it, and record where it came from."""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from genboost import errors, files
from genboost.data import dataset, download


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="the data set's description (YAML)")
    parser.add_argument("--source", choices=download.SOURCES, default="auto")
    parser.add_argument("--path", help="the CSV file, for --source file")
    parser.add_argument("--kaggle-dataset", help="owner/name, instead of the description's")
    parser.add_argument("--output", required=True, help="where to put the raw CSV file")
    parser.add_argument("--provenance", required=True, help="where to put its provenance (JSON)")
    arguments = parser.parse_args(argv)

    described = dataset.load(arguments.dataset)
    if arguments.kaggle_dataset and arguments.kaggle_dataset != described.kaggle:
        described = dataclasses.replace(
            described, kaggle=arguments.kaggle_dataset, kaggle_sha256=None
        )
    obtained = download.obtain(described, arguments.source, arguments.path)
    for note in obtained.notes:
        print(f"note: {note}", file=sys.stderr)
    if arguments.source == "auto" and obtained.source == "synthetic":
        known = _real(arguments.output, arguments.provenance)
        if known:
            for path in (arguments.output, arguments.provenance):
                os.utime(path)  # or Snakemake would try again in every run
            print(f"note: kept {arguments.output} as it is, from {known}", file=sys.stderr)
            return
    record = download.provenance(described, obtained)
    files.write_atomically(arguments.output, obtained.content)
    files.write_atomically(arguments.provenance, json.dumps(record, indent=2) + "\n")
    if record["synthetic"]:
        print(_BANNER, file=sys.stderr)
    print(f"{obtained.location} -> {arguments.output}", file=sys.stderr)


def _real(output: str, provenance: str) -> str | None:
    """Return where the raw file that is there came from, if it is there and not a stand-in."""
    try:
        record = json.loads(Path(provenance).read_bytes())
        return record["location"] if not record["synthetic"] and Path(output).exists() else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


_BANNER = """\
*******************************************************************************
*  SYNTHETIC DATA: this is a generated stand-in, not the published data set.  *
*  No result that is made from it says anything about the real one.           *
*******************************************************************************"""

if __name__ == "__main__":
    errors.exit_cleanly(main)
