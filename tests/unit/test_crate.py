"""The record of a run for machines says what the receipts say, and not whose machine it was."""

import json

from genboost.report import crate

CITATION = {
    "title": "A study",
    "version": "1.0.0",
    "license": "MIT",
    "authors": [{"name": "The authors"}],
}
PROVENANCE = {
    "dataset": "Rows",
    "synthetic": False,
    "sha256": "c5f",
    "licence": "CC BY 4.0",
    "citation": "Someone (2019)",
    "location": "/home/me/rows.csv",
    "time": "2020-01-01T00:00:00+00:00",
}
RUNS = {
    "engines": [{"engine": "simd avx2", "device": "cpu", "models": 2}],
    "versions": [{"python": "3.11.7"}],
}
RAW, ARRAYS, CELLS = (
    "results/data/raw/rows.csv",
    "results/data/x/arrays.npz",
    "results/deck/cells.csv",
)
STEPS = [
    crate.Step("download/rows", {"/home/me/rows.csv": "c5f"}, {RAW: "c5f"}),
    crate.Step("prepare/x", {RAW: "c5f"}, {ARRAYS: "a1"}),
    crate.Step("prepare/other", {RAW: "c5f"}, {"results/data/other/arrays.npz": "a2"}),
    crate.Step(
        "outcomes/deck/aggregate", {ARRAYS: "a1", "records": "5ea", "sheets": "5ee"}, {CELLS: "ce"}
    ),
    crate.Step(
        "outcomes/deck/figures",
        {CELLS: "ce", "results/models/x/seed~0.json": "5ea1", "{project}/deck.csv": "dec"},
        {"results/deck/figures/gap+x.svg": "f16"},
    ),
    crate.Step("outcomes/other/figures", {CELLS: "ce"}, {"results/other/figures/a.svg": "f17"}),
]  # fmt: skip


def composed() -> str:
    steps = crate.behind(["results/deck/figures/gap+x.svg"], STEPS)
    return crate.compose("results/deck", steps, CITATION, [PROVENANCE], RUNS)


def entities() -> dict[str, dict]:
    return {entity["@id"]: entity for entity in json.loads(composed())["@graph"]}


def test_only_steps_behind_the_files_count():
    found = [step.name for step in crate.behind(["results/deck/figures/gap+x.svg"], STEPS)]
    assert found == [
        "download/rows",
        "outcomes/deck/aggregate",
        "outcomes/deck/figures",
        "prepare/x",
    ]


def test_an_action_says_what_a_step_read_and_wrote():
    found = entities()
    drawn = found["#action/figures"]
    assert drawn["instrument"] == {"@id": "#tool/figures"}
    assert drawn["object"] == [
        {"@id": "#deck.csv"},
        {"@id": "#records"},
        {"@id": "cells.csv"},
    ]
    assert drawn["result"] == {"@id": "figures/gap%2Bx.svg"}
    assert found["figures/gap%2Bx.svg"]["sha256"] == "f16"
    trained = found["#action/train"]
    assert trained["object"] == {"@id": "#results/data/x/arrays.npz"}
    assert trained["description"] == "Models: 2 by simd avx2 on cpu (python 3.11.7)"


def test_every_reference_leads_somewhere():
    found = entities()
    outside = {crate.CRATE, "https://snakemake.readthedocs.io"}

    def references(value):
        if isinstance(value, list):
            return {one for item in value for one in references(item)}
        if isinstance(value, dict):
            return {value["@id"]} if value.keys() == {"@id"} else references(list(value.values()))
        return set()

    assert references(list(found.values())) <= found.keys() | outside


def test_the_run_has_the_data_with_their_licence_and_no_path_of_the_machine():
    found = entities()
    assert found["#action/run"]["object"] == [{"@id": "#deck.csv"}, {"@id": "#file-c5f"}]
    raw = found[f"#{RAW}"]
    assert (raw["name"], raw["license"], raw["sha256"]) == ("Rows", "CC BY 4.0", "c5f")
    assert "/home" not in composed()
    assert found["./"]["datePublished"] == PROVENANCE["time"]


def test_the_same_receipts_give_the_same_bytes():
    steps = crate.behind(["results/deck/figures/gap+x.svg"], STEPS[::-1])
    assert crate.compose("results/deck", steps, CITATION, [PROVENANCE], RUNS) == composed()
