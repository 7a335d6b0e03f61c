"""The article compiles from a run's results, and says what they say."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkouts import CHECKOUT, Workflow

CLAIMS = {
    name: {"title": title, "a": {"optimizer": "adam"}, "b": {"optimizer": "sgd"}}
    for name, title in {"first": "Adam beats SGD", "second": "Adam & 50 % beat SGD"}.items()
}
SCHEMES = {
    name: {"title": f"rate {rate}", "where": {"learning_rate": rate}}
    for name, rate in {"lower": 0.001, "upper": 0.01}.items()
}


@pytest.fixture(scope="session")
def reported(finished, once) -> Workflow:
    """Return a finished copy with claims, schemes and figures; for reading only."""

    def make(workflow: Workflow) -> None:
        shutil.copytree(finished.folder, workflow.folder, symlinks=True)
        workflow.configure(comparisons=CLAIMS, schemes=SCHEMES)
        workflow.run("--omit-from", "report")

    return once("reported", make, figures=True)


def lay_out(folder: Path, output: Path, *options: str) -> str:
    """Lay out the article, and return its commands."""
    command = [sys.executable, "scripts/make_paper.py", "--results", "results/deck", *options]
    done = subprocess.run(
        [*command, "--output", output], cwd=folder, capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    return (output / "results.tex").read_text()


@pytest.mark.skipif(
    not (shutil.which("pdflatex") and shutil.which("bibtex")),
    reason="there is no pdflatex; on Debian: apt install texlive-latex-recommended",
)
def test_it_compiles_and_fits(reported, tmp_path):
    lay_out(reported.folder, tmp_path)
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"]
    for command in (latex, ["bibtex", "paper"], latex, latex):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, errors="replace")
        assert not done.returncode, done.stdout[-3000:]
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert "undefined" not in log
    assert [
        points for points in re.findall(r"Overfull \\hbox \((\S+)pt", log) if float(points) > 1
    ] == []
    assert {"methods.png", "comparisons.png"} <= set(re.findall(r"<(?:\./)?(\w+\.png)", log))


def test_it_says_what_the_results_say(reported, tmp_path):
    shutil.copytree(reported.folder, tmp_path / "other", symlinks=True)
    path = tmp_path / "other/results/deck/statistics/statistics.json"
    found = json.loads(path.read_text())
    said = lay_out(reported.folder, tmp_path / "paper")
    assert "SYNTHETIC" in said
    lowest, decimals = re.search(r"lowest mean test MSE is (\d+(?:\.(\d+))?)", said).groups("")
    assert lowest == f"{found['best'][0]['table']:.{len(decimals)}f}"
    assert "Both claims are undecided. Undecided: Adam beats SGD; Adam \\& 50 \\% beat SGD." in said
    assert "rate 0.001: 2 undecided; rate 0.01: 2 undecided" in said
    assert r"\newcommand{\Models}{40}" in said
    found["comparisons"][0]["verdict"] = "contradicted"
    path.write_text(json.dumps(found))
    said = lay_out(tmp_path / "other", tmp_path / "paper")
    assert "one is contradicted and one is undecided. Contradicted: Adam beats SGD." in said


def test_it_has_no_result_of_its_own():
    text = re.sub(r"(?<!\\)%.*", "", (CHECKOUT / "paper/paper.tex").read_text())
    body = text.split(r"\begin{document}")[1]
    assert re.findall(r"\d[\d.]*", body) == ["2", "0.05"]  # a norm, and the level of tests


def test_a_run_that_is_not_finished_is_named(fresh, tmp_path):
    command = [sys.executable, "scripts/make_paper.py", "--results", "results/no"]
    done = subprocess.run(
        [*command, "--output", tmp_path / "paper"], cwd=fresh.folder, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "cannot read results/no/config.yaml: No such file or directory; finish" in done.stderr
    assert not (tmp_path / "paper").exists()
