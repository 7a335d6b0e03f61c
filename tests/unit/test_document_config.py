"""The page of all keys, docs/configuration.md, and the schema that it is written from."""

import copy
import re
from pathlib import Path

import pytest
import yaml

import document_config
from genboost.study import config, schema

PAGE = Path(__file__).parents[2] / "docs/configuration.md"


def test_the_page_is_up_to_date():
    page = document_config.page(schema.written())
    assert PAGE.read_text() == page, "docs/configuration.md and the schema differ: run `make docs`"


def keys(rule: dict, place: str = "") -> list[tuple[str, str, dict]]:
    """Return every key of the schema with the block that it is in."""
    found = []
    for name, child in (rule.get("properties") or {}).items():
        if "properties" in child or "additionalProperties" in child:
            found += keys(child, f"{place}.{name}".lstrip("."))
        else:
            found.append((place, name, child))
    if isinstance(rule.get("additionalProperties"), dict):
        found += keys(rule["additionalProperties"], place)
    return found


def test_every_key_is_there_in_its_block_with_its_description():
    sections = dict(re.findall(r"^##+ (\S+)\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.M | re.S))
    for place, name, rule in keys(schema.written()):
        if not place:  # a list with a section of its own
            assert rule["description"] in sections[name]
            continue
        (row,) = (line for line in sections[place].splitlines() if line.startswith(f"| `{name}` |"))
        assert row.count(" | ") == 3
        assert rule.get("description", "What this study overrides") in row
        for choice in rule.get("enum", []):
            assert f"`{choice}`" in row


@pytest.mark.parametrize("change", ["description", "default", "choice", "key"])
def test_a_change_of_the_schema_changes_the_page(change):
    changed = copy.deepcopy(schema.written())
    rules = changed["properties"]["training"]["properties"]
    match change:
        case "description":
            rules["t_max"]["description"] = "Another."
        case "default":
            rules["t_max"]["default"] = 99
        case "choice":
            rules["schedule"]["enum"] = ["cosine"]
        case "key":
            del rules["t_max"]
    assert document_config.page(changed) != document_config.page(schema.written())


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"enum": ["a", "b"]}, "`a`, `b`"),
        ({"type": "integer", "minimum": 1}, "a whole number ≥ 1"),
        (
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "a number > 0 and < 1",
        ),
        ({"type": ["string", "null"]}, "text or `none`"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "array", "items": {"enum": ["a"]}}, "a list: `a`"),
        ({"type": "array", "items": {"$ref": "#/properties/data"}}, "a list: blocks of keys"),
    ],
)
def test_what_a_key_takes(rule, expected):
    assert document_config.takes(rule) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [([3e-5, None, 1], "[3e-5, none, 1]"), (False, "false"), ([], "[]"), ({"a": 1.0}, "{a: 1}")],
)
def test_how_a_default_is_shown(value, expected):
    assert document_config.shown(value) == expected


def test_the_examples_are_valid():
    text = PAGE.read_text()
    (override,) = re.findall(r"--config (\w+)='(.*)'", text)
    config.resolve({override[0]: yaml.safe_load(override[1])})
    (file,) = re.findall(r"```yaml\n(.*?)```", text, re.S)
    study = config.resolve(yaml.safe_load(file))["studies"]["tanh"]
    assert (study["model"]["width"], study["model"]["activation"]) == (9, "tanh")
