"""A digest of the code that a step depends on, blind to what can't change a result.

A rule has it among its params, so that Snakemake runs the step again when its code changed in
substance, and does not when a comment, a docstring or the formatting did.
"""

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from genboost.errors import UserError
from genboost.files import write_atomically

SCRIPTS = Path(__file__).parents[1]
PACKAGE = Path(__file__).parent.name
FOLDERS = (".", "../workflow/report")
"""Where, seen from scripts/, the files are that steps depend on."""

KEPT = Path("build/digests.json")


class Code:
    """What steps depend on, as it is at one moment, and digests of it.

    To parse the library takes a second, so digests are kept for later starts, in a file under a
    seal: of them, of every byte of these files and of Python's version.

    Attributes
    ----------
    files : dict
        The content of each file by its path from scripts/, in order.
    """

    def __init__(self, scripts: Path = SCRIPTS) -> None:
        found = (path for folder in FOLDERS for path in (scripts / folder).rglob("*"))
        self.files = {
            path.relative_to(scripts): path.read_bytes()
            for path in sorted(found)
            if path.is_file() and path.suffix != ".pyc"
        }
        self._identity = self._identify()
        # Not the trees: to keep their many nodes would slow down Python's garbage collector.
        self._read: dict[Path, tuple[list[Path], bytes]] = {}
        self._digests = self._kept()

    def digest(self, script: str, *others: str, without: str | None = None) -> str:
        """Return a digest of scripts, of all modules that they lead to, and of others.

        Parameters
        ----------
        script
            A file in scripts/, such as ``train.py``.
        others
            Further files there: modules that it imports by their names, templates, or folders, such
            as the one with the sources of a compiled kernel.
        without
            A module there that is left out, with what only it leads to.
        """
        asked = json.dumps([script, others, without])
        if asked not in self._digests:
            self._digests[asked] = self._digest([script, *others], without)
            with suppress(UserError):  # nothing is lost but time
                write_atomically(KEPT, json.dumps([self._seal(self._digests), self._digests]))
        return self._digests[asked]

    def _kept(self) -> dict[str, str]:
        """Return the digests that an earlier start kept; none if they are of other code."""
        try:
            seal, digests = json.loads(KEPT.read_bytes())
        except (OSError, TypeError, ValueError):
            return {}
        return digests if seal == self._seal(digests) else {}

    def _identify(self) -> str:
        total = hashlib.sha256(sys.version.encode())
        for path, content in self.files.items():
            total.update(f"{path} {len(content)} ".encode() + content)
        return total.hexdigest()

    def _seal(self, digests: dict[str, str]) -> str:
        return hashlib.sha256(json.dumps([self._identity, digests]).encode()).hexdigest()

    def _digest(self, names: list[str], without: str | None) -> str:
        total = hashlib.sha256()
        left_out = Path(without) if without else None
        scripts = [Path(name) for name in names if name.endswith(".py")]
        for path in sorted(set().union(*(self.reached(script, left_out) for script in scripts))):
            total.update(self.read(path)[1])
        for name in [name for name in names if not name.endswith(".py")]:
            for path in [Path(name)] if Path(name).suffix else self._c_files(name):
                total.update(_c_substance(self.files[path].decode()).encode())
        return total.hexdigest()[:16]

    def reached(self, script: Path, without: Path | None = None) -> set[Path]:
        """Return a script and every module that it imports, directly or not, but one."""
        reached, ahead = set(), [script]
        while ahead:
            path = ahead.pop()
            if path not in reached and path != without:
                reached.add(path)
                ahead.extend(self.read(path)[0])
        return reached

    def read(self, path: Path) -> tuple[list[Path], bytes]:
        """Return what a Python file imports of the library, and what it says in substance.

        That is, without comments, docstrings and formatting.
        """
        if path not in self._read:
            tree = _tree(path, self.files[path])
            self._read[path] = self._imports(tree), _dump(tree).encode()
        return self._read[path]

    def _imports(self, tree: ast.Module) -> list[Path]:
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
                    folders = (Path(*parts[:end]) for end in range(1, len(parts) + 1))
                    files = (folder / "__init__.py" for folder in folders)
                    module = Path(*parts).with_suffix(".py")
                    found += [file for file in (*files, module) if file in self.files]
        return found

    def _c_files(self, folder: str) -> list[Path]:
        inside = (path for path in self.files if path.is_relative_to(folder))
        return [path for path in inside if path.suffix in (".c", ".h")]


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield all statements in a node, at any depth; expressions hold none."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _statements(child)


def _tree(path: Path, source: bytes) -> ast.Module:
    """Return Python code's syntax tree without docstrings."""
    tree = ast.parse(source, str(path))
    for node in (tree, *_statements(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                del node.body[0]
    return tree


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


def _c_substance(source: str) -> str:
    """Return a C file without comments, and without spaces but between words."""
    source = re.sub(r"/\*.*?\*/|//[^\n]*", " ", source, flags=re.DOTALL)
    return re.sub(r"\s*(\W)\s*", r"\1", re.sub(r"\s+", " ", source))
