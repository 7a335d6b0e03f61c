"""Damaged CSV files, drawn with a fixed seed: what is accepted is what pandas reads, too."""

import io
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genboost.data import dataset, synthetic
from genboost.data.raw_table import Table, read_table
from genboost.errors import UserError, message

OBESITY = dataset.load(Path(__file__).parents[2] / "workflow" / "datasets" / "obesity.yaml")
PLAIN = b"\n".join(synthetic.generate(OBESITY).split(b"\n")[:9]) + b"\n"
SCRAPS = [
    b"",
    b",",
    b";",
    b"\t",
    b'"',
    b"\n",
    b"\r\n",
    b" ",
    b"0",
    b"-",
    b".",
    b"e1",
    b"\xff",
    b"NA",
]

MISSING = ["NA", "nan", "?", "-"]


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Change a file in one of the ways in which files go wrong, or in which programs write them."""
    lines = content.split(b"\n")
    one, other = (draw.randrange(len(lines)) for _ in range(2))
    place = draw.randrange(len(content) + 1)
    match draw.randrange(11):
        case 0:
            return content[:place] + draw.choice(SCRAPS) + content[place:]
        case 1:
            return content[:place] + draw.choice(SCRAPS) + content[place + draw.randrange(6) :]
        case 2:
            return content[:place]
        case 3:
            lines[one], lines[other] = lines[other], lines[one]
        case 4:
            lines.insert(one, lines[other])
        case 5:
            lines.insert(one, draw.choice([b"", b" ", b"," * 16]))
        case 6:
            values = lines[one].split(b",")
            values[draw.randrange(len(values))] = draw.choice(
                [b"", b"?", b"1", b" 2 ", b"nan", b"yes"]
            )
            lines[one] = b",".join(values)
        case 7:
            lines[one] = b",".join(b'"' + value + b'"' for value in lines[one].split(b","))
        case 8:
            order = draw.sample(range(17), 17)
            rows = [line.split(b",") for line in lines]
            lines = [
                b",".join(row[place] for place in order) if len(row) == 17 else b",".join(row)
                for row in rows
            ]
        case 9:
            lines = [line.replace(b",", draw.choice([b";", b"\t", b" ,", b", "])) for line in lines]
        case 10:
            return draw.choice([b"\xef\xbb\xbf" + content, content.replace(b"\n", b"\r\n")])
    return b"\n".join(lines)


def by_pandas(content: bytes) -> pd.DataFrame:
    """Read a file with pandas, as text without outer spaces, and without blank rows at the end."""
    header = content.decode("utf-8-sig").split("\n")[0]
    frame = pd.read_csv(
        io.BytesIO(content),
        sep=max(",;\t", key=header.count),
        dtype=str,
        keep_default_na=False,
        skip_blank_lines=False,
        encoding="utf-8-sig",
    )
    frame = frame.rename(columns=str.strip).apply(lambda column: column.fillna("").str.strip())
    return frame[(frame != "").any(axis=1)]


def assert_same(table: Table, frame: pd.DataFrame) -> None:
    frame = frame.replace(MISSING, "")
    names = dict(enumerate(OBESITY.classes)) | {-1: ""}
    assert [names[code] for code in table.label] == frame[OBESITY.label].tolist()
    for column in OBESITY.columns:
        values = table.columns[column.name]
        there = frame[column.name]
        if column.range:
            assert np.array_equal(values, pd.to_numeric(there), equal_nan=True)
        else:
            assert np.array_equal(values, there)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_accepted_is_what_pandas_reads(seed):
    draw = random.Random(seed)
    accepted = 0
    for _ in range(150):
        content = PLAIN
        for _ in range(draw.choice([1, 1, 2, 4])):
            content = mutated(content, draw)
        try:
            table = read_table(content, OBESITY, "some.csv")
        except UserError as error:
            assert len(message(error)) < 1500
            continue
        accepted += 1
        assert_same(table, by_pandas(content))
    assert 30 < accepted < 130
