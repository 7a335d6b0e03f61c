"""Mistakes in the configuration: what is wrong, where, and what to do about it."""

import difflib
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from genboost.data import dataset
from genboost.errors import UserError, printable
from genboost.files import no_regular_file
from genboost.study import sampling, schema, sections
from genboost.study.layers import Key, Layer, dotted, places
from genboost.study.schema import BLOCKS, GRID, defaults

TYPES = {
    "object": "a block of keys",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "none",
}

SHARED = ("data", "models", "measures", "receipts", "logs")
"""Folders of results/ for what runs of any name share."""

Mistake = tuple[Key, str]
MOST = 40  # mistakes to name at once


def find(config: dict[str, Any]) -> list[Mistake]:
    """Return the mistakes in a normalized configuration, each with its key."""
    return list(_schema_mistakes(config)) or list(_value_mistakes(config))


def refuse(found: Sequence[Mistake], layers: Sequence[Layer]) -> None:
    """Raise a UserError that names mistakes, each with its key, file and line, if there are any."""
    if found:
        named = found[:MOST]
        where = places(layers, [key for key, _ in named])
        lines = [
            f"{place}{dotted(key)}: {message}"
            for place, (key, message) in zip(where, named, strict=True)
        ]
        if len(found) > MOST:
            lines.append(f"... and {len(found) - MOST} more mistakes")
        raise UserError("the configuration is wrong:\n  " + "\n  ".join(lines))


def _schema_mistakes(config: dict[str, Any]) -> Iterable[Mistake]:
    """Yield what the schema forbids, in a person's words."""
    import jsonschema

    errors = jsonschema.Draft202012Validator(schema.schema()).iter_errors(config)
    for error in sorted(errors, key=lambda error: [str(step) for step in error.absolute_path]):
        key, rule, value = tuple(error.absolute_path), error.schema, error.instance
        match error.validator:
            case "additionalProperties":
                known = list(rule["properties"])
                for name in [name for name in value if name not in known]:
                    close = difflib.get_close_matches(str(name), known, n=1)
                    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
                    if value[name] is None and not close:  # as YAML reads {width: 9, 18}
                        hint = f"several values need brackets, as in [1, 2]; {hint}"
                    yield (*key, name), f"unknown key; {hint}"
            case "enum":
                yield key, _unknown(value, rule["enum"])
            case "type":
                types = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
                if sampling.LOG in rule.get("properties", {}):
                    types = [kind for kind in types if kind != "object"]
                wanted = " or ".join(TYPES[kind] for kind in types)
                yield key, f"{shown(value)} is not a valid value; it takes {wanted}"
            case "minimum" if error.validator_value == 0:
                yield key, f"{value} is negative; it must be 0 or more"
            case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
                bound = {"minimum": "at least", "exclusiveMinimum": "more than",
                         "maximum": "at most", "exclusiveMaximum": "less than"}  # fmt: skip
                yield (
                    key,
                    f"{value} is out of range; {bound[error.validator]} {error.validator_value}",
                )
            case "minItems" | "minProperties":
                yield key, "is empty; it needs at least one entry"
            case "maxProperties":
                yield key, f"has {' and '.join(value)}; it takes one of these"
            case "pattern" | "maxLength" if "propertyNames" in error.schema_path:
                yield (
                    key,
                    f"{shown(printable(value))} is not a valid name: use letters, digits, _ and "
                    "-, "
                    f"not starting with a hyphen, at most {rule['maxLength']} in all",
                )
            case "pattern":
                yield key, f"{shown(value)} has characters that are not allowed here"
            case "maxLength":
                yield key, f"has {len(value)} characters; at most {error.validator_value}"
            case "required":
                missing = [name for name in error.validator_value if name not in value]
                yield key, f"lacks {' and '.join(missing)}"
            case _:
                yield key, error.message


def _value_mistakes(config: dict[str, Any]) -> Iterable[Mistake]:
    """Yield what a schema can't say: numbers that are not finite, values that are there twice."""
    yield from _bad_values((), config)
    yield from _name_mistakes(config.get("name", defaults()["name"]))
    if not sections.studies(config):
        yield ("studies",), "all are null; keep at least one study"
    yield from _grid_mistakes(config)
    yield from _selection_mistakes(config)
    yield from dict.fromkeys([*_dataset_mistakes(config), *_source_mistakes(config)])


def _name_mistakes(name: str) -> Iterable[Mistake]:
    """Yield why results/NAME cannot be the folder of a run's own files."""
    if name.lower() in SHARED:
        yield ("name",), f"results/{name} holds what all runs share; choose another name"
    elif not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", name):
        yield (
            ("name",),
            f"{shown(printable(name))} cannot name the folder results/NAME: use up to 64 "
            "letters (a-z, A-Z), digits, - and _, starting with a letter",
        )


def _grid_mistakes(config: dict[str, Any]) -> Iterable[Mistake]:
    """Yield axes that a study's blocks have too, and grids with other seeds than those beside."""
    places: list[tuple[Key, Any]] = [((), config)]
    places += [(("studies", name), study) for name, study in sections.studies(config).items()]
    for place, section in places:
        several = isinstance(section.get(GRID), list)
        own = sections.grids(section)
        if nested := [number for number, grid in enumerate(own) if isinstance(grid, list)]:
            yield (*place, GRID, nested[0]), "is a list in the list of grids; keep one list"
            continue
        first = None
        for number, grid in enumerate(own):
            key = (*place, GRID, *([number] if several else []))
            for axis, block in itertools.product(grid, BLOCKS) if place else ():
                if axis in section.get(block, {}):
                    there = dotted((*place, block, axis))
                    yield (*key, axis), f"is an axis here and a setting in {there}; keep only one"
            for axis, entries in grid.items():
                if isinstance(entries, list):
                    yield from sampling.mistakes((*key, axis), entries)
            chosen = {**defaults(GRID), **grid}["seeds"] if not place else grid.get("seeds")
            if number and chosen != first:
                yield (*key, "seeds"), "all grids in a list must have the same seeds"
            first = first if number else chosen
    table = {**defaults("tables"), **config.get("tables", {})}
    if table["rows"] == table["columns"]:
        yield ("tables", "columns"), f"is {table['rows']}, like tables.rows; choose another axis"


def _selection_mistakes(config: dict[str, Any]) -> Iterable[Mistake]:
    """Yield studies that claims, schemes and figures name but that do not exist."""
    declared = config.get("studies", schema.written()["properties"]["studies"]["default"])
    selections: dict[Key, dict[str, Any]] = {
        ("comparisons", name, side): claim.get(side, {})
        for name, claim in sections.claims(config).items()
        for side in "ab"
    }
    for name, scheme in sections.schemes(config).items():
        selections["schemes", name, "where"] = scheme.get("where", {})
    for part in schema.OF_CELLS:
        for number, choice in enumerate(config.get("figures", {}).get(part, [])):
            selections["figures", part, number] = choice
    for key, selection in selections.items():
        for name in selection.get("study", []):
            if name not in declared:
                yield (*key, "study"), _unknown(name, declared)


def _bad_values(key: Key, value: Any) -> Iterable[Mistake]:
    if isinstance(value, float) and not math.isfinite(value):
        yield key, f"{value} is not finite; it takes a number"
    if isinstance(value, list):
        counts = Counter(map(shown, value))
        if twice := [item for item, count in counts.items() if count > 1]:
            more = f" and {len(twice) - 10} more values" if len(twice) > 10 else ""
            yield key, f"has {', '.join(twice[:10])}{more} more than once"
    if isinstance(value, dict | list):
        for step, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _bad_values((*key, step), child)


def _dataset_mistakes(config: dict[str, Any]) -> Iterable[Mistake]:
    """Yield data sets that are not described, and what does not fit their descriptions."""
    readings = config.get("audit", {}).get("readings", {})
    places = {
        **{("studies", name): study for name, study in sections.studies(config).items()},
        **{("audit", "readings", name): reading for name, reading in readings.items()},
        **{("schemes", name): scheme for name, scheme in sections.schemes(config).items()},
    }
    for place, section in places.items():
        own = section.get("data", {})
        data = {**defaults("data"), **config.get("data", {}), **own}
        keys = {key: (*(place if key in own else ()), "data", key) for key in data}
        try:
            described = dataset.find(data["dataset"])
        except UserError as error:
            yield keys["dataset"], str(error)
            continue
        there = {
            "kaggle": data["kaggle_dataset"] or described.kaggle,
            "uci": described.uci_url,
            "sklearn": described.sklearn,
        }
        if there.get(data["source"], "anywhere") is None:
            yield (
                keys["source"],
                f"{described.path} does not say where to find it at {data['source']}",
            )
        features = described.feature_columns
        if unknown := [name for name in data["zeroed_features"] or () if name not in features]:
            yield (
                keys["zeroed_features"],
                f"{', '.join(unknown)} is not a feature of {described.path}; the features are "
                f"{', '.join(features)}",
            )


def _source_mistakes(config: dict[str, Any]) -> Iterable[Mistake]:
    """Yield studies and schemes that lack their data file."""
    base = {**defaults("data"), **config.get("data", {})}
    places = {
        **{("studies", name): study for name, study in sections.studies(config).items()},
        **{("schemes", name): scheme for name, scheme in sections.schemes(config).items()},
    }
    for section, content in places.items():
        own = content.get("data", {})
        data = {**base, **own}
        if data["source"] == "file":
            place = section if {"source", "path"} & own.keys() else ()
            if not data["path"]:
                yield (
                    (*place, "data", "path"),
                    "is required with source: file; give the path of the CSV file",
                )
            elif wrong := no_regular_file(data["path"]):
                yield (*place, "data", "path"), f"{data['path']}: {wrong}"
            elif set("{}") & set(data["path"]):
                yield (
                    (*place, "data", "path"),
                    f"{data['path']}: has braces, which Snakemake reads as wildcards; rename the "
                    "file",
                )


def _unknown(value: Any, choices: Iterable[Any]) -> str:
    return f"{shown(value)} is unknown; choose from {', '.join(map(str, choices))}"


def shown(value: Any) -> str:
    """Return a value as YAML has it, more or less."""
    return json.dumps(value, default=str, ensure_ascii=False)
