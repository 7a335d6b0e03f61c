"""Figures and the report follow what they are made from, and nothing else."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from urllib.parse import unquote

import pytest
from checkouts import Workflow, at_work, wait_until_none_is_at_work
from ro_crate import issues

from genboost.receipts import identity

CONFIGURED = "configuration tables statistics"
REPORTED = "report crate index"
TEMPLATES = "scripts/genboost/report/templates"
DRAWN = f"figures {REPORTED}"
DRAWING = "--omit-from", "report"  # options of a run of which only tables and figures count
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def drawn(finished, once) -> Workflow:
    """Return a finished copy with its figures and report; for reading only."""

    def make(workflow: Workflow) -> None:
        shutil.copytree(finished.folder, workflow.folder, symlinks=True)
        workflow.run()

    return once("drawn", make, figures=True)


@pytest.fixture
def workflow(drawn, tmp_path) -> Workflow:
    """Return a copy of it, to edit."""
    shutil.copytree(drawn.folder, tmp_path / "edited", symlinks=True)
    return Workflow(tmp_path / "edited", figures=True)


def test_a_run_draws_and_reports(drawn):
    figures = {path.name for path in (drawn.folder / "results/deck/figures").iterdir()}
    assert {"heatmap-grid.svg", "heatmap-grid.png", "curves-second.svg", "deck.png"} <= figures
    report = (drawn.folder / "results/deck/report/index.html").read_text()
    # Two heatmaps are tables there, the explorer draws parallel lines; no cell is the deck's.
    assert report.count('<svg role="img"') == len(figures) / 2 - 5
    assert "SYNTHETIC" in report
    assert not drawn.planned()


def test_figures_and_their_receipt_are_the_same_on_any_number_of_cores(drawn, workflow):
    """The finished run had two cores."""
    places = "results/deck/figures", "results/receipts/outcomes/deck/figures.json"
    shutil.rmtree(workflow.folder / places[0])
    (workflow.folder / places[1]).unlink()
    workflow.run("--cores", "1", *DRAWING)
    for one, other in ((drawn.folder / place, workflow.folder / place) for place in places):
        files = [path.relative_to(one) for path in sorted(one.rglob("*"))] if one.is_dir() else [""]
        assert files
        for name in files:
            assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_an_interrupted_drawing_ends_in_silence_and_is_gone_on_with(workflow):
    """Ctrl-C, which a terminal sends to all processes, while two copies draw."""
    figures = workflow.folder / "results/deck/figures"
    expected = {path.name: path.read_bytes() for path in figures.iterdir()}
    shutil.rmtree(figures)
    drawn = "        drawn = drawing.contents(draw.figure(material, exhibit))\n"
    stop = (
        "        Path(f'at work {exhibit.name}').touch()\n        __import__('time').sleep(3600)\n"
    )
    workflow.edit("scripts/make_figures.py", drawn, stop + drawn)
    run = workflow.start(*DRAWING)
    while len(list(workflow.folder.glob("at work *"))) < 2:
        assert run.poll() is None, run.communicate()
        time.sleep(0.01)
    assert sum("make_figures.py" in command for command in at_work(workflow.folder)) > 2
    os.killpg(run.pid, signal.SIGINT)
    said = "".join(run.communicate())
    assert run.returncode
    assert "Traceback" not in said + (workflow.folder / "results/logs/deck/figures.log").read_text()
    assert "was killed" not in said
    wait_until_none_is_at_work(workflow.folder)
    workflow.edit("scripts/make_figures.py", stop, "")
    workflow.run(*DRAWING)
    assert {path.name: path.read_bytes() for path in figures.iterdir()} == expected


def test_the_record_for_machines_is_a_valid_crate_of_what_is_there(drawn, tmp_path):
    folder = drawn.folder / "results/deck"
    assert issues(folder, tmp_path / "cache") == []
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    told = {unquote(one["@id"]): one["sha256"] for one in graph if one["@type"] == "File"}
    there = {
        str(path.relative_to(folder)): identity(path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("Snakefile", "ro-crate-metadata.json")
    }
    assert told == there


@pytest.mark.parametrize(
    ("file", "old", "new", "again"),
    [
        ("config.yaml", "title: Longer", "title: Other", f"{CONFIGURED} {DRAWN}"),
        ("scripts/genboost/report/figures/drawing.py", "MANY = 3000", "MANY = 4000", DRAWN),
        ("scripts/genboost/report/figures/methods.py", "0.45 * len(", "0.5 * len(", DRAWN),
        ("scripts/genboost/report/figures/audit.py", "def draw(", "MORE = 1\n\n\ndef draw(", ""),
        (f"{TEMPLATES}/report.css", "84rem", "80rem", REPORTED),
        (f"{TEMPLATES}/report.html.j2", '<p id="status"', '<p id="state"', REPORTED),
        ("workflow/report/methods.rst", "partly luck", "luck in part", REPORTED),
        ("workflow/report/summary.rst", "Every", "Each", ""),
    ],
    ids=["title", "drawing", "figure", "undrawn", "style", "template", "caption", "other_caption"],
)  # fmt: skip
def test_an_edit_makes_again_what_it_touches(workflow, file, old, new, again):
    workflow.edit(file, old, new)
    assert workflow.planned() == dict.fromkeys(again.split(), 1)


def test_curves_of_other_cells(workflow):
    workflow.configure(figures={"curves": [{"optimizer": "sgd", "learning_rate": "1e-3"}]})
    assert workflow.planned() == dict.fromkeys(f"configuration {DRAWN}".split(), 1)
    workflow.run(*DRAWING)
    assert (workflow.folder / "results/deck/figures/curves.svg").exists()
    workflow.configure(figures={"curves": [{"learning_rate": 5}]})
    result = workflow.run("--dry-run", check=False)
    assert result.returncode == 1
    assert "config.yaml, line " in result.stderr
    assert "figures.curves[0]: no study has a cell with learning_rate 5" in result.stderr


def test_another_quantity_is_shown_and_taken_away_again(workflow):
    results = workflow.folder / "results"
    workflow.configure(tables={"quantities": ["test_mse", "gap"]})
    assert not {"train", "measure", "aggregate"} & set(workflow.planned())
    workflow.run(*DRAWING)
    mine = {path.name for path in results.rglob("*+gap*")}
    assert {"heatmap-grid+gap.svg", "grid-adam-no-sam+gap.md", "ranking+gap.csv"} <= mine
    workflow.configure(tables={"quantities": ["test_mse"]})
    workflow.run(*DRAWING)
    assert not list(results.rglob("*+gap*"))


def test_nothing_is_left_of_a_study_that_is_taken_out(workflow):
    results = workflow.folder / "results/deck"
    mine = [results / "tables/notes-second.md", results / "figures/second.png"]
    for path in mine:
        path.write_text("A reader's")
    before = {path.name for path in results.glob("[tf]*s/*")}
    assert {"second-adam-no-sam.tex", "heatmap-second.png"} < before
    workflow.run(*DRAWING, "--config", "studies={second: null}")
    after = {path.name for path in results.glob("[tf]*s/*")}
    assert {name for name in after if "second" in name} == {path.name for path in mine}
    assert {name for name in before - after if "second" not in name} == set()


def test_no_page_tells_of_a_place_on_this_machine(workflow, tmp_path):
    private = tmp_path / "private" / "answers.csv"
    private.parent.mkdir()
    (raw,) = workflow.folder.glob("results/data/raw/*.csv")
    shutil.copy(raw, private)
    workflow.configure(data={"source": "file", "path": str(private)})
    workflow.run("--profile", "fused")
    workflow.run("--report", "all.html")
    (variant,) = workflow.folder.glob("results/data/origin~file*")
    for page in ("all.html", "results/deck/report/index.html", variant / "description.md"):
        text = (workflow.folder / page).read_text()
        assert "answers.csv" in text
        for place in (private.parent, workflow.folder, Path.home(), sys.prefix):
            assert str(place) not in text, (page, place)


def test_snakemakes_own_report(drawn):
    drawn.run("--report", "all.html")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; on Debian: apt install chromium")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page()
        page.goto((drawn.folder / "all.html").as_uri())
        front = page.locator("body")
        front.get_by_text("Which tricks make a small neural network generalize?").wait_for()
        assert "System Message" not in front.inner_text()
        page.get_by_text("Tables", exact=True).click()
        page.get_by_text("All cells", exact=True).wait_for()
        assert page.get_by_text("The claims", exact=True).is_visible()
        assert ".csv" not in front.inner_text()  # names, not paths
        page.get_by_text("Results", exact=True).click()
        page.get_by_text("Figures", exact=True).click()
        page.get_by_text("The grid: test MSE against learning rate", exact=True).wait_for()
        chromium.close()
