"""Mistakes of a user end with one message, before anything runs; a bad model stops nothing else."""

import json
import os
import re
import shlex
import shutil

import pytest
from checkouts import CHECKOUT
from shipped import as_shipped


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ({"grid": {"learning_rate": [0.001, -1]}}, ["grid.learning_rate[1]", "negative"]),
        ({"grid": {"learning_rate": ["1e-3", 0.001]}}, ["grid.learning_rate", "more than once"]),
        ({"grid": {"optimizer": ["rmsprop"]}}, ["grid.optimizer[0]", "sgd, adam"]),
        ({"grid": {"sam_rho": []}}, ["grid.sam_rho", "empty"]),
        ({"training": {"epoch": 3}}, ["training.epoch", "did you mean epochs"]),
        ({"tables": {"quantities": ["hessian_max"]}}, ["tables.quantities[0]", "add hessian to"]),
        (
            {"comparisons": {"c": {"a": {"optimizer": "adam"}, "slope_on": "optimizer"}}},
            ["comparisons.c.slope_on", "no axis of numbers"],
        ),
        ({"data": {"source": "file"}}, ["data.path", "path of the CSV file"]),
        ({"data": {"source": "file", "path": "nowhere.csv"}}, ["nowhere.csv", "no such file"]),
    ],
)
def test_configuration(fresh, mistake, words):
    fresh.configure(**mistake)
    result = fresh.run(check=False)
    assert result.returncode == 1
    assert "config.yaml, line " in result.stderr
    assert all(word in result.stderr for word in words), result.stderr
    assert "Traceback" not in result.stderr
    assert not (fresh.folder / "results").exists()


BOMB = "a0: &a0 {a: 1, b: 2}\n" + "".join(
    f"a{n}: &a{n} {{a: *a{n - 1}, b: *a{n - 1}, c: *a{n - 1}}}\n" for n in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "line 10: more than 100,000 keys and values"),
        ("a: " + "[" * 2000 + "]" * 2000, "line 1: more than 50 blocks within blocks"),
        ("__use_yte__: true\n?print('it ran'):\n  a: 1\n", "line 1: __use_yte__ would run code"),
        ("grid: {seeds: 1000000000}\n", "line 1: grid.seeds: 1,000,000,000 values make"),
        ("- grid\n", "line 1: a configuration is a block of keys"),
    ],
)
def test_a_file_of_which_nothing_is_made(fresh, text, words):
    (fresh.folder / "config.yaml").write_text(text)
    result = fresh.run("--dry-run", check=False)
    assert result.returncode == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert "it ran" not in result.stdout + result.stderr
    assert len(result.stderr) < 2000


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_leaves_all_to_the_defaults(fresh, text):
    (fresh.folder / "config.yaml").write_text(text)
    result = fresh.run("--dry-run", "--config", "data={source: synthetic}", "grid={seeds: 1}")
    assert "To train: 192 of 192 models" in result.stderr


def test_a_configuration_that_cannot_be_read_is_not_passed_over(fresh):
    (fresh.folder / "config.yaml").unlink()
    (fresh.folder / "config.yaml").symlink_to("gone.yaml")
    result = fresh.run("--dry-run", check=False)
    assert result.returncode == 1
    assert "error: cannot read config.yaml: " in result.stderr


def test_a_file_where_results_go(fresh):
    (fresh.folder / "results").write_text("my notes")
    result = fresh.run(check=False)
    assert result.returncode == 1
    assert "error: results is not a folder, but results go there" in result.stderr
    assert "Traceback" not in result.stderr
    assert (fresh.folder / "results").read_text() == "my notes"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("results/models/origin~synthetic/learning_rate~9/weight_decay~0/seed~0.json",
         "no study in the configuration has the model results/models/origin~synthetic/learn"),
        ("results/data/width~3/arrays.npz",
         "no study in the configuration prepares data as width~3"),
    ],
)  # fmt: skip
def test_what_no_study_has_cannot_be_asked_for(fresh, target, words):
    result = fresh.run("--", target, check=False)
    assert result.returncode == 1
    assert words in result.stderr


def test_titles_are_any_text(fresh):
    title = r"$\lambda_{max}$ {0} \textbf{bold} {wildcards.x} {a"
    fresh.configure(
        studies={"grid": {"title": title}, "second": None},
        grid={"optimizer": "adam", "learning_rate": 0.001, "weight_decay": 0, "seeds": 1},
        comparisons={"c": {"title": title, "a": {"sam_rho": "none"}, "b": {"sam_rho": 0.05}}},
    )
    fresh.figures = True
    fresh.run()
    (page,) = fresh.folder.glob("results/*/report/index.html")
    assert title in page.read_text()
    fresh.run("--report", "report.html")
    report = (fresh.folder / "report.html").read_text()
    starts = (found.end() for found in re.finditer('"labels": ', report))
    labels = [json.JSONDecoder().raw_decode(report, start)[0]["title"] for start in starts]
    assert f"{title}: learning curves of the best cells" in {
        label.replace("\u2060", "") for label in labels
    }


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--config", "grid={learning_rate:", "3}"], "Unparsable value"),
        (["--config", "grid.seeds=10"], "Config entry must start with a valid identifier"),
        (["--configfile", "nowhere.yaml"], "FileNotFoundError"),
        (["--configfile", "Snakefile"], "Config file is not valid JSON or YAML"),
        (["--profile", "fussed"], "no profile.yaml (or config.yaml) found"),
    ],
)
def test_what_snakemake_says_of_its_own_options_is_explained(fresh, option, says):
    result = fresh.run(*option, check=False)
    assert says in result.stderr
    assert says in (CHECKOUT / "README.md").read_text().split("## If something goes wrong")[1]


def test_command_line(fresh):
    result = fresh.run("--config", "grid={seed: 3}", check=False)
    assert result.returncode == 1
    assert "--config: grid.seed: unknown key; did you mean seeds?" in result.stderr
    result = fresh.run("--config", "grid={seeds: 1, seeds: 2}", check=False)
    assert result.returncode == 1
    assert "--config: grid.seeds: duplicate key" in result.stderr
    result = fresh.run("--config", "schemes={a: {quantity: hessian_max}}", check=False)
    assert result.returncode == 1
    assert "--config: schemes.a.quantity: hessian_max is not measured; add hessian" in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("grid:\n  seeds: 3\n  seeds: 5\n", "line 3: grid.seeds: duplicate key, first on line 2"),
        ("grid:\n\tseeds: 3\n", "line 2: has a tab; indent with spaces"),
    ],
)
def test_a_file_that_does_not_say_one_thing(fresh, text, words):
    (fresh.folder / "config.yaml").write_text(text)
    result = fresh.run("--dry-run", check=False)
    assert result.returncode == 1
    assert f"config.yaml, {words}" in result.stderr


def test_a_key_twice_in_a_file_of_ones_own(fresh):
    (fresh.folder / "mine.yaml").write_text("grid: {seeds: 3}\ngrid: {seeds: 5}\n")
    result = fresh.run("--dry-run", "--configfile", "mine.yaml", check=False)
    assert result.returncode == 1
    assert "mine.yaml, line 2: grid: duplicate key, first on line 1" in result.stderr


def test_a_diverging_model_stops_nothing(fresh):
    fresh.configure(grid={"learning_rate": [0.001, 1e30], "seeds": 1}, studies={"second": None})
    fresh.run()
    records = {name: json.loads(path.read_text()) for name, path in fresh.records().items()}
    assert len(records) == 16
    diverged = {name for name, entries in records.items() if entries["status"] == "diverged"}
    assert diverged
    assert all("learning_rate~1e30/" in name for name in diverged)
    assert all(records[name]["weights"] is None for name in diverged)
    assert "diverged" in (fresh.folder / "results/deck/tables/tables.md").read_text()


DOCUMENTS = ["README.md", "docs/*.md", "docs/results/README.md", "studies/*.yaml", "config.yaml"]
COMMAND = re.compile(r"(?:^[ #]*|`|  )(snakemake --.*?)(?=`|  | #|$)", re.MULTILINE)
ELSEWHERE = (
    "/path/to/",
    "--sdm",
    "--unlock",
    "my_study.yaml",
    "path: Obesity",
)  # not in a dry run of this copy


@as_shipped
def test_every_command_that_is_documented_is_one(fresh):
    texts = [
        path.read_text()
        for name in DOCUMENTS
        for path in CHECKOUT.glob(name)
        if path.name != "extending.md"
    ]
    found = {command for text in texts for command in COMMAND.findall(text)}
    commands = {command.removesuffix(" --dry-run") for command in found}
    chosen = [text for text in sorted(commands) if not any(word in text for word in ELSEWHERE)]
    assert len(chosen) >= 12
    assert any("results/audit/audit/audit.md" in command for command in chosen)
    shutil.copytree(CHECKOUT / "studies", fresh.folder / "studies")
    shutil.copy(CHECKOUT / "config.yaml", fresh.folder)
    fresh.figures = True
    runs = {tuple(shlex.split(re.sub(r" --cores \d+", "", command))[1:]) for command in chosen}
    # Thousands of jobs of one model each would take seconds to plan.
    packed = {run if "--profile" in run else ("--profile", "fused", *run) for run in runs}
    for run in sorted(packed):
        fresh.run("--dry-run", *run)


def test_a_cluster_that_does_not_answer(fresh, tmp_path, monkeypatch):
    (tmp_path / "sinfo").write_text("#!/bin/sh\necho no contact >&2; exit 1\n")
    (tmp_path / "sinfo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    result = fresh.run("--profile", "slurm", check=False)
    assert result.returncode == 1
    assert "error: SLURM does not answer here (sinfo: no contact); run this" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (fresh.folder / "results").exists()
