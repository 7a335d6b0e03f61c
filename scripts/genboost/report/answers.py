"""What the report says first: the verdicts, and how good the best networks are."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from genboost.analysis import best_cells, slopes
from genboost.analysis.values import Measured
from genboost.measures import registry
from genboost.measures.registry import TEST_MSE
from genboost.report import pages
from genboost.report.layout import in_order
from genboost.report.markup import p_value
from genboost.report.results import SIMPLE, Results
from genboost.report.validity import ORIGINS
from genboost.study import axes, grid
from genboost.study.claims import CONTRADICTED, SUPPORTED, VERDICTS, generality

NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
OUTPUTS = {"mse": "one output: the label as a number", "cross_entropy": "an output for each class"}


@dataclass(frozen=True)
class Worth:
    """A method's error on the test rows.

    Attributes
    ----------
    value, share : float
        The error, and its share of the largest of the methods beside it.
    error : str
        The error in words: with its interval, or as a range.
    by_origin : sequence of str
        The errors on each kind of test rows, in the order of `ORIGINS`.
    details : str
        Of a network, which cell it is and how it was chosen.
    """

    name: str
    value: float
    error: str
    by_origin: Sequence[str]
    details: str = ""
    share: float = 1.0

    @property
    def is_network(self) -> bool:
        """Whether it is a network, not a simple method."""
        return bool(self.details)


def headline(claims: Sequence[Mapping[str, Any]]) -> str:
    """Sum up verdicts: ``Of six claims, four are supported, one is contradicted and …``."""
    counts = Counter(claim["verdict"] for claim in claims)
    told = [
        f"{_numeral(counts[verdict])} {'is' if counts[verdict] == 1 else 'are'} {verdict}"
        for verdict in VERDICTS
        if counts[verdict]
    ]
    if len(claims) == 1:
        return f"The one claim {told[0].partition(' ')[2]}."
    if len(told) == 1:
        every = "Both" if len(claims) == 2 else f"All {_numeral(len(claims))}"
        return f"{every} claims {told[0].partition(' ')[2]}."
    everything = ", ".join(told[:-1]) + (" and " if told[:-1] else "") + told[-1]
    return f"Of {_numeral(len(claims))} claims, {everything}."


def _numeral(count: int) -> str:
    return NUMERALS[count] if count < len(NUMERALS) else str(count)


def scope(results: Results, claims: Sequence[Mapping[str, Any]]) -> str:
    """Say what verdicts hold for; nothing where none is decided."""
    if not any(claim["verdict"] in (SUPPORTED, CONTRADICTED) for claim in claims):
        return ""
    over = generality(claim["over"] for claim in claims)
    if "splits" in over:
        return f"Verdicts hold for other {over} of these rows."
    return "Verdicts hold for other seeds, on this one split into training and test rows."


def facts(results: Results) -> dict[str, str]:
    """Return the network and the protocol of all studies, in a few words each."""
    cells = [cell for study in results.studies for cell in study.cells]

    def values(name: str) -> str:
        setting = axes.SETTINGS[name]
        found = list(map(setting.shown, in_order(cell[name] for cell in cells)))
        return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} or {found[-1]}"

    outputs = " or ".join(OUTPUTS[loss] for loss in dict.fromkeys(cell.loss for cell in cells))
    seeds = sorted({len(study.seeds) for study in results.studies})
    times = f"{'up to ' if len(seeds) > 1 else ''}{_numeral(seeds[-1])} seed{'s' * (seeds[-1] > 1)}"
    splits = max(len(study.splits) for study in results.studies)
    return {
        "network": f"{values('hidden_layers')} hidden layers of {values('width')} units, "
        f"{values('activation')}, {outputs}",
        "protocol": f"{len(set(cells))} cells (combinations of {_axes(cells)}) with {times} each"
        f"{f' on {splits} splits' if splits > 1 else ''}; batches of {values('batch_size')}, "
        f"{values('schedule')} schedule, {values('epochs')} epochs",
    }


def _axes(cells: Sequence[Any]) -> str:
    """Name what the cells are combinations of."""
    titles = [setting.title for setting in axes.varying(cells)] or ["settings"]
    return " and ".join(filter(None, [", ".join(titles[:-1]), titles[-1]]))


def claim(results: Results, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the report says of a claim."""
    wrong, p = found["wrong_direction"], found["p_holm"]
    text = "" if p is None else p_value(p)
    return {
        **found,
        "p_holm": text if text.startswith("<") else f"= {text}",
        "difference": difference(results, found) if found["n"] else "",
        "wrong_direction": "" if wrong is None else _share(wrong),
        "sign": pages.SIGNS.get(found["verdict"], "–"),
    }


def _share(share: float) -> str:
    return "fewer than 1 %" if share < 0.01 else f"{share:.0%}".replace("%", " %")


def size(results: Results, number: float) -> str:
    """Write how large a difference is, also one that is too small for the tables' digits."""
    text = results.number(abs(number))
    if not text or not number or float(text):
        return text
    return f"{abs(number):.2g}".replace("e-0", "e-")


def difference(results: Results, found: Mapping[str, Any], spread: str = "") -> str:
    """Write what a claim is about: ``0.11 better (0.05 to 0.20)``; `spread` follows the number."""
    quantity = registry.quantity(found["quantity"])
    value, *ends = (
        math.nan if found[k] is None else found[k] for k in ("difference", "low", "high")
    )
    subject = slopes.subject(found["quantity"], found["slope_on"])
    of = "" if subject == TEST_MSE.label else f" in {subject}"
    if found["scale"] == "ratio":
        interval = "" if math.isnan(ends[0]) else " ({:.3f} to {:.3f})".format(*map(math.exp, ends))
        return f"× {math.exp(value):.3f}{interval}{of or ' ' + TEST_MSE.label}"
    if value == 0 and math.isnan(ends[0]):
        return f"no difference{of}"
    below, above = ("worse", "better") if quantity.better == "higher" else ("better", "worse")
    if quantity.better == "none":
        below, above = "lower", "higher"

    def side(number: float) -> str:
        return below if number < 0 else above

    def sized(number: float, after: str = "") -> str:
        return f"{size(results, number)}{after} {side(number)}"

    if math.isnan(ends[0]):
        return f"{sized(value, spread)}{of}"
    low, high = sorted(ends, key=abs)
    if side(low) == side(high):
        return f"{sized(value)}{of} ({size(results, low)} to {size(results, high)})"
    return f"{sized(value)}{of} ({sized(ends[0])} to {sized(ends[1])})"


def worths(results: Results, found: Mapping[str, Any]) -> list[tuple[str, list[Worth]]]:
    """Return what the best network of each study is worth, beside simple methods on its data.

    Parameters
    ----------
    found
        What statistics.json holds.

    Returns
    -------
    list of (str, list of Worth)
        For studies of the same data: their titles and the methods, the lowest error last.
    """
    alike: dict[tuple[str, ...], list[grid.Study]] = {}
    for study in results.studies:
        alike.setdefault(tuple(study.variants), []).append(study)
    whole: dict[str, Any] = {}
    for choice in found["best"]:
        whole.setdefault(choice["study"], choice)
    measured = Measured(results.studies, results.models)
    groups = []
    for variants, studies in alike.items():
        methods = [
            *_simple(results, variants),
            *filter(None, (_network(results, measured, s, whole.get(s.name)) for s in studies)),
        ]
        methods.sort(key=lambda method: -method.value)
        largest = max((method.value for method in methods), default=1.0)
        title = " and ".join(f"“{results.titles[study.name]}”" for study in studies)
        groups.append((title, [replace(m, share=m.value / largest) for m in methods]))
    return groups


def _simple(results: Results, variants: Sequence[str]) -> list[Worth]:
    """Return the errors of simple methods; their range where the data come in several ways."""
    found = []
    for method in results.baselines[variants[0]]:
        of_each = [results.baselines[variant][method] for variant in variants]
        errors = sorted({one["test_mse"] for one in of_each})
        text = " to ".join(map(results.number, (errors[0], *errors[1:][-1:])))
        origins = of_each[0].get("test_mse_by_origin", {}) if len(of_each) == 1 else {}
        parts = [results.number(origins.get(name, math.nan)) for name in ORIGINS]
        found.append(Worth(SIMPLE.get(method, method), errors[0], text, parts))
    return found


def _network(
    results: Results, measured: Measured, study: grid.Study, choice: Mapping[str, Any] | None
) -> Worth | None:
    """Return the error of a study's best cell on the seeds that did not choose it.

    Without a choice, as with a single seed, it is the error that chose the cell.
    """
    title = f"best network of “{study.title}”"
    if choice is None:
        best = results.best(study, study.cells)
        if best is None:
            return None
        cell, row = best
        name = measured.describe((study.name, cell))
        details = f"{name}: the best of {len(study.cells)} cells by the {results.choose_by} rows, "
        return Worth(title, row.value, results.number(row.value), [], f"{details}so partly luck")
    error, ends = choice["unbiased"], ""
    if choice["low"] is not None:
        ends = f"\n({results.range(choice['low'], choice['high'])})"
    (cell,) = (c for c in study.cells if measured.describe((study.name, c)) == choice["chosen"])
    details = f"{choice['chosen']}: chosen from {choice['cells']} cells by the {results.choose_by} "
    details += f"rows with {_seeds(study, choice)}"
    parts = [
        _judged(measured, study, cell, f"{TEST_MSE.name}[origin={name}]", choice["choosing"])
        for name in ORIGINS
    ]
    return Worth(
        title, error, results.number(error) + ends, list(map(results.number, parts)), details
    )


def _judged(
    measured: Measured, study: grid.Study, cell: Any, quantity: str, choosing: int
) -> float:
    """Return a cell's mean over the runs that did not choose it; NaN if none has the quantity."""
    if quantity not in measured.models:
        return math.nan
    values = measured.of_quantity(registry.quantity(quantity)).of([(study, cell)]).values
    return float(best_cells.apart(values, choosing)[1].mean()) if values.size else math.nan


def _seeds(study: grid.Study, choice: Mapping[str, Any]) -> str:
    """Say which seeds chose, and which its error is of."""
    seeds = sorted(study.seeds)
    chose, judged = seeds[: choice["choosing"]], seeds[choice["choosing"] :]
    splits = ", on other splits" if len(study.splits) > 1 else ""
    return f"{_named(chose)}; its error with {_named(judged or seeds)}{splits}"


def _named(seeds: Sequence[int]) -> str:
    """Name seeds: ``seed 0``, ``seeds 1 and 2``, ``seeds 10 to 29``."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seeds {', '.join(map(str, seeds[:-1]))} and {seeds[-1]}"
