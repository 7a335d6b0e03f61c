"""What a configuration is read from: files and arguments that say one thing, in sound YAML."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from genboost.errors import UserError
from genboost.study.layers import LOADER, Key, dotted, line_of

NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
DEPTH = 50
_ENTRIES = 100_000


def check_file(path: str | Path) -> None:
    """Refuse a file that can't be read as YAML, runs code, has a key twice, or counts in sixties.

    Of two values, YAML's readers take the last, and say nothing; 1:5 they take for 65.

    Raises
    ------
    UserError
        Naming the file, the line and the key.
    """
    document = _sound(path)
    if document and not isinstance(document, yaml.MappingNode):
        raise UserError(
            f"{path}, line {line_of(document.start_mark)}: a configuration is a block of keys, "
            "such as grid: {seeds: 5}"
        )
    for key, _ in document.value if document else ():
        if key.value == "__use_yte__":
            raise UserError(
                f"{path}, line {line_of(key.start_mark)}: __use_yte__ would run code in the file; "
                "write out what it generates"
            )
    twice = [
        (key, node, f"duplicate key, first on line {line_of(first.start_mark)}")
        for key, node, first in _repeated(document)
    ]
    in_sixties = [
        (
            key,
            node,
            f"YAML reads {node.value} as {yaml.load(node.value, LOADER)}, counting in sixties; "
            "write out the values of a range, as in [1, 2, 3], and put text into quotes",
        )
        for key, node in _nodes(document)
        if node.tag in NUMBERS and ":" in node.value
    ]
    _refuse(
        f"{path}, line {line_of(node.start_mark)}: {dotted(key)}: {wrong}"
        for key, node, wrong in twice + in_sixties
    )


def check_options(command: Iterable[str]) -> None:
    """Refuse a command that has ``--configfile`` twice: Snakemake takes the last and says nothing.

    Raises
    ------
    UserError
        Saying how to give several files.
    """
    options = [word.partition("=")[0] for word in command]
    if sum(map(options.count, ("--configfile", "--configfiles"))) > 1:
        raise UserError(
            "--configfile is there twice, and Snakemake would take the last alone; give all files "
            "after one, as in --configfile a.yaml b.yaml (later ones override earlier ones)"
        )


def check_arguments(arguments: Iterable[str]) -> None:
    """Refuse what is given with ``--config``, as ``grid={seeds: 5}``: a key twice, or too much.

    Raises
    ------
    UserError
        Naming the key.
    """
    for argument in arguments:
        name, _, text = argument.partition("=")
        with contextlib.suppress(yaml.YAMLError):  # then it is plain text, or Snakemake refuses it
            _check_size(f"--config {name}", text)
            repeated = _repeated(yaml.compose(text, LOADER), (name,))
            _refuse(f"--config: {dotted(key)}: duplicate key" for key, _, _ in repeated)


def _refuse(mistakes: Iterable[str]) -> None:
    """Raise a UserError that lists mistakes, if there are any."""
    if lines := list(mistakes):
        raise UserError("the configuration is wrong:\n  " + "\n  ".join(lines))


def has_keys(path: str | Path) -> bool:
    """Say whether a sound file has any keys; Snakemake refuses to read it otherwise."""
    return yaml.compose(Path(path).read_text(encoding="utf-8"), LOADER) is not None


def _sound(path: str | Path) -> yaml.Node | None:
    """Return a file's YAML document, or say in which line it is none."""
    content = ""
    try:
        content = Path(path).read_text(encoding="utf-8")
        _check_size(path, content)
        yaml.load(content, LOADER)  # which also refuses tags, and keys that are lists
        return yaml.compose(content, LOADER)
    except yaml.MarkedYAMLError as error:
        line = line_of(error.problem_mark)
        if "\t" in content.split("\n")[line - 1]:
            raise UserError(f"{path}, line {line}: has a tab; indent with spaces") from None
        if error.problem == "but found another document":
            raise UserError(
                f"{path}, line {line}: a second document starts here; keep one of the two"
            ) from None
        start = f", {error.context}" if error.context else ""
        if error.context_mark:
            start += f" that starts on line {line_of(error.context_mark)}"
        raise UserError(f"{path}, line {line}: {error.problem}{start}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: is not UTF-8; save the file as UTF-8") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"cannot read {path}: {error}") from error


def _check_size(path: str | Path, content: str) -> None:
    """Refuse a document that takes minutes to read: too deep, or with aliases of aliases.

    What an alias repeats is counted without spelling it out.
    """
    sizes: dict[str, int] = {}
    around: list[tuple[str | None, int]] = []  # the anchors of open blocks, and where they begin
    count = 0
    for event in yaml.parse(content, LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            around.append((event.anchor, count))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, start = around.pop()
            if anchor:
                sizes[anchor] = count - start
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in (anchor for anchor, _ in around):
                line = line_of(event.start_mark)
                raise UserError(
                    f"{path}, line {line}: *{event.anchor} refers to a block that contains it"
                )
            count += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
        if len(around) > DEPTH or count > _ENTRIES:
            much = (
                f"{_ENTRIES:,} keys and values so far, counting what aliases repeat"
                if count > _ENTRIES
                else f"{DEPTH} blocks within blocks"
            )
            raise UserError(
                f"{path}, line {line_of(event.start_mark)}: more than {much}; shorten it"
            )


def _nodes(node: yaml.Node | None, key: Key = ()) -> Iterator[tuple[Key, yaml.Node]]:
    """Yield each block, list and value of a YAML document, with its key."""
    if node is None:
        return
    yield key, node
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _nodes(value, (*key, str(name.value)))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _nodes(item, (*key, index))


def _repeated(
    document: yaml.Node | None, key: Key = ()
) -> Iterator[tuple[Key, yaml.Node, yaml.Node]]:
    """Yield the keys that a block of a YAML document has already, and both places of each."""
    for place, node in _nodes(document, key):
        firsts: dict[str, yaml.Node] = {}
        for name, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            first = firsts.setdefault(str(name.value), name)
            if first is not name:
                yield (*place, str(name.value)), name, first
