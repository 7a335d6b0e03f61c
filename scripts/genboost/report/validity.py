"""The tables on what verdicts are true of: people, other splits, other seeds."""

import math
from collections.abc import Sequence

from genboost.analysis.schemes import Scheme
from genboost.analysis.verdicts import Verdict
from genboost.report import claims_tables
from genboost.report.markup import Entry, Table
from genboost.report.results import SIMPLE, Results
from genboost.study.claims import generality

ORIGINS = {"respondent": "respondents", "interpolated": "interpolated rows"}


def origin_table(results: Results) -> Table | None:
    """Return the error on each kind of test rows, of simple methods and of the best cells.

    None where the origin of no row is known.
    """
    columns = {name: f"test_mse[origin={name}]" for name in ORIGINS}
    rows = []
    for variant, errors in results.baselines.items():
        if not any(error.get("test_mse_by_origin") for error in errors.values()):
            continue
        data, best = results.best_on(variant)
        for name, error in errors.items():
            parts = [error["test_mse_by_origin"].get(origin, math.nan) for origin in columns]
            rows.append([data, SIMPLE.get(name, name), error["test_mse"], *parts])
        for study, place in best:
            row = results.summary.loc[place.Index]
            parts = [row.get(column, math.nan) for column in columns.values()]
            rows.append([data, f"best cell of “{study.title}”", row["test_mse"], *parts])
    if not rows:
        return None
    return Table(
        name="origins",
        title=results.marked("What an error is worth on people"),
        header=["data", "method", "test MSE", *(f"on {title}" for title in ORIGINS.values())],
        rows=[[data, name, *map(results.number, errors)] for data, name, *errors in rows],
        notes=[
            "Respondents: test rows that are answers of people. The others were interpolated "
            "between two of them, which a random split often has among the training rows: a "
            "1-nearest neighbour that does far better on these has found them.",
            *results.warning(),
        ],
        text_columns=(0, 1),
    )


def scheme_table(results: Results, schemes: Sequence[Scheme]) -> Table:
    """Return the verdict on each claim under each scheme."""
    claims = list(zip(*(scheme.verdicts for scheme in schemes), strict=True))
    over = generality(verdict.over for scheme in schemes for verdict in scheme.verdicts)
    return Table(
        name="schemes",
        title=results.marked("The claims under each scheme"),
        header=["claim", *(scheme.title for scheme in schemes)],
        rows=[
            [verdicts[0].title, *(_entry(results, verdict) for verdict in verdicts)]
            for verdicts in claims
        ],
        notes=[
            "Verdict, and the difference or ratio (×) with its 95 % interval. They hold for other "
            f"{over or 'seeds'} of these rows; "
            "Holm's correction is over the claims of a scheme.",
            *claims_tables.on_slopes([claim for claim, *_ in claims]),
            *results.warning(),
        ],
        text_columns=tuple(range(len(schemes) + 1)),
    )


def _entry(results: Results, verdict: Verdict) -> Entry:
    if not verdict.n:
        return Entry(verdict.verdict)
    interval = claims_tables.difference_range(results, verdict)
    return Entry(
        verdict.verdict,
        below=claims_tables.difference(results, verdict) + (f" ({interval})" if interval else ""),
    )


def variance_table(results: Results, schemes: Sequence[Scheme]) -> Table | None:
    """Return what the errors vary with under each scheme; None with one split, seed or cell."""
    known = [scheme for scheme in schemes if scheme.variance]
    if not known:
        return None
    return Table(
        name="variance",
        title=results.marked("What the errors vary with"),
        header=["", *known[0].variance],
        rows=[
            [scheme.title, *(f"{share:.1%}" for share in scheme.variance.values())]
            for scheme in known
        ],
        notes=[
            "Shares of the variance of log test errors over all cells, splits and seeds, as if all "
            "three were drawn at random. Cell × split: splits that favour some cells. A model that "
            "is worse than predicting the mean counts with its own error.",
            *results.warning(),
        ],
    )
