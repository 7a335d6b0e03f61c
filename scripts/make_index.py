"""Write the index of results: the reports that are there, with their verdicts."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from genboost import errors
from genboost.receipts import Step
from genboost.report import outcomes


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", required=True, help="settings and code; see receipts.py")
    parser.add_argument("--output", required=True, help="where to put the page (HTML)")
    arguments = parser.parse_args(argv)

    step = Step(arguments.request)
    statistics = {name: _statistics(step, name) for name in step.settings["outcomes"]}
    step.write(arguments.output, outcomes.compose(statistics))
    step.done()


def _statistics(step: Step, name: str) -> dict[str, Any] | None:
    """Return an outcome's statistics; None if they are damaged, which must not stop other runs."""
    try:
        return json.loads(step.read(outcomes.RESULTS / name / outcomes.STATISTICS))
    except (errors.UserError, ValueError):
        return None


if __name__ == "__main__":
    errors.exit_cleanly(main)
