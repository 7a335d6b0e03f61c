"""Fetch a file over HTTP and unpack it, within bounds of time, size and number of files."""

import contextlib
import io
import os
import signal
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from genboost.errors import UserError, printable

# Bytes, packed or not, and files in an archive: a hundred times what a small network's table needs,
# and no more than any machine can hold.
SIZE_LIMIT = 32 * 2**20
FILES_LIMIT = 1000

# Seconds. Without a network, or behind a firewall that drops packets, `auto` must give up soon; a
# slow connection still gets a small file within the limit of a whole attempt.
CONNECT_TIMEOUT = 5
READ_TIMEOUT = 20
TIME_LIMIT = 180
PAUSES = (0, 0.5, 1.5)

_TICK = 0.1
_CHUNK = 2**16
_GZIP = b"\x1f\x8b"
_ZIP = b"PK"
_ZIP_ENTRY = b"PK\x01\x02"


class LimitError(Exception):
    """A limit is exceeded. Not a TimeoutError, which urllib3 would take for its own and retry."""


@contextlib.contextmanager
def limits(seconds: float, folder: str | Path | None = None) -> Iterator[None]:
    """Raise `LimitError` in the block when it takes too long or overfills a folder.

    It is raised repeatedly, and once more at the end of the block, as a library may catch it.
    """
    end = time.monotonic() + seconds

    def look(*_: object) -> None:
        if time.monotonic() > end:
            raise LimitError(f"not finished after {seconds:g} seconds")
        if folder:
            _weigh(folder)

    previous = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, min(_TICK, seconds), _TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    look()


def _weigh(folder: str | Path) -> None:
    """Raise `LimitError` if a folder holds too much."""
    size = count = 0
    for place, _, names in os.walk(folder):
        count += len(names)
        for name in names if count <= FILES_LIMIT else ():
            with contextlib.suppress(OSError):  # deleted meanwhile
                size += os.lstat(os.path.join(place, name)).st_size
    _bound(size, count)


def _bound(size: int, files: int = 1) -> None:
    """Raise `LimitError` if there are too many bytes or files."""
    if size > SIZE_LIMIT:
        raise LimitError(f"it holds more than {SIZE_LIMIT / 2**20:g} MiB")
    if files > FILES_LIMIT:
        raise LimitError(f"it holds more than {FILES_LIMIT} files")


def fetch(url: str) -> bytes:
    """Return the answer to a GET request; retry what may pass, including a cut-off body.

    (urllib3's own Retry would see only the headers, as the body is read later.)

    Raises
    ------
    UserError
        If there is no complete answer; says why in a few words.
    LimitError
        If the answer is too large.
    """
    import requests
    from urllib3.exceptions import HTTPError

    for pause in PAUSES:
        time.sleep(pause)
        try:
            return _get(url)
        except (requests.RequestException, HTTPError) as error:
            failure = error
            status = getattr(getattr(error, "response", None), "status_code", None)
            if status and status < 500 and status != 429:
                break
    raise UserError(reason(failure)) from failure


def _get(url: str) -> bytes:
    """Return the body of an answer, decoded here, as requests would decode it without limit."""
    import requests

    timeout = CONNECT_TIMEOUT, READ_TIMEOUT
    headers = {"Accept-Encoding": "identity"}
    with requests.get(url, timeout=timeout, headers=headers, stream=True) as answer:
        answer.raise_for_status()
        body = io.BytesIO()
        while chunk := answer.raw.read(_CHUNK, decode_content=False):
            body.write(chunk)
            _bound(body.tell())
        if answer.headers.get("Content-Encoding", "identity") not in ("identity", "gzip"):
            raise UserError(
                f"the encoding {printable(answer.headers['Content-Encoding'])} was not asked for"
            )
        content = body.getvalue()
        return _ungzip(content) if "Content-Encoding" in answer.headers else content


def unpack(content: bytes, pick: Callable[[list[str]], str]) -> bytes:
    """Return a file of a zip archive, the content of a gzip file, or any other content as it is.

    Parameters
    ----------
    pick
        Chooses a file of an archive from the names.

    Raises
    ------
    UserError
        If the archive is damaged.
    LimitError
        If it holds too much.
    """
    if content.startswith(_GZIP):
        return _ungzip(content)
    if not content.startswith(_ZIP):
        return content
    _bound(len(content), content.count(_ZIP_ENTRY))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
            with archive.open(pick(files)) as file:
                plain = file.read(SIZE_LIMIT + 1)  # which compares the CRC-32 at the file's end
    except (UserError, LimitError):
        raise
    except Exception as error:  # zipfile and the decompressors raise a dozen kinds
        raise UserError(f"the zip file is damaged: {first_line(error)}") from error
    _bound(len(plain))
    return plain


def _ungzip(content: bytes) -> bytes:
    """Return the content of a gzip file; several members follow each other, as in gzip."""
    if not content.startswith(_GZIP):
        return content
    plain = b""
    while content.startswith(_GZIP):
        stream = zlib.decompressobj(wbits=31)
        try:
            plain += stream.decompress(content, SIZE_LIMIT + 1 - len(plain))
        except zlib.error as error:
            raise UserError(f"the gzip file is damaged: {error}") from error
        _bound(len(plain))
        if not stream.eof:
            raise UserError("the gzip file is damaged: it ends too early")
        content = stream.unused_data
    return plain


def reason(error: Exception) -> str:
    """Say in a few words what went wrong with a request."""
    import requests

    if isinstance(error, requests.TooManyRedirects):
        return "it redirects endlessly"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return f"access was refused (HTTP {status})"
    if status == 404:
        return "nothing was found at this address (HTTP 404)"
    if status:
        return f"the server answered with an error (HTTP {status})"
    text = str(error)
    if isinstance(error, requests.Timeout) or "timed out" in text:
        return "the server does not answer"
    if "NameResolutionError" in text:
        return "the host name cannot be resolved; is there a network?"
    broken = "IncompleteRead", "ProtocolError", "Connection broken"
    if type(error).__name__ in broken or any(word in text for word in broken):
        return "the connection broke before the download was complete"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return first_line(error)


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its type if it has none."""
    return printable((str(error).strip() or type(error).__name__).splitlines()[0], 200)
