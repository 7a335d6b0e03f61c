"""Errors for people: one message that says what is wrong, where, and what to do."""

import sys
from collections.abc import Callable

from genboost import processes

_LINES = 50


class UserError(Exception):
    """A mistake that the user can mend; its message is all that they need to see.

    As text it is printable and of bounded length, whatever it quotes.
    """

    def __str__(self) -> str:
        return message(super().__str__())


def exit_cleanly(main: Callable[[], None]) -> None:
    """Run a script's main function, as long as Snakemake runs, if that started it.

    A `UserError` ends it with its message and exit status 1.
    """
    processes.end_with_snakemake()
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")


def message(error: object) -> str:
    """Return an error's text for a terminal: printable, and of bounded length."""
    lines = str(error).split("\n")
    more = [f"... and {len(lines) - _LINES} more lines"] if len(lines) > _LINES else []
    return "\n".join([*(printable(line, 1000) for line in lines[:_LINES]), *more])


def printable(text: str, limit: int = 40) -> str:
    """Return text for one line of a message: no control characters, and cut where it is long."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in cut
    )
