"""Mistakes of a user end with one message, before anything runs; a bad model stops nothing else."""

import json

import pytest


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ({"grid": {"learning_rate": [0.001, -1]}}, ["grid.learning_rate[1]", "negative"]),
        ({"grid": {"learning_rate": ["1e-3", 0.001]}}, ["grid.learning_rate", "more than once"]),
        ({"grid": {"optimizer": ["adamw"]}}, ["grid.optimizer[0]", "sgd, adam"]),
        ({"grid": {"sam_rho": []}}, ["grid.sam_rho", "empty"]),
        ({"training": {"epoch": 3}}, ["training.epoch", "did you mean epochs"]),
        ({"data": {"source": "file"}}, ["data.path", "name the CSV file"]),
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


def test_command_line(fresh):
    result = fresh.run("--config", "grid={seed: 3}", check=False)
    assert result.returncode == 1
    assert "--config: grid.seed: unknown key; did you mean seeds?" in result.stderr


def test_a_diverging_model_stops_nothing(fresh):
    fresh.configure(grid={"learning_rate": [0.001, 1e30]})
    fresh.run()
    records = {name: json.loads(path.read_text()) for name, path in fresh.records().items()}
    assert len(records) == 40
    diverged = {name for name, entries in records.items() if entries["status"] == "diverged"}
    assert diverged
    assert all("learning_rate~1e30/" in name for name in diverged)
    assert all(records[name]["weights"] is None for name in diverged)
    assert "diverged" in (fresh.folder / "results/tables/tables.md").read_text()
