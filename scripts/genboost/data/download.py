"""Obtain the raw file of a data set from Kaggle, UCI, a local file or the generator."""

import contextlib
import hashlib
import io
import logging
import signal
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from genboost.data import synthetic
from genboost.data.dataset import Dataset
from genboost.data.raw_table import read_table
from genboost.errors import UserError

SOURCES = ("auto", "kaggle", "uci", "file", "synthetic")

# Seconds. Without a network, or behind a firewall that drops packets, `auto` must give up soon;
# whoever has a slow connection still gets a small file within the limit of a whole attempt.
_CONNECT_TIMEOUT = 5
_READ_TIMEOUT = 20
_TIME_LIMIT = 180
_PAUSES = (0, 0.5, 1.5)
_CREDENTIALS = (
    "create a token at https://www.kaggle.com/settings/api and put it into the environment "
    "variable KAGGLE_API_TOKEN or the file ~/.kaggle/access_token"
)


@dataclass(frozen=True)
class Obtained:
    """The raw file's bytes, as they came and already checked, and where they came from."""

    content: bytes
    source: str
    location: str
    notes: list[str]


def obtain(dataset: Dataset, source: str, path: str | None = None) -> Obtained:
    """Obtain and check the raw file.

    Parameters
    ----------
    source : str
        One of `SOURCES`. ``auto`` tries Kaggle, then UCI, then generates a stand-in; why a source
        was passed over is in the notes. A named source never falls back.
    path : str, optional
        The local file, for source ``file``.

    Raises
    ------
    UserError
        If the source cannot be reached, or what it gives does not pass the checks.
    """
    if source == "auto":
        failures = []
        for name in ("kaggle", "uci"):
            try:
                obtained = obtain(dataset, name)
            except UserError as error:
                failures.append(f"passed over: {error}")
            else:
                return Obtained(
                    obtained.content, name, obtained.location, failures + obtained.notes
                )
        stand_in = obtain(dataset, "synthetic")
        return Obtained(stand_in.content, "synthetic", stand_in.location, failures + stand_in.notes)
    if source == "kaggle":
        content, location = _from_kaggle(dataset)
    elif source == "uci":
        content, location = _from_uci(dataset)
    elif source == "file":
        content, location = _from_file(path)
    else:
        content, location = synthetic.generate(dataset), "generated from " + dataset.path.name
    notes = read_table(content, dataset, location).notes
    known = dataset.kaggle_sha256
    if source in ("kaggle", "file") and known and hashlib.sha256(content).hexdigest() != known:
        notes = [*notes, "not the file known from Kaggle (another sha256): a new or edited version"]
    return Obtained(content, source, location, notes)


def provenance(dataset: Dataset, obtained: Obtained) -> dict:
    """Return what is to be remembered of where a raw file came from, with the time (UTC)."""
    return {
        "dataset": dataset.title,
        "synthetic": obtained.source == "synthetic",
        "source": obtained.source,
        "location": obtained.location,
        "sha256": hashlib.sha256(obtained.content).hexdigest(),
        "bytes": len(obtained.content),
        "licence": dataset.licence,
        "citation": dataset.citation,
        "notes": obtained.notes,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _from_kaggle(dataset: Dataset) -> tuple[bytes, str]:
    """Download with kagglehub, into a temporary folder instead of its cache."""
    if not dataset.kaggle:
        raise UserError(f"{dataset.path} names no Kaggle data set")
    import kagglehub
    import requests
    from kagglesdk.kaggle_env import get_endpoint, get_env

    logging.getLogger("kagglehub").setLevel(logging.ERROR)
    location = f"https://www.kaggle.com/datasets/{dataset.kaggle}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with _time_limit(_TIME_LIMIT):
                # kagglehub asks without a timeout, so see first whether anybody answers.
                requests.head(get_endpoint(get_env()), timeout=_CONNECT_TIMEOUT)
                kagglehub.dataset_download(dataset.kaggle, output_dir=folder)
        except requests.RequestException as error:
            refused = error.response is not None and error.response.status_code in (401, 403)
            hint = f"; {_CREDENTIALS}" if refused else ""
            raise UserError(f"Kaggle, {location}: {_reason(error)}{hint}") from error
        except Exception as error:  # kagglehub raises many kinds; none of them is ours to trace
            raise UserError(f"Kaggle, {location}: {_first_line(error)}") from error
        paths = {path.relative_to(folder).as_posix(): path for path in Path(folder).rglob("*")}
        return paths[_pick(list(paths), dataset, location)].read_bytes(), location


def _from_uci(dataset: Dataset) -> tuple[bytes, str]:
    """Download the archive's zip file (or a CSV file, as a mirror may have it)."""
    if not dataset.uci_url:
        raise UserError(f"{dataset.path} has no address at UCI")
    content = _fetch(dataset.uci_url)
    if not content.startswith(b"PK"):
        return content, dataset.uci_url
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # Reading compares the member's CRC-32.
            return archive.read(
                _pick(archive.namelist(), dataset, dataset.uci_url)
            ), dataset.uci_url
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise UserError(f"{dataset.uci_url}: the zip file is damaged: {error}") from error


def _from_file(path: str | None) -> tuple[bytes, str]:
    """Read a local file."""
    if not path:
        raise UserError("source `file` needs the path of a CSV file")
    try:
        return Path(path).expanduser().read_bytes(), str(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def _fetch(url: str) -> bytes:
    """Return the whole answer to a GET request; try again what may pass, a cut-off body too.

    (urllib3's own Retry would see only the headers here, as requests reads the body after it.)
    """
    import requests

    with _time_limit(_TIME_LIMIT):
        for pause in _PAUSES:
            time.sleep(pause)
            try:
                answer = requests.get(url, timeout=(_CONNECT_TIMEOUT, _READ_TIMEOUT))
                answer.raise_for_status()
                return answer.content
            except _TooSlowError as error:
                failure = error
                break
            except requests.RequestException as error:
                failure = error
                status = getattr(error.response, "status_code", None)
                if status and status < 500 and status != 429:
                    break
    raise UserError(f"UCI, {url}: {_reason(failure)}") from failure


class _TooSlowError(Exception):
    """A time limit is over. Not a TimeoutError: urllib3 takes that for its own, to try again."""


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise `_TooSlowError` in the block when it takes longer, as when a server only drips."""

    def expire(*_: object) -> None:
        raise _TooSlowError(f"not done after {seconds:g} seconds")

    previous = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _reason(error: Exception) -> str:
    """Say in a few words what went wrong with a request."""
    import requests

    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return f"access was refused (HTTP {status})"
    if status == 404:
        return "there is nothing at this address (HTTP 404)"
    if status:
        return f"the server answered with an error (HTTP {status})"
    message = str(error)
    if isinstance(error, requests.Timeout) or "timed out" in message:
        return "the server does not answer"
    if "NameResolutionError" in message:
        return "the host name cannot be resolved; is there a network?"
    if "IncompleteRead" in message or isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off before all was received"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its type where there is none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _pick(names: list[str], dataset: Dataset, location: str) -> str:
    """Choose the data set's file among those in an archive: by name, or the only CSV file."""
    files = [name for name in names if name.lower().endswith(".csv")]
    named = [name for name in files if PurePosixPath(name).name == dataset.file]
    if len(named or files) != 1:
        found = ", ".join(files) or "none"
        raise UserError(
            f"{location}: expected {dataset.file or 'one CSV file'}; CSV files: {found}"
        )
    return (named or files)[0]
