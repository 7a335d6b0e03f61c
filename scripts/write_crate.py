"""Write the record of a run for machines, as an RO-Crate, and the workflow beside it."""

import argparse
import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from genboost import errors, receipts
from genboost.report import crate


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--files", required=True, nargs="+", help="what the run was to make")
    parser.add_argument("--runs", required=True, help="how the models were trained (JSON)")
    parser.add_argument("--provenance", required=True, nargs="+", metavar="DATASET.provenance.json")
    parser.add_argument("--citation", required=True, help="the project's CITATION.cff")
    parser.add_argument("--workflow", required=True, help="the project's Snakefile")
    parser.add_argument("--output", required=True, help="the folder to put both in")
    arguments = parser.parse_args(argv)

    step = receipts.Step(arguments.request)
    steps = crate.behind(arguments.files, found())
    for one in steps:
        step.read(receipts.FOLDER / f"{one.name}.json")
    composed = crate.compose(
        arguments.output,
        steps,
        yaml.safe_load(step.read(arguments.citation)),
        [step.read_json(path) for path in arguments.provenance],
        step.read_json(arguments.runs),
    )
    step.write(Path(arguments.output, crate.WORKFLOW), step.read(arguments.workflow))
    step.write(Path(arguments.output, crate.NAME), composed)
    step.done()


def found() -> Iterator[crate.Step]:
    """Yield the steps that left a receipt."""
    for path in receipts.FOLDER.rglob("*.json"):
        with contextlib.suppress(ValueError, KeyError, TypeError):  # damaged: its step is run again
            receipt = json.loads(path.read_bytes())
            name = str(path.relative_to(receipts.FOLDER).with_suffix(""))
            yield crate.Step(name, receipt["inputs"], receipt["outputs"])


if __name__ == "__main__":
    errors.exit_cleanly(main)
