# One model per job, or packs of models: the same records in the same places, by the same command.
#
# A job's order says what to train: a single model's is in the command, a pack's in a file. train.py
# trains what is missing or out of date and keeps the rest, so `update` makes Snakemake leave existing
# files to it.

TRAIN = (
    f"python {SCRIPTS}/train.py"
    " --data {input.arrays} --order {params.order:q}"
    " --threads {threads} --gpus {resources.gpu} 2>&1 | tee {log}"
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
        **needs("train", gpu=lambda wildcards: gpus_for(model_of(wildcards).cell)),
    params:
        order=lambda wildcards: order(model_of(wildcards)).write(),
    shell:
        TRAIN


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
    threads: share_of_cores("train", len(PACKS))
    resources:
        **needs(
            "train",
            runtimes=lambda wildcards: rounds(PACKS[wildcards.pack]),
            gpu=lambda wildcards: gpus_for(
                *(model.cell for model in PACKS[wildcards.pack])
            ),
        ),
    params:
        order=lambda wildcards: PACK.format(**wildcards),
    shell:
        TRAIN
