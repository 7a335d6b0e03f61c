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

ALL = {"all": {"title": "all", "where": {}, "quantity": "test_mse"}}


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
) -> list[Scheme]:
    """Judge all claims under each scheme, or under `ALL` if there are none.

    Raises
    ------
    UserError
        If the models do not have a scheme's quantity.
    """
    found = []
    for name, scheme in (schemes or ALL).items():
        quantity = scheme["quantity"]
        if quantity not in models:
            raise UserError(
                f"schemes.{name}.quantity: results/cells.csv has no column {quantity}; name one of "
                "its columns, or add its measure to measures"
            )
        measured = Measured(studies, models, registry.quantity(quantity), scheme["where"])
        judged = verdicts.verdicts(_by(quantity, claims), measured)
        found.append(Scheme(name, scheme["title"], judged, _variance(measured)))
    return found


def _by(quantity: str, claims: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the claims with a scheme's quantity, except claims about another measure."""
    return {
        name: {**claim, "quantity": quantity} if claim["quantity"] == TEST_MSE.name else {**claim}
        for name, claim in claims.items()
    }


def _variance(measured: Measured) -> dict[str, float]:
    errors = measured.select({}).values
    return splits.variance_shares(np.log(errors)) if min(errors.shape) > 1 else {}
