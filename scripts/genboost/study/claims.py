"""The verdicts that a claim can have, and how many of them are summed up."""

from collections import Counter
from collections.abc import Iterable

SUPPORTED, CONTRADICTED, UNDECIDED, UNTESTED = "supported", "contradicted", "undecided", "untested"
VERDICTS = (SUPPORTED, CONTRADICTED, UNDECIDED, UNTESTED)


def counted(verdicts: Iterable[str]) -> str:
    """Say how many verdicts there are of each kind: ``4 supported, 1 contradicted``."""
    counts = Counter(verdicts)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])


def generality(over: Iterable[str]) -> str:
    """Say what some verdicts hold for: ``seeds``, ``seeds and splits``; nothing if none is tested.

    Parameters
    ----------
    over
        Of each verdict, what it generalizes over; empty if it is untested.
    """
    return " or ".join(dict.fromkeys(filter(None, over)))
