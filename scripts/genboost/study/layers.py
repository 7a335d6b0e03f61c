"""The layers of a configuration: later ones override earlier ones, and where a value comes from.

The layers are config.yaml, the files given with ``--configfile``, and what ``--config`` gives.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from genboost.errors import printable

Key = tuple[str | int, ...]
Layer = str | Path | Mapping[str, Any]  # a file, or what was given with --config

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def spread(config: Any, layers: Sequence[Layer]) -> Any:
    """Return a configuration in which a block given over a list of blocks changes each of them.

    Snakemake puts the block in the place of the list: with ``grid: {seeds: 3}`` over a file's list
    of grids, it would leave none of these.

    Parameters
    ----------
    config
        What Snakemake has merged.
    layers
        What it was merged from, by falling precedence.
    """
    given = [
        layer if isinstance(layer, Mapping) else yaml.load(Path(layer).read_bytes(), LOADER)
        for layer in reversed(layers)
    ]
    return _spread(config, given)


def _spread(value: Any, given: Sequence[Any]) -> Any:
    if not isinstance(value, Mapping):
        return value
    if any(map(_is_list_of_blocks, given)):
        return functools.reduce(_merged, given)
    blocks = [layer for layer in given if isinstance(layer, Mapping)]
    return {
        key: _spread(inner, [block[key] for block in blocks if key in block])
        for key, inner in value.items()
    }


def _merged(below: Any, above: Any) -> Any:
    if isinstance(above, Mapping) and _is_list_of_blocks(below):
        return [_merged(block, above) for block in below]
    if isinstance(above, Mapping) and isinstance(below, Mapping):
        return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}
    return above


def _is_list_of_blocks(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def places(layers: Sequence[Layer], keys: Iterable[Key]) -> list[str]:
    """Return ``config.yaml, line 12: `` for each key, from the layer that its value comes from.

    If none has the key, it is that of the block around it. Layers come by falling precedence.
    """
    documents = [
        yaml.compose(
            yaml.safe_dump(layer)
            if isinstance(layer, Mapping)
            else Path(layer).read_text(encoding="utf-8"),
            LOADER,
        )
        for layer in layers
    ]
    return [_place(layers, documents, key) for key in keys]


def dotted(key: Key) -> str:
    """Return a key as people write it: ``grid.learning_rate[2]``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{printable(step)}" for step in key)
    return "".join(steps).removeprefix(".") or "the configuration"


def line_of(mark: yaml.Mark) -> int:
    """Return the line of a place in a YAML document, as editors count."""
    return mark.line + 1


def _place(layers: Sequence[Layer], documents: Sequence[yaml.Node | None], key: Key) -> str:
    farthest, place = 0, ""
    for layer, document in zip(layers, documents, strict=True):
        steps, where, value = _follow(document, key)
        if steps > farthest:
            farthest = steps
            in_file = not isinstance(layer, Mapping)
            place = f"{layer}, line {line_of(where.start_mark)}: " if in_file else "--config: "
        if steps and not isinstance(value, yaml.MappingNode):
            break  # it replaces what the layers below have
    return place


def _follow(node: yaml.Node | None, key: Key) -> tuple[int, yaml.Node | None, yaml.Node | None]:
    """Return how many steps of a key a document has, the node of the last, and its value."""
    if not key:
        return 0, None, node
    step, rest = key[0], key[1:]
    if isinstance(step, int) and isinstance(node, yaml.MappingNode):
        further, where, value = _follow(node, rest)  # what it says of each block; see `spread`
        return (1 + further, where, value) if further else (0, None, node)
    pairs = []
    if isinstance(node, yaml.MappingNode):
        pairs = [pair for pair in node.value if pair[0].value == str(step)]
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        pairs = [(item, item) for item in node.value[step : step + 1]]
    if not pairs:
        return 0, None, node
    here, inner = pairs[0]
    further, where, value = _follow(inner, rest)
    return 1 + further, where or here, value
