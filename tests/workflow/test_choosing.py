"""Choosing the best cells without the test rows, from the data to the tables."""

import json
import shutil

import pandas as pd
from checkouts import CHECKOUT

TINY = (
    "data={source: synthetic}",
    "training={epochs: 2, epochs_sam: 2, t_max: 2}",
    "grid={learning_rate: [1e-3, 1e-2], weight_decay: 0, split_seed: [0, 1], seeds: 2}",
    "studies={second_chance: null}",
    "measures=[outcome]",
)


def test_the_study_chooses_by_validation_rows_and_shows_what_that_costs(fresh):
    shutil.copy(CHECKOUT / "config.yaml", fresh.folder)
    shutil.copytree(CHECKOUT / "studies", fresh.folder / "studies")
    study = ("--profile", "fused", "--configfile", "studies/choosing.yaml", "--config", *TINY)
    output = fresh.run(*study).stdout
    folder = fresh.folder / "results/choosing"
    said = (folder / "tables/summary.txt").read_text()
    assert "Best cells are chosen on the validation rows." in said
    data = fresh.folder / "results/data/origin~synthetic+validation_fraction~0.2"
    assert "0.2 of the others are for validation" in (data / "description.md").read_text()
    cells = pd.read_csv(folder / "summary.csv")
    assert len(cells) == 2 * 3 * 2
    best = cells.loc[cells["validation_mse"].idxmin()]
    found = json.loads((folder / "statistics/statistics.json").read_text())
    whole = found["choosing"][0]
    assert whole["reached"] == best["test_mse"]
    assert whole["lowest"] == cells["test_mse"].min()
    assert whole["regret"] == whole["reached"] - whole["lowest"] >= 0
    assert whole["honest"] is not None and whole["stopped_early"] is not None
    assert len(pd.read_csv(folder / "statistics/choosing.csv")) == len(found["choosing"]) == 3
    assert not fresh.planned(*study), output
    # The rows that choose are no part of what is trained.
    fresh.run(*study, "tables={choose_by: test}")
    assert "as the deck does" in (folder / "tables/summary.txt").read_text()
    again = json.loads((folder / "statistics/statistics.json").read_text())
    assert again["choosing"] == found["choosing"]
    assert again["best"][0]["table"] == whole["lowest"]
