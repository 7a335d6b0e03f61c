# Which models to train, by which engine, how packs share them, and what is done again.

from genboost.study import reference
from genboost.study.packs import LANES, packs
from genboost.train.order import Order

CODE = train_code("train.py")
# Whether the kernel is available where training happens; a container brings its own.
KERNEL = CONTAINED or kernel_build.is_available()
BY_RECORD = {model.record: model for model in MODELS}


def order(*models):
    """Return the order of some models on the same data."""
    cells = {model.cell for model in models}
    return Order(
        models={model.record: (model.cell, model.seed) for model in models},
        engine=ENGINE[0],
        device=ENGINE[1],
        accepted=policy.accepted(*ENGINE, cells, KERNEL),
        code=CODE,
    )


def model_of(wildcards):
    record = grid.RECORD.format(**wildcards)
    if record not in BY_RECORD:
        raise UserError(f"no study in the configuration has the model {record}")
    return BY_RECORD[record]


def arrays_of(model):
    return f"results/data/{axes.variant(model.cell)}/arrays.npz"


def engine_of(cell):
    return policy.by_kernel(*ENGINE, [cell])


def deck_cells(wildcards):
    """Return the deck's cells as a reading trains them."""
    settings = TRIALS[TRIAL.format(**wildcards)].settings
    return reference.cells(DECK, settings)


# `--profile fused` asks for packs with `set-scatter`, since a profile's `config` would be dropped if
# the user gives `--config`. Its 0 means as many as the configuration says.
AT_LEAST = STUDY["execution"]["packs"]
FUSED = STUDY["execution"]["fuse"]
asked_for = snakemake_internals.scatter_items(workflow, "packs")
if asked_for is not None:
    AT_LEAST = asked_for or AT_LEAST
    FUSED = FUSED or [*axes.AXES, "seed"]

# A GPU trains any number of models at once: one pack for each GPU of this machine, unless jobs go
# to a cluster.
LOCAL = not snakemake_internals.is_for_a_cluster(workflow)
if LOCAL and gpus_for(*CELLS):
    AT_LEAST = len(gpus.visible()) or AT_LEAST


def ordered(packs):
    """Write the orders of packs to files, which are the outputs of jobs that train them, too.

    For thousands of records, Snakemake's notes on every output would take gigabytes. Return the
    packs by name.
    """
    named = {}
    for number, pack in enumerate(packs, start=1):
        pack_order = order(*pack)
        text = pack_order.write()
        name = f"{number}-{receipts.identity(text.encode())[:12]}"
        path = PACK.format(pack=name)
        named[name], ORDERS[path] = pack, pack_order
        if workflow.is_main_process:
            rerun.lay_out(path, text, [arrays_of(pack[0])])
    return named


def rounds(pack):
    """Return how many times a pack fills all lanes of the kernel."""
    return -(-len(pack) // LANES)


PACK = "build/packs/{pack}.json"
ORDERS = {}
PACKS = ordered(
    packs(MODELS, FUSED, AT_LEAST, engine_of, training.alike) if FUSED else []
)
TRAINED = list(ORDERS) or list(BY_RECORD)


if workflow.is_main_process:
    judge = rerun.Judge(list(BY_RECORD), ORDERS, workflow.output_settings.dryrun)
    snakemake_internals.judge_by(judge, workflow)
