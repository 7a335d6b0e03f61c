"""Write a configuration out in full, with its defaults; the file has the same meaning."""

import argparse
from collections.abc import Sequence

import yaml

from genboost import errors
from genboost.receipts import Step


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--output", required=True, help="where to put the configuration (YAML)")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    step.write(
        arguments.output,
        yaml.safe_dump(
            step.settings["configuration"],
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None,
        ),
    )
    step.done()


if __name__ == "__main__":
    errors.exit_cleanly(main)
