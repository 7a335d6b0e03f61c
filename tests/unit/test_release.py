"""What the project says of itself to others: its version, its citation, its checks."""

import os
import re
import subprocess
import tomllib

import pytest
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


@pytest.mark.parametrize(
    ("tag", "accepted"),
    [("v{}", True), ("v{}1", False), ("v1{}", False), ("v0", False), ("v", False)],
)
def test_a_tag_names_the_version(tag, accepted):
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    workflow = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text())
    (step,) = (s for s in workflow["jobs"]["checks"]["steps"] if "ref_type" in s.get("if", ""))
    environment = {**os.environ, "GITHUB_REF_NAME": tag.format(version)}
    done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=ROOT, env=environment)
    assert (done.returncode == 0) == accepted


def test_issue_forms_ask_something():
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text())
        if path.name != "config.yml":
            assert {"name", "description", "body"} <= form.keys()
            assert all(field["attributes"]["label"] for field in form["body"])
