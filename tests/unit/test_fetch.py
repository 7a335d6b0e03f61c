"""Bounds of a download, and whatever a server may send: no source ends a run, or fills a machine.

The server is real; its misbehaviour is drawn with fixed seeds.
"""

import contextlib
import dataclasses
import gzip
import io
import random
import signal
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from http_server import answered, drip, hang_up, ok, silence, status, zipped

from genboost.data import dataset, download, fetch, synthetic
from genboost.errors import UserError

OBESITY = dataset.load(Path(__file__).parents[2] / "workflow" / "datasets" / "obesity.yaml")
CSV = synthetic.generate(OBESITY)
ZIP = zipped({OBESITY.file: CSV})
MEBIBYTE = 2**20
UNPACKED = 32 * MEBIBYTE  # of a bomb, twice the memory that it may take


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setattr(fetch, "SIZE_LIMIT", MEBIBYTE)


def moved(target):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.end_headers()

    return answer


def flood(handler):
    """Send zeros for ever, and count them."""
    handler.send_response(200)
    handler.end_headers()
    handler.server.sent = 0
    while not handler.server.released.is_set():
        handler.server.sent += handler.wfile.write(bytes(2**16))


def bomb():
    """Return a gzip file that holds much more than it is long."""
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        for _ in range(UNPACKED // MEBIBYTE):
            packed.write(bytes(MEBIBYTE))
    return file.getvalue()


BOMB = bomb()


def zip_bomb():
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", "w") as member,
    ):
        for _ in range(UNPACKED // MEBIBYTE):
            member.write(bytes(MEBIBYTE))
    return file.getvalue()


ZIP_BOMB = zip_bomb()


def broken_lzma():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.csv", CSV)
    content = file.getvalue()
    place = content.index(b"a.csv") + 30
    return content[:place] + bytes(64) + content[place + 64 :]


BROKEN_LZMA = broken_lzma()


def encrypted():
    content = bytearray(ZIP)
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def get(server, answer):
    server.answers = [answer]
    return download.obtain(dataclasses.replace(OBESITY, uci_url=f"{server.url}/a.zip"), "uci")


@pytest.mark.parametrize(
    "answer",
    [
        answered(gzip.compress(CSV)),
        answered(gzip.compress(CSV[:1000]) + gzip.compress(CSV[1000:])),
        answered(gzip.compress(CSV), Content_Encoding="gzip"),
        answered(gzip.compress(ZIP), Content_Encoding="gzip"),
        answered(zipped({"folder.csv/": b"", "other/a.csv": CSV})),
    ],
)
def test_packed_answers_are_unpacked(server, answer):
    assert get(server, answer).content == CSV


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (answered(bytes(2 * MEBIBYTE)), "holds more than 1 MiB"),
        (ok(bytes(2 * MEBIBYTE)), "holds more than 1 MiB"),
        (flood, "holds more than 1 MiB"),
        (answered(BOMB), "holds more than 1 MiB"),
        (answered(BOMB, Content_Encoding="gzip"), "holds more than 1 MiB"),
        (answered(ZIP_BOMB), "holds more than 1 MiB"),
        (answered(zipped({f"{n}.csv": b"" for n in range(1001)})), "more than 1000 files"),
        (answered(BROKEN_LZMA), "the zip file is damaged"),
        (answered(encrypted()), "the zip file is damaged.*encrypted"),
        (answered(gzip.compress(CSV)[:-9]), "the gzip file is damaged: it ends too early"),
        (answered(b"\x1f\x8bnonsense"), "the gzip file is damaged"),
        (answered(zlib.compress(CSV), Content_Encoding="deflate"), "deflate was not asked for"),
        (answered(zipped({"folder.csv/": b""})), "CSV files: none"),
        (moved("http://[::bad"), "http://127.0.0.1"),
        (moved("gopher://a/b"), "gopher"),
        (moved("/a.zip"), "redirects"),
        (ok(CSV[: CSV.index(b"\n", 9000) + 1]), "incomplete: it has .* rows, but .* says 2111"),
    ],
)
def test_bounds_and_damage_are_said_in_a_line(server, narrow, answer, message):
    with pytest.raises(UserError, match=message) as caught:
        get(server, answer)
    assert server.url in str(caught.value)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_flood_is_left_soon(server, narrow):
    with pytest.raises(UserError):
        get(server, flood)
    server.released.set()
    assert server.sent < 16 * MEBIBYTE  # what lies in the sockets' buffers is on top


@pytest.mark.parametrize(
    "answer", [answered(BOMB), answered(BOMB, Content_Encoding="gzip"), answered(ZIP_BOMB)]
)
def test_bomb_never_fills_the_memory(server, narrow, answer):
    tracemalloc.start()
    try:
        with pytest.raises(UserError):
            get(server, answer)
        assert tracemalloc.get_traced_memory()[1] < 16 * MEBIBYTE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("content", [ZIP_BOMB, zipped({f"{n}.csv": b"" for n in range(3000)})])
def test_bomb_from_kaggle_never_fills_the_disk(kaggle, narrow, monkeypatch, tmp_path, content):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kaggle.answers = [ok(content)]
    with pytest.raises(UserError, match="holds more than"):
        download.obtain(OBESITY, "kaggle")
    assert list(tmp_path.iterdir()) == []


def test_limit_leaves_no_alarm_behind():
    before = signal.getsignal(signal.SIGALRM)
    with fetch.limits(100):
        assert signal.getitimer(signal.ITIMER_REAL)[1] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) == before


def test_limit_is_kept_where_a_library_swallows_it():
    with pytest.raises(fetch.LimitError), fetch.limits(0.1):
        for _ in range(2):
            with contextlib.suppress(Exception):
                time.sleep(60)


MEMBERS = ["a.csv", OBESITY.file, "b.csv", "c.csv/", "../a.csv", "\x1b[31m.csv", "é" * 200 + ".csv"]


def hostile(draw: random.Random):
    """Draw an answer that no one would want."""
    if draw.random() < 0.2:
        return draw.choice(
            [silence, drip, hang_up, flood, status(draw.choice([204, 304, 418, 599]))]
        )
    if draw.random() < 0.2:
        return moved(
            draw.choice(["http://[::bad", "/", "//", "file:///etc/passwd", "http://a:b:c/", "\x07"])
        )
    csv = draw.choice([CSV, CSV[: draw.randrange(len(CSV))], draw.randbytes(300), b""])
    members = {draw.choice(MEMBERS): csv for _ in range(draw.randrange(4))}
    body = draw.choice([csv, zipped(members), gzip.compress(csv), BOMB, ZIP_BOMB, BROKEN_LZMA])
    for _ in range(draw.choice([0, 0, 1, 9])):
        place = draw.randrange(len(body) + 1)
        body = body[:place] + draw.randbytes(draw.randrange(4)) + body[place + draw.randrange(9) :]
    headers = {
        "Content_Encoding": ["gzip", "deflate", "br", "gzip, gzip", "\x80"],
        "Content_Length": ["-1", "x", "0", str(10**12), str(len(body))],
        "Transfer_Encoding": ["chunked", "nonsense"],
        "Content_Type": ["text/html", "\x7f"],
    }
    chosen = [name for name in headers if draw.random() < 0.2]
    return answered(body, **{name: draw.choice(headers[name]) for name in chosen})


@pytest.mark.parametrize("seed", range(25))
def test_whatever_a_source_sends_the_next_one_is_tried(kaggle, narrow, hasty, seed):
    draw = random.Random(seed)
    kaggle.answers = [hostile(draw) for _ in range(8)]
    described = dataclasses.replace(OBESITY, uci_url=f"{kaggle.url}/a.zip")
    obtained = download.obtain(described, "auto")
    assert obtained.content == CSV
    passed = [note for note in obtained.notes if note.startswith("passed over")]
    assert len(passed) == {"kaggle": 0, "uci": 1, "synthetic": 2}[obtained.source]
    assert all(len(note) < 1500 for note in passed)
    assert all(line.isprintable() for note in passed for line in note.split("\n"))
