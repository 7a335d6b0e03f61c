"""Sources of raw data, against a real HTTP server that serves well, fails, cuts off or stalls."""

import contextlib
import dataclasses
import hashlib
import json
import os
import socket
from pathlib import Path

import pytest
import yaml
from http_server import answered, drip, hang_up, ok, silence, status, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

import download_data
from genboost import receipts
from genboost.data import dataset, download, fetch, synthetic
from genboost.errors import UserError

YAML = Path(__file__).parents[2] / "workflow" / "datasets" / "obesity.yaml"
OBESITY = dataset.load(YAML)
CSV = synthetic.generate(OBESITY)


ZIP = zipped({"ObesityDataSet_raw_and_data_sinthetic.csv": CSV})
CUT_OFF = ok(ZIP[:1000], length=len(ZIP))


def at(url):
    return dataclasses.replace(OBESITY, uci_url=f"{url}/544.zip")


def get_uci(server, *answers):
    server.answers = list(answers)
    return download.obtain(at(server.url), "uci")


def test_uci_gives_the_bytes_in_the_zip(server):
    obtained = get_uci(server, ok(ZIP))
    assert obtained.content == CSV
    assert (obtained.source, obtained.location) == ("uci", f"{server.url}/544.zip")


def test_uci_may_serve_the_csv_itself(server):
    assert get_uci(server, ok(CSV, "text/csv")).content == CSV


@pytest.mark.parametrize("failure", [status(500), status(503), status(429), CUT_OFF, hang_up])
def test_what_may_pass_is_tried_again(server, failure):
    assert get_uci(server, failure, failure, ok(ZIP)).content == CSV
    assert len(server.requests) == 3


def damaged_zip():
    place = ZIP.index(b"sinthetic.csv") + 500
    return ZIP[:place] + bytes([ZIP[place] ^ 0xFF]) + ZIP[place + 1 :]


@pytest.mark.parametrize(
    ("answer", "message", "requests"),
    [
        (status(500), "HTTP 500", 3),
        (status(404), "HTTP 404", 1),
        (status(403), "refused.*HTTP 403", 1),
        (CUT_OFF, "broke before", 3),
        (hang_up, "no connection|broke before", 3),
        (answered(ZIP[:1000]), "the zip file is damaged", 1),
        (ok(damaged_zip()), "the zip file is damaged", 1),
        (ok(b"PK garbage"), "the zip file is damaged", 1),
        (ok(b"<html>log in first</html>"), "a web page", 1),
        (ok(b""), "is empty", 1),
        (ok(zipped({"readme.txt": b""})), "CSV files: none", 1),
        (ok(zipped({"a.csv": CSV, "b.csv": CSV})), "CSV files: a.csv, b.csv", 1),
        (ok(zipped({"a.csv": CSV.replace(b"Walking", b"Flying")})), "column MTRANS: 'Flying'", 1),
    ],
)
def test_uci_failure_is_one_short_message(server, answer, message, requests):
    with pytest.raises(UserError, match=message) as caught:
        get_uci(server, answer)
    assert server.url in str(caught.value)
    assert len(str(caught.value).splitlines()[0]) < 250
    assert len(server.requests) == requests


@pytest.mark.parametrize(
    ("source", "answer", "message"),
    [
        ("uci", silence, "does not answer|not finished after 1 seconds"),
        ("uci", drip, "not finished after 1 seconds"),
        ("kaggle", silence, "not finished after 1 seconds"),
    ],
)
def test_slow_server_is_left(kaggle, hasty, source, answer, message):
    kaggle.answers = [answer]
    with pytest.raises(UserError, match=message):
        download.obtain(at(kaggle.url), source)


def test_a_server_that_is_silent_is_asked_again_and_again(server, monkeypatch):
    pauses = iter((0, 0, 0))
    monkeypatch.setattr(fetch, "PAUSES", pauses)
    monkeypatch.setattr(fetch, "READ_TIMEOUT", 0.1)
    with pytest.raises(UserError, match="does not answer"):
        get_uci(server, silence)
    assert list(pauses) == []  # each came before a request, which the server may not have seen yet


def test_file_is_found_by_name_among_others(server):
    named = {"old.csv": b"x", "folder/" + OBESITY.file: CSV, "__MACOSX/._" + OBESITY.file: b""}
    assert get_uci(server, ok(zipped(named))).content == CSV
    assert get_uci(server, ok(zipped({"data.csv": CSV}))).content == CSV


@given(st.integers(0, len(ZIP) - 1), st.binary(min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_altered_zip_never_gives_another_content(place, patch):
    altered = ZIP[:place] + patch + ZIP[place + len(patch) :]
    with pytest.MonkeyPatch.context() as context:
        context.setattr(fetch, "fetch", lambda _: altered)
        with contextlib.suppress(UserError):
            assert download.obtain(OBESITY, "uci").content == CSV


def test_kaggle_gives_the_bytes_in_the_bundle(kaggle):
    kaggle.answers = [ok(ZIP)]
    obtained = download.obtain(OBESITY, "kaggle")
    assert obtained.content == CSV
    assert obtained.location == "https://www.kaggle.com/datasets/fatemehmehrparvar/obesity-levels"
    assert kaggle.authorization == "Bearer a-token"
    assert any("another sha256" in note for note in obtained.notes)


def test_known_file_from_kaggle_has_no_note(kaggle):
    kaggle.answers = [ok(ZIP)]
    known = dataclasses.replace(OBESITY, kaggle_sha256=hashlib.sha256(CSV).hexdigest())
    assert download.obtain(known, "kaggle").notes == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (status(401), "refused.*kaggle.com/settings/api.*KAGGLE_API_TOKEN"),
        (status(403), "refused.*kaggle.com/settings/api.*KAGGLE_API_TOKEN"),
        (status(404), "nothing was found at this address"),
        (status(500), "HTTP 500"),
        (CUT_OFF, "broke before"),
        (ok(damaged_zip()), "kaggle.com/datasets/.*invalid|kaggle.com/datasets/.*CRC"),
        (ok(b"garbage"), "Unsupported archive"),
        (ok(zipped({"a.csv": b"a,b\n1,2\n"})), "header line missing"),
    ],
)
def test_kaggle_failure_is_one_short_message(kaggle, answer, message):
    kaggle.answers = [answer]
    with pytest.raises(UserError, match=message) as caught:
        download.obtain(OBESITY, "kaggle")
    assert len(str(caught.value).splitlines()[0]) < 350


def test_kaggle_name_that_is_none(kaggle):
    with pytest.raises(UserError, match=r"kaggle\.com/datasets/nonsense"):
        download.obtain(dataclasses.replace(OBESITY, kaggle="nonsense"), "kaggle")


def nowhere():
    """Return an address that refuses connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_auto_prefers_kaggle_then_uci_then_the_stand_in(kaggle):
    kaggle.answers = [ok(ZIP)]
    assert download.obtain(OBESITY, "auto").source == "kaggle"

    kaggle.answers = [status(403), ok(ZIP)]
    obtained = download.obtain(at(kaggle.url), "auto")
    assert (obtained.source, obtained.content) == ("uci", CSV)
    assert "HTTP 403" in obtained.notes[0]

    kaggle.answers = [status(403)]
    obtained = download.obtain(at(nowhere()), "auto")
    assert (obtained.source, obtained.content) == ("synthetic", CSV)
    assert "HTTP 403" in obtained.notes[0]
    assert "no connection" in obtained.notes[1]


def test_auto_passes_over_a_file_that_fails_the_checks(kaggle):
    kaggle.answers = [ok(zipped({"a.csv": CSV.replace(b"Male", b"male")})), ok(ZIP)]
    obtained = download.obtain(at(kaggle.url), "auto")
    assert obtained.source == "uci"
    assert "'male' is not one of Female, Male" in obtained.notes[0]


def test_description_without_sources():
    bare = dataclasses.replace(OBESITY, kaggle=None, uci_url=None)
    assert download.obtain(bare, "auto").source == "synthetic"
    for source in ("kaggle", "uci"):
        with pytest.raises(UserError, match=r"obesity\.yaml"):
            download.obtain(bare, source)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "needs the path"),
        ("absent.csv", "absent.csv: no such file"),
        (".", "is a folder"),
        ("a_fifo.csv", "a_fifo.csv: is not a regular file"),
        ("loop.csv", "loop.csv: cannot be read: Too many levels of symbolic links"),
    ],
)
def test_file_that_is_none(tmp_path, monkeypatch, path, message):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("a_fifo.csv")
    os.symlink("loop.csv", "loop.csv")
    with pytest.raises(UserError, match=message):
        download.obtain(OBESITY, "file", path)


REQUEST = receipts.request("download/obesity", "")


def command(folder, *options):
    raw, provenance = folder / "raw" / "o.csv", folder / "raw" / "o.json"
    places = ["--output", str(raw), "--provenance", str(provenance)]
    with contextlib.chdir(folder):  # for the receipt
        download_data.main(["--request", REQUEST, "--dataset", str(YAML), *places, *options])
    return raw, provenance


def test_command_keeps_the_bytes_and_remembers_their_source(tmp_path, capsys):
    mine = tmp_path / "mine.csv"
    mine.write_bytes(b"\xef\xbb\xbf" + CSV.replace(b"\n", b"\r\n"))
    raw, provenance = command(tmp_path, "--source", "file", "--path", str(mine))
    assert raw.read_bytes() == mine.read_bytes()
    record = json.loads(provenance.read_text())
    assert record["sha256"] == hashlib.sha256(mine.read_bytes()).hexdigest()
    assert (record["source"], record["location"]) == ("file", str(mine))
    assert (record["synthetic"], record["licence"]) == (False, "CC BY 4.0")
    log = capsys.readouterr().err
    assert "byte order mark" in log
    assert "SYNTHETIC" not in log


def test_command_says_loudly_that_data_are_synthetic(tmp_path, capsys):
    raw, provenance = command(tmp_path, "--source", "synthetic")
    assert raw.read_bytes() == CSV
    assert json.loads(provenance.read_text())["synthetic"] is True
    assert "SYNTHETIC DATA" in capsys.readouterr().err


def without_sources(folder) -> str:
    """Write the description of a data set that `auto` finds nowhere, as without a network."""
    described = yaml.safe_load(YAML.read_text())
    path = folder / YAML.name
    path.write_text(
        yaml.safe_dump(
            {key: value for key, value in described.items() if key not in ("kaggle", "uci")},
            sort_keys=False,
        )
    )
    return str(path)


def test_command_never_replaces_real_data_by_a_stand_in_unless_told(tmp_path, capsys):
    """Where `auto` reaches nothing, what is there stays; and it is new to Snakemake."""
    real = CSV.replace(b"\n", b"\r\n")
    mine = tmp_path / "mine.csv"
    mine.write_bytes(real)
    raw, provenance = command(tmp_path, "--source", "file", "--path", str(mine))
    remembered = provenance.read_bytes()
    for path in (raw, provenance):
        os.utime(path, (1, 1))
    capsys.readouterr()
    command(tmp_path, "--dataset", without_sources(tmp_path))
    assert (raw.read_bytes(), provenance.read_bytes()) == (real, remembered)
    assert min(path.stat().st_mtime for path in (raw, provenance)) > 1
    log = capsys.readouterr().err
    assert f"kept {raw} as it is, from {mine}" in log
    assert "SYNTHETIC" not in log

    command(tmp_path, "--source", "synthetic")
    assert json.loads(provenance.read_text())["synthetic"] is True
    assert raw.read_bytes() == CSV


@pytest.mark.parametrize("damage", ["no raw file", "altered"])
def test_command_makes_no_stand_in_for_real_data_that_are_lost(tmp_path, damage):
    mine = tmp_path / "mine.csv"
    mine.write_bytes(CSV)
    raw, provenance = command(tmp_path, "--source", "file", "--path", str(mine))
    raw.unlink() if damage == "no raw file" else raw.write_bytes(CSV.replace(b"no", b"yes", 1))
    with pytest.raises(UserError, match=r"is gone or altered, and no source can be reached"):
        command(tmp_path, "--dataset", without_sources(tmp_path))
    assert json.loads(provenance.read_text())["synthetic"] is False


@pytest.mark.parametrize("damage", ["no provenance", "damaged", "a stand-in"])
def test_command_makes_a_stand_in_where_there_are_no_real_data(tmp_path, capsys, damage):
    mine = tmp_path / "mine.csv"
    mine.write_bytes(CSV)
    source = ["--source", "synthetic"] if damage == "a stand-in" else ["--source", "file"]
    raw, provenance = command(tmp_path, *source, "--path", str(mine))
    match damage:
        case "no provenance":
            provenance.unlink()
        case "damaged":
            provenance.write_text("[]")
    capsys.readouterr()
    command(tmp_path, "--dataset", without_sources(tmp_path))
    assert "kept" not in capsys.readouterr().err
    assert raw.read_bytes() == CSV
    assert json.loads(provenance.read_text())["synthetic"] is True


def test_command_leaves_nothing_when_it_fails(tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_bytes(CSV[:-9])
    with pytest.raises(UserError):
        command(tmp_path, "--source", "file", "--path", str(mine))
    assert not (tmp_path / "raw").exists()


def test_command_uses_another_kaggle_data_set(tmp_path, kaggle, monkeypatch):
    kaggle.answers = [ok(ZIP)]
    _, provenance = command(tmp_path, "--source", "kaggle", "--kaggle-dataset", "some/other")
    record = json.loads(provenance.read_text())
    assert record["location"].endswith("/some/other")
    assert record["notes"] == []
