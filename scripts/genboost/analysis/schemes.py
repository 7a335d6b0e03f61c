"""The claims under several schemes, side by side: other splits, other test rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from genboost.analysis import splits, verdicts
from genboost.analysis.values import Measured
from genboost.errors import UserError
from genboost.measures import registry
from genboost.measures.registry import TEST_MSE
from genboost.study import grid

ALL = {"title": "all", "where": {}, "quantity": "test_mse"}


@dataclass(frozen=True)
class Scheme:
    """What the models say under a scheme.

    Attributes
    ----------
    name, title : str
    verdicts : list of verdicts.Verdict
        On every claim, with Holm's correction over those of this scheme.
    variance : dict
        Shares of the variance of log errors (see `splits.variance_shares`), over the cells
        in which every model finished; empty with a single cell, split or seed.
    """

    name: str
    title: str
    verdicts: list[verdicts.Verdict]
    variance: dict[str, float]


def judge(
    schemes: Mapping[str, Mapping[str, Any]],
    claims: Mapping[str, Mapping[str, Any]],
    studies: Sequence[grid.Study],
    models: pd.DataFrame,
    choose_by: str = "test",
) -> list[Scheme]:
    """Judge all claims under each scheme, or under `ALL` if there are none.

    Parameters
    ----------
    schemes
        As `config.resolve` returns them. A claim about a study is, under a scheme with data of its
        own, about that study on these data.
    choose_by
        The rows that choose the best cells, ``test`` or ``validation``.

    Raises
    ------
    UserError
        If the models do not have a scheme's quantity.
    """
    found = []
    everything = {**ALL, "studies": {study.name: study.name for study in studies}}
    for name, scheme in (schemes or {"all": everything}).items():
        quantity = scheme["quantity"]
        if quantity not in models:
            raise UserError(
                f"schemes.{name}.quantity: results/cells.csv has no column {quantity}; name one of "
                "its columns, or add its measure to measures"
            )
        where = repeated(scheme["where"], scheme["studies"])
        there = {"study": list(scheme["studies"].values()), **where}
        measured = Measured(studies, models, registry.quantity(quantity), there, choose_by)
        own = {
            key: {**claim, **{side: repeated(claim[side], scheme["studies"]) for side in "ab"}}
            for key, claim in _by(quantity, claims).items()
        }
        judged = verdicts.verdicts(own, measured)
        found.append(Scheme(name, scheme["title"], judged, _variance(measured)))
    return found


def _by(quantity: str, claims: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the claims with a scheme's quantity, except claims about another measure."""
    return {
        name: {**claim, "quantity": quantity} if claim["quantity"] == TEST_MSE.name else {**claim}
        for name, claim in claims.items()
    }


def repeated(
    selection: Mapping[str, Any] | None, studies: Mapping[str, str]
) -> Mapping[str, Any] | None:
    """Return a selection of cells from the studies of a scheme, by those that they repeat."""
    if not selection or "study" not in selection:
        return selection
    return {**selection, "study": [studies.get(name, name) for name in selection["study"]]}


def _variance(measured: Measured) -> dict[str, float]:
    errors = measured.select({}).values
    return splits.variance_shares(np.log(errors)) if min(errors.shape) > 1 else {}
