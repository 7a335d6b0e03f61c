"""Snakemake, imported once for many runs: each is a fork of this process, as if started anew.

Reads runs from its input, a line of JSON each, and writes each one's exit status. What every run
would import later, it has imported, too.
"""

import gc
import json
import os
import sys

import jsonschema  # noqa: F401
import smart_open  # noqa: F401
from snakemake.cli import get_argument_parser, main

PROGRAM = os.path.join(os.path.dirname(sys.executable), "snakemake")


def become(arguments: list[str], folder: str, environment: dict[str, str], said: list[str]) -> None:
    """Make this process what a new one would be, in a process group of its own."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate((os.devnull, *said)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    sys.path[0] = os.path.dirname(PROGRAM)
    sys.argv = [PROGRAM, *arguments]


if __name__ == "__main__":
    get_argument_parser()  # imports the plugins
    gc.freeze()
    for line in sys.stdin:
        if child := os.fork():
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
        else:
            become(**json.loads(line))
            sys.exit(main())
