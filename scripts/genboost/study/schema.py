"""The schema of the configuration: the one list of its keys, with their values and defaults.

`workflow/schemas/config.schema.yaml` lists each setting of a model once. What follows from the
settings is filled in here: the axes that a grid may span, and by which cells can be chosen.
"""

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from genboost.files import ROOT
from genboost.study.sampling import LOG, UNIFORM

PATH = ROOT / "workflow/schemas/config.schema.yaml"
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?\.?(inf|nan)", re.IGNORECASE)
BLOCKS = ("data", "model", "training")
GRID = "grid"
OF_CELLS = ("curves", "plane")
"""The keys of `figures` that are lists of choices of cells."""

Rule = dict[str, Any]


@cache
def written() -> Rule:
    """Return the schema as it is written."""
    return yaml.load(PATH.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def schema() -> Rule:
    """Return the schema with all keys that follow from the settings."""
    full = copy.deepcopy(written())
    properties = full["properties"]
    axes = {name: value for name, _, value in settings() if is_axis(value)}
    properties[GRID]["properties"] = {
        **{name: {"type": "array", "minItems": 1, "items": value} for name, value in axes.items()},
        **properties[GRID]["properties"],
    }
    for name, value in axes.items():
        if has_distributions(name, value):
            properties[GRID]["properties"][name]["items"] = _or_distribution(value)
    selection = properties["comparisons"]["additionalProperties"]["properties"]["a"]
    selection["properties"] |= {
        name: {"type": "array", "minItems": 1, "items": value} for name, value in axes.items()
    }
    execution, tables = (properties[name]["properties"] for name in ("execution", "tables"))
    execution["fuse"]["items"] = {"enum": [*axes, "seed"]}
    tables["rows"] |= {"enum": list(axes)}
    tables["columns"] |= {"enum": list(axes)}
    return full


def settings() -> Iterator[tuple[str, str, Rule]]:
    """Yield the name, the block and the rule of one value of each setting of a model."""
    properties = written()["properties"]
    for block in (*BLOCKS, GRID):
        for name, rule in properties[block]["properties"].items():
            value = _of_items(rule) if block == GRID else rule
            if rule.get("setting", True) and not (block == GRID and rule.get("axis") is False):
                yield name, block, value


def has_distributions(name: str, value: Rule) -> bool:
    """Say whether a grid may draw the values of a setting: numbers, but no seeds."""
    return bool({"number", "integer"} & set(types(value))) and not name.endswith("_seed")


def _or_distribution(value: Rule) -> Rule:
    """Return the rule of a value that may be drawn from a distribution instead."""
    number = {**value, "type": next(kind for kind in types(value) if kind != "null")}
    bounds = {"type": "array", "items": number}
    return {
        **value,
        "type": [*types(value), "object"],
        "properties": {LOG: bounds, UNIFORM: bounds},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _of_items(rule: Rule) -> Rule:
    """Return the rule of one value of a list, with the words for it."""
    of_list = ("type", "minItems", "items", "default")
    words = {key: word for key, word in rule.items() if key not in of_list}
    return {**words, **rule.get("items", {})}


def is_axis(value: Rule) -> bool:
    """Say whether a setting can be an axis: it takes a single value, and does not opt out."""
    return value.get("axis", True) and not {"array", "object"} & set(types(value))


def types(rule: Rule) -> list[str]:
    """Return the types that a rule allows."""
    kinds = rule.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def defaults(*section: str) -> dict[str, Any]:
    """Return the default of every key of a section, or of a section of a section."""
    rule = written()
    for name in section:
        rule = rule["properties"][name]
    return {key: normalized(rule["default"], rule) for key, rule in rule["properties"].items()}


def normalized(value: Any, rule: Rule) -> Any:
    """Return a value as however it may be written: each number a number, each key in its place.

    YAML 1.1 reads ``3e-5`` as text and ``3.0e-5`` as a number; here they are the same. ``none``
    stands for null where null is allowed, and whole numbers are integers where those belong. A
    block with nothing in it, which YAML reads as null, is an empty block; where a list belongs, a
    single value is a list of one. Keys come in the schema's order, where it names them.
    """
    rule = _follow(rule)
    kinds = types(rule)
    is_nothing = value is None or (isinstance(value, str) and value.lower() in ("none", "null"))
    if is_nothing and kinds[:1] == ["object"] and "null" not in kinds:
        return {}
    if "enum" in rule:  # with --config, all is text
        return next((choice for choice in rule["enum"] if str(choice) == value), value)
    if isinstance(value, dict) and kinds[:1] != ["array"]:
        rules = rule.get("properties", {})
        other = rule.get("additionalProperties") or {}
        keys = [
            *(key for key in rules if key in value),
            *(key for key in value if key not in rules),
        ]
        return {str(key): normalized(value[key], rules.get(key, other)) for key in keys}
    if is_nothing and "null" in kinds:
        return None
    if kinds[:1] == ["array"] and value is not None and not isinstance(value, list):
        value = [value]
    if isinstance(value, list):
        return [normalized(item, rule.get("items", {})) for item in value]
    if isinstance(value, str):
        if "boolean" in kinds and value.lower() in ("true", "false"):  # with --config, all is text
            return value.lower() == "true"
        if {"number", "integer"} & set(kinds) and NUMBER.fullmatch(value):
            value = float(value.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if isinstance(value, bool):
        return value
    if "number" in kinds and isinstance(value, int | float):
        return float(value) + 0.0  # -0.0 becomes 0.0
    if "integer" in kinds and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _follow(rule: Rule) -> Rule:
    """Return a rule, following its reference if it has one."""
    if "$ref" not in rule:
        return rule
    target = schema()
    for step in rule["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return target
