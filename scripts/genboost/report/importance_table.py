"""The table that says which axis of a grid the test errors depend on."""

import math
from collections.abc import Sequence

from genboost.analysis import anova
from genboost.analysis.importance import Importance
from genboost.report.markup import Table
from genboost.report.results import Results
from genboost.study import axes

NOTE = (
    "Shares of the variance of the log test MSE over all models of a complete grid (functional "
    "ANOVA), with 95 % jackknife intervals over the seeds; they hold for this grid and other "
    "seeds. A pair's share is what the two axes do together beyond what each does alone; seeds "
    "have what is left. Errors on different test rows do not compare: each set of rows has shares "
    "of its own. A model that diverged, or is worse than predicting the mean on its split, counts "
    "as predicting the mean."
)


def importance_table(results: Results, found: Sequence[Importance]) -> Table | None:
    """Return the shares of every study that has a complete grid; None if there is no such study."""
    if not found:
        return None
    rows = [
        [heading(results, one.study, one.rows), name(share.of), percent(share.share), _range(share)]
        for one in found
        for share in one.shares
    ]
    return Table(
        name="importance",
        title=results.marked("Which axis the test errors depend on"),
        header=["study", "axis", "share of the variance", "95 % interval"],
        rows=rows,
        notes=[NOTE, *(_extent(results, one) for one in found), *results.warning()],
        text_columns=(0, 1),
    )


def heading(results: Results, study: str, rows: str) -> str:
    """Name a study, and the test rows if it has several sets of them."""
    return ": ".join(filter(None, [results.titles[study], rows]))


def name(of: Sequence[str]) -> str:
    """Name what a share is of: ``learning rate``, ``optimizer × SAM ρ``, ``seed``."""
    if tuple(of) in (anova.SEED, anova.BEYOND):
        return {anova.SEED: "seed", anova.BEYOND: "three axes and more"}[tuple(of)]
    return " × ".join(axes.SETTINGS[axis].title for axis in of)


def percent(share: float) -> str:
    """Write a share; the noise may take more out of a small one than there was."""
    return f"{max(share, 0):.1%}"


def _range(share: anova.Share) -> str:
    return "" if math.isnan(share.low) else f"{share.low:.1%} to {share.high:.1%}"


def _extent(results: Results, one: Importance) -> str:
    """Say which cells a study's shares are about, and how many of its models are no good."""
    whole = one.cells == one.of_cells
    cells = (
        f"all {one.cells} cells"
        if whole
        else f"the {one.cells} of {one.of_cells} cells that are a complete grid"
    )
    return (
        f"{heading(results, one.study, one.rows)}: {cells}; {one.useless} of {one.models} models "
        "count as predicting the mean."
    )
