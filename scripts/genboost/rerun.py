"""What has to be done again: the workflow's one answer, in the place of Snakemake's.

Snakemake goes by times, and by what it noted of earlier jobs. This looks at the files themselves:
whatever is missing, damaged, altered, or made from anything else than is wanted now, is made again.
"""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genboost import receipts
from genboost.data.arrays import Data
from genboost.errors import UserError
from genboost.files import write_atomically
from genboost.measures import sheet
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
    arrays: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    wanting: set[str] = field(default_factory=set)
    unmeasured: set[str] = field(default_factory=set)
    makers: dict[str, Any] = field(default_factory=dict)

    def stale(self, jobs: Sequence[Any]) -> list[str]:
        """Return the outputs of those of Snakemake's jobs that must be run."""
        orders = [job for job in jobs if job.params.get("order")]
        steps = [job for job in jobs if job.params.get("request")]
        self.makers = {str(path): job for job in steps for path in job.output}
        stale = [job for job in orders if self._is_wanting(job)]
        stale += [job for job in jobs if job.params.get("measured") and self._is_unmeasured(job)]
        found = {path: self._identity(path) for path in self.records}
        self.check.known.update({path: one.seal if one else None for path, one in found.items()})
        self.check.known["records"] = None if self.wanting else record.seal_of_all(found)
        self.check.known["sheets"] = (
            None if self.unmeasured else sheet.identity_of_all(map(sheet.path_of, self.records))
        )
        stale += [job for job in steps if not self._holds(job)]
        return [path for job in stale for path in job.output]

    def summary(self) -> str | None:
        """Return how many models are to be trained, if any are."""
        if not self.wanting:
            return None
        most = " at most (known once the data are prepared)" if None in self.arrays.values() else ""
        return f"To train: {len(self.wanting)} of {len(self.records)} models{most}."

    def _holds(self, job: Any) -> bool:
        """Say whether what a step made last is what it would make now."""
        request = job.params.request
        holds = self.check.holds(request, [str(path) for path in job.output])
        for path in [] if holds else self.check.altered(request):
            self._set_aside(path, "altered")
        return holds

    def _will_change(self, path: str) -> bool:
        """Say whether a file is going to be made again, and may be another then."""
        maker = self.makers.get(path)
        return maker is not None and (
            not self._holds(maker) or any(self._will_change(str(input)) for input in maker.input)
        )

    def _is_wanting(self, job: Any) -> bool:
        """Say whether a record of an order is wanting, and note all that are."""
        order = self.orders.get(job.params.order) or Order.read(job.params.order)
        data, _ = self._data(job) or (None, None)
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

    def _is_unmeasured(self, job: Any) -> bool:
        """Say whether a sheet of an order's models lacks something, and note all that do."""
        order = self.orders.get(job.params.measured) or Order.read(job.params.measured)
        wanted = json.loads(job.params.measures)
        _, origins = self._data(job) or (None, None)
        lacking = []
        for path in order.models:
            there, found = self._identity(path), sheet.read(sheet.path_of(path))
            of_these = there and found and (found.record, found.origins) == (there.seal, origins)
            if not of_these or found.lacks(wanted):
                lacking.append(path)
        self.unmeasured.update(lacking)
        return bool(lacking)

    def _data(self, job: Any) -> tuple[str, str] | None:
        """Return the identities of a job's data and of its test rows' origins, if known yet."""
        path = str(job.input.arrays)
        if path not in self.arrays:
            try:
                known = (
                    None
                    if self._will_change(path)
                    else (Data.identity(path), sheet.identity_of(Data.origins(path)))
                )
            except UserError:
                known = None
            self.arrays[path] = known
        return self.arrays[path]

    def _identity(self, path: str) -> record.Identity | None:
        if path not in self.identities:
            self.identities[path] = record.identity(path)
        return self.identities[path]

    def _set_aside(self, path: str, why: str) -> None:
        """Copy a file that is about to be made again: Snakemake wants to find it in its place."""
        if not self.dry_run and os.path.isfile(path):
            shutil.copyfile(path, f"{path}.{why}")
            print(
                f"{path} is {why}; it is made again, and the old file kept as {path}.{why}",
                file=sys.stderr,
            )


def lay_out(path: str, content: str, made_from: Sequence[str]) -> None:
    """Write a file that is a job's output before the job has run, as old as what it is made from.

    So its time says to Snakemake neither that the job must run nor that others must.
    """
    try:
        there = Path(path).read_text("utf-8")
    except (OSError, ValueError):
        there = None
    if there != content:
        write_atomically(path, content)
    times = [os.stat(file).st_mtime_ns for file in made_from if os.path.exists(file)]
    if times:
        os.utime(path, ns=(max(times), max(times)))
