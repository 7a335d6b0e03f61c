"""The grid: cells, the models to train, and the path that names each of them.

A model's path says all that determines it, apart from the data, the code and the engine, so an
edit of the configuration changes the paths of just the models that it touches.
"""

import itertools
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

from genboost.study import config as configuration
from genboost.study.cells import RECORD, Cell, Protocol, text
from genboost.train.problem import KERNEL_OPTIMIZERS

LANES = 16  # models that the compiled engine trains in one vector

AXES = ("optimizer", "learning_rate", "weight_decay", "sam_rho", "seed")
# The columns of tables that name a cell, and a cell of a study.
CELL = [field.name for field in fields(Cell)]
STUDY_CELL = ["study", *CELL]
STANDARD = "default"  # the name of data or a protocol that are as the defaults say


@cache
def protocol_name(protocol: Protocol) -> str:
    """Name a protocol: what differs from the defaults, as part of a path."""
    standard = Protocol.of(configuration.defaults("model"), configuration.defaults("training"))
    return _difference(asdict(protocol), asdict(standard))


@dataclass(frozen=True)
class Model:
    """A cell and a seed, trained on a data variant with a protocol."""

    variant: str
    protocol: Protocol
    cell: Cell
    seed: int

    @property
    def record(self) -> str:
        """The path of the model's record."""
        cell = {name: text(value) for name, value in asdict(self.cell).items()}
        names = {
            "variant": self.variant,
            "protocol": protocol_name(self.protocol),
            "seed": self.seed,
        }
        return RECORD.format(**names, **cell)


@dataclass(frozen=True)
class Study:
    """A grid of cells under one protocol and data variant, and its seeds."""

    name: str
    title: str
    variant: str
    data: dict[str, Any]
    protocol: Protocol
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]

    @property
    def models(self) -> list[Model]:
        """The models of the study, cell by cell."""
        return [
            Model(self.variant, self.protocol, cell, seed)
            for cell in self.cells
            for seed in self.seeds
        ]


def studies(config: dict[str, Any]) -> list[Study]:
    """Expand a resolved configuration into its studies."""
    return [
        Study(
            name=name,
            title=study["title"],
            variant=variant(study["data"]),
            data=study["data"],
            protocol=Protocol.of(study["model"], study["training"]),
            cells=tuple(cells(study["grid"], study["training"])),
            seeds=tuple(study["grid"]["seeds"]),
        )
        for name, study in config["studies"].items()
    ]


def cells(grid: dict[str, Any], training: dict[str, Any]) -> list[Cell]:
    """Return the cells of a grid: optimizer by optimizer, then by SAM radius."""
    axes = (grid[axis] for axis in ("optimizer", "sam_rho", "learning_rate", "weight_decay"))
    return [
        Cell(
            optimizer=optimizer,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            sam_rho=sam_rho,
            epochs=training["epochs" if sam_rho is None else "epochs_sam"],
        )
        for optimizer, sam_rho, learning_rate, weight_decay in itertools.product(*axes)
    ]


def models(all_studies: list[Study]) -> list[Model]:
    """Return the models of all studies, each once, in order."""
    return list(dict.fromkeys(model for study in all_studies for model in study.models))


ORIGIN = ("source", "path", "kaggle_dataset", "origin")


def raw(data: dict[str, Any]) -> str:
    """Name a raw file: the data set and, unless it is as published, where it comes from."""
    return "+".join(filter(None, (data["dataset"], data["origin"])))


def variant(data: dict[str, Any]) -> str:
    """Name a way of preparing a data set: what differs from the defaults, as part of a path."""
    standard = configuration.defaults("data")
    settings = {key: value for key, value in data.items() if key not in ORIGIN}
    changed = _difference(settings, standard)
    origin = data["origin"] and f"origin~{data['origin']}"
    return "+".join(filter(None, (origin, changed if changed != STANDARD else None))) or STANDARD


def packs(some_models: list[Model], fused: list[str], at_least: int) -> list[list[Model]]:
    """Share out models to jobs that each train many.

    Parameters
    ----------
    some_models
        The models to train.
    fused
        The axes (of `AXES`) that a job may span; on the others it has a single value.
    at_least
        How many jobs there shall be, if there are models enough.

    Returns
    -------
    list of lists
        The jobs' models. Jobs cost about the same, never mix data variants, protocols or optimizers
        that the compiled kernel knows with others (one engine does all of a job), and hold models
        of a kind (SAM or not, epochs, optimizer) side by side, in multiples of `LANES`
        where they can, so that the engine's vectors are full.
    """
    split = [axis for axis in AXES if axis not in fused]
    groups: dict[tuple[Any, ...], list[Model]] = {}
    for model in some_models:
        values = {**asdict(model.cell), "seed": model.seed}
        by_kernel = model.cell.optimizer in KERNEL_OPTIMIZERS
        key = (model.variant, model.protocol, by_kernel, *(values[axis] for axis in split))
        groups.setdefault(key, []).append(model)
    jobs = dict.fromkeys(groups, 1)
    costs = {key: sum(map(cost, group)) for key, group in groups.items()}
    while sum(jobs.values()) < at_least:
        divisible = [key for key, group in groups.items() if jobs[key] < len(group)]
        if not divisible:
            break
        jobs[max(divisible, key=lambda key: costs[key] / jobs[key])] += 1
    return [piece for key, group in groups.items() for piece in _pieces(group, jobs[key])]


def _pieces(group: list[Model], count: int) -> list[list[Model]]:
    """Cut a group of models into `count` pieces of about the same cost."""

    def kind(model: Model) -> tuple[bool, int, str]:
        return model.cell.sam_rho is None, model.cell.epochs, model.cell.optimizer

    group = sorted(group, key=kind)
    size = LANES if count * LANES <= len(group) else 1
    units = [group[start : start + size] for start in range(0, len(group), size)]
    costs = [sum(map(cost, unit)) for unit in units]
    pieces: list[list[Model]] = []
    for index, (unit, end) in enumerate(zip(units, itertools.accumulate(costs), strict=True)):
        due = int((end - costs[index] / 2) / sum(costs) * count)  # the piece of the unit's middle
        if due >= len(pieces) or len(units) - index == count - len(pieces):
            pieces.append([])
        pieces[-1].extend(unit)
    return pieces


def cost(model: Model) -> int:
    """Return what training a model costs, in epochs of plain gradient descent."""
    return model.cell.epochs * (1 if model.cell.sam_rho is None else 2)


def _difference(settings: dict[str, Any], standard: dict[str, Any]) -> str:
    """Return ``name~value`` of all settings that are not standard, or `STANDARD`."""
    changed = [f"{key}~{text(value)}" for key, value in settings.items() if value != standard[key]]
    # "+" and not ",": Snakemake takes a comma in a wildcard for the end of it when it submits jobs.
    return "+".join(changed) or STANDARD
