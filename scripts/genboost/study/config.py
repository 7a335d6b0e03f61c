"""The configuration: numbers normalized, defaults filled in, every mistake named with its place.

The schema, `workflow/schemas/config.schema.yaml`, is the one list of keys, values and defaults.
"""

import difflib
import hashlib
import itertools
import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from genboost.data import dataset
from genboost.errors import UserError
from genboost.files import ROOT, no_regular_file

SCHEMA_PATH = ROOT / "workflow/schemas/config.schema.yaml"
DATASETS = ROOT / "workflow/datasets"
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?\.?(inf|nan)", re.IGNORECASE)
TYPES = {
    "object": "a block of keys",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "none",
}
OVERRIDABLE = ("data", "model", "training", "grid")
STEPS = ("data", "train", "report")  # each has resources, an environment and a container

Key = tuple[str | int, ...]
Source = str | Path | Mapping[str, Any]


@cache
def schema() -> dict[str, Any]:
    """Return the configuration's schema."""
    return yaml.safe_load(SCHEMA_PATH.read_text())


def defaults(*section: str) -> dict[str, Any]:
    """Return the default of every key of a section, or of a section of a section."""
    rule = schema()
    for name in section:
        rule = rule["properties"][name]
    return {key: _normalized(rule["default"], rule) for key, rule in rule["properties"].items()}


def description(name: str) -> dataset.Dataset:
    """Return the description of a data set.

    Raises
    ------
    UserError
        If there is none of that name, or something is wrong with it.
    """
    path = Path(os.path.relpath(DATASETS / f"{name}.yaml"))
    if not path.is_file():
        known = sorted(file.stem for file in DATASETS.glob("*.yaml"))
        raise UserError(f"there is no {path}; the data sets are {', '.join(known)}")
    return _load(path)


_load = cache(dataset.load)


def check_file(path: str | Path) -> None:
    """Refuse a YAML file that can't be read as one, or that has a key twice.

    Of two values, YAML's readers take the last, and say nothing.

    Raises
    ------
    UserError
        Naming the file, the line and the key.
    """
    try:
        document = yaml.compose(Path(path).read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        start = f", {error.context}" if error.context else ""
        if error.context_mark:
            start += f" that starts in line {error.context_mark.line + 1}"
        raise UserError(
            f"{path}, line {_line(error.problem_mark)}: {error.problem}{start}"
        ) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"cannot read {path}: {error}") from error
    twice = [
        f"{path}, line {_line(node.start_mark)}: {_dotted(key)}: is there twice, before in line "
        f"{_line(first.start_mark)}"
        for key, node, first in _repeated(document)
    ]
    if twice:
        raise UserError("the configuration is wrong:\n  " + "\n  ".join(twice))


def resolve(config: dict[str, Any], sources: Sequence[Source] = ()) -> dict[str, Any]:
    """Check a configuration and fill it in.

    Parameters
    ----------
    config
        What was read from config.yaml and merged with ``--configfile`` and ``--config``.
    sources
        What it was merged from, to say where a mistake is, the one that counts most first: files,
        and what was given with ``--config``.

    Returns
    -------
    dict
        The configuration with all keys; each study holds its own whole data, model, training and
        grid sections. Keys of the data that say what the data set's description says are null.

    Raises
    ------
    UserError
        Naming every mistake, its key, file and line.
    """
    config = _normalized(config, schema())
    mistakes = list(_schema_mistakes(config)) or list(_value_mistakes(config))
    if mistakes:
        lines = [f"{_place(sources, key)}{_dotted(key)}: {message}" for key, message in mistakes]
        raise UserError("the configuration is wrong:\n  " + "\n  ".join(lines))
    resolved = {
        section: {**defaults(section), **config.get(section, {})}
        for section, rule in schema()["properties"].items()
        if section not in ("studies", "comparisons")
    }
    resolved["comparisons"] = {
        name: {"title": name, "claim": "lower", "by": "best", "b": None, **comparison}
        for name, comparison in config.get("comparisons", {}).items()
    }
    resolved["resources"] |= {
        step: {**defaults("resources", step), **resolved["resources"][step]} for step in STEPS
    }
    resolved["studies"] = {
        name: {
            "title": study.get("title", name),
            **{part: {**resolved[part], **study.get(part, {})} for part in OVERRIDABLE},
        }
        for name, study in _studies(config).items()
    }
    studies = [resolved, *resolved["studies"].values()]
    for section in [*studies, *resolved["audit"]["readings"].values()]:
        data = section.get("data", {})
        if data.get("path"):
            data["path"] = os.path.expanduser(data["path"])
        described = description(data.get("dataset", resolved["data"]["dataset"]))
        said = {
            "kaggle_dataset": described.kaggle,
            "zeroed_features": list(described.zeroed_features),
        }
        data.update({key: None for key in data.keys() & said if data[key] == said[key]})
    for section in studies:
        data = section["data"]
        data["origin"] = _origin(data, description(data["dataset"]))
    for section in studies:
        seeds = section["grid"]["seeds"]
        section["grid"] = {
            **section["grid"],
            "seeds": list(range(seeds)) if isinstance(seeds, int) else seeds,
        }
    return resolved


def _origin(data: Mapping[str, Any], described: dataset.Dataset) -> str | None:
    """Name where raw data come from, so that data of two origins never share a path.

    The published file is the published file, wherever it was got, and needs no name.
    """
    if data["source"] == "file" and data["path"]:
        try:
            sha256 = hashlib.sha256(Path(data["path"]).read_bytes()).hexdigest()
        except OSError as error:
            raise UserError(f"cannot read data.path, {data['path']}: {error.strerror}") from error
        return None if sha256 == described.kaggle_sha256 else f"file~{sha256[:12]}"
    if data["source"] == "synthetic":
        return "synthetic"
    return data["kaggle_dataset"] and f"kaggle~{data['kaggle_dataset'].replace('/', '~')}"


def _follow(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a schema rule, or the one that it refers to."""
    if "$ref" not in rule:
        return rule
    target = schema()
    for step in rule["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return target


def _normalized(value: Any, rule: dict[str, Any]) -> Any:
    """Return a value with each number a number.

    YAML 1.1 reads ``3e-5`` as text and ``3.0e-5`` as a number; here they are the same. ``none``
    stands for null where null is allowed, and whole numbers are integers where those belong. A
    block with nothing in it, which YAML reads as null, is an empty block.
    """
    rule = _follow(rule)
    if value is None and rule.get("type") == "object":
        return {}
    if "enum" in rule:  # with --config, all is text
        return next((choice for choice in rule["enum"] if str(choice) == value), value)
    types = rule.get("type", [])
    types = [types] if isinstance(types, str) else types
    if isinstance(value, dict):
        rules = rule.get("properties", {})
        other = rule.get("additionalProperties") or {}
        return {str(key): _normalized(item, rules.get(key, other)) for key, item in value.items()}
    if isinstance(value, list):
        return [_normalized(item, rule.get("items", {})) for item in value]
    if isinstance(value, str):
        if "null" in types and value.lower() in ("none", "null"):
            return None
        if "boolean" in types and value.lower() in ("true", "false"):  # with --config, all is text
            return value.lower() == "true"
        if {"number", "integer"} & set(types) and NUMBER.fullmatch(value):
            value = float(value.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if isinstance(value, bool):
        return value
    if "number" in types and isinstance(value, int | float):
        return float(value) + 0.0  # -0.0 becomes 0.0
    if "integer" in types and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _studies(config: dict[str, Any]) -> dict[str, Any]:
    """Return the studies, without those that are left out by being null."""
    studies = config.get("studies", schema()["properties"]["studies"]["default"])
    return {name: study for name, study in studies.items() if study is not None}


def _schema_mistakes(config: dict[str, Any]) -> Iterable[tuple[Key, str]]:
    """Yield what the schema forbids, in a person's words."""
    import jsonschema

    errors = jsonschema.Draft202012Validator(schema()).iter_errors(config)
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
            case "pattern":
                yield key, f"{_shown(value)} has characters that are not allowed there"
            case _:
                yield key, error.message


def _value_mistakes(config: dict[str, Any]) -> Iterable[tuple[Key, str]]:
    """Yield what a schema can't say: numbers that are not finite, values that are there twice."""
    yield from _bad_values((), config)
    if not _studies(config):
        yield ("studies",), "all are null; it needs at least one study"
    yield from _comparison_mistakes(config)
    yield from dict.fromkeys([*_dataset_mistakes(config), *_source_mistakes(config)])


def _bad_values(key: Key, value: Any) -> Iterable[tuple[Key, str]]:
    if isinstance(value, float) and not math.isfinite(value):
        yield key, f"{value} is not finite; it takes a number"
    if isinstance(value, list):
        twice = dict.fromkeys(_shown(item) for item in value if value.count(item) > 1)
        if twice:
            yield key, f"has {', '.join(twice)} more than once"
    if isinstance(value, dict | list):
        for step, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _bad_values((*key, step), child)


def _comparison_mistakes(config: dict[str, Any]) -> Iterable[tuple[Key, str]]:
    """Yield studies and optimizers that there are not, of those that claims are about."""
    properties = schema()["properties"]
    known = {
        "study": list(config.get("studies", properties["studies"]["default"])),
        "optimizer": properties["grid"]["properties"]["optimizer"]["items"]["enum"],
    }
    for name, comparison in config.get("comparisons", {}).items():
        for side, key in itertools.product("ab", known):
            values = comparison.get(side, {}).get(key, [])
            for value in [values] if isinstance(values, str) else values:
                if value not in known[key]:
                    yield ("comparisons", name, side, key), _unknown(value, known[key])


def _dataset_mistakes(config: dict[str, Any]) -> Iterable[tuple[Key, str]]:
    """Yield data sets that are not described, and what does not fit their descriptions."""
    readings = config.get("audit", {}).get("readings", {})
    places = {("studies", name): study for name, study in _studies(config).items()} | {
        ("audit", "readings", name): reading for name, reading in readings.items()
    }
    for place, section in places.items():
        own = section.get("data", {})
        data = {**defaults("data"), **config.get("data", {}), **own}
        keys = {key: (*(place if key in own else ()), "data", key) for key in data}
        try:
            described = description(data["dataset"])
        except UserError as error:
            yield keys["dataset"], str(error)
            continue
        there = {
            "kaggle": data["kaggle_dataset"] or described.kaggle,
            "uci": described.uci_url,
            "sklearn": described.sklearn,
        }
        if there.get(data["source"], "anywhere") is None:
            yield keys["source"], f"{described.path} does not say where it is at {data['source']}"
        features = described.feature_columns
        if unknown := [name for name in data["zeroed_features"] or () if name not in features]:
            yield (
                keys["zeroed_features"],
                f"{', '.join(unknown)} is no feature of {described.path}; they are "
                f"{', '.join(features)}",
            )


def _source_mistakes(config: dict[str, Any]) -> Iterable[tuple[Key, str]]:
    """Yield studies that lack their data file."""
    base = {**defaults("data"), **config.get("data", {})}
    for name, study in _studies(config).items():
        own = study.get("data", {})
        data = {**base, **own}
        if data["source"] == "file":
            place = ("studies", name) if {"source", "path"} & own.keys() else ()
            if data["path"] is None:
                yield (*place, "data", "path"), "is needed with source: file; name the CSV file"
            elif wrong := no_regular_file(data["path"]):
                yield (*place, "data", "path"), f"{data['path']}: {wrong}"
            elif set("{}") & set(data["path"]):
                yield (
                    (*place, "data", "path"),
                    f"{data['path']}: has braces, which are Snakemake's wildcards; rename the file",
                )


def _unknown(value: Any, choices: Iterable[Any]) -> str:
    return f"{_shown(value)} is unknown; choose from {', '.join(map(str, choices))}"


def _shown(value: Any) -> str:
    """Return a value as YAML has it, more or less."""
    return json.dumps(value, default=str, ensure_ascii=False)


def _dotted(key: Key) -> str:
    """Return a key as people write it: ``grid.learning_rate[2]``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in key)
    return text.removeprefix(".") or "the configuration"


def _place(sources: Sequence[Source], key: Key) -> str:
    """Return ``config.yaml, line 12: `` for the first source that has a key, or the block of it."""
    for length in range(len(key), 0, -1):
        for source in sources:
            if isinstance(source, Mapping):
                if _node(yaml.compose(yaml.safe_dump(dict(source))), key[:length]):
                    return "--config: "
            else:
                node = _node(yaml.compose(Path(source).read_text()), key[:length])
                if node:
                    return f"{source}, line {_line(node.start_mark)}: "
    return ""


def _node(node: yaml.Node | None, key: Key) -> yaml.Node | None:
    """Return where a YAML document has a key."""
    found = node
    for step in key:
        if isinstance(node, yaml.MappingNode):
            pairs = [pair for pair in node.value if pair[0].value == str(step)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            pairs = [(item, item) for item in node.value[step : step + 1]]
        else:
            pairs = []
        if not pairs:
            return None
        found, node = pairs[0]
    return found


def _repeated(node: yaml.Node | None, key: Key = ()) -> Iterable[tuple[Key, yaml.Node, yaml.Node]]:
    """Yield the keys that a block of a YAML document has already, and both places of each."""
    if isinstance(node, yaml.MappingNode):
        firsts: dict[Any, yaml.Node] = {}
        for name, value in node.value:
            inner = (*key, name.value)
            if (first := firsts.setdefault(str(name.value), name)) is not name:
                yield inner, name, first
            yield from _repeated(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, (*key, index))


def _line(mark: yaml.Mark) -> int:
    """Return the line of a place in a YAML document, as editors count."""
    return mark.line + 1
