"""The tables that say what became of the claims, for people."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from genboost.analysis import slopes, splits
from genboost.analysis.compared import EQUAL
from genboost.analysis.verdicts import Verdict
from genboost.measures.registry import TEST_MSE
from genboost.report.markup import Table, p_value
from genboost.report.results import Results
from genboost.study import axes

OVER_SPLITS = (
    "n: splits × seeds. A third of the splits chooses, too. Interval and p use crossed "
    "variance components, and hold for other splits of these rows and other seeds. Corrected "
    "interval (Nadeau & Bengio): for the two chosen cells, on other rows of this kind."
)


def comparison_table(results: Results, found: Sequence[Verdict]) -> Table:
    """Return the verdicts as a table."""
    several = any(verdict.splits > 1 for verdict in found)
    others = any(_subject(verdict) != TEST_MSE.label for verdict in found)
    rows = [
        [
            verdict.title,
            *([_subject(verdict)] if others else []),
            verdict.verdict,
            verdict.over,
            str(verdict.n) if verdict.splits < 2 else f"{verdict.splits} × {verdict.n}",
            difference(results, verdict),
            difference_range(results, verdict),
            p_value(verdict.p),
            p_value(verdict.p_holm),
            _percent(verdict.p_lower),
            *([results.range(verdict.corrected_low, verdict.corrected_high)] if several else []),
            _seeds_needed(verdict),
        ]
        for verdict in found
    ]
    return Table(
        name="comparisons",
        title=results.marked("The claims"),
        header=[
            *("claim", *(["quantity"] if others else []), "verdict", "for other", "n"),
            *("difference", "95 % interval", "p", "p (Holm)", "P(lower)"),
            *(["corrected interval"] if several else []),
            "seeds needed",
        ],
        rows=rows,
        notes=[
            *([] if rows else ["The configuration declares no comparisons."]),
            "Difference: mean over the seeds of the paired difference in "
            f"{'the quantity' if others else TEST_MSE.label}, the claim's cells minus the cells "
            f"they are compared with{'' if others else ': below zero they are better, above worse'}"
            ". Where a best cell must be chosen, the "
            f"first third of the seeds chooses it by the {results.choose_by} rows, and the other n "
            "compare it with every cell of the other set, since any of these may be the best; "
            "interval and p are for the "
            f"{'best expected values' if others else 'lowest expected errors'}. p: exact sign-flip "
            "test, two-sided, then Holm's correction over all claims; a verdict needs an adjusted "
            "p of 0.05 or less, and holds for what is named beside it. P(lower): how often one "
            "model of the first set has the lower value. Seeds needed: in total, for 80 % power, "
            "if the difference is as estimated here; ≥: the fewest that can make p low enough.",
            *([OVER_SPLITS] if several else []),
            *_other_ways(found),
            *_smallness(found),
            *results.warning(),
        ],
        text_columns=(0, 1, 2, 3) if others else (0, 1, 2),
        metric="Paired differences" + ("" if others else f" in {TEST_MSE.label}"),
    )


def for_papers(table: Table) -> Table:
    """Return the columns of the verdicts' table for which a page has room."""
    left_out = ("for other", "p", "P(lower)", "corrected interval", "seeds needed")
    kept = [place for place, name in enumerate(table.header) if name not in left_out]
    return replace(
        table,
        header=[table.header[place] for place in kept],
        rows=[[row[place] for place in kept] for row in table.rows],
        text_columns=[new for new, old in enumerate(kept) if old in table.text_columns],
    )


def _subject(verdict: Verdict) -> str:
    return slopes.subject(verdict.quantity, verdict.slope_on)


def _other_ways(found: Sequence[Verdict]) -> Iterator[str]:
    """Explain ratios, slopes and equality, if a claim is about them."""
    if any(verdict.scale == "ratio" for verdict in found):
        yield (
            "×: a ratio, of geometric means over the seeds, from paired differences of logarithms."
        )
    for note in on_slopes(found):
        yield f"{note} P(lower): how often it is negative."
    if any(verdict.claim == EQUAL for verdict in found):
        yield (
            "Claims of equality: p is for a difference of the margin or more (two one-sided t "
            "tests, Schuirmann 1987); if cells were chosen, between the chosen two."
        )


def on_slopes(found: Sequence[Verdict]) -> Iterator[str]:
    """Explain slopes, if a claim is about them."""
    names = dict.fromkeys(verdict.slope_on for verdict in found if verdict.slope_on)
    if names:
        titles = " or ".join(axes.SETTINGS[name].title for name in names)
        yield (
            f"Trends are per doubling of the {titles}: the least-squares slope on its base-2 "
            "logarithm over the claim's cells, seed by seed, compared with no change."
        )


def detail_tables(results: Results, found: Sequence[Verdict]) -> Iterator[Table]:
    """Yield what was compared, and what three seeds would have said."""
    number = results.number
    tested = [verdict for verdict in found if verdict.n]
    if tested:
        yield Table(
            name="compared",
            title=results.marked("What was compared"),
            header=[
                *("claim", "its best cell", "error", "best cell compared with", "error"),
                "same outcome",
            ],
            rows=[
                [v.title, v.a, number(v.a_error), v.b, number(v.b_error), _percent(v.stability)]
                for v in tested
            ],
            notes=[
                "Errors are means over the seeds that compare. Same outcome: lower, higher or "
                "neither (p above 0.05, not adjusted); the share of 200 random choices of the "
                "choosing seeds that agree.",
                *(f"{v.title}: {'; '.join(v.confounds)}." for v in tested if v.confounds),
            ],
            text_columns=(0, 1, 3),
        )
    few = [verdict for verdict in tested if verdict.subsets]
    if few:
        yield Table(
            name="three_seeds",
            title=results.marked("What three seeds would have said"),
            header=[
                "claim",
                "lowest means say the opposite",
                "interval decides, rightly",
                "interval decides, wrongly",
            ],
            rows=[
                [v.title, *map(_percent, (v.wrong_direction, v.decided_right, v.decided_wrong))]
                for v in few
            ],
            notes=[
                f"Shares of the {few[0].subsets} samples of three seeds. First: their lowest "
                "means, as a reader of the tables would compare them, order the two the other "
                "way round than all seeds. Then: their paired t interval excludes zero, on the "
                "same side as all seeds or on the other."
            ],
        )


def _smallness(found: Sequence[Verdict]) -> Iterator[str]:
    """Say once where n is too small, and which claims are untested."""
    for reason in dict.fromkeys(v.reason for v in found if v.reason):
        names = [v.title for v in found if v.reason == reason]
        where = "All claims" if len(names) == len(found) else "; ".join(names)
        yield f"{where}: {reason}."
    if any(v.n and math.isnan(v.low) for v in found):
        yield "No interval is given where fewer than five models of a side compare."
    for what, option in more(map(asdict, found)):
        yield f"More {what} can decide: run the same command with {option}."


def more(claims: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield what verdicts have too few of, and the option that repeats a run with more.

    What is trained is kept.
    """
    claims = list(claims)
    if fewest := [claim["seeds_least"] for claim in claims if claim["too_few"] == "seeds"]:
        yield "seeds", f"--config grid='{{seeds: {max(fewest)}}}'"
    if any(claim["too_few"] == "splits" for claim in claims):
        yield "splits", f"--config grid='{{split_seed: {list(range(splits.USUAL))}}}'"


def _seeds_needed(verdict: Verdict) -> str:
    if verdict.seeds_needed is None:
        return ""
    return "≥ " * (verdict.seeds_needed == verdict.seeds_least) + str(verdict.seeds_needed)


def difference(results: Results, verdict: Verdict) -> str:
    """Write a claim's difference, with its sign, or its ratio."""
    value = verdict.difference
    if verdict.scale == "difference" or math.isnan(value):
        return results.number(value, "+")
    return f"× {math.exp(value):.3f}"


def difference_range(results: Results, verdict: Verdict) -> str:
    """Write the interval of a claim's difference or ratio; nothing if it has none."""
    if verdict.scale == "difference" or math.isnan(verdict.low):
        return results.range(verdict.low, verdict.high)
    return f"× {math.exp(verdict.low):.3f} to {math.exp(verdict.high):.3f}"


def _percent(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1%}"
