"""Check a raw file, code, split and scale it, and describe the result."""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from genboost import errors, files
from genboost.data import arrays, dataset, description, prepare, raw_table


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="the data set's description (YAML)")
    parser.add_argument("--raw", required=True, help="the raw CSV file")
    parser.add_argument("--provenance", required=True, help="where it came from (JSON)")
    parser.add_argument(
        "--zeroed-features", nargs="*", metavar="COLUMN", help="instead of the description's"
    )
    parser.add_argument("--scaling", choices=prepare.SCALINGS, default="none")
    parser.add_argument("--categorical-coding", choices=prepare.CODINGS, default="ordinal")
    parser.add_argument("--label-coding", choices=prepare.LABEL_CODINGS, default="severity")
    parser.add_argument("--test-fraction", type=float, default=0.2)
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--stratify", action="store_true")
    parser.add_argument("--output", required=True, help="where to put the arrays (npz)")
    parser.add_argument("--description", required=True, help="where to put the text (Markdown)")
    arguments = parser.parse_args(argv)

    described = dataset.load(arguments.dataset)
    content, provenance = _read_raw(arguments.raw, arguments.provenance)
    table = raw_table.read_table(content, described, arguments.raw)
    zeroed = arguments.zeroed_features
    settings = prepare.Settings(
        zeroed_features=described.zeroed_features if zeroed is None else zeroed,
        scaling=arguments.scaling,
        categorical_coding=arguments.categorical_coding,
        label_coding=arguments.label_coding,
        test_fraction=arguments.test_fraction,
        split_seed=arguments.split_seed,
        stratify=arguments.stratify,
    )
    prepared = prepare.prepare(table, described, settings)
    text = description.describe(described, table, prepared, settings, provenance)
    name = arrays.marked(described.name, provenance["synthetic"])
    files.write_atomically(arguments.output, prepare.to_bytes(prepared, name))
    files.write_atomically(arguments.description, text)


def _read_raw(raw: str, provenance: str) -> tuple[bytes, dict]:
    """Read a raw file and its provenance; refuse a file that changed since it was obtained."""
    try:
        content = Path(raw).read_bytes()
        record = json.loads(Path(provenance).read_bytes())
        expected = record["sha256"]
    except OSError as error:
        raise errors.UserError(f"cannot read {error.filename}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise errors.UserError(
            f"{provenance} is damaged ({error}); delete it and run again"
        ) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise errors.UserError(
            f"{raw} is not the file that {provenance} tells of: it was altered after the download. "
            "Delete both and run again; to use a file of your own, give it as source `file`."
        )
    return content, record


if __name__ == "__main__":
    errors.exit_cleanly(main)
