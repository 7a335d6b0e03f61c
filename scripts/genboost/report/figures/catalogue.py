"""Which figures a study has, and what stands with each; no figure is drawn here.

Snakemake imports this module whenever it starts, hence no matplotlib here.
"""

from dataclasses import dataclass
from typing import Any

from genboost.errors import UserError
from genboost.files import ROOT
from genboost.report.layout import STUDY, layout
from genboost.study import axes, grid
from genboost.study.cells import Cell, text

CAPTIONS = ROOT / "workflow/report"
FORMATS = ("png", "svg")


@dataclass(frozen=True)
class Caption:
    """What stands with a figure.

    Attributes
    ----------
    kind : str
        What it shows, in which form: the module that draws it.
    title : str
    study : str, optional
        The name of the study that it is about, if it is about one.
    """

    kind: str
    title: str
    study: str | None = None

    @property
    def text(self) -> str:
        """The kind's text in `CAPTIONS`, which Snakemake's own report has too."""
        return " ".join((CAPTIONS / f"{self.kind}.rst").read_text().split())


def captions(config: dict[str, Any]) -> dict[str, Caption]:
    """Return the captions of all figures of a resolved configuration, by the figures' names."""
    found = {"methods": Caption("methods", "The best cell of each method")}
    rows, columns = config["tables"]["rows"], config["tables"]["columns"]
    for study in grid.studies(config):
        name, title = study.name, study.title
        laid_out = layout(study.over_splits(), rows, columns)
        by = " and ".join(axis.title for axis in (laid_out.rows, laid_out.columns) if axis)
        against = laid_out.rows
        found |= {
            f"heatmap-{name}": Caption("heatmap", f"{title}: test MSE by {by}", name),
            f"{against.name.replace('_', '-')}-{name}": Caption(
                "profile", f"{title}: test MSE against {against.title}", name
            ),
            f"curves-{name}": Caption(
                "curves", f"{title}: learning curves of the best cells", name
            ),
        }
    if config["figures"]["curves"]:
        found["curves"] = Caption("curves", "Learning curves of chosen cells")
    if config["comparisons"]:
        found["comparisons"] = Caption("comparisons", "The claims: paired differences")
    if config["comparisons"] and len(config["schemes"]) > 1:
        found["schemes"] = Caption("schemes", "The claims under each scheme")
    found["deck"] = Caption("deck", "The deck's test MSE and ours")
    if config["audit"]["readings"]:
        found["audit"] = Caption(
            "audit", "Readings of the deck's protocol, held against its figures"
        )
    return found


def names(config: dict[str, Any]) -> list[str]:
    """Return the names of all files of the figures of a resolved configuration."""
    return [f"{name}.{ending}" for name in captions(config) for ending in FORMATS]


# The names of the files that not every configuration has.
_KINDS = ["heatmap", "curves", *(name.replace("_", "-") for name in axes.AXES)]
OF_SOME_STUDIES = (
    rf"(({'|'.join(_KINDS)})-{STUDY}|curves|comparisons|schemes|audit)\.({'|'.join(FORMATS)})"
)


def chosen_cells(
    studies: list[grid.Study], choices: list[dict[str, Any]]
) -> list[tuple[grid.Study, Cell]]:
    """Return the cells that have the values of any choice, each trained cell once.

    Raises
    ------
    UserError
        If no cell has the values of one of the choices.
    """
    found: dict[Cell, tuple[grid.Study, Cell]] = {}
    for number, choice in enumerate(choices):
        cells = grid.chosen(studies, choice)
        if not cells:
            values = ", ".join(
                f"{key} {' or '.join(map(text, values))}" for key, values in choice.items()
            )
            raise UserError(
                f"figures.curves[{number}]: no study has a cell with {values}; add it to the grid "
                "or take it out"
            )
        for study, cell in cells:
            found.setdefault(cell, (study, cell))
    return list(found.values())
