"""Receipts: what each step read and wrote, so that nothing stale, mixed or altered is ever used.

A step leaves a receipt when it is done: a digest of its *request* (settings and code), and the
identity of every file that it read and wrote. Its outputs are good as long as the request is the
one made now and each of those files still has the identity that the receipt names. Snakemake's own
view, by times, plays no part in this, so a file may be killed, copied, edited or aged at will.

A trained model's record carries what a receipt would say within itself (`train.record`), since
there are thousands: its identity is its seal.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from genboost.errors import UserError
from genboost.files import ROOT, write_atomically

FOLDER = Path("results/receipts")
PROJECT = "{project}"  # stands for its folder


def request(step: str, code: str, **settings: Any) -> str:
    """Write down what a step is asked for, as the one string that it gets on its command line.

    Parameters
    ----------
    step
        Names the step and, where a rule has many jobs, the job: ``prepare/default``.
    code
        A digest of the code that the step runs.
    settings
        All else that determines the result, apart from the files that it reads.
    """
    text = json.dumps({"step": step, "code": code, **settings})
    # In a title, a brace before a word would be one of Snakemake's wildcards.
    return re.sub(r"{(?=\w)", r"\\u007b", text)


def name_of(path: str | Path) -> str:
    """Return a file's name in receipts; the project's own keep theirs wherever the project is."""
    path = Path(path)
    ours = path.is_absolute() and path.is_relative_to(ROOT)
    return f"{PROJECT}/{path.relative_to(ROOT)}" if ours else str(path)


def path_of(request: str) -> Path:
    """Return where the receipt of a request belongs."""
    return FOLDER / f"{json.loads(request)['step']}.json"


def identity(content: bytes) -> str:
    """Return what tells a file's content from any other."""
    return hashlib.sha256(content).hexdigest()


@dataclass
class Step:
    """A step at work: it reads and writes files, and leaves a receipt when it is done.

    Attributes
    ----------
    request : str
        As `request` made it.
    """

    request: str
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings that the request names."""
        return json.loads(self.request)

    def read(self, path: str | Path) -> bytes:
        """Read a file.

        Raises
        ------
        UserError
            If that fails.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}; run snakemake again") from error
        self.inputs[name_of(path)] = identity(content)
        return content

    def read_json(self, path: str | Path) -> Any:
        """Read a JSON file, with `read`'s errors and one if it is not JSON."""
        try:
            return json.loads(self.read(path))
        except ValueError as error:
            raise UserError(f"{path} is damaged ({error}); run snakemake again") from error

    def note(self, path: str | Path, identity: str) -> None:
        """Note something that was read in another way, and its identity."""
        self.inputs[name_of(path)] = identity

    def reads(self, path: str | Path) -> Path:
        """Note a file that something else is about to read, and return its path."""
        self.read(path)
        return Path(path)

    def write(self, path: str | Path, content: bytes | str) -> None:
        """Write a file whole or not at all.

        The first takes away the last receipt: outputs of a step that is killed from here on are no
        longer those that it tells of, though nobody altered them.
        """
        if not self.outputs:
            path_of(self.request).unlink(missing_ok=True)
        content = content.encode() if isinstance(content, str) else content
        write_atomically(path, content)
        self.outputs[str(path)] = identity(content)

    def done(self) -> None:
        """Leave the receipt."""
        receipt = {
            "request": identity(self.request.encode()),
            "inputs": self.inputs,
            "outputs": self.outputs,
        }
        write_atomically(path_of(self.request), json.dumps(receipt, indent=1) + "\n")


@dataclass
class Check:
    """Holds receipts against the files that are there now, each file read once.

    Attributes
    ----------
    known : dict
        Identities of files by path, None for one that is not there; also those that are given in
        advance, of what is no plain file.
    """

    known: dict[str, str | None] = field(default_factory=dict)

    def identity(self, path: str) -> str | None:
        """Return a file's identity; None if it cannot be read."""
        if path not in self.known:
            try:
                place = path.replace(PROJECT, str(ROOT), 1)
                self.known[path] = identity(Path(place).read_bytes())
            except OSError:
                self.known[path] = None
        return self.known[path]

    def altered(self, request: str) -> list[str]:
        """Return the outputs that are there but are not what the step wrote last."""
        return [
            path
            for path, expected in _mapping(self._receipt(request), "outputs").items()
            if self.identity(path) not in (expected, None)
        ]

    def holds(self, request: str, outputs: list[str]) -> bool:
        """Say whether outputs are what a request asks for now, made from the files of now."""
        receipt = self._receipt(request)
        made = _mapping(receipt, "outputs")
        return (
            receipt.get("request") == identity(request.encode())
            and set(outputs) <= made.keys()
            and all(self.identity(path) == made[path] for path in made)
            and all(
                self.identity(path) == expected
                for path, expected in _mapping(receipt, "inputs").items()
            )
        )

    def _receipt(self, request: str) -> Mapping[str, Any]:
        """Return the receipt of a request's step; an empty one if there is none."""
        try:
            receipt = json.loads(path_of(request).read_bytes())
        except (OSError, ValueError):
            return {}
        return receipt if isinstance(receipt, dict) else {}


def _mapping(receipt: Mapping[str, Any], key: str) -> Mapping[str, str]:
    found = receipt.get(key)
    return found if isinstance(found, dict) else {}
