"""What has to be done again: the workflow's one answer, in the place of Snakemake's.

Snakemake goes by times, and by what it noted of earlier jobs. This looks at the files themselves:
whatever is missing, damaged, altered, or made from anything else than is wanted now, is made again.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from genboost import receipts
from genboost.data.arrays import Data
from genboost.errors import UserError
from genboost.train import record
from genboost.train.order import Order


@dataclass
class Judge:
    """Holds what is there against what is wanted.

    Attributes
    ----------
    records : sequence of str
        The records that the run is about.
    orders : dict
        The orders that are kept in files, by path.
    dry_run : bool
        Whether nothing may be set aside.
    """

    records: Sequence[str]
    orders: dict[str, Order]
    dry_run: bool = False
    check: receipts.Check = field(default_factory=receipts.Check)
    identities: dict[str, record.Identity | None] = field(default_factory=dict)
    arrays: dict[str, str | None] = field(default_factory=dict)
    wanting: set[str] = field(default_factory=set)

    def stale(self, jobs: Iterable[Any]) -> list[str]:
        """Return the outputs of those of Snakemake's jobs that must be run."""
        found = {path: self._identity(path) for path in self.records}
        self.check.known.update({path: one.seal if one else None for path, one in found.items()})
        self.check.known["records"] = record.seal_of_all(found)
        return [path for job in jobs if self._is_stale(job) for path in job.output]

    def summary(self) -> str | None:
        """Return how many models are to be trained, if any are."""
        if not self.wanting:
            return None
        return f"To train: {len(self.wanting)} of {len(self.records)} models."

    def _is_stale(self, job: Any) -> bool:
        if order := job.params.get("order"):
            return self._wants(self.orders.get(order) or Order.read(order), job.input.arrays)
        if request := job.params.get("request"):
            holds = self.check.holds(request, [str(path) for path in job.output])
            if not holds:
                for path in self.check.altered(request):
                    self._set_aside(path, "altered")
            return not holds
        return False

    def _wants(self, order: Order, arrays: str) -> bool:
        """Say whether a record of an order is wanting, and note all that are."""
        if arrays not in self.arrays:
            try:
                self.arrays[arrays] = Data.identity(arrays)
            except UserError:  # they will be prepared, and all records held against them then
                self.arrays[arrays] = None
        data = self.arrays[arrays]
        wanting = [
            path
            for path in order.models
            if data is None or not order.is_met(path, self._identity(path), data)
        ]
        self.wanting.update(wanting)
        for path in wanting:
            if self._identity(path) is None:
                self._set_aside(path, "damaged")
        return bool(wanting)

    def _identity(self, path: str) -> record.Identity | None:
        if path not in self.identities:
            self.identities[path] = record.identity(path)
        return self.identities[path]

    def _set_aside(self, path: str, why: str) -> None:
        if not self.dry_run and os.path.lexists(path):
            os.replace(path, f"{path}.{why}")
            print(f"{path} is {why}: set aside as {path}.{why}, and made again", file=sys.stderr)


def has(path: str, content: str) -> bool:
    """Say whether a file has that content."""
    try:
        with open(path, newline="") as file:
            return file.read() == content
    except (OSError, ValueError):
        return False
