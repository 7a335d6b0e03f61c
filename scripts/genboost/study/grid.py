"""The grid: cells, the models to train, and the path of each model's record.

A path names all that determines a model, apart from the data, the code and the engine, so an edit
of the configuration changes the paths of just the models that it touches.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from genboost.study import axes, sampling, schema
from genboost.study.cells import Cell
from genboost.study.layers import Key

SPLIT = "split_seed"  # the setting that repeats a cell, as seeds do
LONGEST = 200  # characters of a folder's name: a file system takes 255, logs end in .log
RECORD = "results/models/{variant}/{cell}/seed~{seed}.json"


class Model(NamedTuple):
    """A cell and a seed."""

    cell: Cell
    seed: int

    @property
    def record(self) -> str:
        """The path of the model's record."""
        return f"{axes.path(self.cell)}/seed~{self.seed}.json"


@dataclass(frozen=True)
class Study:
    """Cells and the seeds that each is trained with.

    Attributes
    ----------
    data : dict
        The configuration's block `data`: the data set and its source, and how it is prepared where
        no axis of the grid says otherwise.
    splits : tuple of int
        Where a cell stands for its models on several splits: their split seeds.
    sampled : tuple of str
        The axes that its cells are drawn on, if they are a random search.
    """

    name: str
    title: str
    data: dict[str, Any]
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    splits: tuple[int, ...] = ()
    sampled: tuple[str, ...] = ()

    @property
    def models(self) -> list[Model]:
        """The models of the study, cell by cell."""
        return [
            Model(cell.replace(split_seed=split) if self.splits else cell, seed)
            for cell in self.cells
            for split in self.splits or [cell.split_seed]
            for seed in self.seeds
        ]

    @cached_property
    def variants(self) -> list[str]:
        """The names of the ways in which its data are prepared."""
        return list(dict.fromkeys(map(axes.variant, self.cells)))

    @cached_property
    def axes(self) -> list[axes.Setting]:
        """What tells its cells apart, without what follows: of SAM, the epochs."""
        found = axes.varying(self.cells)
        for axis in reversed(found):
            rest = [other for other in found if other != axis]
            if len({tuple(cell[o.name] for o in rest) for cell in self.cells}) == len(self.cells):
                found = rest
        return found

    def over_splits(self) -> "Study":
        """Return the study with one cell, that of the first split, for all that differ in it alone.

        Splits are repetitions, like seeds: the best one is of no interest.
        """
        first: dict[Cell, Cell] = {}
        for cell in self.cells:
            first.setdefault(cell.replace(split_seed=None), cell)
        splits = tuple(dict.fromkeys(cell.split_seed for cell in self.cells))
        return replace(self, cells=tuple(first.values()), splits=splits)

    def by_test_rows(self) -> dict[str, "Study"]:
        """Return a study for each set of test rows that its cells have, by what tells it apart."""
        found: dict[str, list[Cell]] = {}
        telling = [setting for setting in axes.varying(self.cells) if setting in axes.OF_TEST_ROWS]
        for cell in self.cells:
            found.setdefault(axes.describe(cell, telling), []).append(cell)
        return {rows: replace(self, cells=tuple(cells)) for rows, cells in found.items()}


def studies(config: dict[str, Any]) -> list[Study]:
    """Expand a resolved configuration into its studies."""
    return [
        Study(
            name=name,
            title=study["title"],
            data=study["data"],
            cells=tuple(
                dict.fromkeys(cell for grid in study["grid"] for cell in cells(grid, study))
            ),
            seeds=tuple(study["grid"][0]["seeds"]),
            sampled=tuple(
                dict.fromkeys(a for grid in study["grid"] for a in sampling.sampled(grid))
            ),
        )
        for name, study in config["studies"].items()
    ]


def have_validation_rows(all_studies: Iterable[Study]) -> bool:
    """Say whether any of the studies has cells with validation rows."""
    return any(cell.validation_fraction for study in all_studies for cell in study.cells)


def cells(grid: Mapping[str, Any], study: Mapping[str, Any]) -> Iterator[Cell]:
    """Yield the cells of a grid, the last axis changing fastest, or the cells drawn from it.

    Parameters
    ----------
    grid
        A list of values for each of its axes, or of what to draw values from.
    study
        The blocks that hold the settings which are no axes.
    """
    fixed = {**study["data"], **study["model"], **study["training"]}
    origin = {axes.ORIGIN: fixed.get(axes.ORIGIN)}
    values = [
        [None] if name == "epochs" and grid[name] is None
        else grid.get(name) or [fixed[name]]
        for name in axes.SETTINGS
    ]  # fmt: skip
    for combination in (
        _drawn(grid, values) if sampling.sampled(grid) else itertools.product(*values)
    ):
        settings = dict(zip(axes.SETTINGS, combination, strict=True))
        if settings["epochs"] is None:
            settings["epochs"] = fixed["epochs" if settings["sam_rho"] is None else "epochs_sam"]
        yield Cell(origin | settings)


def _drawn(grid: Mapping[str, Any], values: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield the combinations that a grid draws: all splits of each trial, since they repeat it."""
    trials, seed = grid[sampling.TRIALS], grid[sampling.SEED]
    drawn = [
        entries
        if name == SPLIT
        else sampling.draw(entries, trials, seed, name, "integer" in schema.types(setting.rule))
        for (name, setting), entries in zip(axes.SETTINGS.items(), values, strict=True)
    ]
    for trial in range(trials):
        of_trial = (
            own if name == SPLIT else [own[trial]]
            for name, own in zip(axes.SETTINGS, drawn, strict=True)
        )
        yield from itertools.product(*of_trial)


def models(all_studies: Iterable[Study]) -> list[Model]:
    """Return the models of all studies, each once, in order."""
    return list(dict.fromkeys(model for study in all_studies for model in study.models))


def chosen(all_studies: Iterable[Study], selection: Mapping[str, Any]) -> list[tuple[Study, Cell]]:
    """Return the cells that have given values.

    Parameters
    ----------
    selection
        For ``study`` and some axes, a list of values.
    """
    wanted = {name: values for name, values in selection.items() if name != "study"}
    return [
        (study, cell)
        for study in all_studies
        if "study" not in selection or study.name in selection["study"]
        for cell in study.cells
        if all(cell[name] in values for name, values in wanted.items())
    ]


def raw(data: Mapping[str, Any]) -> str:
    """Name a raw file: the data set and, unless it is as published, where it comes from."""
    return "+".join(filter(None, (data["dataset"], data[axes.ORIGIN])))


def unnameable(all_studies: Iterable[Study]) -> Iterator[tuple[Key, str]]:
    """Yield the studies whose prepared data would have a folder with too long a name."""
    for study in all_studies:
        longest = max(map(len, study.variants))
        if longest > LONGEST:
            yield (
                ("data",),
                f"the folder of study {study.name}'s data, which is named after all that differs "
                f"from the defaults, would have a name of {longest} characters; at most {LONGEST}",
            )


def preparations(all_studies: Iterable[Study]) -> dict[str, dict[str, Any]]:
    """Return the block `data` of each way in which studies prepare data, by its name."""
    found: dict[str, dict[str, Any]] = {}
    for study in all_studies:
        for cell in study.cells:
            if (name := axes.variant(cell)) not in found:
                found[name] = {key: cell.get(key, value) for key, value in study.data.items()}
    return found
