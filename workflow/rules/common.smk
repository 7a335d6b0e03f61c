# The configured study, and what all rules share.

import gc
import json
import os
import shlex
import sys

# Not workflow.basedir: as a module, the rules are another Snakefile's.
RULES = workflow.current_basedir.get_path_or_uri(secret_free=True)
if not os.path.isdir(RULES):
    sys.exit(
        f"error: {RULES} is not a folder on this machine, but steps need the whole project:"
        " clone it and name its Snakefile (docs/deployment.md)"
    )
sys.path.insert(0, os.path.abspath(os.path.join(RULES, "../../scripts")))
# Jobs outside conda and containers run the Python that runs Snakemake, activated or not.
os.environ.update(
    PATH=os.path.dirname(sys.executable) + os.pathsep + os.getenv("PATH", "")
)

from snakemake.settings.types import DeploymentMethod

from genboost import processes, progress
from genboost.study import axes, grid, layers, mistakes, sources, trends
from genboost.study import config as configuration
from genboost.measures import registry
from genboost.report import exhibits
from genboost.run import (
    console,
    deployment,
    folder_lock,
    interruption,
    slurm,
    snakemake_internals,
)
from genboost.train import training
from genboost.train.engines import gpus, kernel_build, policy
from genboost import receipts, rerun
from genboost.code_digest import Code
from genboost.errors import UserError
from genboost.files import write_atomically
from genboost.run.deployment import project

gc.freeze()  # What is loaded stays: to look for garbage in it again and again costs a tenth of a second.
processes.announce()
if workflow.is_main_process:
    HELD = folder_lock.hold(dry_run=workflow.output_settings.dryrun)

CONTAINED = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method
SCRIPTS = shlex.quote(project("scripts"))
DECK = project("workflow/reference/deck.csv")
given = workflow.config_settings
# As a module, the project has its own configuration: config.yaml may be another workflow's.
OWN = os.path.lexists("config.yaml") and not snakemake_internals.is_module(workflow)
CONFIG = "config.yaml" if OWN else project("config.yaml")
FILES = [*map(os.path.relpath, reversed(given.configfiles)), CONFIG]
LAYERS = [given.config, *filter(os.path.lexists, FILES)]
if snakemake_internals.config_is_passed(workflow):
    LAYERS = []
try:
    deployment.check(snakemake_internals.is_prefixed(workflow), CONTAINED)
    if workflow.is_main_process:
        sources.check_options(sys.argv[1:])
    sources.check_arguments(snakemake_internals.config_arguments(workflow))
    for file in LAYERS[1:]:
        sources.check_file(file)
except UserError as mistake:
    sys.exit(f"error: {mistake}")


if sources.has_keys(CONFIG):
    if LAYERS:
        # Snakemake starts with what is given on the command line, and merges it again after the file.
        config.clear()  # so that studies come in the order of the file

    configfile: CONFIG


config.update(layers.spread(config, LAYERS))
try:
    STUDY = configuration.resolve(config, LAYERS)
    ENGINE = STUDY["execution"]["engine"], STUDY["execution"]["device"]
    STUDIES = grid.studies(STUDY)
    CELLS = dict.fromkeys(cell for study in STUDIES for cell in study.cells)
    mistakes.refuse(
        [
            *policy.mistakes(ENGINE[0], CELLS),
            *registry.mistakes(STUDY),
            *registry.unfit(STUDY["measures"], CELLS),
            *grid.unnameable(STUDIES),
            *trends.mistakes(STUDY, STUDIES),
            *exhibits.unmet(STUDIES, STUDY["figures"]),
        ],
        LAYERS,
    )
except UserError as mistake:
    sys.exit(f"error: {mistake}")

SHOWN_STUDY = configuration.for_others(STUDY)
MODELS = grid.models(STUDIES)
# How data are prepared, by variant; where raw files come from, by their names.
DATA = grid.preparations(STUDIES)
SOURCES = {grid.raw(data): data for data in DATA.values()}


wildcard_constraints:
    raw="[^/]+",
    variant="[^/]+",
    protocol="[^/]+",


# A group's rules run in one cluster job, one by one. It asks for the cores, memory and GPU of one of
# them: without this limit, which the profile also has, Snakemake would add them up.
resource_scopes:
    turn="local",


if workflow.remote_exec:
    workflow.register_resource("turn", 1)


RESOURCES = STUDY["resources"]
ENVIRONMENT = {step: f"../../envs/{step}.yaml" for step in configuration.STEPS}
if STUDY["execution"]["device"] == "cuda":
    ENVIRONMENT["train"] = "../../envs/train-cuda.yaml"
IMAGE = dict.fromkeys(configuration.STEPS)
if CONTAINED:
    IMAGE = {step: project(f"containers/{step}.sif") for step in IMAGE}
    snakemake_internals.show_to_containers(workflow)
    unbuilt = [path for path in IMAGE.values() if not os.path.exists(path)]
    if unbuilt:
        sys.exit(f"error: {', '.join(unbuilt)} missing; build with: make containers")


def gpus_for(*cells):
    """Return how many GPUs a job asks for that trains models of some cells."""
    asked = RESOURCES["train"]["gpus"]
    return int(policy.wants_gpu(*ENGINE, cells)) if asked == "auto" else asked


LIBRARY = Code()


def train_code(script):
    """Return a digest of the code that trains, by engine; torch's counts only where it is used."""
    kernel = "genboost/train/engines/kernel"
    unused = "genboost/train/engines/torch_engine.py"
    return {
        "simd": LIBRARY.digest(script, kernel, without=unused),
        "torch": LIBRARY.digest(script, kernel),
    }


def outcome(path):
    """Return the place of a file that only runs of this name make."""
    return f"results/{STUDY['name']}/{path}"


def outcome_log(step):
    return f"results/logs/{STUDY['name']}/{step}.log"


def outcome_step(step):
    """Return a step's name, which tells it from that of another outcome."""
    return f"outcomes/{STUDY['name']}/{step}"


def request(script, *templates, step=None, **settings):
    """Return what a step is asked for, as one string: settings, and a digest of its code."""
    name = step or outcome_step(script.removesuffix(".py").removeprefix("make_"))
    return receipts.request(name, LIBRARY.digest(script, *templates), **settings)


def sections(*names):
    """Return what a step that shows results is asked for: no folder of this machine is in it."""
    return {name: SHOWN_STUDY[name] for name in names}


def needs(step, runtimes=1, gpu=0):
    """Return the resources of a step's jobs; memory and time grow with every new attempt."""
    own = RESOURCES[step]
    words = {
        "slurm_partition": own["partition"] or RESOURCES["partition"],
        "slurm_account": RESOURCES["account"],
        "constraint": own["constraint"] or RESOURCES["constraint"],
    }
    return {
        "mem_mb": lambda wildcards, attempt: attempt * own["mem_mb"],
        "runtime": lambda wildcards, attempt: (
            attempt
            * own["runtime"]
            * (runtimes(wildcards) if callable(runtimes) else runtimes)
        ),
        "gpu": gpu,
        "turn": 1,
        **{name: word for name, word in words.items() if word},
    }


def share_of_cores(step, jobs=1):
    """Return a function that shares out one machine's cores; on a cluster each job has its own."""

    def cores(wildcards):
        if workflow.remote_exec or not workflow.local_exec:
            return RESOURCES[step]["cpus"]
        return max(1, workflow.cores // max(1, jobs))

    return cores


def data_of(wildcards):
    if wildcards.variant not in DATA:
        raise UserError(
            f"no study in the configuration prepares data as {wildcards.variant}"
        )
    return DATA[wildcards.variant]


def raw(file):
    """Return a function that names a raw file, or what goes with it, of a variant."""

    return lambda wildcards: file.format(raw=grid.raw(data_of(wildcards)))


def description(data):
    return project(f"workflow/datasets/{data['dataset']}.yaml")


def source_options(wildcards):
    data = SOURCES[wildcards.raw]
    options = {
        "--source": data["source"],
        "--kaggle-dataset": data["kaggle_dataset"],
        "--path": data["path"] if data["source"] == "file" else None,
    }
    # With "=", as a path may start with a hyphen.
    return shlex.join(f"{name}={value}" for name, value in options.items() if value)


def local_file(wildcards):
    data = SOURCES[wildcards.raw]
    return [data["path"]] if data["source"] == "file" else []


EXHIBITS = {
    outcome(f"{exhibit.folder}/{name}"): exhibit
    for exhibit in exhibits.exhibits(STUDY)
    for name in exhibit.files
}


def files_of(folder):
    return [path for path, exhibit in EXHIBITS.items() if exhibit.folder == folder]


def labelled(paths):
    """Mark exhibits for Snakemake's own report, which takes the last of their formats."""
    return list(map(_labelled, paths))


def _labelled(path):
    exhibit = EXHIBITS[path]
    if not exhibit.caption or not path.endswith(exhibit.files[-1]):
        return path
    return report(
        path,
        caption=f"../report/{exhibit.caption}.rst",
        category=exhibit.category,
        # An invisible word joiner keeps Snakemake from reading braces as a wildcard.
        labels={"title": exhibit.title.replace("{", "{\u2060")},
    )
