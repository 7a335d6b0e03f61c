"""How the cells of a study are laid out: which axis goes down, which across, and in which panels.

The rows and columns are the configured axes, where they vary. Each combination of
values of the other axes that vary is a panel: a table, or a part of a figure.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from genboost.measures.registry import TEST_MSE, Quantity
from genboost.study import axes
from genboost.study.axes import Setting
from genboost.study.cells import Cell
from genboost.study.grid import Study
from genboost.study.methods import methods

STUDY = "[A-Za-z0-9_-]+"
# What the names of panels look like, of whatever study.
NAMES = rf"{STUDY}(-({'|'.join(axis.slugs for axis in axes.AXES.values())}))+"


@dataclass(frozen=True)
class Panel:
    """The cells of a study that differ in the axes of rows and columns only.

    Attributes
    ----------
    name : str
        For files and LaTeX labels: ``grid-adam-no-sam``.
    title : str
        What its cells share, in words: ``Adam, no SAM, 200 epochs``.
    values : tuple
        What tells it from the study's other panels.
    cells : dict
        By the values of the axes of rows and columns (None where there is no such axis).
    """

    name: str
    title: str
    values: tuple[Any, ...]
    cells: dict[tuple[Any, Any], Cell]

    @property
    def down(self) -> list[Any]:
        """The values of its rows, in the order of the grid."""
        return list(dict.fromkeys(row for row, _ in self.cells))

    @property
    def across(self) -> list[Any]:
        """The values of its columns, in the order of the grid."""
        return list(dict.fromkeys(column for _, column in self.cells))


@dataclass(frozen=True)
class Layout:
    """A study's rows, columns and panels; `columns` is None if fewer than two axes vary.

    Attributes
    ----------
    followers : list of Setting
        Those that vary with the row or the column: of SAM in a column, the epochs.
    shared : list of Setting
        What all cells have in common and is not the default, and no panel's title says.
    tuned : list of Setting
        Of a random search, the numbers that its cells differ in. It has a panel for each method,
        with one cell after the other, and no rows or columns.
    """

    study: Study
    rows: Setting
    columns: Setting | None
    followers: Sequence[Setting]
    panels: Sequence[Panel]
    shared: Sequence[Setting]
    tuned: Sequence[Setting] = ()

    @property
    def tables(self) -> Sequence[Panel]:
        """The panels that can be tables: none of a random search."""
        return () if self.tuned else self.panels

    def row_title(self, row: Any, panel: Panel) -> str:
        """Name a row: ``lr 3e-3``."""
        cells = [cell for (value, _), cell in panel.cells.items() if value == row]
        return _phrase(self.rows, cells, self.followers, panel.cells.values())

    def column_title(self, column: Any, panel: Panel, quantity: Quantity = TEST_MSE) -> str:
        """Name a column: ``wd 1e-4``; what it shows if there is only one."""
        if self.columns is None:
            return quantity.label
        cells = [cell for (_, value), cell in panel.cells.items() if value == column]
        return _phrase(self.columns, cells, self.followers, panel.cells.values())

    @property
    def caption(self) -> str:
        """What all cells share, once: ``All with batch size 8, tanh.``; nothing if it is usual."""
        shared = axes.describe(self.study.cells[0], self.shared)
        return f"All with {shared}." if shared else ""

    def place(self, cell: Cell) -> str:
        """Say where a cell is in its panel: ``lr 3e-3, wd 1e-4``."""
        if self.tuned:
            panel = list(self.panel_of[cell].cells.values())
            named = [axis for axis in self.tuned if not _is_constant(axis, panel)]
            # Of SAM, the panel's title says that it is there.
            return ", ".join(
                f"{axis.short} {axis.shown(cell[axis.name])}"
                if axis.is_optional
                else axis.phrase(cell[axis.name])
                for axis in named
            )
        return axes.describe(cell, [axis for axis in (self.rows, self.columns) if axis])

    @cached_property
    def down(self) -> list[Any]:
        """The rows' values in all panels: numbers by size, others in the order of the grid."""
        return in_order(value for panel in self.panels for value in panel.down)

    @cached_property
    def across(self) -> list[Any]:
        """The columns' values, likewise."""
        return in_order(value for panel in self.panels for value in panel.across)

    def lines(self, panels: Sequence[Panel], across: int) -> list[list[Panel]]:
        """Arrange panels in lines: panels that differ only in the last axes go side by side."""
        for shared in range(max(1, len(panels[0].values))):
            groups: dict[tuple[Any, ...], list[Panel]] = {}
            for panel in panels:
                groups.setdefault(panel.values[:shared], []).append(panel)
            if max(map(len, groups.values())) <= across:
                break
        lines = []
        for group in groups.values():
            long = even(len(group), across)
            lines += [group[start : start + long] for start in range(0, len(group), long)]
        return lines

    @cached_property
    def panel_of(self) -> dict[Cell, Panel]:
        """The panel of each cell."""
        return {cell: panel for panel in self.panels for cell in panel.cells.values()}


def even(many: int, most: int) -> int:
    """Return how many things go into a line, at most, so that all lines are about as long."""
    return -(-many // -(-many // most))


def layout(study: Study, rows: str, columns: str) -> Layout:
    """Lay out a study.

    Parameters
    ----------
    rows, columns
        The axes to use if they vary. Where one does not, the axis with the most values goes there.
    """
    if study.sampled:
        return _of_methods(study)
    cells = study.cells
    vary = axes.varying(cells)
    down, across = _rows_and_columns(vary, cells, rows, columns)
    others = [setting for setting in vary if setting not in (down, across)]
    followers = _followers(others, down, across, cells)
    named = [
        setting
        for setting in axes.SETTINGS.values()
        if (setting.is_always_named or setting in others) and setting not in (down, across)
    ]
    apart = [setting for setting in named if setting in others and setting not in followers]
    groups: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault(tuple(cell[setting.name] for setting in apart), []).append(cell)
    in_name = _telling([s for s in named if s not in followers], [g[0] for g in groups.values()])
    panels = [
        Panel(
            name="-".join([study.name, *(s.slug(group[0][s.name]) for s in in_name or named[:1])]),
            title=axes.describe(group[0], [s for s in named if _is_constant(s, group)]),
            values=tuple(group[0][s.name] for s in in_name if s in vary),
            cells={
                (cell[down.name], cell[across.name] if across else None): cell for cell in group
            },
        )
        for group in groups.values()
    ]
    return Layout(study, down, across, followers, panels, _shared(study))


def _of_methods(study: Study) -> Layout:
    """Lay out a random search."""
    found = methods(study)
    tuned = [
        setting
        for setting in axes.varying(study.cells)
        if any(not _is_constant(setting, cells) for cells in found.values())
    ]
    panels = [
        Panel(
            name="-".join([study.name, re.sub(r"\W+", "-", title).lower()]),
            title=title,
            values=(title,),
            cells={(number, None): cell for number, cell in enumerate(cells)},
        )
        for title, cells in found.items()
    ]
    rows = tuned[0] if tuned else axes.SETTINGS[study.sampled[0]]
    return Layout(study, rows, None, [], panels, _shared(study), tuned or [rows])


def _shared(study: Study) -> list[Setting]:
    """Return what all cells have in common and is not the default, and no panel's title says."""
    return [
        setting
        for setting in axes.SHOWN
        if not setting.is_always_named
        and _is_constant(setting, study.cells)
        and study.cells[0][setting.name] != setting.default
    ]


def _rows_and_columns(
    vary: Sequence[Setting], cells: Sequence[Cell], rows: str, columns: str
) -> tuple[Setting, Setting | None]:
    """Choose the axes of rows and columns from the varying ones."""
    wanted = {name: axes.SETTINGS[name] for name in (rows, columns)}
    free = [s for s in vary if s.name not in wanted and not _follows_another(s, vary, cells)]
    free.sort(key=lambda setting: -len({cell[setting.name] for cell in cells}))
    found = [setting if setting in vary else None for setting in wanted.values()]
    for place, setting in enumerate(found):
        if setting is None and free:
            found[place] = free.pop(0)
    down, across = found
    if down is None:
        down, across = across or wanted[rows], None
    return down, across


def _follows_another(setting: Setting, vary: Sequence[Setting], cells: Sequence[Cell]) -> bool:
    """Say whether another axis determines a setting, as SAM does the epochs.

    If two determine each other, the later one follows.
    """

    def determines(one: Setting, other: Setting) -> bool:
        pairs = {(cell[one.name], cell[other.name]) for cell in cells}
        return len(pairs) == len({value for value, _ in pairs})

    place = vary.index(setting)
    return any(
        determines(other, setting) and not (determines(setting, other) and place < number)
        for number, other in enumerate(vary)
        if other is not setting
    )


def _followers(
    others: Sequence[Setting], down: Setting, across: Setting | None, cells: Iterable[Cell]
) -> list[Setting]:
    """Return the settings that the row or the column determines, within the panels of the rest."""
    found: list[Setting] = []
    for setting in reversed(others):
        rest = [other for other in others if other is not setting and other not in found]
        for axis in filter(None, (down, across)):
            by_place: dict[tuple[Any, ...], set[Any]] = {}
            for cell in cells:
                place = (cell[axis.name], *(cell[other.name] for other in rest))
                by_place.setdefault(place, set()).add(cell[setting.name])
            by_rest: dict[tuple[Any, ...], set[Any]] = {}
            for place, values in by_place.items():
                by_rest.setdefault(place[1:], set()).update(values)
            if all(len(values) == 1 for values in by_place.values()) and any(
                len(values) > 1 for values in by_rest.values()
            ):
                found.append(setting)
                break
    return found


def _telling(named: Sequence[Setting], firsts: Sequence[Cell]) -> list[Setting]:
    """Return what is in the panels' names: what a grid always names, if it tells panels apart.

    ``grid-adam-no-sam`` and not ``grid-adam-no-sam-epochs-200``, where all without SAM have 200.
    """
    found = [setting for setting in named if "slug" in setting.rule]
    for setting in named:
        keys = {tuple(cell[s.name] for s in found) for cell in firsts}
        finer = {(*(cell[s.name] for s in found), cell[setting.name]) for cell in firsts}
        if len(finer) > len(keys):
            found.append(setting)
    return [setting for setting in named if setting in found]


def in_order(values: Iterable[Any]) -> list[Any]:
    """Return different values: numbers by size, others in their order."""
    found = list(dict.fromkeys(values))
    numbers = all(isinstance(value, int | float | None) for value in found)
    return sorted(found, key=lambda value: (value is not None, value or 0)) if numbers else found


def _phrase(
    axis: Setting, cells: Sequence[Cell], followers: Iterable[Setting], panel: Iterable[Cell]
) -> str:
    panel = list(panel)
    more = [s for s in followers if _is_constant(s, cells) and not _is_constant(s, panel)]
    return axes.describe(cells[0], [axis, *more])


def _is_constant(setting: Setting, cells: Sequence[Cell]) -> bool:
    return all(cell[setting.name] == cells[0][setting.name] for cell in cells)
