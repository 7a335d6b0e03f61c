"""Write docs/configuration.md, the page of all keys, from the configuration's schema."""

import argparse
from collections.abc import Iterator
from typing import Any

from genboost import errors
from genboost.files import write_atomically
from genboost.study import schema
from genboost.study.cells import text
from genboost.study.mistakes import TYPES

INTRODUCTION = """\
<!-- Written by `make docs` from workflow/schemas/config.schema.yaml; edit that. -->

# Configuration

`config.yaml` holds the whole study. Every key has a default, so a file may leave keys out. An
unknown key or an invalid value stops the run before anything starts.

Override any key for one run, on the command line or in your own file:

```
snakemake --cores 8 --config grid='{learning_rate: [1e-3, 3e-3], seeds: 10}'
snakemake --cores 8 --configfile my_study.yaml
```

```yaml
# my_study.yaml: a narrower network and two studies
name: my_study     # its results go into results/my_study
model:
  width: 9
studies:
  tanh:
    title: Tanh instead of ReLU
    model: {activation: tanh}
    grid: {optimizer: adam, sam_rho: [none, 0.05]}
  batches:
    title: Does the batch size matter?
    grid: {batch_size: [8, 32, 128], optimizer: adam, sam_rho: none}
```

Blocks are merged key by key with those of `config.yaml`; lists are replaced. `--config` overrides
`--configfile`. `3e-5`, `3.0e-5` and `0.00003` are the same number.
"""


def main() -> None:
    """Parse the command line and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", help="the file to write")
    write_atomically(parser.parse_args().page, page(schema.written()))


def page(keys: dict[str, Any]) -> str:
    """Return the page, as Markdown, with a section for each block of keys."""
    sections = [
        section for name, rule in keys["properties"].items() for section in block(name, rule)
    ]
    return "\n".join([INTRODUCTION, *sections])


def block(name: str, rule: dict[str, Any]) -> Iterator[str]:
    """Yield the sections of a block of keys and of the blocks in it, or the section of a value."""
    if "object" not in schema.types(rule):
        default = f"Default: `{shown(rule['default'])}`."
        yield "\n".join([f"## {name}", "", rule["description"], "", default, ""])
        return
    keys = rule.get("properties") or rule["additionalProperties"]["properties"]
    inner = {key: value for key, value in keys.items() if value.get("type") == "object"}
    rows = [row(key, value) for key, value in keys.items() if key not in inner]
    heading = "#" * (2 + name.count("."))
    table = ["| key | takes | default | meaning |", "|---|---|---|---|", *rows]
    yield "\n".join([f"{heading} {name}", "", rule["description"], "", *table, ""])
    for key, value in inner.items():
        yield from block(f"{name}.{key}", value)


def row(key: str, rule: dict[str, Any]) -> str:
    """Return a key's row of the table."""
    if "$ref" in rule:
        part = rule["$ref"].rpartition("/")[2]
        cells = [
            f"`{key}`",
            "a block of keys",
            "",
            rule.get("description", f"What this study overrides of [{part}](#{part})."),
        ]
    else:
        default = f"`{shown(rule['default'])}`" if "default" in rule else ""
        cells = [f"`{key}`", takes(rule), default, rule["description"]]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def takes(rule: dict[str, Any]) -> str:
    """Say what values a key takes."""
    if "$ref" in rule:
        return "blocks of keys"
    if "enum" in rule:
        return ", ".join(f"`{choice}`" for choice in rule["enum"])
    types = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
    return " or ".join(kind(name, rule) for name in types)


def kind(name: str, rule: dict[str, Any]) -> str:
    """Say what values of a type a key takes."""
    match name:
        case "array":
            return f"a list: {takes(rule['items'])}"
        case "null":
            return "`none`"
        case "number" | "integer":
            bounds = [
                f"{sign} {text(rule[bound])}"
                for bound, sign in (
                    ("minimum", "≥"),
                    ("exclusiveMinimum", ">"),
                    ("maximum", "≤"),
                    ("exclusiveMaximum", "<"),
                )
                if bound in rule
            ]
            return " ".join([TYPES[name], " and ".join(bounds)]).strip()
        case _:
            return TYPES[name]


def shown(value: Any) -> str:
    """Return a default as it is written in YAML."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {shown(item)}' for key, item in value.items())}}}"
    return text(value)


if __name__ == "__main__":
    errors.exit_cleanly(main)
