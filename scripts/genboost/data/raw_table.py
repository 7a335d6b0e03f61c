"""Read a CSV file of a data set and check every value, with errors that name line and column."""

import csv
import difflib
import io
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from genboost.data.dataset import Column, Dataset
from genboost.errors import UserError, printable

_SHOWN = 5
_MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
# float() would also take "1_000", "infinity" and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_INDEX_NAME = re.compile(r"(Unnamed: \d+|index)?", re.ASCII)
_NOT_CSV = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save it as CSV",
    b"\x1f\x8b": "compressed with gzip; unpack it",
    b"<": "a web page or XML, perhaps an error page saved in place of the file",
    b"\xff\xfe": "UTF-16 text; save it as CSV in UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as CSV in UTF-8",
}


@dataclass(frozen=True)
class Table:
    """The checked content of a file.

    Attributes
    ----------
    columns : dict of str to array [rows]
        By name, in the order of the description; float64 for a number, text for a category.
    label : array [rows]
        Codes 0, 1, ... in order of severity, int64; or numbers, float64.
    missing : list of (int, str)
        Line and column of each missing value, which is NaN or empty text in `columns`, and NaN or
        -1 in `label`.
    notes : list of str
        What was unusual about the file and accepted, since its meaning is certain.
    """

    columns: dict[str, np.ndarray]
    label: np.ndarray
    missing: list[tuple[int, str]]
    notes: list[str]


@dataclass(frozen=True)
class Layout:
    """What a file must hold.

    Attributes
    ----------
    columns : sequence of Column
    ignored : collection of str or None
        Other columns that may be there; None for any.
    source : str
        What asks for the columns, for messages.
    """

    columns: Sequence[Column]
    ignored: Collection[str] | None
    source: str

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]


class _Problems:
    """Problems of a file: the first few, and their number."""

    def __init__(self) -> None:
        self.first: list[str] = []
        self.count = 0

    def add(self, problem: str) -> None:
        """Add one."""
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first.append(problem)

    def refuse(self, name: str, source: str) -> None:
        """Raise `UserError` if there are any."""
        if not self.count:
            return
        lines = [f"{name} does not fit {source}:", *self.first]
        if self.count > _SHOWN:
            lines.append(f"and {self.count - _SHOWN} more")
        raise UserError("\n  ".join(lines))


def read_table(content: bytes, dataset: Dataset, name: str) -> Table:
    """Read a CSV file's content, matching columns by name.

    Accepted, with a note: a byte order mark, CRLF, semicolons or tabs between values, spaces
    around them, columns in another order, a column that counts the rows, an empty unnamed column,
    blank lines at the end, missing values.

    Parameters
    ----------
    content : bytes
        The whole file.
    name : str
        What to call the file in messages.

    Raises
    ------
    UserError
        If anything else is wrong; lists the first problems with line and column and counts the
        rest.
    """
    label = Column(dataset.label, dataset.label_range, dataset.classes)
    layout = Layout((*dataset.columns, label), dataset.ignored_columns, str(dataset.path))
    notes: list[str] = []
    columns, missing = read_columns(content, layout, name, notes)
    values = columns.pop(dataset.label)
    if dataset.classes:
        codes = {value: code for code, value in enumerate(dataset.classes)}
        values = np.array([codes.get(value, -1) for value in values], dtype=np.int64)
    if missing:
        notes.append(f"{len(missing)} values are missing")
    if dataset.rows and len(values) != dataset.rows:
        notes.append(f"{len(values)} rows; the published file has {dataset.rows}")
    return Table(columns, values, missing, notes)


def read_columns(
    content: bytes, layout: Layout, name: str, notes: list[str] | None = None
) -> tuple[dict[str, np.ndarray], list[tuple[int, str]]]:
    """Read a file's columns as `read_table` does; add what was unusual to `notes`.

    Returns
    -------
    dict of str to array [rows]
        Numbers as float64 (missing: NaN), categories as text (missing: empty).
    list of (int, str)
        Line and column of each missing value.
    """
    notes = [] if notes is None else notes
    text = _decode(content, name, notes)
    header, rows = _parse(text, layout, name, notes)
    places = _places(header, rows, layout, name, notes)
    if not rows:
        raise UserError(f"{name} has a header but no rows")
    return _values(rows, places, len(header), layout, name)


def _decode(content: bytes, name: str, notes: list[str]) -> str:
    """Return the file's text; refuse content that is not UTF-8, saying what it seems to be."""
    if not content.strip():
        raise UserError(f"{name} is empty")
    for magic, kind in _NOT_CSV.items():
        if content.lstrip().startswith(magic):
            raise UserError(f"{name} is not a CSV file: it seems to be {kind}")
    if (zero := content.find(b"\0")) >= 0:
        line = content.count(b"\n", 0, zero) + 1
        raise UserError(
            f"{name}, line {line}: a zero byte; the file is damaged, or UTF-16 (save it as UTF-8)"
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{name}, line {line}: byte 0x{content[error.start]:02x} is not UTF-8 text; "
            "save the file as CSV in UTF-8"
        ) from error
    if text.startswith("\ufeff"):
        notes.append("a byte order mark was ignored")
        text = text[1:]
    if "\r\n" in text:
        notes.append("lines end with CRLF")
    if not text.endswith(("\n", "\r")):
        notes.append("the last line has no line end: check that the file is complete")
    return text


def _parse(
    text: str, layout: Layout, name: str, notes: list[str]
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Split the text into a header and each row's (line number, values), without outer spaces."""
    known = {*layout.names}
    first = text.split("\n", 1)[0]
    # The comma, unless another separator finds more of the columns.
    separator = max(
        ",;\t", key=lambda mark: len(known & {part.strip(' "\r') for part in first.split(mark)})
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[tuple[int, list[str]]] = []
    spaces = False
    start = 1
    try:
        for row in reader:
            stripped = [value.strip() for value in row]
            spaces = spaces or stripped != row
            lines.append((reader.line_num, stripped))
            start = reader.line_num + 1
    except csv.Error as error:
        opens = " (a quote opens here)" if reader.line_num > start or "end of" in str(error) else ""
        raise UserError(f"{name}, line {start}: not valid CSV: {error}{opens}") from error
    count = len(lines)
    while lines and not any(lines[-1][1]):
        lines.pop()
    if not lines:
        raise UserError(f"{name} is empty")
    if len(lines) < count:
        notes.append(f"{count - len(lines)} blank line(s) at the end were ignored")
    if separator != ",":
        notes.append(f"values are separated by {'tabs' if separator == chr(9) else 'semicolons'}")
    if spaces:
        notes.append("spaces around values were ignored")
    return lines[0][1], lines[1:]


def _places(
    header: list[str],
    rows: list[tuple[int, list[str]]],
    layout: Layout,
    name: str,
    notes: list[str],
) -> dict[str, int]:
    """Return the place of each wanted column in the file."""
    known = {*layout.names, *(layout.ignored or ())}
    extra: list[str] = []
    empty = 0
    for place, title in enumerate(header):
        if title in known:
            continue
        if title and not _INDEX_NAME.fullmatch(title):
            extra.append(title)
            continue
        values = [row[place] for _, row in rows if place < len(row)]
        if values in (
            [str(index) for index in range(len(rows))],
            [str(index + 1) for index in range(len(rows))],
        ):
            notes.append(f"column {place + 1} ({title or 'unnamed'}) counts the rows; ignored")
        elif not title and not any(values):
            empty += 1
        else:
            extra.append(title or f"an unnamed one (column {place + 1})")
    if empty:
        notes.append(f"{empty} unnamed and empty column(s) ignored")
    if ignored := [title for title in header if title in (layout.ignored or ())]:
        notes.append(f"column {_listed(ignored)} ignored, as {layout.source} says")
    problems = _header_problems(header, extra, layout)
    problems.refuse(name, layout.source)
    places = {title: header.index(title) for title in layout.names}
    if list(places.values()) != sorted(places.values()):
        notes.append("columns are in another order; they were matched by name")
    return places


def _header_problems(header: list[str], extra: list[str], layout: Layout) -> _Problems:
    """Return what is wrong with a header, which has some columns that are not wanted."""
    problems = _Problems()
    wanted = layout.names
    missing = [title for title in wanted if title not in header]
    in_other_case = {title.lower() for title in wanted} & {title.lower() for title in extra}
    if len(missing) == len(wanted) and not in_other_case:
        problems.add(
            f"line 1: names none of the columns {_listed(wanted)}; is the header line missing? "
            "Values must be separated by commas, semicolons or tabs."
        )
        return problems
    if missing:
        problems.add(f"line 1: missing column {_listed(missing)}")
    if extra and layout.ignored is not None:
        problems.add(f"line 1: unexpected column {_listed(extra)}")
    for title in missing[:_SHOWN]:
        if found := _likely(title, extra, alone=len(missing) == len(extra) == 1):
            problems.add(f"line 1: rename the column {printable(found)} if it is {title}")
    if doubled := [title for title in wanted if header.count(title) > 1]:
        problems.add(f"line 1: column {_listed(doubled)} occurs more than once")
    return problems


def _values(
    rows: list[tuple[int, list[str]]],
    places: dict[str, int],
    width: int,
    layout: Layout,
    name: str,
) -> tuple[dict[str, np.ndarray], list[tuple[int, str]]]:
    """Convert and check the values of all rows; see `read_columns`."""
    parsers = [(column, places[column.name]) for column in layout.columns]
    parsed: dict[str, list] = {name: [] for name in layout.names}
    missing: list[tuple[int, str]] = []
    problems = _Problems()
    for line, row in rows:
        if not any(row):
            problems.add(f"line {line}: blank line")
        elif len(row) != width:
            problems.add(f"line {line}: {len(row)} values where the header has {width}")
        else:
            for column, place in parsers:
                try:
                    value = _value(row[place], column)
                except ValueError as error:
                    problems.add(f"line {line}, column {column.name}: {error}")
                    continue
                if value is None:
                    missing.append((line, column.name))
                    value = math.nan if column.range else ""
                parsed[column.name].append(value)
    problems.refuse(name, layout.source)
    return {title: np.array(column) for title, column in parsed.items()}, missing


def _value(text: str, column: Column) -> float | str | None:
    """Return a number, a category's value or None; a ValueError says what is wrong."""
    if text in column.values:
        return text
    if text.lower() in _MISSING:
        return None
    if column.range is None:
        raise ValueError(f"{_shown(text)} is not one of {', '.join(column.values)}")
    if not _NUMBER.fullmatch(text):
        hint = " (write decimals with a point)" if "," in text else ""
        raise ValueError(f"{_shown(text)} is not a number{hint}")
    number = float(text)
    low, high = column.range
    if not low <= number <= high:
        raise ValueError(f"{_shown(text)} is not between {low:g} and {high:g}")
    return number


def _shown(text: str) -> str:
    """Quote a value for a message, shortened."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _listed(titles: list[str]) -> str:
    """Name the first few columns, and count the rest."""
    more = f" and {len(titles) - _SHOWN} more" if len(titles) > _SHOWN else ""
    return ", ".join(map(printable, titles[:_SHOWN])) + more


def _likely(title: str, others: list[str], alone: bool) -> str | None:
    """Return the extra column that a missing one probably is, if any."""
    if alone:
        return others[0]
    lower = {other.lower(): other for other in others[:1000]}
    close = difflib.get_close_matches(title.lower(), lower, n=1, cutoff=0.5)
    return lower[close[0]] if close else None
