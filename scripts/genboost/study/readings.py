"""Readings of the deck's protocol: as stated, and as an audit changes it, in one way or several."""

import itertools
from collections import ChainMap
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from genboost.errors import UserError
from genboost.study import axes
from genboost.study.cells import Cell
from genboost.study.schema import BLOCKS


@dataclass(frozen=True)
class Reading:
    """The protocol with some changes: none, one or several of the configuration's readings.

    Attributes
    ----------
    names : tuple of str
        The readings that it is made of.
    data, model, training : dict
        Complete sections of a configuration.
    folder : str
        Where its errors belong.
    """

    names: tuple[str, ...]
    title: str
    data: dict[str, Any]
    model: dict[str, Any]
    training: dict[str, Any]
    folder: str

    @property
    def settings(self) -> Cell:
        """All settings that the deck's cells share.

        A trial records the errors of the last and of the best epochs, whichever counts here.
        """
        said = {**self.data, **self.model, **self.training, "test_error": "last", "split_seed": 0}
        return Cell({name: said[name] for name in (axes.ORIGIN, *axes.standard())})

    @property
    def trial(self) -> str:
        """The path of the errors of its models; readings that differ in no model share it."""
        folder = f"{self.folder}/{axes.variant(self.settings)}"
        return f"{folder}/{axes.protocol(self.settings)}.csv"

    def splits(self, count: int) -> list[dict[str, Any]]:
        """Return its data section for each split."""
        return [{**self.data, "split_seed": seed} for seed in range(count)]


def readings(config: dict[str, Any]) -> list[Reading]:
    """Return the protocol as it is, each reading of a configuration, and their combinations.

    Combined are the pairs that `audit.pairs` asks for, and each combination of `audit.extend`, by
    itself and with every other reading. Readings that change the same key are never combined.

    Raises
    ------
    UserError
        If `audit.pairs` or `audit.extend` names a reading that there is not, or combines two that
        change the same setting.
    """
    settings = config["audit"]
    single, pairs, extend = settings["readings"], settings["pairs"], settings["extend"]
    for key, names in (("pairs", pairs), *(("extend", names) for names in extend)):
        if isinstance(names, list) and (unknown := sorted(set(names) - set(single))):
            raise UserError(
                f"audit.{key}: {', '.join(unknown)} is not a reading; the readings are "
                f"{', '.join(single)}"
            )
    for names in extend:
        for one, other in itertools.combinations(names, 2):
            if _keys(single[one]) & _keys(single[other]):
                raise UserError(f"audit.extend: {one} and {other} change the same setting")
    if isinstance(pairs, bool):
        pairs = list(single) if pairs else []
    combined = [
        names
        for start in (*([name] for name in pairs), *extend)
        for names in (_ordered(start, single), *extensions(start, single))
    ]
    tried = dict.fromkeys([(), *((name,) for name in single), *sorted(combined, key=len)])
    return [
        Reading(
            names,
            " + ".join(single[name].get("title", name) for name in names) or "as stated",
            **{
                part: dict(ChainMap(*(single[name].get(part, {}) for name in names), config[part]))
                for part in BLOCKS
            },
            folder=f"results/{config['name']}/audit/trials",
        )
        for names in tried
    ]


def extensions(
    names: Collection[str], single: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, ...]]:
    """Yield a combination with each reading added that contradicts none of it."""
    taken = {key for name in names for key in _keys(single[name])}
    for name in single:
        if name not in names and not taken & _keys(single[name]):
            yield _ordered({*names, name}, single)


def _ordered(names: Collection[str], single: dict[str, Any]) -> tuple[str, ...]:
    """Return a combination in the configuration's order, so that each has one name."""
    return tuple(name for name in single if name in names)


def _keys(reading: dict[str, Any]) -> set[tuple[str, str]]:
    return {(part, key) for part in BLOCKS for key in reading.get(part, {})}
