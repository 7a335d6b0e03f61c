# One model a job, or packs of models; the same records in the same places, by the same command.
#
# Going from one mode to the other trains nothing again: Snakemake sees the same command, the same
# input and the same params behind each record. `update` keeps the records that are there, and
# train.py trains just those of a pack that are missing or that stand for something else.

from genboost.train.record import is_damaged

TRAIN = (
    "python scripts/train.py --data {input.arrays} --protocol {params.protocol:q}"
    " --engine {params.engine} --device {params.device} --code {params.code}"
    " --threads {threads} --gpus {resources.gpu} {output} 2>&1 | tee {log}"
)

# A record cut short (a full disk, an interrupted copy) looks fine to Snakemake.
if workflow.is_main_process and not workflow.output_settings.dryrun:
    for model in MODELS:
        if is_damaged(model.record):
            os.replace(model.record, f"{model.record}.damaged")
            print(
                f"{model.record} is damaged: set aside, to train it again",
                file=sys.stderr,
            )


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
        **needs("train", gpu=lambda wildcards: gpus_for(wildcards.optimizer)),
    params:
        protocol=lambda wildcards: protocol_json(wildcards.protocol),
        engine=STUDY["execution"]["engine"],
        device=STUDY["execution"]["device"],
        code=lambda wildcards: train_code("train.py", wildcards.optimizer),
    shell:
        TRAIN


# `--profile fused` asks for packs by `set-scatter`: of a profile's settings, `config` is the one
# that a user's own `--config` would put aside. Its 0 is for as many as the configuration says.
PACKS = STUDY["execution"]["packs"]
FUSED = STUDY["execution"]["fuse"]
if "packs" in workflow.resource_settings.overwrite_scatter:
    PACKS = workflow.resource_settings.overwrite_scatter["packs"] or PACKS
    FUSED = FUSED or list(grid.AXES)

# A GPU is for as many models at once as there are: a pack for each GPU of this machine, unless
# jobs are a cluster's. (What runs them is not known yet, but only to a cluster are so many given.)
LOCAL = not workflow.remote_exec and workflow.resource_settings.nodes is None
if LOCAL and gpus_for(*(model.cell.optimizer for model in MODELS)):
    PACKS = len(gpus.visible()) or PACKS

packs = grid.packs(MODELS, FUSED, PACKS) if FUSED else []

for number, pack in enumerate(packs, start=1):

    rule:
        name:
            f"train_pack_{number}"
        input:
            arrays=f"results/data/{pack[0].variant}/arrays.npz",
        output:
            update([model.record for model in pack]),
        log:
            f"results/logs/train/pack_{number}.log",
        priority: 1
        conda:
            ENVIRONMENT["train"]
        container:
            IMAGE["train"]
        threads: share_of_cores(len(packs))
        resources:
            **needs(
                "train",
                runtimes=-(-len(pack) // grid.LANES),
                gpu=gpus_for(*(model.cell.optimizer for model in pack)),
            ),
        params:
            protocol=protocol_json(grid.protocol_name(pack[0].protocol)),
            engine=STUDY["execution"]["engine"],
            device=STUDY["execution"]["device"],
            code=train_code("train.py", *{model.cell.optimizer for model in pack}),
        shell:
            TRAIN
