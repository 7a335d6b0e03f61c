"""What figures are drawn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from genboost.analysis.aggregation import Repetition
from genboost.report.results import Results
from genboost.study.cells import Cell
from genboost.study.grid import Model, Study


class Curves(NamedTuple):
    """A trained model's curves, and the epochs that they are of."""

    train_loss: Sequence[float]
    test_mse: Sequence[float]
    learning_rate: Sequence[float]
    epoch: Sequence[int]
    validation_mse: Sequence[float] = ()


@dataclass(frozen=True)
class Material:
    """What figures are drawn from.

    Attributes
    ----------
    config : dict
        The resolved configuration.
    statistics : dict
        What results/NAME/statistics/statistics.json holds.
    read : callable
        Returns a model's curves; asked only for models of which a figure shows them.
    audit : dict, optional
        What results/NAME/audit/audit.json holds, if the configuration has an audit.
    plane : dict, optional
        What results/NAME/plane.json holds, if the configuration has a plane.
    """

    config: dict[str, Any]
    results: Results
    statistics: dict[str, Any]
    read: Callable[[Model], Curves]
    audit: dict[str, Any] | None = None
    plane: dict[str, Any] | None = None

    def curves(self, study: Study, cell: Cell) -> dict[Repetition, Curves]:
        """Return the curves of a cell's models, on all of its splits."""
        return {
            run: self.read(Model(cell.replace(split_seed=run.split), run.seed))
            for run in self.results.values[study.name, cell]
        }
