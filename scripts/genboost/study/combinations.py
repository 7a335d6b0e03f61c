"""Settings that are right one by one and make no sense together, by study."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from genboost.data import dataset
from genboost.study import mistakes, sampling, schema
from genboost.study.cells import text
from genboost.study.mistakes import Mistake, shown
from genboost.study.schema import GRID
from genboost.study.sources import Key


def find(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> list[Mistake]:
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
                    message = f"{shown(odd[0])} {words}{more}"
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
    own = mistakes.studies(config)[study]
    several = len(mistakes.grids(own))  # for each of which the study takes over each grid
    for place, section, index in (
        (("studies", study), own, number % several),
        ((), config, number // several),
    ):
        if setting in mistakes.grids(section)[index]:
            listed = isinstance(section[GRID], list)
            return (*place, GRID, *([index] if listed else []), setting)
        if setting in section.get(block, {}):
            return *place, block, setting
    return block, setting
