"""The project in one folder, its work in another; and the project as a module of a Snakefile."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from checkouts import CHECKOUT, SMALL, SNAKEMAKE, Workflow, copy_checkout

MODES = ("default", "fused")
NO_FIGURES = ("--omit-from", "boosts_figures")


def written(folder: Path) -> dict[str, int]:
    """Return when each file of a folder was written; Python's own caches are no matter."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in files}


@pytest.fixture
def project(tmp_path) -> Workflow:
    """Return a checkout that cannot be written, in a folder with a space and other letters."""
    copy = copy_checkout(tmp_path / "pro ject é '数'")
    for path in (copy.folder, *copy.folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield copy
    for path in (copy.folder, *copy.folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)


@pytest.fixture
def elsewhere(tmp_path) -> Workflow:
    """Return an empty folder to work in."""
    (tmp_path / "my study ü").mkdir()
    return Workflow(tmp_path / "my study ü")


def of(project: Workflow, mode: str = "default") -> tuple[str, ...]:
    """Return the options with which another folder runs a project."""
    fused = ("--profile", str(project.folder / "profiles/fused"))
    return "--snakefile", str(project.folder / "Snakefile"), *(fused if mode == "fused" else ())


@pytest.mark.parametrize("mode", MODES)
def test_from_another_folder_the_results_are_the_same(project, elsewhere, finished, mode):
    before = written(project.folder)
    elsewhere.run(*of(project, mode))
    assert elsewhere.results() == finished.results()
    for name in ("cells.csv", "tables/tables.tex", "statistics/statistics.json"):
        made, expected = (w.folder / "results/deck" / name for w in (elsewhere, finished))
        assert made.read_bytes() == expected.read_bytes()
    assert written(project.folder) == before
    for other in MODES:
        assert not elsewhere.planned(*of(project, other))


def test_into_another_folder_and_after_a_move_of_the_project(project, elsewhere, finished):
    project.run("--directory", str(elsewhere.folder), "--profile", "fused")
    assert elsewhere.results() == finished.results()
    moved = project.folder.with_name("moved")
    project.folder.rename(moved)
    try:
        assert not elsewhere.planned(*of(Workflow(moved)))
    finally:
        moved.rename(project.folder)


def test_a_configuration_there_counts_and_else_the_projects(project, elsewhere):
    assert elsewhere.planned(*of(project))["train"] == 40
    own = {**SMALL, "name": "mine", "grid": {**SMALL["grid"], "seeds": [5]}}
    (elsewhere.folder / "config.yaml").write_text(yaml.safe_dump(own))
    assert elsewhere.planned(*of(project))["train"] == 20
    (elsewhere.folder / "config.yaml").write_text("grid:\n  seed: 3\n")
    said = elsewhere.run(*of(project), check=False).stderr
    assert "config.yaml, line 2: grid.seed: unknown key; did you mean seeds?" in said


OWN_RULE = """

rule own:
    output:
        "what_else_you_make.txt",
    params:
        order="beans",
        request="as a gift",
    shell:
        "echo {params.order} {params.request} > {output}"
"""


@pytest.fixture
def user(project, elsewhere) -> Workflow:
    """Return the documented workflow that has the project as a module, with a rule of its own."""
    page = (CHECKOUT / "docs/deployment.md").read_text()
    (documented,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert "/path/to/project" in documented
    snakefile = documented.replace("/path/to/project", str(project.folder)) + OWN_RULE
    (elsewhere.folder / "Snakefile").write_text(snakefile)
    elsewhere.figures = True  # which are another rule here
    own = {"other": 3, "boosts": {**SMALL, "name": "mine"}}
    (elsewhere.folder / "config.yaml").write_text(yaml.safe_dump(own, sort_keys=False))
    return elsewhere


def as_module(project: Workflow, mode: str) -> tuple[str, ...]:
    profiles = project.folder / "profiles"
    fused = ("--profile", str(profiles / "fused")) if mode == "fused" else ()
    return "--workflow-profile", str(profiles / "default"), *fused, *NO_FIGURES


@pytest.mark.parametrize("mode", MODES)
def test_as_a_module(user, project, finished, mode):
    before = written(project.folder)
    user.run(*as_module(project, mode))
    assert user.results() == finished.results()
    assert (user.folder / "what_else_you_make.txt").read_text() == "beans as a gift\n"
    assert written(project.folder) == before
    for other in MODES:
        assert not user.planned(*as_module(project, other))
    text = (user.folder / "config.yaml").read_text()
    (user.folder / "config.yaml").write_text(text.replace("seeds: 2", "seeds: 3"))
    assert user.planned(*as_module(project, "default"))["boosts_train"] == 20


def test_as_a_module_without_the_default_profile(user, project):
    """Snakemake then goes by its own view as well, which must not do anything twice."""
    fused = ("--profile", str(project.folder / "profiles/fused"), *NO_FIGURES)
    user.run(*fused)
    assert not user.planned(*fused)


def test_a_mistake_in_what_a_module_is_given(user):
    text = (user.folder / "config.yaml").read_text()
    (user.folder / "config.yaml").write_text(text.replace("seeds: 2", "seed: 2"))
    result = user.run("--dry-run", check=False)
    assert result.returncode == 1
    assert "grid.seed: unknown key; did you mean seeds?" in result.stderr


def test_a_module_without_a_configuration_has_the_projects_own(user):
    text = (user.folder / "Snakefile").read_text()
    given = '    config:\n        config["boosts"]\n'
    assert given in text
    (user.folder / "Snakefile").write_text(text.replace(given, ""))
    assert user.planned()["boosts_train"] == 40


def test_a_prefix_is_refused(user):
    text = (user.folder / "Snakefile").read_text()
    text = text.replace("module boosts:\n", 'module boosts:\n    prefix: "boosts"\n')
    (user.folder / "Snakefile").write_text(text)
    result = user.run("--dry-run", check=False)
    assert result.returncode == 1
    assert "cannot be used as a module with a prefix" in result.stderr


def test_braces_in_the_projects_path_are_refused(tmp_path):
    result = copy_checkout(tmp_path / "{x}").run("--dry-run", check=False)
    assert result.returncode == 1
    assert "has braces, which Snakemake reads as wildcards; rename the folder" in result.stderr
    assert "Traceback" not in result.stderr


READ_ONLY = """\
mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" || exit 77
exec "$@" --cores 1 --dry-run
"""


def test_a_checkout_that_cannot_be_written_is_no_folder_to_work_in(project):
    """Not even for root, since it is mounted so."""
    unshare = ("unshare", "--map-root-user", "--mount", "sh", "-c", READ_ONLY)
    result = subprocess.run([*unshare, project.folder, SNAKEMAKE], capture_output=True, text=True)
    if result.returncode == 77 or "unshare" in result.stderr:
        pytest.skip(f"folders cannot be mounted here: {result.stderr}")
    assert result.returncode == 1
    assert f"error: {project.folder} cannot be written" in result.stderr
    assert shlex.quote(f"{project.folder}/Snakefile") in result.stderr
    assert "Traceback" not in result.stderr


CONDA = """\
#!/bin/sh
case "$1" in
    info) echo '{"conda_prefix": "/conda", "platform": "linux-64"}' ;;
    config) echo '{"get": {"channel_priority": "strict"}}' ;;
    *) echo conda 25.1.0 ;;
esac
"""


def test_conda_has_the_projects_environments(project, elsewhere, tmp_path, monkeypatch):
    """A stand-in for conda is there and of the right version, and makes nothing."""
    (tmp_path / "conda").write_text(CONDA)
    (tmp_path / "conda").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    said = elsewhere.run(*of(project), "--sdm", "conda", "--conda-create-envs-only").stderr
    found = re.findall(r"^Creating conda environment (.*)\.\.\.$", said, flags=re.MULTILINE)
    environments = {project.folder / f"envs/{step}.yaml" for step in ("data", "train", "report")}
    assert {(elsewhere.folder / name).resolve() for name in found} == environments


APPTAINER = """\
#!{python}
import os, sys
if sys.argv[1:] == ["--version"]:
    print("apptainer version 1.4.0")
else:
    with open({log!r}, "a") as log:
        print(*sys.argv, sep="\\t", file=log)
    command = sys.argv.index("-c") + 1
    os.execvp("bash", ["bash", "-c", sys.argv[command]])
"""


def test_containers_have_the_projects_images_and_see_its_folder(tmp_path, elsewhere, monkeypatch):
    """A stand-in for Apptainer notes how it is called, and runs the command outside."""
    copy = copy_checkout(tmp_path / "project")
    programs, log = tmp_path / "bin", tmp_path / "calls"
    programs.mkdir()
    (programs / "apptainer").write_text(APPTAINER.format(python=os.sys.executable, log=str(log)))
    (programs / "apptainer").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    (copy.folder / "containers").mkdir()
    for step in ("data", "train", "report"):
        (copy.folder / f"containers/{step}.sif").touch()
    elsewhere.run(*of(copy), "--sdm", "apptainer", "--", "results/data/origin~synthetic/arrays.npz")
    calls = [shlex.split(line.replace("\t", "  ")) for line in log.read_text().splitlines()]
    assert len(calls) >= 2
    for call in calls:
        assert call[call.index("--bind") + 1] == str(copy.folder)
        assert str(copy.folder / "containers/data.sif") in call
    spaced = copy.folder.rename(tmp_path / "pro ject")
    result = elsewhere.run(*of(Workflow(spaced)), "--sdm", "apptainer", "-n", check=False)
    assert "has a space, and Snakemake cannot load an image from such a path" in result.stderr
