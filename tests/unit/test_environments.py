"""Each step's environment and container hold what its scripts import, at the versions we test with.

No conda channel is asked: what is checked is that the files say the same as requirements.txt and
the code.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from genboost.code_digest import Code

CHECKOUT = Path(__file__).parents[2]
STEPS = ("data", "train", "report")

MODULES = {
    "jinja2": {"jinja2", "markupsafe"},
    "kagglehub": {"kagglehub", "kagglesdk"},
    "pytorch": {"torch"},
    "pytorch-gpu": {"torch"},
    "pyyaml": {"yaml"},
    "requests": {"requests", "urllib3"},
    "scikit-learn": {"sklearn", "threadpoolctl"},
}
"""Modules that a package brings along, where it is not the one of its name."""

NOT_PYTHON = {"python", "c-compiler"}
PYPI = {"pytorch": "torch", "pytorch-gpu": "torch"}
ENVIRONMENTS = [("data", "data"), ("train", "train"), ("train-cuda", "train"), ("report", "report")]


def requirements() -> dict[str, str]:
    lines = (CHECKOUT / "requirements.txt").read_text().splitlines()
    pins = (re.match(r"([\w-]+)==(\S+)", line) for line in lines)
    return {pin[1].lower(): pin[2] for pin in pins if pin}


def packages(environment: str) -> dict[str, str]:
    """Return the packages of a conda environment and their versions."""
    content = yaml.safe_load((CHECKOUT / f"envs/{environment}.yaml").read_text())
    assert set(content) == {"channels", "dependencies"}
    assert content["channels"] == ["conda-forge", "nodefaults"]
    return dict((*entry.split("="), "")[:2] for entry in content["dependencies"])


def rules() -> Iterator[tuple[str, set[str], set[str]]]:
    """Yield each rule that runs a script: its text, the steps that it names, and its scripts."""
    for path in sorted((CHECKOUT / "workflow/rules").glob("*.smk")):
        content = path.read_text()
        for name, value in re.findall(r"^([A-Z]+) = \((.*?)^\)", content, flags=re.M | re.S):
            content = re.sub(rf"(?<= ){name}$", lambda _, value=value: value, content, flags=re.M)
        for text in re.split(r"^ *rule\b", content, flags=re.M)[1:]:
            scripts = set(re.findall(r"python \{SCRIPTS\}/(\w+\.py)", text))
            named = r'(?:ENVIRONMENT\[|IMAGE\[|RESOURCES\[|needs\()"(\w+)"'
            yield text, set(re.findall(named, text)), scripts


def imports(step: str) -> set[str]:
    """Return the third-party modules that a step's scripts import, directly or through ours."""
    names, code = set(), Code()
    scripts = set().union(*(scripts for _, steps, scripts in rules() if steps == {step}))
    assert scripts
    if "measure.py" in scripts:  # which finds them by their names
        families = Path("genboost/measures/families")
        scripts |= {str(path) for path in code.files if path.is_relative_to(families)}
    for script in scripts:
        for path in code.reached(Path(script)):
            for node in ast.walk(ast.parse(code.files[path])):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"genboost"}


def test_every_rule_belongs_to_one_step_in_all_that_it_asks_for():
    for text, steps, scripts in rules():
        assert scripts, text
        assert len(steps) == 1, text
        for word in ("ENVIRONMENT[", "IMAGE[", "needs("):
            assert word in text, text


@pytest.mark.parametrize(("environment", "step"), ENVIRONMENTS)
def test_an_environment_has_what_its_step_imports_and_no_more(environment, step):
    offered = {name: MODULES.get(name, {name}) for name in set(packages(environment)) - NOT_PYTHON}
    needed = imports(step)
    assert needed <= set().union(*offered.values())
    assert [name for name, modules in offered.items() if not modules & needed] == []


@pytest.mark.parametrize("environment", [environment for environment, _ in ENVIRONMENTS])
def test_versions_are_those_of_requirements(environment):
    for name, version in packages(environment).items():
        if name not in NOT_PYTHON:
            assert version == requirements()[PYPI.get(name, name)], name


@pytest.mark.parametrize("step", STEPS)
def test_a_container_has_the_packages_of_the_environment(step):
    definition = (CHECKOUT / f"containers/{step}.def").read_text()
    listed = re.search(r"^ +PACKAGES=\"(.*?)\"", definition, flags=re.M | re.S)[1].split()
    assert set(listed) == {PYPI.get(name, name) for name in set(packages(step)) - NOT_PYTHON}
