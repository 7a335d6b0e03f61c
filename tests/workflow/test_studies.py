"""A user's own studies and data sets, beside the shipped ones."""

import hashlib

import yaml

TABLES = "results/deck/tables/tables.md"


def test_they_come_in_the_order_of_config_yaml_and_then_the_new_ones(workflow):
    studies = {
        "new": {"title": "New", "grid": {"optimizer": ["sgd"]}},
        "second": {"title": "Again"},
    }
    (workflow.folder / "mine.yaml").write_text(yaml.safe_dump({"studies": studies}))
    workflow.run("--configfile", "mine.yaml", "--", TABLES)
    text = (workflow.folder / TABLES).read_text()
    assert text.index(": The grid: ") < text.index(": Again: ") < text.index(": New: ")


def test_one_that_is_null_is_left_out(workflow):
    assert ": Longer: " in (workflow.folder / TABLES).read_text()
    workflow.run("--config", "studies={second: null}", "--", TABLES)
    text = (workflow.folder / TABLES).read_text()
    assert ": The grid: " in text
    assert ": Longer: " not in text


def test_a_data_set_is_described_in_a_file(fresh):
    (fresh.folder / "workflow/datasets/toy.yaml").write_text(
        "{title: Toy, licence: CC0, citation: Nobody, zeroed_features: [b],"
        " label: {name: y, classes: {low: 5, high: 5}},"
        ' columns: {a: {range: [0, 9]}, b: {values: ["no", "yes"]}}}'
    )
    rows = [f"{row},{('no', 'yes')[row % 2]},{('low', 'high')[row // 5]}" for row in range(10)]
    (fresh.folder / "toy.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    digest = hashlib.sha256((fresh.folder / "toy.csv").read_bytes()).hexdigest()[:12]
    made = f"results/data/origin~file~{digest}+dataset~toy/description.md"
    fresh.run("--config", "data={dataset: toy, source: file, path: toy.csv}", "--", made)
    text = (fresh.folder / made).read_text()
    assert "# Toy" in text
    assert "| b | set to zero |" in text
