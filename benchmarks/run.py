"""Measure how fast models are trained, keep the numbers, and write the page that shows them.

    make bench                                  everything, some twenty minutes; writes docs/
    make bench ARGS=--quick                     a taste, in a few minutes; writes build/benchmarks/
    make bench ARGS="--data FILE.csv growth"    one section, on your own data set
    make bench ARGS=--render                    the page again, from the numbers that were kept

Let nothing else run meanwhile.
"""

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import comparison  # noqa: E402 - the library has to be on the path first
import render  # noqa: E402
import scaling  # noqa: E402
import timing  # noqa: E402
import workflow  # noqa: E402

from genboost import receipts  # noqa: E402
from genboost.files import write_atomically  # noqa: E402
from genboost.study import config as configuration  # noqa: E402

SECTIONS = ("peers", "engines", "gpu", "growth", "study", "size", "job")
PACKAGES = ("numpy", "torch", "snakemake", "jax")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="FILE.csv", help="the raw data; a stand-in if not given")
    parser.add_argument("--quick", action="store_true", help="fewer points, rounds and epochs")
    parser.add_argument("--render", action="store_true", help="measure nothing")
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")

    quick = ROOT / "build" / "benchmarks"
    numbers = (quick if arguments.quick else ROOT / "benchmarks") / "results.json"
    page = (quick if arguments.quick else ROOT / "docs") / "benchmarks.md"
    numbers.parent.mkdir(parents=True, exist_ok=True)
    results = json.loads(numbers.read_text()) if numbers.exists() else {}
    if not arguments.render:
        with tempfile.TemporaryDirectory() as folder:
            arrays, source = prepare(Path(folder), arguments.data)
            for section in arguments.sections or SECTIONS:
                print(f"{section} ...", file=sys.stderr, flush=True)
                results[section] = measure(section, arrays, source, arguments)
                write_atomically(numbers, json.dumps(results, indent=1) + "\n")
    render.write(results, page)
    print(page.relative_to(ROOT), file=sys.stderr)


def measure(
    section: str, arrays: str, source: list[str], arguments: argparse.Namespace
) -> dict[str, Any]:
    """Run a section, and note where, when and how."""
    call = {
        "peers": lambda: comparison.compare(arrays, arguments.quick),
        "engines": lambda: scaling.by_models(arrays, arguments.quick),
        "gpu": lambda: scaling.on_gpu(arrays, arguments.quick),
        "growth": lambda: scaling.growth(arguments.quick),
        "study": lambda: workflow.study(source, arguments.quick),
        "size": lambda: workflow.size(source, arguments.quick),
        "job": lambda: workflow.job(arrays, arguments.quick),
    }[section]
    load, started = os.getloadavg()[0], time.monotonic()
    measured = call()
    return {
        "date": date.today().isoformat(),
        "quick": arguments.quick,
        "data": "a file" if arguments.data else "the synthetic stand-in",
        "machine": timing.machine(),
        "versions": versions(),
        "load_before": load,
        "seconds": time.monotonic() - started,
        **json.loads(json.dumps(measured)),
    }


def prepare(folder: Path, file: str | None) -> tuple[str, list[str]]:
    """Prepare the data as the default study does.

    Returns
    -------
    (str, list of str)
        The arrays' path, and Snakemake's ``--config`` for the same data.
    """
    where = ["--source", "synthetic"]
    source = "data={source: synthetic}"
    if file:
        path = Path(file).resolve()
        where = ["--source", "file", "--path", str(path)]
        source = f"data={json.dumps({'source': 'file', 'path': str(path)})}"
    raw, provenance, arrays = folder / "raw.csv", folder / "provenance.json", folder / "arrays.npz"
    described = ROOT / "workflow/datasets/obesity.yaml"
    request = receipts.request("benchmark", "", data=configuration.defaults("data"))
    common = ["--request", request, "--dataset", described, "--provenance", provenance]
    for command in (
        ["download_data.py", *common, *where, "--output", raw],
        ["preprocess.py", *common, "--raw", raw,
         "--output", arrays, "--coding", folder / "coding.json",
         "--description", folder / "description.md"],
    ):  # fmt: skip
        words = [sys.executable, f"{ROOT}/scripts/{command[0]}", *map(str, command[1:])]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{shlex.join(words)} failed:\n{done.stderr}")
    return str(arrays), [source]


def versions() -> dict[str, str]:
    """Return the versions of what was measured."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
