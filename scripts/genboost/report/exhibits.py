"""The exhibits: all tables, statistics and figures that a configuration asks for, as one list.

The files that Snakemake expects, the labels in its own report, the sections of the report page and
what `make_tables.py` and `make_figures.py` make follow from it. Snakemake reads it at every start,
so it names what makes an exhibit and does not import it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from genboost.files import ROOT
from genboost.measures import registry
from genboost.measures.registry import TEST_MSE, Quantity
from genboost.report.layout import NAMES, STUDY, Layout, layout
from genboost.study import axes, grid, sampling, schema
from genboost.study.cells import Cell, text
from genboost.study.complete_grid import complete_grid

CAPTIONS = ROOT / "workflow/report"
FOLDERS = TABLES, STATISTICS, FIGURES, AUDIT = "tables", "statistics", "figures", "audit"
FIRST = {"lower": "best first", "higher": "best first", "none": "lowest first"}
CHOOSING = "Choosing without the test rows"
PICTURE = ("png", "svg")
TABLE = ("md", "tex")


@dataclass(frozen=True)
class Exhibit:
    """A table, statistic or figure, in one or more formats.

    Attributes
    ----------
    folder, name : str
        Where its files are, one of `FOLDERS`, and their name without the ending.
    formats : tuple of str
        Their endings.
    title : str
    kind : str
        What makes it: of figures, the module of `report.figures` that draws it; of tables, the
        function of `report.tables`; of all else, the script of its folder.
    caption : str
        The file in `CAPTIONS` that explains it. Only what has one is in Snakemake's own report.
    section : str
        The section of the report page that shows it as a figure.
    study : str, optional
        The name of the study that it is about, if it is about one.
    panel : str, optional
        The name of the panel that it is the table of.
    quantity : Quantity
        What it shows of the models.
    """

    folder: str
    name: str
    formats: tuple[str, ...]
    title: str
    kind: str = ""
    caption: str = ""
    section: str = ""
    study: str | None = None
    panel: str | None = None
    quantity: Quantity = TEST_MSE

    @property
    def files(self) -> list[str]:
        """The names of its files."""
        return [f"{self.name}.{ending}" for ending in self.formats]

    @property
    def category(self) -> str:
        """Where it is in Snakemake's own report, which has a page of its own called Statistics."""
        return (TABLES if self.folder == STATISTICS else self.folder).capitalize()

    @property
    def text(self) -> str:
        """Its caption."""
        return " ".join((CAPTIONS / f"{self.caption}.rst").read_text("utf-8").split())


def exhibits(config: dict[str, Any]) -> list[Exhibit]:
    """Return all exhibits of a resolved configuration, those of a folder in their order there."""
    shown = config["tables"]["rows"], config["tables"]["columns"]
    studies = grid.studies(config)
    layouts = [layout(study.over_splits(), *shown) for study in studies]
    return [
        *tables(layouts, config["tables"]["quantities"]),
        *_statistics(studies),
        *_figures(layouts, config),
        *(_audit() if config["audit"]["readings"] else []),
    ]


def of(folder: str, config: dict[str, Any]) -> list[Exhibit]:
    """Return the exhibits of a folder."""
    return [exhibit for exhibit in exhibits(config) if exhibit.folder == folder]


def named(name: str, quantity: Quantity) -> str:
    """Return the name of an exhibit that shows a quantity: ``ranking``, ``ranking+gap``."""
    return name if quantity == TEST_MSE else f"{name}+{quantity.slug}"


def titled(title: str, quantity: Quantity) -> str:
    """Return the title of an exhibit that shows a quantity, which is named if not the error."""
    return title if quantity == TEST_MSE else f"{title}: {quantity.label}"


def tables(layouts: Iterable[Layout], quantities: Sequence[str]) -> Iterator[Exhibit]:
    """Yield the tables of studies that are laid out, of some quantities."""
    layouts, shown = list(layouts), list(map(registry.quantity, quantities))
    for quantity in shown:
        for laid_out in layouts:
            for panel in laid_out.tables:
                title = f"{laid_out.study.title}: {titled(panel.title, quantity)}"
                name, study = named(panel.name, quantity), laid_out.study.name
                yield Exhibit(TABLES, name, TABLE, title, "panel", study=study, panel=panel.name,
                              quantity=quantity)  # fmt: skip
    yield Exhibit(TABLES, "tables", TABLE, "Test errors", "everything")
    for quantity in shown:
        title = titled(f"All cells, {FIRST[quantity.better]}", quantity)
        formats = (*TABLE, "csv")
        yield Exhibit(TABLES, named("ranking", quantity), formats, title, "ranking",
                      quantity=quantity)  # fmt: skip
    yield Exhibit(TABLES, "deck", (*TABLE, "csv"), "The deck's test MSE and ours", "deck")
    yield Exhibit(TABLES, "summary", ("txt",), "In short", "summary")


def _statistics(studies: Sequence[grid.Study]) -> Iterator[Exhibit]:
    yield Exhibit(STATISTICS, "cells", ("csv",), "All cells, with their intervals")
    yield Exhibit(STATISTICS, "comparisons", ("tex", "csv"), "The claims", caption="claims")
    yield Exhibit(STATISTICS, "verdicts", ("txt",), "The verdicts, in short")
    yield Exhibit(STATISTICS, "best", ("csv",), "The best of many looks better than it is")
    if grid.have_validation_rows(studies):
        yield Exhibit(STATISTICS, "choosing", ("csv",), CHOOSING, caption="choosing")
    yield Exhibit(STATISTICS, "agreement", ("csv",), "Agreement with the deck")
    yield Exhibit(STATISTICS, "statistics", ("json", "md"), "What the numbers mean")


def _figures(layouts: Sequence[Layout], config: dict[str, Any]) -> Iterator[Exhibit]:
    yield _figure("methods", "methods", "The best cell of each method", "best")
    for laid_out in layouts:
        yield from _figures_of_study(laid_out, config)
    yield _figure("cost", "cost", "The best cell of each method, by its cost", "best")
    if config["figures"]["curves"]:
        yield _figure("curves", "curves", "Learning curves of chosen cells", "curves")
    if config["figures"]["plane"]:
        yield _figure("plane", "plane", "The error on the plane through three minima", "plane")
    if _ranks_measures(config):
        title = "Measures: how well each ranks the gap"
        yield _figure("measures", "ranking", title, "measures")
    if any(len(laid_out.study.cells) > 1 for laid_out in layouts):
        yield _figure("budget", "budget", "What more tries buy", "best")
    if _are_ranked_by_axis(laid_out.study for laid_out in layouts):
        yield _figure("importance", "importance", "Which axis the test errors depend on", "axes")
    if config["comparisons"]:
        yield _figure("comparisons", "comparisons", "The claims, seed by seed", "claims")
        if len(config["schemes"]) > 1:
            yield _figure("schemes", "schemes", "The claims under each scheme", "claims")
    yield _figure("deck", "deck", "The deck's test MSE and ours", "deck")
    if config["audit"]["readings"]:
        title = "Readings of the deck's protocol, compared with its figures"
        yield _figure("audit", "audit", title, "audit")


def _figures_of_study(laid_out: Layout, config: dict[str, Any]) -> Iterator[Exhibit]:
    study, title = laid_out.study.name, laid_out.study.title
    section = f"study-{study}"

    def figure(
        name: str, kind: str, about: str, quantity: Quantity = TEST_MSE, section: str = section
    ) -> Exhibit:
        return _figure(f"{name}-{study}", kind, f"{title}: {about}", section, study, quantity)

    for quantity in map(registry.quantity, config["tables"]["quantities"]):
        what = quantity.label
        if laid_out.tuned:
            yield figure("draws", "draws", f"{what} of each cell", quantity)
            continue
        by = " and ".join(axis.title for axis in (laid_out.rows, laid_out.columns) if axis)
        # The page has test errors as tables in colour.
        place = "" if quantity == TEST_MSE else section
        yield figure("heatmap", "heatmap", f"{what} by {by}", quantity, place)
        down = laid_out.rows
        about = f"{what} against {down.title}"
        yield figure(down.name.replace("_", "-"), "profile", about, quantity)
    if any(cell.snapshots for cell in laid_out.study.cells) and not laid_out.tuned:
        for quantity in map(registry.quantity, config["figures"]["over_epochs"]):
            yield figure("progress", "progress", f"{quantity.label} over epochs", quantity)
    for quantity in map(registry.quantity, registry.drawn(config)):
        about = f"{quantity.label}, the test error and the gap"
        yield figure("measure", "measure", about, quantity)
    yield figure("generalization", "generalization", "test MSE against train MSE")
    # The page has this figure to explore.
    yield figure("parallel", "parallel", "all cells, by their settings", section="")
    yield figure("curves", "curves", "learning curves of the best cells")


def _figure(
    name: str,
    kind: str,
    title: str,
    section: str,
    study: str | None = None,
    quantity: Quantity = TEST_MSE,
) -> Exhibit:
    is_general = quantity == TEST_MSE or kind in ("measure", "progress")
    caption = kind if is_general else f"{kind}_of_quantity"
    return Exhibit(FIGURES, named(name, quantity), PICTURE, title, kind, caption, section,
                   study, quantity=quantity)  # fmt: skip


def _ranks_measures(config: dict[str, Any]) -> bool:
    """Say whether measures can be ranked: a study is a grid, no random search."""
    grids = (one for study in config["studies"].values() for one in study["grid"])
    return bool(registry.drawn(config)) and not all(map(sampling.sampled, grids))


def _are_ranked_by_axis(studies: Iterable[grid.Study]) -> bool:
    """Say whether a study has what the importance of axes takes: a complete grid, and seeds."""
    return any(
        len(study.seeds) > 1 and complete_grid(part)
        for study in studies
        for part in study.by_test_rows().values()
    )


def _audit() -> Iterator[Exhibit]:
    yield Exhibit(AUDIT, "ranking", ("csv",), "Readings of the protocol, best first")
    yield Exhibit(AUDIT, "cells", ("csv",), "The deck's cells, as stated and by the best reading")
    yield Exhibit(AUDIT, "audit", ("json", "md"), "Which reading explains the deck?")


def files_of(folder: str, config: dict[str, Any]) -> list[str]:
    """Return the names of all files of a folder."""
    return [name for exhibit in of(folder, config) for name in exhibit.files]


def sections(config: dict[str, Any]) -> dict[str, str]:
    """Return the titles of the report page's sections, by their ids, in order."""
    studies = [study.over_splits() for study in grid.studies(config)]
    return {
        "answers": "Answers",
        **({"claims": "The claims, tested"} if config["comparisons"] else {}),
        "best": "The best of each method",
        **{f"study-{name}": study["title"] for name, study in config["studies"].items()},
        "explore": "Explore",
        **({"curves": "Chosen learning curves"} if config["figures"]["curves"] else {}),
        **({"plane": "Between three minima"} if config["figures"]["plane"] else {}),
        **({"axes": "Which axis matters"} if _are_ranked_by_axis(studies) else {}),
        **({"measures": "What ranks generalization"} if _ranks_measures(config) else {}),
        "deck": "The deck, reproduced",
        "ranking": "All cells",
        "data": "Data",
        "configuration": "Configuration",
        "run": "This run",
    }


# The names of the files that not every configuration has, by folder.
_SLUG = r"[\w-]+"
_KINDS = [
    *("heatmap", "draws", "curves", "measure", "progress", "generalization", "parallel"),
    *(name.replace("_", "-") for name in axes.AXES),
]
_OTHERS = "curves|plane|comparisons|schemes|measures|importance|budget|audit"
OF_SOME_STUDIES = {
    STATISTICS: r"choosing\.csv",
    TABLES: rf"({NAMES}(\+{_SLUG})?|ranking\+{_SLUG})\.({'|'.join(TABLE)}|csv)",
    FIGURES: rf"(({'|'.join(_KINDS)})-{STUDY}(\+{_SLUG})?|{_OTHERS})"
    rf"\.({'|'.join(PICTURE)})",
    AUDIT: r"(ranking|cells|audit)\.(csv|json|md)",
}


def chosen_cells(
    studies: Sequence[grid.Study], choices: Sequence[dict[str, Any]]
) -> list[tuple[grid.Study, Cell]]:
    """Return the cells that have the values of any choice, each trained cell once."""
    found: dict[Cell, tuple[grid.Study, Cell]] = {}
    for choice in choices:
        for study, cell in grid.chosen(studies, choice):
            found.setdefault(cell, (study, cell))
    return list(found.values())


def unmet(
    studies: Sequence[grid.Study], figures: dict[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the keys of choices of cells that no figure can show, and what is wrong."""
    studies = [study.over_splits() for study in studies]
    for part in schema.OF_CELLS:
        for number, choice in enumerate(figures[part]):
            if not grid.chosen(studies, choice):
                values = ", ".join(
                    f"{key} {' or '.join(map(text, values))}" for key, values in choice.items()
                )
                yield (
                    ("figures", part, number),
                    f"no study has a cell with {values}; add it to the grid or remove it",
                )
    cells = [cell for _, cell in chosen_cells(studies, figures["plane"])]
    if cells and (wrong := _spans_no_plane(cells)):
        yield ("figures", "plane"), wrong


def _spans_no_plane(cells: Sequence[Cell]) -> str | None:
    """Say why cells have no plane of the squared error, if so."""
    if len(cells) != 3:
        return f"chooses {len(cells)} cells; a plane goes through three"
    differing = [s.title for s in axes.varying(cells) if s.block in ("data", "model")]
    if len(set(map(axes.variant, cells))) > 1:
        differing = differing or ["source of the data"]
    if differing:
        return f"its cells differ in {' and '.join(differing)}; choose three that do not"
    if others := {cell.loss for cell in cells} - {"mse"}:
        return f"is about the squared error, but cells are trained with {others.pop()}"
    return None
