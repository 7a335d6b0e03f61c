"""What a configuration is read from: whether a file is sound YAML, and where it has a key."""

import contextlib
import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from genboost.errors import UserError, printable

Key = tuple[str | int, ...]
Source = str | Path | Mapping[str, Any]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
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
            f"{path}, line {_line(document.start_mark)}: a configuration is a block of keys, "
            "such as grid: {seeds: 5}"
        )
    steps, found, _ = _follow(document, ("__use_yte__",))
    if steps:
        raise UserError(
            f"{path}, line {_line(found.start_mark)}: __use_yte__ would run code in the file; "
            "write out what it generates"
        )
    twice = [
        (key, node, f"duplicate key, first on line {_line(first.start_mark)}")
        for key, node, first in _repeated(document)
    ]
    in_sixties = [
        (
            key,
            node,
            f"YAML reads {node.value} as {yaml.load(node.value, _LOADER)}, counting in sixties; "
            "write out the values of a range, as in [1, 2, 3], and put text into quotes",
        )
        for key, node in _scalars(document)
        if node.tag in NUMBERS and ":" in node.value
    ]
    _refuse(
        f"{path}, line {_line(node.start_mark)}: {dotted(key)}: {wrong}"
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
            repeated = _repeated(yaml.compose(text, _LOADER), (name,))
            _refuse(f"--config: {dotted(key)}: duplicate key" for key, _, _ in repeated)


def _refuse(mistakes: Iterable[str]) -> None:
    """Raise a UserError that lists mistakes, if there are any."""
    if lines := list(mistakes):
        raise UserError("the configuration is wrong:\n  " + "\n  ".join(lines))


def has_keys(path: str | Path) -> bool:
    """Say whether a sound file has any keys; Snakemake refuses to read it otherwise."""
    return _read(path) is not None


def spread(config: Any, sources: Sequence[Source]) -> Any:
    """Return a configuration in which a block given over a list of blocks changes each of them.

    Snakemake puts the block in the place of the list: with ``grid: {seeds: 3}`` over a file's list
    of grids, it would leave none of these.

    Parameters
    ----------
    config
        What Snakemake has merged.
    sources
        What it was merged from, by falling precedence.
    """
    layers = [
        source if isinstance(source, Mapping) else yaml.load(Path(source).read_bytes(), _LOADER)
        for source in reversed(sources)
    ]
    return _spread(config, layers)


def _spread(value: Any, given: Sequence[Any]) -> Any:
    if not isinstance(value, Mapping):
        return value
    if any(map(_is_list_of_blocks, given)):
        return functools.reduce(_merged, given)
    blocks = [layer for layer in given if isinstance(layer, Mapping)]
    return {
        key: _spread(inner, [block[key] for block in blocks if key in block])
        for key, inner in value.items()
    }


def _merged(below: Any, above: Any) -> Any:
    if isinstance(above, Mapping) and _is_list_of_blocks(below):
        return [_merged(block, above) for block in below]
    if isinstance(above, Mapping) and isinstance(below, Mapping):
        return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}
    return above


def _is_list_of_blocks(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def places(sources: Sequence[Source], keys: Iterable[Key]) -> list[str]:
    """Return ``config.yaml, line 12: `` for each key, from the source that its value comes from.

    If none has the key, it is that of the block around it.
    """
    documents = [source if isinstance(source, Mapping) else _read(source) for source in sources]
    return [_place(sources, documents, key) for key in keys]


def dotted(key: Key) -> str:
    """Return a key as people write it: ``grid.learning_rate[2]``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{printable(step)}" for step in key)
    return "".join(steps).removeprefix(".") or "the configuration"


def _sound(path: str | Path) -> yaml.Node | None:
    """Return a file's YAML document, or say in which line it is none."""
    content = ""
    try:
        content = Path(path).read_text(encoding="utf-8")
        _check_size(path, content)
        yaml.load(content, _LOADER)  # which also refuses tags, and keys that are lists
        return yaml.compose(content, _LOADER)
    except yaml.MarkedYAMLError as error:
        line = _line(error.problem_mark)
        if "\t" in content.split("\n")[line - 1]:
            raise UserError(f"{path}, line {line}: has a tab; indent with spaces") from None
        if error.problem == "but found another document":
            raise UserError(
                f"{path}, line {line}: a second document starts here; keep one of the two"
            ) from None
        start = f", {error.context}" if error.context else ""
        if error.context_mark:
            start += f" that starts on line {_line(error.context_mark)}"
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
    for event in yaml.parse(content, _LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            around.append((event.anchor, count))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, start = around.pop()
            if anchor:
                sizes[anchor] = count - start
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in (anchor for anchor, _ in around):
                line = _line(event.start_mark)
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
            raise UserError(f"{path}, line {_line(event.start_mark)}: more than {much}; shorten it")


def _place(sources: Sequence[Source], documents: Sequence[Any], key: Key) -> str:
    farthest, place = 0, ""
    for source, document in zip(sources, documents, strict=True):
        given = isinstance(document, Mapping)
        steps, where, value = _follow_given(document, key) if given else _follow(document, key)
        if steps > farthest:
            farthest = steps
            place = "--config: " if given else f"{source}, line {_line(where.start_mark)}: "
        if steps and not isinstance(value, Mapping | yaml.MappingNode):
            break  # it replaces what later sources have
    return place


def _read(path: str | Path) -> yaml.Node | None:
    return yaml.compose(Path(path).read_text(encoding="utf-8"), _LOADER)


def _follow_given(given: Any, key: Key) -> tuple[int, None, Any]:
    """Return how many steps of a key what was given with ``--config`` has, and the value there."""
    for taken, step in enumerate(key):
        if isinstance(step, int) and isinstance(given, Mapping):  # for each block; see `spread`
            further, _, value = _follow_given(given, key[taken + 1 :])
            return taken + bool(further) + further, None, value
        keys = range(len(given)) if isinstance(given, list) else given
        if not isinstance(keys, range | Mapping) or step not in keys:
            return taken, None, given
        given = given[step]
    return len(key), None, given


def _follow(node: yaml.Node | None, key: Key) -> tuple[int, yaml.Node | None, yaml.Node | None]:
    """Return how many steps of a key a document has, the node of the last, and its value."""
    where = node
    for taken, step in enumerate(key):
        if isinstance(node, yaml.MappingNode) and isinstance(step, int):  # see `spread`
            further, inside, value = _follow(node, key[taken + 1 :])
            return taken + bool(further) + further, inside or where, value
        if isinstance(node, yaml.MappingNode):
            pairs = [pair for pair in node.value if pair[0].value == str(step)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            pairs = [(item, item) for item in node.value[step : step + 1]]
        else:
            pairs = []
        if not pairs:
            return taken, where, node
        where, node = pairs[0]
    return len(key), where, node


def _repeated(node: yaml.Node | None, key: Key = ()) -> Iterable[tuple[Key, yaml.Node, yaml.Node]]:
    """Yield the keys that a block of a YAML document has already, and both places of each."""
    if isinstance(node, yaml.MappingNode):
        firsts: dict[str, yaml.Node] = {}
        for name, value in node.value:
            inner = (*key, str(name.value))
            if (first := firsts.setdefault(str(name.value), name)) is not name:
                yield inner, name, first
            yield from _repeated(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, (*key, index))


def _scalars(node: yaml.Node | None, key: Key = ()) -> Iterable[tuple[Key, yaml.ScalarNode]]:
    """Yield each value of a YAML document that is neither a block nor a list, with its key."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _scalars(value, (*key, str(name.value)))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _scalars(item, (*key, index))
    elif node is not None:
        yield key, node


def _line(mark: yaml.Mark) -> int:
    """Return the line of a place in a YAML document, as editors count."""
    return mark.line + 1
