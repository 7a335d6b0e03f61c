"""Packs: models shared out to jobs that each train many."""

import itertools
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from genboost.study import axes
from genboost.study.cells import Cell
from genboost.study.grid import Model

LANES = 16  # models that the compiled engine trains in one vector


def packs(
    models: Sequence[Model],
    fused: Sequence[str],
    at_least: int,
    engine: Callable[[Cell], Hashable],
    alike: Callable[[Cell], Any],
) -> list[list[Model]]:
    """Share out models to jobs that each train many.

    Parameters
    ----------
    models
        The models to train.
    fused
        The axes, ``seed`` among them, that a job may span; on the others it has a single value.
    at_least
        How many jobs there shall be, if there are models enough.
    engine
        Says what trains a cell's models: one engine does all of a job.
    alike
        Returns the same for cells that an engine can train at once.

    Returns
    -------
    list of lists
        The jobs' models. Jobs cost about the same, never mix ways of preparing data or engines, and
        hold models of a kind (alike, SAM or not, optimizer) side by side, in multiples of `LANES`
        where they can, so that the engine's vectors are full.
    """
    split = [name for name in axes.AXES if name not in fused]
    groups: dict[tuple[Any, ...], list[Model]] = {}
    for model in models:
        cell = model.cell
        seed = None if "seed" in fused else model.seed
        key = (axes.variant(cell), engine(cell), seed, *(cell[name] for name in split))
        groups.setdefault(key, []).append(model)
    jobs = dict.fromkeys(groups, 1)
    costs = {key: sum(map(cost, group)) for key, group in groups.items()}
    while sum(jobs.values()) < at_least:
        divisible = [key for key, group in groups.items() if jobs[key] < len(group)]
        if not divisible:
            break
        jobs[max(divisible, key=lambda key: costs[key] / jobs[key])] += 1
    return [piece for key, group in groups.items() for piece in _pieces(group, jobs[key], alike)]


def _pieces(group: list[Model], count: int, alike: Callable[[Cell], Any]) -> list[list[Model]]:
    """Cut a group of models into `count` pieces of about the same cost."""
    first_of_kind = {
        kind: place for place, kind in enumerate(dict.fromkeys(alike(m.cell) for m in group))
    }

    def kind(model: Model) -> tuple[int, bool, int, str]:
        cell = model.cell
        return cell.sam_rho is None, cell.epochs, first_of_kind[alike(cell)], cell.optimizer

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
    """Return about what training a model costs: its epochs' gradients times its weights."""
    cell = model.cell
    gradients = cell.epochs * (1 if cell.sam_rho is None else 2)
    return gradients * (FEATURES + cell.width * max(cell.hidden_layers - 1, 0) + 1) * cell.width


FEATURES = 16  # of the data set that is shipped; what matters are ratios
