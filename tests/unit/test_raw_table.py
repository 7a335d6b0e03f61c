"""Reading a CSV file: what is accepted with a note, and what is refused by line and column."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genboost.data import dataset, synthetic
from genboost.data.raw_table import read_table
from genboost.errors import UserError

OBESITY = dataset.load(Path(__file__).parents[2] / "workflow" / "datasets" / "obesity.yaml")
PLAIN = b"\n".join(synthetic.generate(OBESITY).split(b"\n")[:13]) + b"\n"
GRID = list(csv.reader(io.StringIO(PLAIN.decode())))
ROWS = len(GRID) - 1


def read(content):
    return read_table(content, OBESITY, "some.csv")


def write(grid, separator=",", line_end="\n"):
    return "".join(separator.join(row) + line_end for row in grid).encode()


def edited(line, column, value):
    """Return the file with one value replaced; line 1 is the header."""
    grid = [list(row) for row in GRID]
    grid[line - 1][GRID[0].index(column)] = value
    return write(grid)


def with_column(name, values, place=0):
    return write([[*r[:place], v, *r[place:]] for r, v in zip(GRID, [name, *values], strict=True)])


def assert_same(table, reference):
    assert list(table.columns) == list(reference.columns)
    for name, values in reference.columns.items():
        assert np.array_equal(table.columns[name], values)
    assert np.array_equal(table.label, reference.label)


def test_values_arrive_where_they_belong():
    table = read(PLAIN)
    assert list(table.columns) == OBESITY.feature_columns
    for place, name in enumerate(GRID[0][:-1]):
        in_file = [row[place] for row in GRID[1:]]
        kind = float if table.columns[name].dtype == np.float64 else str
        assert table.columns[name].tolist() == [kind(value) for value in in_file]
    assert [OBESITY.classes[code] for code in table.label] == [row[-1] for row in GRID[1:]]
    assert table.notes == [f"{ROWS} rows; the published file has 2111"]


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"\xef\xbb\xbf" + PLAIN, "byte order mark"),
        (PLAIN.replace(b"\n", b"\r\n"), "CRLF"),
        (PLAIN + b"\n\n", "2 blank line"),
        (PLAIN + b"," * 16 + b"\n \n", "2 blank line"),
        (PLAIN[:-1], "no line end"),
        (PLAIN.replace(b",", b";"), "semicolons"),
        (PLAIN.replace(b",", b"\t"), "tabs"),
        (PLAIN.replace(b",", b" , "), "spaces"),
        (with_column("", map(str, range(ROWS))), "counts the rows"),
        (with_column("Unnamed: 0", map(str, range(ROWS))), "counts the rows"),
        (with_column("index", map(str, range(1, ROWS + 1))), "counts the rows"),
        (with_column("", [""] * ROWS, place=17), "unnamed and empty"),
        (write([row[::-1] for row in GRID]), "another order"),
        (write([[f'"{value}"' for value in row] for row in GRID]), "published file"),
        (PLAIN.replace(b"\n", b"\r"), "published file"),
    ],
)
def test_what_is_certain_is_accepted_and_said(content, note):
    table = read(content)
    assert_same(table, read(PLAIN))
    assert any(note in text for text in table.notes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (edited(3, "Age", "abc"), "line 3, column Age: 'abc' is not a number"),
        (edited(3, "Age", "1_7"), "line 3, column Age: '1_7' is not a number"),
        (edited(3, "Height", '"1,62"'), "line 3, column Height: .* decimals with a point"),
        (edited(4, "Age", "inf"), "line 4, column Age: 'inf' is not a number"),
        (edited(4, "Age", "1e999"), "line 4, column Age: '1e999' is not between 14 and 61"),
        (edited(13, "Height", "162"), "line 13, column Height: '162' is not between 1.45 and 1.98"),
        (edited(2, "FAF", "-0.1"), "line 2, column FAF: '-0.1' is not between 0 and 3"),
        (edited(6, "CAEC", "sometimes"), "line 6, column CAEC: 'sometimes' is not one of no, Some"),
        (edited(7, "NObeyesdad", "Obese"), "line 7, column NObeyesdad: 'Obese' is not one of"),
        (edited(7, "NObeyesdad", "3"), "line 7, column NObeyesdad: '3' is not one of"),
        (edited(1, "Age", "age"), "(?s)missing column Age.*unexpected column age"),
        (edited(1, "Age", "Height"), "(?s)missing column Age.*Height occurs more than once"),
        (with_column("BMI", ["20"] * ROWS), "unexpected column BMI"),
        (with_column("", ["20"] * ROWS), r"unexpected column an unnamed one \(column 1\)"),
        (with_column("Age", ["20"] * ROWS), "Age occurs more than once"),
        (write([row[:-1] for row in GRID]), "missing column NObeyesdad"),
        (write(GRID[1:]), "none of the columns Age, Gender, .*is the header line missing"),
        (
            PLAIN.replace(b",", b"|"),
            "none of the columns .*be separated by commas, semicolons or tabs",
        ),
        (
            write([[name.lower() for name in GRID[0]], *GRID[1:]]),
            "rename the column age if it is Age",
        ),
        (write([*GRID[:4], [], *GRID[4:]]), "line 5: blank line"),
        (write([*GRID[:4], GRID[4][:9], *GRID[5:]]), "line 5: 9 values where the header has 17"),
        (write([*GRID[:4], [*GRID[4], "1"], *GRID[5:]]), "line 5: 18 values"),
        (write([*GRID, *GRID]), "line 14, column Age: 'Age' is not a number"),
        (PLAIN.replace(b"Male", b"M\xe4nnlich"), "line .*: byte 0xe4 is not UTF-8"),
        (PLAIN.decode().encode("utf-16"), "UTF-16"),
        (PLAIN.decode().encode("utf-16-le"), "UTF-16"),
        (edited(6, "Gender", '"Male'), "line 6: not valid CSV: .*a quote opens here"),
        (edited(6, "Gender", '"Male"x'), "line 6: not valid CSV: ',' expected"),
        (edited(1, "NObeyesdad", "NObesity"), "rename the column NObesity if it is NObeyesdad"),
        (edited(1, "NObeyesdad", "Obesity_Level"), "rename the column Obesity_Level if it is"),
        (edited(1, "Age", "age"), "rename the column age if it is Age"),
        (edited(1, "Age", "\x1b[2Jage"), r"unexpected column \\x1b\[2Jage"),
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b",,,\n", "is empty"),
        (write(GRID[:1]), "no rows"),
        (b"PK\x03\x04....", "zip archive or an Excel workbook"),
        (b"\x1f\x8b....", "gzip"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b'{"error": 1}', "header line missing"),
    ],
)
def test_what_is_wrong_is_named(content, message):
    with pytest.raises(UserError, match=message) as caught:
        read(content)
    assert str(caught.value).startswith("some.csv")
    assert all(line.isprintable() for line in str(caught.value).split("\n"))


@pytest.mark.parametrize("text", ["", "NaN", "?", "n/a"])
def test_missing_values_are_kept_apart(text):
    for column, value in (("Age", np.nan), ("CAEC", "")):
        table = read(edited(5, column, text))
        assert table.missing == [(5, column)]
        assert "1 values are missing" in table.notes
        expected = read(PLAIN).columns[column].copy()
        expected[3] = value
        assert np.array_equal(table.columns[column], expected, equal_nan=column == "Age")
    assert read(edited(5, "NObeyesdad", text)).label[3] == -1


def test_message_is_bounded():
    grid = [[*row, *(f"{row[0]}{n}" * 9 for n in range(100_000))] for row in GRID]
    with pytest.raises(UserError, match="and 99995 more") as caught:
        read(write(grid))
    assert len(str(caught.value)) < 500


def test_columns_that_the_description_ignores_are_ignored():
    described = replace(OBESITY, ignored_columns=("BMI", "id"))
    table = read_table(with_column("BMI", ["?"] * ROWS), described, "some.csv")
    assert_same(table, read(PLAIN))
    assert any("column BMI ignored" in note for note in table.notes)


def test_first_problems_are_listed_and_the_rest_counted():
    grid = [GRID[0], *([*row[:-1], "Obese"] for row in GRID[1:])]
    with pytest.raises(UserError) as caught:
        read(write(grid))
    lines = str(caught.value).splitlines()
    assert [line.split(",")[0].strip() for line in lines[1:6]] == [f"line {n}" for n in range(2, 7)]
    assert lines[6:] == [f"  and {ROWS - 5} more"]


@given(st.permutations(range(17)))
def test_column_order_does_not_matter(order):
    assert_same(read(write([[row[place] for place in order] for row in GRID])), read(PLAIN))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damage_is_refused_or_leaves_valid_values(data):
    start = data.draw(st.integers(0, len(PLAIN)))
    stop = data.draw(st.integers(start, min(len(PLAIN), start + 40)))
    content = PLAIN[:start] + data.draw(st.binary(max_size=20)) + PLAIN[stop:]
    try:
        table = read(content)
    except UserError:
        return
    assert len(table.label) > 0
    assert set(table.label) <= set(range(-1, 7))
    for column in OBESITY.columns:
        values = table.columns[column.name]
        assert len(values) == len(table.label)
        if column.range:
            inside = (values >= column.range[0]) & (values <= column.range[1])
            assert np.all(inside | np.isnan(values))
        else:
            assert set(values) <= {*column.values, ""}


def test_truncation_is_refused_or_noted():
    whole = read(PLAIN)
    for length in range(len(PLAIN)):
        try:
            table = read(PLAIN[:length])
        except UserError:
            continue
        rows = len(table.label)
        assert any("no line end" in note for note in table.notes) or PLAIN[length - 1] == ord("\n")
        assert np.array_equal(table.columns["Age"], whole.columns["Age"][:rows])
