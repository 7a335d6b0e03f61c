# One model a job, or packs of models; the same records in the same places, by the same command.
#
# What a job trains is its order: that of a single model stands in the command, that of a pack in a
# file. train.py trains what is missing of it, or stands for something else, and keeps the rest, so
# `update` has Snakemake leave the files that are there to it.

from genboost.study.packs import LANES, packs
from genboost.train.order import Order

TRAIN = (
    "python scripts/train.py --data {input.arrays} --order {params.order:q}"
    " --threads {threads} --gpus {resources.gpu} 2>&1 | tee {log}"
)
CODE = train_code("train.py")
# Whether the kernel can be had where training is done; a container brings its own.
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
        raise UserError(f"no study of the configuration has the model {record}")
    return BY_RECORD[record]


rule train:
    input:
        arrays="results/data/{variant}/arrays.npz",
    output:
        update(grid.RECORD),
    log:
        grid.RECORD.replace("models", "logs/train").replace(".json", ".log"),
    priority: 1
    group:
        "models"
    conda:
        ENVIRONMENT["train"]
    container:
        IMAGE["train"]
    threads: 1
    resources:
        **needs("train", gpu=lambda wildcards: gpus_for(model_of(wildcards).cell)),
    params:
        order=lambda wildcards: order(model_of(wildcards)).write(),
    shell:
        TRAIN


# `--profile fused` asks for packs by `set-scatter`: of a profile's settings, `config` is the one
# that a user's own `--config` would put aside. Its 0 is for as many as the configuration says.
AT_LEAST = STUDY["execution"]["packs"]
FUSED = STUDY["execution"]["fuse"]
asked_for = snakemake_internals.scatter_items(workflow, "packs")
if asked_for is not None:
    AT_LEAST = asked_for or AT_LEAST
    FUSED = FUSED or [*axes.AXES, "seed"]

# A GPU is for as many models at once as there are: a pack for each GPU of this machine, unless
# jobs are a cluster's.
LOCAL = not snakemake_internals.is_for_a_cluster(workflow)
if LOCAL and gpus_for(*CELLS):
    AT_LEAST = len(gpus.visible()) or AT_LEAST


def arrays_of(model):
    return f"results/data/{axes.variant(model.cell)}/arrays.npz"


# Packs by the files of their orders, which are the jobs' outputs as well: Snakemake keeps notes on
# every output, and on thousands of records they would come to gigabytes.
PACK = "build/packs/{pack}.json"
PACKS, ORDERS = {}, {}


def engine_of(cell):
    return policy.by_kernel(*ENGINE, [cell])


shared_out = packs(MODELS, FUSED, AT_LEAST, engine_of, training.alike) if FUSED else []
for number, pack in enumerate(shared_out, start=1):
    pack_order = order(*pack)
    text = pack_order.write()
    name = f"{number}-{receipts.identity(text.encode())[:12]}"
    PACKS[name], ORDERS[PACK.format(pack=name)] = pack, pack_order
    if workflow.is_main_process:
        rerun.lay_out(PACK.format(pack=name), text, arrays_of(pack[0]))

TRAINED = list(ORDERS) or list(BY_RECORD)

if workflow.is_main_process:
    judge = rerun.Judge(list(BY_RECORD), ORDERS, workflow.output_settings.dryrun)
    snakemake_internals.judge_by(judge)


rule train_pack:
    input:
        arrays=lambda wildcards: arrays_of(PACKS[wildcards.pack][0]),
    output:
        update(PACK),
    log:
        "results/logs/train/pack_{pack}.log",
    priority: 1
    conda:
        ENVIRONMENT["train"]
    container:
        IMAGE["train"]
    threads: share_of_cores(len(PACKS))
    resources:
        **needs(
            "train",
            runtimes=lambda wildcards: -(-len(PACKS[wildcards.pack]) // LANES),
            gpu=lambda wildcards: gpus_for(
                *(model.cell for model in PACKS[wildcards.pack])
            ),
        ),
    params:
        order=lambda wildcards: PACK.format(**wildcards),
    shell:
        TRAIN
