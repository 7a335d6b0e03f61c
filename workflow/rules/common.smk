# The study that the configuration describes, and what all rules share.

import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

SCRIPTS = os.path.relpath(os.path.join(workflow.basedir, "scripts"))
sys.path.insert(0, SCRIPTS)
# Jobs outside conda and containers run the Python that runs Snakemake, activated or not.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]

from genboost import config as configuration
from genboost import grid, tables
from genboost.code_digest import digest
from genboost.errors import UserError
from genboost.record import is_damaged
from snakemake.exceptions import WorkflowError

try:
    STUDY = configuration.resolve(config, workflow.configfiles)
except UserError as mistake:
    raise WorkflowError(str(mistake)) from None

STUDIES = grid.studies(STUDY)
MODELS = grid.models(STUDIES)
# How data are prepared, by variant; where data sets come from; protocols by the name in paths.
DATA = {study.variant: study.data for study in STUDIES}
SOURCES = {data["dataset"]: data for data in DATA.values()}
PROTOCOLS = {study.protocol.name: study.protocol for study in STUDIES}


wildcard_constraints:
    dataset="[^/]+",
    variant="[^/]+",
    protocol="[^/]+",


def command_line(options):
    """Write settings as a command's options: a list as several values, true as a bare flag."""
    words = []
    for name, value in options.items():
        if value is not False and value is not None:
            words.append(f"--{name.replace('_', '-')}")
            values = value if isinstance(value, list) else [value]
            words += [] if value is True else map(str, values)
    return shlex.join(words)
