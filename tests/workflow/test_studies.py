"""Studies of a file of one's own, beside those of config.yaml."""

import yaml

TABLES = "results/tables/tables.md"


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
