"""What a configuration would cost, counted before anything is expanded: refused where too much."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from genboost.study import sampling
from genboost.study.combinations import each_grid, key_of, values_of
from genboost.study.layers import Key
from genboost.study.mistakes import Mistake
from genboost.study.schema import GRID
from genboost.study.sources import DEPTH

MODELS = 1_000_000  # of a study
WEIGHTS = 10_000_000  # of a model
VALUES = 10_000  # of a list, or keys of a block
LARGEST = 10**30
SECONDS = 0.02  # for one of the deck's models, on one core
BYTES = 16  # for a weight, its gradient and an optimizer's two moments, in float32
DECK = 208  # cells, each of which a reading trains


def oversized(value: Any, key: Key = ()) -> Iterator[Mistake]:
    """Yield what in a configuration is too long, too deep or too large to be worth a check."""
    if len(key) > DEPTH:
        yield key[:DEPTH], f"is nested more than {DEPTH} deep"
    elif isinstance(value, Mapping | list) and len(value) > VALUES:
        yield key, f"has {len(value):,} entries; at most {VALUES:,}"
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from oversized(item, (*key, str(name)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from oversized(item, (*key, number))
    elif isinstance(value, int) and abs(value) > LARGEST:
        yield key, f"is a number of more than {len(str(LARGEST)) - 1} digits"


def exceeded(config: Mapping[str, Any], resolved: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield the keys that ask for more models, or larger ones, than any machine trains.

    Parameters
    ----------
    config, resolved
        The configuration as it is given, and with all that each study takes over; `seeds` may be a
        number still.
    """
    found: dict[Mistake, None] = {}
    for name, number, study, grid in each_grid(resolved):
        counts = _counts(grid)
        if (models := math.prod(counts.values())) > MODELS:
            most = max(counts, key=counts.__getitem__)
            key = key_of(config, name, number, GRID, most)
            found[key, f"{counts[most]:,} values make {_models(models)} in study {name}"] = None
        layers, width = (
            sampling.highest(values_of(axis, "model", study, grid))
            for axis in ("hidden_layers", "width")
        )
        if (weights := layers and (layers - 1) * width**2 + layers * width) > WEIGHTS:
            found[
                key_of(config, name, number, "model", "width"),
                f"{layers} hidden layers of {width:,} units have {weights:,} weights or more: "
                f"{_bytes(weights * BYTES)} of memory for a model; at most {WEIGHTS:,} weights",
            ] = None
    yield from found
    yield from _of_the_audit(resolved["audit"])


def _of_the_audit(audit: Mapping[str, Any]) -> Iterator[Mistake]:
    single = len(audit["readings"])
    pairs = single * audit["pairs"] if isinstance(audit["pairs"], bool) else len(audit["pairs"])
    readings = 1 + single + pairs * (single - 1) // 2 + len(audit["extend"]) * (single + 1)
    models = readings * audit["splits"] * audit["seeds"] * DECK if single else 0
    if models > MODELS * 10:
        parts = {"readings": readings, "splits": audit["splits"], "seeds": audit["seeds"]}
        most = max(parts, key=parts.__getitem__)
        yield ("audit", most), f"{parts[most]:,} make {_models(models, MODELS * 10)} in the audit"


def _counts(grid: Mapping[str, Any]) -> dict[str, int]:
    """Return what the number of a grid's models is the product of, by key."""
    keys = grid.keys() - {sampling.TRIALS, sampling.SEED}
    if sampling.sampled(grid) and grid[sampling.TRIALS]:
        keys = {sampling.TRIALS, "split_seed", "seeds"} & grid.keys()
    return {key: _count(grid[key]) for key in grid if key in keys}


def _count(values: Any) -> int:
    """Return how many values an axis has; seeds may be given as their number."""
    if isinstance(values, int):
        return values
    return len(values) if values else 1


def _models(count: int, most: int = MODELS) -> str:
    return f"{count:,} models ({_time(count * SECONDS)} on one core; at most {most:,} models)"


def _time(seconds: float) -> str:
    days = seconds / 86400
    return f"{days / 365:,.0f} years" if days > 730 else f"{days:,.1f} days"


def _bytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
