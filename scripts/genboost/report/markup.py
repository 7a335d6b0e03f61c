"""Tables that become Markdown and LaTeX: what they say and how it is marked is decided once."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
from tabulate import tabulate

PAGE = 340  # pt: a little less than \textwidth of a plain article, as widths are estimated
# How a LaTeX table is made to fit, from the first that does: the font's size, the width of its
# digits and what is left on each side of a column, in pt, and lines that a long text may take.
FITS = [
    ("normalsize", 5.0, 6, 1),
    ("small", 4.63, 5, 1),
    ("footnotesize", 4.25, 4, 1),
    ("footnotesize", 4.25, 4, 2),
    ("scriptsize", 3.98, 3, 5),
    ("tiny", 3.4, 2, 9),
]
LEAST_P = 0.001
LONG = 12  # digits: a text that is wider may be broken into lines


@dataclass(frozen=True)
class Entry:
    """What a table shows in one place: a text, a mark on it, and what comes after and below it."""

    text: str
    bold: bool = False
    star: bool = False
    after: str = ""
    below: str = ""


@dataclass(frozen=True)
class Table:
    """A table, before any format.

    Attributes
    ----------
    name : str
        Of its files, without the ending, and of its LaTeX label.
    title : str
    header : list of str
    rows : list of lists of str or Entry
    notes : list of str
        Sentences below the table.
    text_columns : list of int
        The columns that are text, counted from 0: aligned to the left, and broken into lines where
        there is little room. The others are numbers, aligned to the right.
    long : bool
        Whether it may need more than a page.
    metric : str
        What its numbers are, which a LaTeX caption says: ``Mean test MSE of 3 seeds``.
    """

    name: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | Entry]]
    notes: Sequence[str] = field(default_factory=list)
    text_columns: Sequence[int] = (0,)
    long: bool = False
    metric: str = ""


def plain(entry: str | Entry) -> str:
    """Return what an entry says, without marks."""
    if isinstance(entry, str):
        return entry
    return " ".join(filter(None, (entry.text, entry.after, entry.below)))


def p_value(p: float) -> str:
    """Write a p value, a very small one as ``< 0.001``; nothing for NaN."""
    if math.isnan(p):
        return ""
    return f"< {LEAST_P}" if p < LEAST_P else f"{p:.2g}"


def markdown(tables: Sequence[Table], title: str = "", level: int = 1) -> str:
    """Write tables as a Markdown page, under its title if it has one."""
    parts = [f"# {_markdown(title)}"] if title else []
    level += bool(title)
    for table in tables:
        parts.append(f"{'#' * level} {_markdown(table.title)}")
        if table.rows:
            aligned = _alignment(table, "left", "right")
            rows = [[_markdown(entry) for entry in row] for row in table.rows]
            header = [_markdown(name) for name in table.header]
            parts.append(tabulate(rows, header, "pipe", disable_numparse=True, colalign=aligned))
        parts += [_markdown(note) for note in table.notes]
    return "\n\n".join(parts) + "\n"


def latex_text(text: str) -> str:
    """Write a text as LaTeX, as tables have it."""
    return _latex(text)


def latex(tables: Sequence[Table]) -> str:
    """Write tables as LaTeX to put into a document, as its first line says."""
    pages = "; it can take pages" if any(table.long for table in tables) else ""
    hint = f"% To \\input into a document with {_packages(tables)}{pages}\n"
    return hint + "\n".join(map(_latex_table, tables))


def latex_document(tables: Sequence[Table], title: str) -> str:
    """Write tables as a whole LaTeX document, where they stand in the order of their numbers."""
    parts = []
    for number, table in enumerate(tables):
        # A table that takes pages cannot float: those before it must not float behind it.
        parts += ["\\clearpage"] * (number > 0 and (table.long or number % 4 == 0))
        parts.append(_latex_table(table))
    body = "\n".join(parts)
    return (
        "% A complete document, to compile; each table that has its own file can be \\input\n"
        "\\documentclass{article}\n"
        f"{_packages(tables)}\n"
        "\\usepackage[margin=2cm]{geometry}\n"
        "\\begin{document}\n"
        f"\\section*{{{_latex(title)}}}\n"
        f"{body}\n"
        "\\end{document}\n"
    )


def _packages(tables: Sequence[Table]) -> str:
    long = any(table.long for table in tables)
    return rf"\usepackage{{booktabs{',longtable' if long else ''}}}"


def _latex_table(table: Table) -> str:
    about = f" ({table.metric[0].lower()}{table.metric[1:]})" if table.metric else ""
    caption, label = _latex(table.title + about), f"tab:{table.name}"
    notes = "".join(f"{_latex(note)}\\par\n" for note in table.notes)
    if not table.rows:
        return f"\\paragraph{{{caption}}}\n{notes}"
    notes = f"\\begin{{flushleft}}\\footnotesize\n{notes}\\end{{flushleft}}\n" if notes else ""
    style, columns = _fitted(table)
    rows = [
        [
            _latex_lines(entry) if column.startswith("p") else _latex(entry)
            for entry, column in zip(row, columns, strict=True)
        ]
        for row in table.rows
    ]
    body = pd.DataFrame(rows, columns=_latex_header(table)).to_latex(
        index=False,
        escape=False,
        column_format=f"@{{}}{''.join(columns)}@{{}}",
        longtable=table.long,
        caption=caption if table.long else None,
        label=label if table.long else None,
    )
    body = f"{{{style}\n{body}}}\n"
    if table.long:
        return body + notes
    return (
        f"\\begin{{table}}[htbp]\n\\centering\n\\caption{{{caption}}}\n\\label{{{label}}}\n"
        f"\\medskip\n{body}{notes}\\end{{table}}\n"
    )


def _latex_lines(entry: str | Entry) -> str:
    """Write an entry that may be broken into lines, also where a variant's name has its parts."""
    parts = [entry]
    if isinstance(entry, Entry) and entry.below:
        parts = [replace(entry, below=""), entry.below]
    text = r"\newline ".join(map(_latex, parts))
    text = re.sub(r"\+(?=[^\s\d])", r"+\\allowbreak ", text)
    return rf"{{\raggedright {text}\par}}"


def _fitted(table: Table) -> tuple[str, list[str]]:
    """Return the font commands that make a table fit the page, and its columns."""
    widths = [
        max([*map(_width, words), *(_width(row[column]) for row in table.rows)])
        for column, words in enumerate(_header_words(table))
    ]
    columns = _alignment(table, "l", "r")
    texts = [column for column in table.text_columns if widths[column] > LONG]
    least = {column: max(_longest_word(row[column]) for row in table.rows) for column in texts}
    flexible, words = sum(widths[column] for column in texts), sum(least.values())
    fixed = sum(widths) - flexible
    for size, digit, padding, lines in FITS:  # noqa: B007
        room = (PAGE - 2 * padding * (len(columns) - 1)) / digit - fixed
        if flexible <= lines * room and words <= room:
            break
    if flexible > room:
        spare = max(room - words, 0) / max(flexible - words, 1)
        for column, width in least.items():
            width += spare * (widths[column] - width)
            columns[column] = f"p{{{width * digit:.0f}pt}}"
    return rf"\{size}\setlength{{\tabcolsep}}{{{padding}pt}}", columns


def _header_words(table: Table) -> list[list[str]]:
    """Return the lines of each column's name: one, or a line a word where numbers are narrower."""
    found = []
    for column, name in enumerate(table.header):
        narrow = max(_width(row[column]) for row in table.rows) < _width(name)
        found.append(re.split(r" (?=[^\W\d])", name) if narrow else [name])
    return found


def _latex_header(table: Table) -> list[str]:
    header = []
    sides = _alignment(table, "l", "r")
    for side, words in zip(sides, _header_words(table), strict=True):
        lines = r"\\".join(map(_latex, words))
        header.append(rf"\shortstack[{side}]{{{lines}}}" if len(words) > 1 else lines)
    return header


def _width(entry: str | Entry) -> float:
    """Return about how wide an entry is in LaTeX, in digits."""
    if isinstance(entry, Entry):
        first = f"{entry.text} {entry.after}".rstrip()
        return max(_width(first), _width(entry.below)) * (1.15 if entry.bold else 1)
    text = _POWER.sub(lambda power: "00000" if power[1] == "1" else "00000000", entry)
    return sum(_WIDTHS.get(character, 1.45 if character.isupper() else 1) for character in text)


def _longest_word(entry: str | Entry) -> float:
    return max(map(_width, re.split(r"\s|(?<=\+)", plain(entry))))


def _alignment(table: Table, left: str, right: str) -> list[str]:
    return [left if n in table.text_columns else right for n in range(len(table.header))]


def _markdown(entry: str | Entry) -> str:
    if isinstance(entry, str):
        return re.sub(r"([\\`*_|<\[])", r"\\\1", " ".join(entry.split()))
    text = _markdown(entry.text)
    rest = [_markdown(more) for more in (entry.after, entry.below) if more]
    return " ".join([f"**{text}**" if entry.bold else text, *rest, *["★"] * entry.star])


# Computer Modern's characters that are much narrower or wider than a digit.
_WIDTHS = {
    **dict.fromkeys(".,:;'il", 0.56),
    **dict.fromkeys(" frtjs()", 0.78),
    **dict.fromkeys("mw±★", 1.6),
}
_SPECIAL = {
    **{character: rf"\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': "''",
    "±": r"$\pm$",
    "★": r"$\star$",
    # What measures are called.
    **{
        letter: rf"$\{name}$"
        for letter, name in {
            **{"ε": "varepsilon", "η": "eta", "λ": "lambda", "ρ": "rho", "σ": "sigma"},
            **{"τ": "tau", "Ψ": "Psi", "Σ": "sum", "∇": "nabla", "‖": "Vert"},
            **{"−": "relax-", "′": "relax'", "≤": "le", "≥": "ge", "→": "to"},
            **{"₀": "relax_0", "₂": "relax_2", "ᵢ": "relax_i", "⁻": "relax^-"},
        }.items()
    },
    "–": "--",
}
# To a plain article, in the font encoding OT1 that it has.
_UNKNOWN = re.compile("[^ -~\u00a1-\u017f–—‘’“”†‡•…€™]|[«»ÐÞðþĦħĄąĐđĘęĮįĸĿŀŉŊŋŦŧŲųſ]")
_POWER = re.compile(r"\b(\d+(?:\.\d+)?)e(-?)0*(\d+)\b")


def _latex_character(character: str) -> str:
    """Write a character, or its number if pdfLaTeX cannot set it (as in most scripts)."""
    if character not in _SPECIAL and _UNKNOWN.fullmatch(character):
        return f"[U+{ord(character):04X}]"
    return _SPECIAL.get(character, character)


def _latex(entry: str | Entry) -> str:
    if isinstance(entry, str):
        text = "".join(map(_latex_character, " ".join(entry.split())))
        text = _POWER.sub(r"$\1 \\times 10^{\2\3}$", text).replace(r"$1 \times ", "$")
        return re.sub(r"(?<![^\s(])-(?=\d)", "$-$", text)
    text, after = _latex(entry.text), f" {_latex(entry.after)}" if entry.after else ""
    star = r"\rlap{$^\star$}" if entry.star else ""
    line = (rf"\textbf{{{text}}}" if entry.bold else text) + after + star
    if not entry.below:
        return line
    return rf"\begin{{tabular}}[t]{{@{{}}r@{{}}}}{line}\\{_latex(entry.below)}\end{{tabular}}"
