"""What differs between compared cells besides what a claim is about."""

from collections.abc import Iterable, Iterator, Sequence

from genboost.analysis import edges
from genboost.study import axes
from genboost.study.cells import Cell
from genboost.train.training import learning_rates

NO_RATE, FULL_RATE = 0.01, 0.95  # of the start: where a schedule ends at about zero, or did not end


def of_pairs(pairs: Iterable[tuple[Cell, Cell]]) -> list[str]:
    """Say how training differs in each of some pairs of cells alike; what varies is left out.

    Returns
    -------
    list of str
        Such as ``half as many weight updates (100 epochs against 200)``.
    """
    found = [list(_of_training(*pair)) for pair in pairs]
    return [text for text in found[0] if all(text in other for other in found)] if found else []


def of_bests(a: Sequence[Cell], b: Sequence[Cell], best_of_a: Cell, best_of_b: Cell) -> list[str]:
    """Say what qualifies a comparison of the bests of two sets: training, and edges of the grid.

    A set has no edges if it is empty, as that of a random search has to be.
    """
    at = {
        "its best cell": edges.named(edges.edges(best_of_a, a)),
        "the best cell compared with it": edges.named(edges.edges(best_of_b, b)),
    }
    told = [f"{name} is at the edge of the grid ({edge})" for name, edge in at.items() if edge]
    return [*of_pairs([(best_of_a, best_of_b)]), *told]


def _of_training(a: Cell, b: Cell) -> Iterator[str]:
    ratio = a.epochs / a.batch_size * b.batch_size / b.epochs
    if ratio != 1:
        times = {0.5: "half as many", 2: "twice as many"}.get(ratio, f"{ratio:.2g} times the")
        by = "epochs" if a.epochs != b.epochs else "batch_size"
        counts = axes.SETTINGS[by].phrase(a[by]), axes.SETTINGS[by].shown(b[by])
        yield f"{times} weight updates ({' against '.join(counts)})"
    ends = [_end(cell) for cell in (a, b)]
    if all(ends) and ends[0] != ends[1]:
        yield f"a schedule that ends at {ends[0]}, against {ends[1]}"


def _end(cell: Cell) -> str:
    """Say where a cell's learning rate ends; nothing where that depends on the number of rows."""
    if cell.schedule_step != "epoch":
        return ""
    rates = learning_rates(cell, 1)
    share = rates[-1, 0] / rates[0, 0]
    if share < NO_RATE:
        return "a rate of about zero"
    return "nearly the full rate" if share > FULL_RATE else f"{share:.0%} of the first rate"
