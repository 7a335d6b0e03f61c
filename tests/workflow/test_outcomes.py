"""Runs of several configurations share what is trained, and leave one another's outcomes alone."""

import json
import re

import pytest
import yaml
from checkouts import Workflow

OTHER = {
    "name": "other",
    "studies": {"second": None},
    "comparisons": {},
    "grid": {"optimizer": "adam", "sam_rho": "none", "seeds": 1},
}


def contents(workflow: Workflow, name: str) -> dict[str, bytes]:
    folder = workflow.folder / "results" / name
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def other(workflow: Workflow) -> tuple[str, ...]:
    (workflow.folder / "other.yaml").write_text(yaml.safe_dump(OTHER))
    return "--configfile", "other.yaml"


@pytest.mark.parametrize("mode", [(), ("--profile", "fused")], ids=["default", "fused"])
def test_two_configurations_in_turn_do_nothing_again(workflow, mode):
    before, models = contents(workflow, "deck"), workflow.inodes()
    workflow.run(*mode, *other(workflow))
    assert contents(workflow, "deck") == before
    assert workflow.inodes() == models
    assert not workflow.planned(*mode)
    assert not workflow.planned(*mode, *other(workflow))
    tables = {path.name for path in (workflow.folder / "results/other/tables").iterdir()}
    assert "grid-adam-no-sam.md" in tables
    assert not any("second" in name for name in tables)


def test_an_outcome_tells_the_configuration_that_gives_it_again(workflow, finished):
    path = workflow.folder / "results/deck/config.yaml"
    written = yaml.safe_load(path.read_text())
    assert written["grid"][0]["seeds"] == 2
    assert written["training"]["momentum"] == 0  # by default
    (workflow.folder / "config.yaml").write_text(path.read_text())
    assert not workflow.planned()
    workflow.run("--config", "training={epochs: 2}")
    assert yaml.safe_load(path.read_text())["training"]["epochs"] == 2


def claims_of(page: str, name: str) -> list[tuple[str, str]]:
    section = page.split(f'href="{name}/report/index.html"')[1].split("</section>")[0]
    return re.findall(r"<h3>(.*?)</h3>\n<p class=\"verdict\"><span.*?</span> (\w+)</p>", section)


def test_the_index_has_every_report_with_its_verdicts(workflow):
    workflow.figures = True
    claim = {"title": "Adam < SGD", "a": {"optimizer": "adam"}, "b": {"optimizer": "sgd"}}
    workflow.configure(comparisons={"c": claim})
    said = workflow.run("--profile", "fused").stderr
    assert "Index of all reports: results/index.html" in said
    index = workflow.folder / "results/index.html"
    assert 'href="other/' not in index.read_text()
    workflow.run("--profile", "fused", *other(workflow))
    page = index.read_text()
    statistics = json.loads(
        (workflow.folder / "results/deck/statistics/statistics.json").read_text()
    )
    verdict = statistics["comparisons"][0]["verdict"]
    assert claims_of(page, "deck") == [("Adam &lt; SGD", verdict)]
    assert page.count("SYNTHETIC: made from") == 2
    for link in re.findall(r'href="([^":]+)"', page):
        assert (workflow.folder / "results" / link).is_file()
    assert not workflow.planned()
    (workflow.folder / "results/deck/statistics/statistics.json").write_text("{")
    assert workflow.planned(*other(workflow)) == {"index": 1}
    workflow.run(*other(workflow))
    assert "Its statistics cannot be read" in index.read_text()
    workflow.run()
    assert index.read_text() == page
