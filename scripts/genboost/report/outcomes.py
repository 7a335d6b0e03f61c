"""The index of results: a page of all runs' outcomes that are there, each with its verdicts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genboost.data.arrays import MARK
from genboost.report import pages
from genboost.study import claims

RESULTS = Path("results")
STATISTICS = "statistics/statistics.json"
REPORT = "report/index.html"
TEMPLATE = "index.html.j2"
SOURCES = tuple(f"genboost/report/templates/{name}" for name in (TEMPLATE, "report.css"))
"""What the page is made from, apart from Python, below scripts/."""


def found(results: Path = RESULTS) -> set[str]:
    """Return the names of the outcomes that have a report."""
    reports = results.glob(f"*/{REPORT}")
    names = {path.relative_to(results).parts[0] for path in reports}
    return {name for name in names if (results / name / STATISTICS).is_file()}


def compose(outcomes: Mapping[str, dict[str, Any] | None]) -> str:
    """Write the page.

    Parameters
    ----------
    outcomes
        By name: what an outcome's statistics.json holds, None if it cannot be read.
    """
    shown = [
        {
            "name": name,
            "damaged": statistics is None,
            "synthetic": statistics is not None and statistics["data"] == MARK,
            "claims": statistics["comparisons"] if statistics else [],
            "counts": claims.counted(claim["verdict"] for claim in statistics["comparisons"])
            if statistics
            else "",
        }
        for name, statistics in sorted(outcomes.items())
    ]
    return pages.render(TEMPLATE, outcomes=shown, mark=MARK, signs=pages.SIGNS, report=REPORT)
