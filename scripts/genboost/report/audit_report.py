"""The audit's files: the ranking of readings, and what the best of them leaves unexplained.

`results/NAME/audit/` holds ``ranking.csv`` (a row per reading), ``cells.csv`` (for each of the
deck's cells, its figure and ours as stated and by the best reading), ``audit.json`` (both, and the
tables for people) and ``audit.md`` (for people).
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from genboost.analysis import aggregation, audit, stats
from genboost.analysis.audit import Score
from genboost.data.arrays import MARK, marked
from genboost.report.markup import Table, markdown, p_value
from genboost.report.results import WARNING
from genboost.study import axes, readings
from genboost.study.readings import Reading

SHOWN = 40  # readings in the Markdown; the CSV has all


@dataclass(frozen=True)
class Audit:
    """What came out of an audit.

    Attributes
    ----------
    scores : list of Score
        The best first.
    cells : DataFrame
        The deck's cells with ``deck``; and, for the protocol as ``stated`` and for the ``best``
        reading, the geometric mean over the splits of our mean error, the ratio to the deck's,
        and the 95 % prediction interval of one more split (``_low``, ``_high``).
    splits, seeds : int
    tried : str
        Which readings and combinations were tried, in words.
    """

    scores: list[Score]
    cells: pd.DataFrame
    splits: int
    seeds: int
    tried: str


def load(
    config: dict[str, Any],
    figures: pd.DataFrame,
    reads: Callable[[str], str | Path] = lambda path: path,
) -> Audit:
    """Read the trials of all readings and score them.

    Parameters
    ----------
    reads
        Is told each path before it is read, and returns it.
    """
    settings = config["audit"]
    splits, seeds = settings["splits"], settings["seeds"]
    all_readings = readings.readings(config)
    trials = {
        path: audit.read_trial(reads(path), splits, seeds)
        for path in dict.fromkeys(reading.trial for reading in all_readings)
    }
    errors = {
        reading.names: trials[reading.trial][reading.training["test_error"]]
        for reading in all_readings
    }
    scores = audit.score(all_readings, list(errors.values()), figures["deck"].to_numpy(float))
    cells = figures.copy()
    for name, names in (("stated", ()), ("best", scores[0].reading.names)):
        logs = np.log(errors[names].mean(axis=2))
        cells[name] = np.exp(logs.mean(axis=0))
        cells[f"{name}_ratio"] = cells[name] / cells["deck"]
        low, high = stats.interval(logs, axis=0, future=1)
        cells[f"{name}_low"], cells[f"{name}_high"] = np.exp(low), np.exp(high)
    return Audit(scores, cells, splits, seeds, _tried(settings, all_readings, scores[0]))


def files(found: Audit, synthetic: bool) -> dict[str, str]:
    """Return the audit's files, by name."""
    data = marked(found.scores[0].reading.data["dataset"], synthetic)
    ranking = [
        {
            "data": data,
            "rank": rank,
            "reading": score.reading.title,
            "names": "+".join(score.reading.names),
            **{key: value for key, value in asdict(score).items() if key != "reading"},
        }
        for rank, score in enumerate(found.scores, start=1)
    ]
    warning = [WARNING] if synthetic else []
    title = "Which reading of the protocol explains the deck?"
    cells = json.loads(found.cells.to_json(orient="records", double_precision=12))
    shown = [ranking_table(found, warning), *method_tables(found, warning)]
    document = {
        "synthetic": synthetic,
        "ranking": ranking,
        "cells": cells,
        "tables": {table.name: asdict(table) for table in shown},
    }
    return {
        "ranking.csv": aggregation.to_csv(pd.DataFrame(ranking)),
        "cells.csv": aggregation.to_csv(found.cells.assign(data=data)[["data", *found.cells]]),
        "audit.json": json.dumps(document, indent=1) + "\n",
        "audit.md": markdown(shown, f"{MARK}: {title}" if synthetic else title),
    }


def ranking_table(found: Audit, warning: Sequence[str]) -> Table:
    """Return the ranking: the best readings, all single ones and the protocol as stated."""
    rows = [
        [
            str(rank),
            score.reading.title,
            f"{score.log_error:.3f}",
            f"{score.noise_floor:.3f}",
            f"{score.unexplained:.3f}",
            f"{score.geometric_mean_ratio:.2f}",
            f"{score.rank_correlation:.3f}",
            f"{score.inside:.0%}",
            f"{score.gap:+.3f} ({score.gap_low:+.3f} to {score.gap_high:+.3f})",
            f"{score.first:.0%}",
            p_value(score.p),
        ]
        for rank, score in enumerate(found.scores, start=1)
        if rank <= SHOWN or len(score.reading.names) < 2
    ]
    return Table(
        name="audit",
        title="Ranking",
        header=[
            *("rank", "reading", "log error", "noise floor", "unexplained"),
            *(
                "geometric mean ratio",
                "rank correlation",
                "inside",
                "behind the best",
                "first",
                "p",
            ),
        ],
        rows=rows,
        notes=[
            _indistinguishable(found.scores),
            found.tried,
            f"Each with the deck's {len(found.cells)} cells on {found.splits} splits, with "
            f"{found.seeds} different seeds on each split. Log error: root mean square of "
            "log(ours / deck's). Noise floor: what it would be if the deck were one more split of "
            "this reading with three seeds a cell; unexplained: what is left beyond that. Ratio: "
            "ours divided by the deck's. Inside: the deck's figures in our 95 % prediction "
            "intervals of one more split. Behind the best: log error on single splits minus that "
            "of the best reading on the same split, with a 95 % interval over the splits. First: "
            "share "
            "of 2,000 resamples of splits, seeds and cells in which no reading has a lower log "
            "error. p: that no reading is better, from the same resamples (model confidence set). "
            "A model that diverged, or has more than ten times the deck's error, counts as ten "
            "times.",
            *warning,
        ],
        text_columns=(0, 1),
    )


def _indistinguishable(scores: Sequence[Score]) -> str:
    """Say which readings the deck's figures cannot tell from the best."""
    alike = [score.reading.title for score in scores if score.p > 1 - stats.CONFIDENCE]
    if len(alike) == 1:
        return (
            f"The deck's figures tell “{alike[0]}” apart from every other reading tried (p ≤ 0.05)."
        )
    return (
        f"The deck's figures cannot tell these {len(alike)} readings apart (p > 0.05): "
        f"{'; '.join(alike)}."
    )


def _tried(settings: dict[str, Any], all_readings: Sequence[Reading], best: Score) -> str:
    """Say which readings and combinations were tried, and whether the search has ended."""
    single = settings["readings"]
    sizes = Counter(len(reading.names) for reading in all_readings)
    parts = [f"{sizes[1]} readings alone, {sizes[2]} pairs"] + [
        f"{sizes[size]} combination{'s' * (sizes[size] > 1)} of {size}"
        for size in sorted(sizes)
        if size > 2
    ]
    tried = {reading.names for reading in all_readings}
    missing = set(readings.extensions(best.reading.names, single)) - tried
    end = (
        f"The best has not been combined with {len(missing)} others yet: use audit.extend."
        if missing
        else "No reading added to the best makes it better."
    )
    return f"Tried: the protocol as stated, {', '.join(parts)}; nothing else. {end}"


def method_tables(found: Audit, warning: Sequence[str]) -> list[Table]:
    """Return what each method and rate leaves unexplained, as stated and by the best reading."""
    rows = []
    *method, rate, _ = (axes.SETTINGS[name] for name in axes.ALWAYS)
    for values, cells in found.cells.groupby([s.name for s in (*method, rate)], sort=False):
        names = [s.phrase(value) for s, value in zip(method, values, strict=False)]
        inside = (cells["best_low"] <= cells["deck"]) & (cells["deck"] <= cells["best_high"])
        means = (np.exp(np.log(cells[name]).mean()) for name in ("deck", "stated", "best"))
        ratios = (np.exp(np.log(cells[f"{name}_ratio"]).mean()) for name in ("stated", "best"))
        rows.append(
            [
                ", ".join(names),
                rate.shown(values[-1]),
                *(f"{value:.3f}" for value in means),
                *(f"{value:.2f}" for value in ratios),
                f"{inside.sum()} of {len(cells)}",
            ]
        )
    best = found.scores[0].reading.title
    return [
        Table(
            name="audit_rows",
            title="By method and learning rate",
            header=[
                *("method", "learning rate", "deck", "as stated", "best reading"),
                *("stated / deck", "best / deck", "inside"),
            ],
            rows=rows,
            notes=[
                f"Geometric means over the weight decays. Best reading: {best}. Inside: the deck's "
                "figures in its 95 % prediction intervals.",
                *warning,
            ],
        )
    ]
