"""What the project says of itself to others: its version, its citation, its checks."""

import os
import re
import tomllib

import yaml

from genboost.files import ROOT


def test_version_and_date_are_the_same_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    newest = re.search(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.M)
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert newest.groups() == (version, str(citation["date-released"]))
    assert citation["version"] == version


def test_github_runs_all_checks():
    workflow = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text())
    steps = workflow["jobs"]["checks"]["steps"]
    assert [step for step in steps if step.get("run") == ".ci/run"]
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_issue_forms_ask_something():
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text())
        if path.name != "config.yml":
            assert {"name", "description", "body"} <= form.keys()
            assert all(field["attributes"]["label"] for field in form["body"])
