"""Tables that become Markdown and LaTeX: what they say and how it is marked is decided once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDE = 70  # characters in a row: from here on LaTeX gets a smaller font
PREAMBLE = r"\usepackage{booktabs,longtable}"


@dataclass(frozen=True)
class Entry:
    """What a table shows in one place: a text, a mark on it, and what comes after it."""

    text: str
    bold: bool = False
    star: bool = False
    after: str = ""


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
    text_columns : int
        The first so many columns are text and aligned to the left, the others to the right.
    long : bool
        Whether it may need more than a page.
    """

    name: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | Entry]]
    notes: Sequence[str] = field(default_factory=list)
    text_columns: int = 1
    long: bool = False


def markdown(tables: Sequence[Table], title: str = "", level: int = 1) -> str:
    """Write tables as a Markdown page, under its title if it has one."""
    from tabulate import tabulate

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


def latex(tables: Sequence[Table]) -> str:
    """Write tables as LaTeX to put into a document that has `PREAMBLE`."""
    hint = f"% \\input this file; the preamble needs {PREAMBLE}\n"
    return hint + "\n".join(map(_latex_table, tables))


def latex_document(tables: Sequence[Table], title: str) -> str:
    """Write tables as a whole LaTeX document."""
    body = "\n\\clearpage\n".join(
        "\n".join(map(_latex_table, tables[start : start + 4]))
        for start in range(0, len(tables), 4)
    )
    return (
        "\\documentclass{article}\n"
        f"{PREAMBLE}\n"
        "\\usepackage[margin=2cm]{geometry}\n"
        "\\begin{document}\n"
        f"\\section*{{{_latex(title)}}}\n"
        f"{body}\n"
        "\\end{document}\n"
    )


def _latex_table(table: Table) -> str:
    import pandas as pd

    caption, label = _latex(table.title), f"tab:{table.name}"
    notes = "".join(f"{_latex(note)}\\par\n" for note in table.notes)
    if not table.rows:
        return f"\\paragraph{{{caption}}}\n{notes}"
    notes = f"\\begin{{flushleft}}\\footnotesize\n{notes}\\end{{flushleft}}\n" if notes else ""
    header = [_latex(name) for name in table.header]
    rows = [[_latex(entry) for entry in row] for row in table.rows]
    body = pd.DataFrame(rows, columns=header).to_latex(
        index=False,
        escape=False,
        column_format="".join(_alignment(table, "l", "r")),
        longtable=table.long,
        caption=caption if table.long else None,
        label=label if table.long else None,
    )
    if table.long:
        return f"{{\\footnotesize\\setlength{{\\tabcolsep}}{{4pt}}\n{body}}}\n{notes}"
    lengths = (
        sum(len(e) if isinstance(e, str) else len(e.text) + len(e.after) for e in row)
        for row in table.rows
    )
    if max(lengths) > WIDE:
        body = f"{{\\scriptsize\\setlength{{\\tabcolsep}}{{3pt}}\n{body}}}\n"
    return (
        f"\\begin{{table}}[htbp]\n\\centering\n\\caption{{{caption}}}\n\\label{{{label}}}\n"
        f"\\medskip\n{body}{notes}\\end{{table}}\n"
    )


def _alignment(table: Table, left: str, right: str) -> list[str]:
    return [left if n < table.text_columns else right for n in range(len(table.header))]


def _markdown(entry: str | Entry) -> str:
    if isinstance(entry, str):
        return re.sub(r"([\\`*_|<\[])", r"\\\1", " ".join(entry.split()))
    text, after = _markdown(entry.text), f" {_markdown(entry.after)}" if entry.after else ""
    return (f"**{text}**" if entry.bold else text) + after + (" ★" if entry.star else "")


_SPECIAL = {
    **{character: rf"\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': "''",
    "ρ": r"$\rho$",
    "±": r"$\pm$",
    "★": r"$\star$",
    "–": "--",
}
_POWER = re.compile(r"\b(\d+(?:\.\d+)?)e(-?\d+)\b")


def _latex(entry: str | Entry) -> str:
    if isinstance(entry, str):
        text = "".join(_SPECIAL.get(character, character) for character in " ".join(entry.split()))
        text = _POWER.sub(r"$\1 \\times 10^{\2}$", text).replace(r"$1 \times ", "$")
        return re.sub(r"^-(?=\d)", "$-$", text)
    text, after = _latex(entry.text), f" {_latex(entry.after)}" if entry.after else ""
    star = r"\rlap{$^\star$}" if entry.star else ""
    return (rf"\textbf{{{text}}}" if entry.bold else text) + after + star
