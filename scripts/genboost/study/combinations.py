"""Settings that are right one by one and make no sense together, by study."""

from collections.abc import Iterator, Mapping
from typing import Any

from genboost.data import dataset
from genboost.study import sampling, schema, sections
from genboost.study.cells import text
from genboost.study.layers import Key
from genboost.study.mistakes import Mistake, shown
from genboost.study.schema import GRID


def find(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> list[Mistake]:
    """Return the settings that make no sense together with others in a grid of a study.

    Parameters
    ----------
    config, resolved
        The configuration as it is given, and with all that each study takes over.
    """
    found = [
        *_unfit(config, resolved),
        *_constant(config, resolved),
        *_nothing_to_choose_by(resolved),
        *_undrawn(config, resolved),
        *_classless(config, resolved),
    ]
    return list(dict.fromkeys(found))  # studies share what they take over


def each_grid(
    resolved: Mapping[str, Any],
) -> Iterator[tuple[str, int, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield every grid of every study: the study's name, the grid's number, the study, the grid."""
    for name, study in resolved["studies"].items():
        for number, grid in enumerate(study[GRID]):
            yield name, number, study, grid


def values_of(
    setting: str, block: str, study: Mapping[str, Any], grid: Mapping[str, Any]
) -> list[Any]:
    """Return a setting's values in a grid of a study: its axis, or the one value of its block."""
    return grid.get(setting) or [study[block][setting]]


def _unfit(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield settings that work only with some values of another one."""
    settings = {name: (block, rule) for name, block, rule in schema.settings()}
    for setting, (block, rule) in settings.items():
        for other, fitting in rule.get("only_with", {}).items():
            default = schema.normalized(rule["default"], rule)
            its_block, its_rule = settings[other]
            for name, number, study, grid in each_grid(resolved):
                used = [v for v in values_of(setting, block, study, grid) if v != default]
                values = values_of(other, its_block, study, grid)
                if isinstance(fitting, list):
                    unfit = [v for v in values if v not in fitting]
                else:  # in words: any value but the default fits
                    unfit = [v for v in values if v == its_rule.get("default")]
                if used and unfit:
                    key = key_of(config, name, number, block, setting)
                    yield key, _why_unfit(used[0], other, fitting, values, unfit)


def _why_unfit(
    value: Any, other: str, fitting: list[Any] | str, values: list[Any], unfit: list[Any]
) -> str:
    """Say why a value does not go with some values of another setting."""
    some = ", ".join(map(text, unfit))
    advice = "make grid a list of grids"
    if isinstance(fitting, list):
        fit = " or ".join(map(text, fitting))
        return f"{shown(value)} works only with {other} {fit}, not with {some}; {advice}"
    if len(values) > 1:
        return f"{shown(value)} needs {fitting} in {other}, which is also {some}; {advice}"
    return f"{shown(value)} needs {fitting} in {other}, which is {some}"


def _undrawn(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield distributions without a number of trials, and trials without a distribution."""
    for name, number, _, grid in each_grid(resolved):
        drawn, trials = sampling.sampled(grid), grid[sampling.TRIALS]
        if drawn and not trials:
            key = key_of(config, name, number, GRID, drawn[0])
            yield key, "has a distribution; say with grid.trials how many cells to draw"
        if trials and not drawn:
            yield (
                key_of(config, name, number, GRID, sampling.TRIALS),
                f"there is nothing to draw {trials} cells from; give an axis a distribution, "
                "such as learning_rate: {log_uniform: [1e-5, 1e-1]}",
            )


def _constant(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield where a layer of one unit is normalized, which makes it constant."""
    for name, number, study, grid in each_grid(resolved):
        normalization, width, layers = (
            values_of(setting, "model", study, grid)
            for setting in ("normalization", "width", "hidden_layers")
        )
        if "layer" in normalization and 1 in width and max(layers):
            key = key_of(config, name, number, "model", "normalization")
            yield key, "layer needs a width of 2 or more: of one unit it leaves 0"


def _nothing_to_choose_by(resolved: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield that validation rows are to choose, if a study has cells without any."""
    if resolved["tables"]["choose_by"] != "validation":
        return
    without = [
        name
        for name, _, study, grid in each_grid(resolved)
        if not all(values_of("validation_fraction", "data", study, grid))
    ]
    if without:
        some = ", ".join(dict.fromkeys(without))
        yield (
            ("tables", "choose_by"),
            f"validation needs validation rows, and study {some} has cells without any; set "
            "data.validation_fraction, such as 0.2, or choose by the test rows",
        )


def _classless(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield where a label that is a number is to be learned by cross-entropy."""
    for name, number, study, grid in each_grid(resolved):
        described = dataset.find(study["data"]["dataset"])
        if not described.classes and "cross_entropy" in values_of("loss", "training", study, grid):
            yield (
                key_of(config, name, number, "training", "loss"),
                f"cross_entropy needs classes, but {described.label} of {described.path} is a "
                "number; use mse",
            )


def key_of(config: Mapping[str, Any], study: str, number: int, block: str, setting: str) -> Key:
    """Return where a setting of a study's grid comes from: the study, or what it takes over."""
    own = sections.studies(config)[study]
    several = len(sections.grids(own))  # for each of which the study takes over each grid
    for place, section, index in (
        (("studies", study), own, number % several),
        ((), config, number // several),
    ):
        if setting in sections.grids(section)[index]:
            listed = isinstance(section[GRID], list)
            return (*place, GRID, *([index] if listed else []), setting)
        if setting in section.get(block, {}):
            return *place, block, setting
    return block, setting
