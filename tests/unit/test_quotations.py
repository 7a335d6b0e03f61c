"""The pages that tell of results have every study, and quote what came out."""

import re
from pathlib import Path

import pytest
from shipped import as_shipped

DOCS = Path(__file__).parents[2] / "docs"
STUDIES = DOCS.parent / "studies"
TIME = r"(?:\d+ \w+ )+of\sCPU"
PAGES = {"findings": "*.yaml", "theory": "theory/*.yaml"}

pytestmark = as_shipped


@pytest.fixture(params=PAGES)
def told(request):
    """Return a page, and the studies that it tells of."""
    studies = sorted(path.relative_to(STUDIES) for path in STUDIES.glob(PAGES[request.param]))
    return (DOCS / f"{request.param}.md").read_text(), [s for s in studies if s.stem != "audit"]


def test_a_page_tells_of_every_study(told):
    page, studies = told
    for study in studies:
        assert f"(../studies/{study})" in page
        assert f"(results/{study.stem}/statistics.md)" in page
        shown = [f"(results/{study.stem}/{path.name})" for path in
                 (DOCS / "results" / study.stem).glob("*.png")]  # fmt: skip
        assert any(figure in page for figure in shown), study


def test_a_page_quotes_its_studies(told):
    page, studies = told
    written = [path for s in studies for path in (DOCS / "results" / s.stem).glob("*.md")]
    rows = [_cells(line) for path in written for line in path.read_text().splitlines()]
    quoted = [_cells(line) for line in page.splitlines() if line.startswith("|")]
    quoted = [row for row in quoted if not set("".join(row)) <= set("-:")]
    assert len(quoted) > 3 * len(studies)
    # A quotation may leave out the last columns.
    assert [row for row in quoted if row not in [other[: len(row)] for other in rows]] == []


def test_a_page_and_a_study_say_alike_how_long_it_takes(told):
    page, studies = told
    sections = {s: page.partition(f"(../studies/{s})")[2].partition("\n\n")[0] for s in studies}
    for study, section in sections.items():
        comments = re.sub(r"\n# ", " ", (STUDIES / study).read_text())
        assert set(re.findall(TIME, section)) == set(re.findall(TIME, comments)), study


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
