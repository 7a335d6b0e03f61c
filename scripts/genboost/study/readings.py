"""Readings of the deck's protocol: as stated, and as an audit changes it, singly and in pairs."""

import itertools
from collections import ChainMap
from dataclasses import dataclass
from typing import Any

from genboost.errors import UserError
from genboost.study import grid

RIVALS = ("data", "model", "training")


@dataclass(frozen=True)
class Reading:
    """The protocol with some changes: none, one or two of the configuration's readings.

    Attributes
    ----------
    names : tuple of str
        The readings that it is made of.
    data, model, training : dict
        Complete sections of a configuration.
    """

    names: tuple[str, ...]
    title: str
    data: dict[str, Any]
    model: dict[str, Any]
    training: dict[str, Any]

    @property
    def protocol(self) -> grid.Protocol:
        """The protocol to train with; the trial records the errors of the last and best epochs."""
        return grid.Protocol.of(self.model, {**self.training, "test_error": "last"})

    @property
    def trial(self) -> str:
        """The path of the errors of its models; readings that differ in no model share it."""
        first = grid.variant({**self.data, "split_seed": 0})
        return f"results/audit/trials/{first}/{grid.protocol_name(self.protocol)}.csv"

    def splits(self, count: int) -> list[dict[str, Any]]:
        """Return its data section for each split."""
        return [{**self.data, "split_seed": seed} for seed in range(count)]


def readings(config: dict[str, Any]) -> list[Reading]:
    """Return the protocol as it is, then each reading of a configuration, then their pairs.

    Two readings of the same key make no pair.

    Raises
    ------
    UserError
        If `audit.pairs` names a reading that there is not.
    """
    settings = config["audit"]
    single, pairs = settings["readings"], settings["pairs"]
    if isinstance(pairs, list) and (unknown := sorted(set(pairs) - set(single))):
        raise UserError(
            f"audit.pairs: {', '.join(unknown)} is no reading; they are {', '.join(single)}"
        )
    wanted = (set(single) if pairs else set()) if isinstance(pairs, bool) else set(pairs)
    combined = [
        (one, other)
        for one, other in itertools.combinations(single, 2)
        if {one, other} & wanted and not _keys(single[one]) & _keys(single[other])
    ]
    return [
        Reading(
            names,
            " + ".join(single[name].get("title", name) for name in names) or "as stated",
            **{
                part: dict(ChainMap(*(single[name].get(part, {}) for name in names), config[part]))
                for part in RIVALS
            },
        )
        for names in ((), *((name,) for name in single), *combined)
    ]


def _keys(reading: dict[str, Any]) -> set[tuple[str, str]]:
    return {(part, key) for part in RIVALS for key in reading.get(part, {})}
