"""What a person sees of a mistake: bounded, and without characters that act on a terminal."""

import pytest

from genboost.errors import UserError, exit_cleanly, message, printable


def test_no_character_acts_on_the_terminal():
    assert printable("a\x1b[2J\r\n\u202eb é") == r"a\x1b[2J\r\n\u202eb é"
    assert message("first\n\x07second\x0b") == "first\n\\x07second\\x0b"


def test_text_is_cut_where_it_is_long():
    assert printable("x" * 40) == "x" * 40
    assert printable("x" * 41) == "x" * 37 + "..."
    lines = message("\n".join(["y" * 9999] * 9999)).split("\n")
    assert lines[-1] == "... and 9949 more lines"
    assert sum(map(len, lines)) < 51_000


def test_a_users_mistake_ends_with_its_message():
    def mistaken():
        raise UserError("no \x1b file")

    with pytest.raises(SystemExit) as ended:
        exit_cleanly(mistaken)
    assert ended.value.code == "error: no \\x1b file"
