"""Check, code, split and scale a raw file, and describe the result."""

import argparse
import sys
from collections.abc import Sequence

from genboost import errors, receipts
from genboost.data import arrays, dataset, description, prepare, raw_table
from genboost.receipts import Step


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--dataset", required=True, help="the data set's description (YAML)")
    parser.add_argument("--raw", required=True, help="the raw CSV file")
    parser.add_argument("--provenance", required=True, help="where it came from (JSON)")
    parser.add_argument("--output", required=True, help="where to put the arrays (npz)")
    parser.add_argument("--coding", required=True, help="where to put how rows are coded (JSON)")
    parser.add_argument("--description", required=True, help="where to put the text (Markdown)")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    described = dataset.load(step.reads(arguments.dataset))
    content, provenance = _read_raw(step, arguments.raw, arguments.provenance)
    table = raw_table.read_table(content, described, arguments.raw)
    settings = prepare.Settings.of(step.settings["data"], described)
    prepared = prepare.prepare(table, described, settings)
    for note in prepared.notes:
        print(f"note: {note}", file=sys.stderr)
    text = description.describe(described, table, prepared, settings, provenance)
    name = arrays.marked(described.name, provenance["synthetic"])
    step.write(arguments.output, prepare.to_bytes(prepared, name))
    identity = {"name": name, "sha256": prepared.data.digest}
    step.write(arguments.coding, prepared.coding.write(identity))
    step.write(arguments.description, text)
    step.done()


def _read_raw(step: Step, raw: str, provenance: str) -> tuple[bytes, dict]:
    """Read a raw file and its provenance; refuse a file that was changed after it was obtained."""
    content, record = step.read(raw), step.read_json(provenance)
    if not isinstance(record, dict):
        raise errors.UserError(f"{provenance} is damaged; delete it and run again")
    if receipts.identity(content) != record.get("sha256"):
        raise errors.UserError(
            f"{raw} is not the file that {provenance} describes: it was altered after the "
            "download. Delete both and run again; to use your own file, give it as source `file`."
        )
    return content, record


if __name__ == "__main__":
    errors.exit_cleanly(main)
