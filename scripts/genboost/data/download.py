"""Obtain the raw file of a data set: from scikit-learn, Kaggle, UCI, a file or the generator."""

import hashlib
import logging
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from genboost.data import bundled, fetch, synthetic
from genboost.data.dataset import Dataset
from genboost.data.raw_table import read_table
from genboost.errors import UserError, printable
from genboost.files import no_regular_file

SOURCES = ("auto", "sklearn", "kaggle", "uci", "file", "synthetic")

_CREDENTIALS = (
    "create a token at https://www.kaggle.com/settings/api and put it into the environment "
    "variable KAGGLE_API_TOKEN or the file ~/.kaggle/access_token"
)


@dataclass(frozen=True)
class Obtained:
    """The raw file's bytes, unchanged and checked, and where they came from."""

    content: bytes
    source: str
    location: str
    notes: list[str]


def obtain(dataset: Dataset, source: str, path: str | None = None) -> Obtained:
    """Obtain and check the raw file.

    Parameters
    ----------
    source : str
        One of `SOURCES`. ``auto`` tries what the description names: scikit-learn, Kaggle,
        UCI; then it generates a stand-in. The notes say why a source was passed over. A named
        source never falls back.
    path : str, optional
        The local file, for source ``file``.

    Raises
    ------
    UserError
        If the source cannot be reached, or its file does not pass the checks.
    """
    if source != "auto":
        return _obtain(dataset, source, path)
    named = {"sklearn": dataset.sklearn, "kaggle": dataset.kaggle, "uci": dataset.uci_url}
    failures: list[str] = []
    for name in [*(name for name, place in named.items() if place), "synthetic"]:
        try:
            obtained = _obtain(dataset, name)
        except UserError as error:
            if name == "synthetic":
                raise UserError("\n".join([*failures, str(error)])) from error
            failures.append(f"passed over: {error}")
        else:
            break
    return Obtained(obtained.content, name, obtained.location, failures + obtained.notes)


def _obtain(dataset: Dataset, source: str, path: str | None = None) -> Obtained:
    """Obtain the raw file from one source; any failure becomes a `UserError`."""
    location = {
        "sklearn": f"scikit-learn's {dataset.sklearn}",
        "kaggle": f"https://www.kaggle.com/datasets/{dataset.kaggle}",
        "uci": str(dataset.uci_url),
        "file": str(path),
        "synthetic": f"generated from {dataset.path.name}",
    }[source]
    read = {
        "sklearn": bundled.content,
        "kaggle": _from_kaggle,
        "uci": _from_uci,
        "synthetic": synthetic.generate,
    }
    try:
        content = _from_file(path) if source == "file" else read[source](dataset)
        table = read_table(content, dataset, location)
    except UserError as error:
        # Messages of the checks start with the place already.
        named = str(error) if location in str(error) else f"{location}: {error}"
        raise UserError(named) from error
    except Exception as error:  # libraries raise anything; the next source may work
        raise UserError(f"{location}: {fetch.first_line(error)}") from error
    if len(table.label) < dataset.rows:
        raise UserError(
            f"{location} is incomplete: it has {len(table.label)} rows, but {dataset.path} says "
            f"{dataset.rows}; to use part of the data, describe it as a separate data set"
        )
    notes = table.notes
    known = dataset.kaggle_sha256
    if source in ("kaggle", "file") and known and hashlib.sha256(content).hexdigest() != known:
        notes = [*notes, "not the file known from Kaggle (another sha256): a new or edited version"]
    return Obtained(content, source, location, notes)


def provenance(dataset: Dataset, obtained: Obtained) -> dict:
    """Return a record of where a raw file came from, with the time (UTC)."""
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


def _from_kaggle(dataset: Dataset) -> bytes:
    """Download with kagglehub, into a temporary folder instead of its cache."""
    if not dataset.kaggle:
        raise UserError(f"{dataset.path} names no Kaggle data set")
    import kagglehub
    import requests
    from kagglesdk.kaggle_env import get_endpoint, get_env

    logging.getLogger("kagglehub").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        try:
            with fetch.limits(fetch.TIME_LIMIT, folder):
                # kagglehub has no timeout, so first see whether the server answers.
                requests.head(get_endpoint(get_env()), timeout=fetch.CONNECT_TIMEOUT)
                kagglehub.dataset_download(dataset.kaggle, output_dir=folder)
        except requests.RequestException as error:
            refused = error.response is not None and error.response.status_code in (401, 403)
            hint = f"; {_CREDENTIALS}" if refused else ""
            raise UserError(f"{fetch.reason(error)}{hint}") from error
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        paths = {path.relative_to(folder).as_posix(): path for path in files}
        return paths[_pick(list(paths), dataset)].read_bytes()


def _from_uci(dataset: Dataset) -> bytes:
    """Download the archive's zip file, or a CSV file that a mirror may have."""
    if not dataset.uci_url:
        raise UserError(f"{dataset.path} has no address at UCI")
    with fetch.limits(fetch.TIME_LIMIT):
        return fetch.unpack(fetch.fetch(dataset.uci_url), lambda names: _pick(names, dataset))


def _from_file(path: str | None) -> bytes:
    """Read a local file."""
    if not path:
        raise UserError("source `file` needs the path of a CSV file")
    if wrong := no_regular_file(path):
        raise UserError(f"{path}: {wrong}")
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def _pick(names: list[str], dataset: Dataset) -> str:
    """Choose the data set's file in an archive: by name, or the only CSV file."""
    files = [name for name in names if name.lower().endswith(".csv")]
    named = [name for name in files if PurePosixPath(name).name == dataset.file]
    if len(named or files) != 1:
        found = ", ".join(printable(name) for name in files[:5]) or "none"
        more = f" and {len(files) - 5} more" if len(files) > 5 else ""
        raise UserError(f"expected {dataset.file or 'one CSV file'}; CSV files: {found}{more}")
    return (named or files)[0]
