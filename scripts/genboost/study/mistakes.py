"""Mistakes in the configuration: what is wrong, where, and what to do about it."""

import difflib
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genboost.data import dataset
from genboost.errors import UserError, printable
from genboost.files import no_regular_file
from genboost.study import sampling, schema
from genboost.study.cells import text
from genboost.study.schema import BLOCKS, GRID, defaults
from genboost.study.sources import Key, Source, dotted, places

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


def refuse(found: Sequence[Mistake], sources: Sequence[Source]) -> None:
    """Raise a UserError that names mistakes, each with its key, file and line, if there are any."""
    if found:
        named = found[:MOST]
        where = places(sources, [key for key, _ in named])
        lines = [
            f"{place}{dotted(key)}: {message}"
            for place, (key, message) in zip(where, named, strict=True)
        ]
        if len(found) > MOST:
            lines.append(f"... and {len(found) - MOST} more mistakes")
        raise UserError("the configuration is wrong:\n  " + "\n  ".join(lines))


def studies(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the studies, without those that are left out by being null."""
    found = config.get("studies", schema.written()["properties"]["studies"]["default"])
    return {name: study for name, study in found.items() if study is not None}


def claims(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the comparisons, without those that are null, or about studies that are left out."""
    left_out = config.get("studies", {}).keys() - studies(config).keys()
    return {
        name: claim
        for name, claim in config.get("comparisons", {}).items()
        if claim is not None
        and not any(
            left_out.issuperset(named)
            for side in "ab"
            if (named := (claim.get(side) or {}).get("study"))
        )
    }


def schemes(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schemes, without those that are left out by being null."""
    found = config.get("schemes", {})
    return {name: scheme for name, scheme in found.items() if scheme is not None}


def grids(section: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a configuration or a study has as its grid, which may be a list of grids."""
    given = section.get(GRID, {})
    return given if isinstance(given, list) else [given]


def combinations(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> list[Mistake]:
    """Return the settings that make no sense together with others in a grid of a study.

    Parameters
    ----------
    config, resolved
        The configuration as it is given, and with all that each study takes over.
    """
    found: dict[Mistake, None] = {}
    settings = {name: (block, rule) for name, block, rule in schema.settings()}
    limited = [(name, *where) for name, where in settings.items() if "only_with" in where[1]]
    for (name, study), (setting, block, rule) in itertools.product(
        resolved["studies"].items(), limited
    ):
        default = schema.normalized(rule["default"], rule)
        for number, grid in enumerate(study[GRID]):
            odd = [v for v in grid.get(setting) or [study[block][setting]] if v != default]
            for other, fitting in rule["only_with"].items() if odd else ():
                where, limit = settings[other]
                values = grid.get(other) or [study[where][other]]
                # Values that fit, or in words that any does but the default: none, or 0.
                listed = isinstance(fitting, list)
                nothing = limit.get("default")
                if unfit := [v for v in values if (v not in fitting if listed else v == nothing)]:
                    key = key_of(config, name, number, block, setting)
                    some = ", ".join(map(text, unfit))
                    words = f"needs {fitting} in {other}, which is {some}"
                    if listed:
                        fit = " or ".join(map(text, fitting))
                        words = f"works only with {other} {fit}, not with {some}"
                    elif len(values) > 1:
                        words = f"needs {fitting} in {other}, which is also {some}"
                    more = "; make grid a list of grids" if listed or len(values) > 1 else ""
                    message = f"{_shown(odd[0])} {words}{more}"
                    found[key, message] = None
    return [
        *found,
        *_constant(config, resolved),
        *_nothing_to_choose_by(resolved),
        *_undrawn(config, resolved),
        *_classless(config, resolved),
    ]


def _undrawn(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> Iterable[Mistake]:
    """Yield distributions without a number of trials, and trials without a distribution."""
    found: dict[Mistake, None] = {}
    for name, study in resolved["studies"].items():
        for number, grid in enumerate(study[GRID]):
            drawn, trials = sampling.sampled(grid), grid[sampling.TRIALS]
            if drawn and not trials:
                key = key_of(config, name, number, GRID, drawn[0])
                found[key, "has a distribution; say with grid.trials how many cells to draw"] = None
            if trials and not drawn:
                key = key_of(config, name, number, GRID, sampling.TRIALS)
                found[
                    key,
                    f"there is nothing to draw {trials} cells from; give an axis a distribution, "
                    "such as learning_rate: {log_uniform: [1e-5, 1e-1]}",
                ] = None
    yield from found


def _constant(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> Iterable[Mistake]:
    """Yield where a layer of one unit is normalized, which makes it constant."""
    found: dict[Mistake, None] = {}
    for name, study in resolved["studies"].items():
        for number, grid in enumerate(study[GRID]):
            normalization, width, layers = (
                grid.get(axis) or [study["model"][axis]]
                for axis in ("normalization", "width", "hidden_layers")
            )
            if "layer" in normalization and 1 in width and max(layers):
                key = key_of(config, name, number, "model", "normalization")
                found[key, "layer needs a width of 2 or more: of one unit it leaves 0"] = None
    yield from found


def _nothing_to_choose_by(resolved: Mapping[str, Any]) -> Iterable[Mistake]:
    """Yield that validation rows are to choose, if a study has cells without any."""
    if resolved["tables"]["choose_by"] != "validation":
        return
    without = [
        name
        for name, study in resolved["studies"].items()
        for grid in study[GRID]
        if not all(grid.get("validation_fraction") or [study["data"]["validation_fraction"]])
    ]
    if without:
        some = ", ".join(dict.fromkeys(without))
        yield (
            ("tables", "choose_by"),
            f"validation needs validation rows, and study {some} has cells without any; set "
            "data.validation_fraction, such as 0.2, or choose by the test rows",
        )


def _classless(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> Iterable[Mistake]:
    """Yield where a label that is a number is to be learned by cross-entropy."""
    for name, study in resolved["studies"].items():
        described = dataset.find(study["data"]["dataset"])
        for number, grid in enumerate(study[GRID] if not described.classes else ()):
            if "cross_entropy" in (grid.get("loss") or [study["training"]["loss"]]):
                yield (
                    key_of(config, name, number, "training", "loss"),
                    f"cross_entropy needs classes, but {described.label} of {described.path} is a "
                    "number; use mse",
                )


def key_of(config: Mapping[str, Any], study: str, number: int, block: str, setting: str) -> Key:
    """Return where a setting of a study's grid comes from: the study, or what it takes over."""
    own = studies(config)[study]
    several = len(grids(own))  # for each of which the study takes over each grid
    for place, section, index in (
        (("studies", study), own, number % several),
        ((), config, number // several),
    ):
        if setting in grids(section)[index]:
            listed = isinstance(section[GRID], list)
            return (*place, GRID, *([index] if listed else []), setting)
        if setting in section.get(block, {}):
            return *place, block, setting
    return block, setting


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
                    yield (*key, name), f"unknown key; {hint}"
            case "enum":
                yield key, _unknown(value, rule["enum"])
            case "type":
                types = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
                if sampling.LOG in rule.get("properties", {}):
                    types = [kind for kind in types if kind != "object"]
                wanted = " or ".join(TYPES[kind] for kind in types)
                yield key, f"{_shown(value)} is not a valid value; it takes {wanted}"
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
                    f"{_shown(printable(value))} is not a valid name: use letters, digits, _ and "
                    "-, "
                    f"not starting with a hyphen, at most {rule['maxLength']} in all",
                )
            case "pattern":
                yield key, f"{_shown(value)} has characters that are not allowed here"
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
    if not studies(config):
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
            f"{_shown(printable(name))} cannot name the folder results/NAME: use up to 64 "
            "letters (a-z, A-Z), digits, - and _, starting with a letter",
        )


def _grid_mistakes(config: dict[str, Any]) -> Iterable[Mistake]:
    """Yield axes that a study's blocks have too, and grids with other seeds than those beside."""
    places: list[tuple[Key, Any]] = [((), config)]
    places += [(("studies", name), study) for name, study in studies(config).items()]
    for place, section in places:
        several = isinstance(section.get(GRID), list)
        first = None
        for number, grid in enumerate(grids(section)):
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
    """Yield studies that there are not, of those that claims, schemes and figures are about."""
    declared = config.get("studies", schema.written()["properties"]["studies"]["default"])
    selections: dict[Key, dict[str, Any]] = {
        ("comparisons", name, side): claim.get(side, {})
        for name, claim in claims(config).items()
        for side in "ab"
    }
    for name, scheme in schemes(config).items():
        selections["schemes", name, "where"] = scheme.get("where", {})
    for part in ("curves", "plane"):
        for number, choice in enumerate(config.get("figures", {}).get(part) or []):
            selections["figures", part, number] = choice
    for key, selection in selections.items():
        for name in selection.get("study", []):
            if name not in declared:
                yield (*key, "study"), _unknown(name, declared)


def _bad_values(key: Key, value: Any) -> Iterable[Mistake]:
    if isinstance(value, float) and not math.isfinite(value):
        yield key, f"{value} is not finite; it takes a number"
    if isinstance(value, list):
        counts = Counter(map(_shown, value))
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
        **{("studies", name): study for name, study in studies(config).items()},
        **{("audit", "readings", name): reading for name, reading in readings.items()},
        **{("schemes", name): scheme for name, scheme in schemes(config).items()},
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
    sections = {
        **{("studies", name): study for name, study in studies(config).items()},
        **{("schemes", name): scheme for name, scheme in schemes(config).items()},
    }
    for section, content in sections.items():
        own = content.get("data", {})
        data = {**base, **own}
        if data["source"] == "file":
            place = section if {"source", "path"} & own.keys() else ()
            if data["path"] is None:
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
    return f"{_shown(value)} is unknown; choose from {', '.join(map(str, choices))}"


def _shown(value: Any) -> str:
    """Return a value as YAML has it, more or less."""
    return json.dumps(value, default=str, ensure_ascii=False)
