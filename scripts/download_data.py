"""Download a data set's raw file, check it, and record where it came from."""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from genboost import errors, receipts
from genboost.data import dataset, download
from genboost.receipts import Step


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--dataset", required=True, help="the data set's description (YAML)")
    parser.add_argument("--source", choices=download.SOURCES, default="auto")
    parser.add_argument("--path", help="the CSV file, for --source file")
    parser.add_argument("--kaggle-dataset", help="owner/name, instead of the description's")
    parser.add_argument("--output", required=True, help="where to put the raw CSV file")
    parser.add_argument("--provenance", required=True, help="where to put its provenance (JSON)")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    described = dataset.load(step.reads(arguments.dataset))
    if arguments.kaggle_dataset and arguments.kaggle_dataset != described.kaggle:
        described = dataclasses.replace(
            described, kaggle=arguments.kaggle_dataset, kaggle_sha256=None
        )
    obtained = download.obtain(described, arguments.source, arguments.path)
    for note in obtained.notes:
        print(f"note: {note}", file=sys.stderr)
    known = _real_location(arguments.provenance)
    if arguments.source == "auto" and obtained.source == "synthetic" and known:
        _keep(arguments.output, arguments.provenance, known, step)
        return
    record = download.provenance(described, obtained)
    if arguments.path:
        step.note(arguments.path, record["sha256"])
    step.write(arguments.output, obtained.content)
    step.write(arguments.provenance, json.dumps(record, indent=2) + "\n")
    step.done()
    if record["synthetic"]:
        print(_BANNER, file=sys.stderr)
    print(f"{obtained.location} -> {arguments.output}", file=sys.stderr)


def _keep(output: str, provenance: str, known: str, step: Step) -> None:
    """Keep real data that are there, now that only a stand-in can be had."""
    if not _is_whole(output, provenance):
        raise errors.UserError(
            f"{output}, which came from {known}, is gone or altered, and no source can be reached "
            "to get it again; put it back, try again with a network, or ask for a stand-in with "
            "source: synthetic"
        )
    for path in (output, provenance):
        step.outputs[path] = receipts.identity(Path(path).read_bytes())
        os.utime(path)  # or every run would try again
    step.done()
    print(f"note: kept {output} as it is, from {known}", file=sys.stderr)


def _real_location(provenance: str) -> str | None:
    """Return the source that a provenance names for its raw file; None for a stand-in."""
    try:
        record = json.loads(Path(provenance).read_bytes())
        return None if record["synthetic"] else record["location"]
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _is_whole(output: str, provenance: str) -> bool:
    """Say whether the provenance describes this raw file."""
    try:
        expected = json.loads(Path(provenance).read_bytes())["sha256"]
        return receipts.identity(Path(output).read_bytes()) == expected
    except (OSError, ValueError, TypeError, KeyError):
        return False


_BANNER = """\
*******************************************************************************
*  SYNTHETIC DATA: this is a generated stand-in, not the published data set.  *
*  No result that is made from it says anything about the real one.           *
*******************************************************************************"""

if __name__ == "__main__":
    errors.exit_cleanly(main)
