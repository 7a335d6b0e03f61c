"""Errors for people: one message that says what is wrong, where, and what to do."""

import sys
from collections.abc import Callable

from genboost import processes


class UserError(Exception):
    """A mistake that the user can mend; its message is all that they need to see."""


def exit_cleanly(main: Callable[[], None]) -> None:
    """Run a script's main function, as long as Snakemake runs, if that started it.

    A `UserError` ends it with its message and exit status 1.
    """
    processes.end_with_snakemake()
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
