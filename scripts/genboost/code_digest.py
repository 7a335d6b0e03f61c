"""A digest of the code that a step depends on, blind to what can't change a result.

A rule has it among its params, so that Snakemake runs the step again when its code changed in
substance, and does not when a comment, a docstring or the formatting did.
"""

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1]
PACKAGE = Path(__file__).parent.name


def digest(script: str, *others: str, without: str | None = None) -> str:
    """Return a digest of scripts, of all modules of the library that they lead to, and of others.

    Parameters
    ----------
    script
        A file in scripts/, such as ``train.py``.
    others
        Further files there: modules that it imports by their names, templates, or folders, such as
        the one with the sources of a compiled kernel.
    without
        A module there that is left out, with what only it leads to.
    """
    total = hashlib.sha256()
    scripts = [script, *(name for name in others if name.endswith(".py"))]
    left_out = SCRIPTS / without if without else None
    for path in sorted(set().union(*(_reached(SCRIPTS / name, left_out) for name in scripts))):
        total.update(_read(path)[1].encode())
    for name in [name for name in others if name not in scripts]:
        path = SCRIPTS / name
        for file in sorted(path.rglob("*.[ch]")) if path.is_dir() else [path]:
            total.update(_c_substance(file.read_text("utf-8")).encode())
    return total.hexdigest()[:16]


def _reached(script: Path, without: Path | None = None) -> set[Path]:
    """Return a script and every module of the library that it imports, directly or not, but one."""
    reached, ahead = set(), [script]
    while ahead:
        path = ahead.pop()
        if path not in reached and path != without:
            reached.add(path)
            ahead.extend(_read(path)[0])
    return reached


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield all statements in a node, at any depth; expressions hold none."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _statements(child)


def _tree(path: Path) -> ast.Module:
    """Return a Python file's syntax tree without docstrings."""
    tree = ast.parse(path.read_text("utf-8"), str(path))
    for node in (tree, *_statements(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                del node.body[0]
    return tree


@cache  # not of the tree: to keep its many nodes would slow down Python's garbage collector
def _read(path: Path) -> tuple[list[Path], str]:
    """Return a Python file's `_imports`; the file without comments, docstrings and formatting."""
    tree = _tree(path)
    return _imports(tree), _dump(tree)


def _dump(node: Any) -> str:
    """Return a syntax tree as text, the same in every version of Python.

    Each version writes code in a way of its own, and gives trees more fields, which are empty in
    code that others can read.
    """
    if isinstance(node, ast.AST):
        fields = {name: part for name, part in ast.iter_fields(node) if part not in (None, [])}
        parts = (f"{name}={_dump(part)}" for name, part in fields.items())
        return f"{type(node).__name__}({', '.join(parts)})"
    return f"[{', '.join(map(_dump, node))}]" if isinstance(node, list) else repr(node)


def _imports(tree: ast.Module) -> list[Path]:
    """Return the library's modules that a file imports, anywhere in it."""
    found: list[Path] = []
    for node in _statements(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == PACKAGE:
                folders = (SCRIPTS.joinpath(*parts[:end]) for end in range(1, len(parts) + 1))
                files = (folder / "__init__.py" for folder in folders)
                module = SCRIPTS.joinpath(*parts).with_suffix(".py")
                found += [file for file in (*files, module) if file.is_file()]
    return found


def _c_substance(source: str) -> str:
    """Return a C file without comments, and without spaces but between words."""
    source = re.sub(r"/\*.*?\*/|//[^\n]*", " ", source, flags=re.DOTALL)
    return re.sub(r"\s*(\W)\s*", r"\1", re.sub(r"\s+", " ", source))
