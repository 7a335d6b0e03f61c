"""A resolved configuration as a person would write it: with what each study overrides only."""

from typing import Any

import yaml

from genboost.study import axes
from genboost.study.schema import BLOCKS, GRID


class _Plain(yaml.SafeDumper):
    """Writes a value that stands twice twice: people do not read anchors and aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(config: dict[str, Any]) -> str:
    """Write a resolved configuration as YAML, each study with what it overrides only."""
    shown = {key: value for key, value in config.items() if key != "studies"}
    shown["data"] = _changed(config["data"], {})
    base = list(map(_in_short, config[GRID]))
    shown[GRID] = base if len(base) > 1 else base[0]
    shown["studies"] = {}
    for name, study in config["studies"].items():
        other = {block: _changed(study[block], config[block]) for block in BLOCKS}
        other[GRID] = _changed_grid(list(map(_in_short, study[GRID])), base)
        changed = {part: values for part, values in other.items() if values}
        shown["studies"][name] = {"title": study["title"], **changed}
    looks = {"sort_keys": False, "allow_unicode": True, "default_flow_style": None}
    return yaml.dump(shown, Dumper=_Plain, **looks)


def _changed(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """Return what is new or other in a block, but for the data's origin, which nobody writes."""
    return {
        key: value
        for key, value in new.items()
        if key != axes.ORIGIN and (key not in old or value != old[key])
    }


def _in_short(grid: dict[str, Any]) -> dict[str, Any]:
    """Return a grid with the number of its seeds in the place of 0, 1, ..., n - 1."""
    seeds = grid["seeds"]
    return {**grid, "seeds": len(seeds)} if seeds == list(range(len(seeds))) else grid


def _changed_grid(grids: list[dict[str, Any]], base: list[dict[str, Any]]) -> Any:
    """Return what a study overrides in every grid; all of its grids, where they are its own."""
    pairs = list(zip(base, grids, strict=False))
    if len(base) == len(grids) and all(old.keys() <= new.keys() for old, new in pairs):
        changes = [_changed(new, old) for old, new in pairs]
        if all(change == changes[0] for change in changes):
            return changes[0]
    return grids
