"""Errors for people: one message that says what is wrong, where, and what to do."""

import sys
from collections.abc import Callable


class UserError(Exception):
    """A mistake that the user can mend; its message is all that they need to see."""


def exit_cleanly(main: Callable[[], None]) -> None:
    """Run a script's main function; end a `UserError` with its message and exit status 1."""
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
