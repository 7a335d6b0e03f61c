# From records to sheets of measures, one per model, in the same packs as the training.
#
# As in training, a job's models are named by its order; see train.smk.

from genboost.measures import sheet

SHEET = sheet.path_of(grid.RECORD)
# The code of each measure, without the trainers that it reaches through a module's imports.
MEASURES = {
    name: digest(
        f"genboost/measures/families/{name}.py",
        without="genboost/train/engines/torch_engine.py",
    )
    for name in STUDY["measures"]
}
MEASURE = (
    f"python {SCRIPTS}/measure.py"
    " --data {input.arrays} --order {params.measured:q}"
    " --measures {params.measures:q} 2>&1 | tee {log}"
)
MEASURED_PACK = "build/measured/{pack}.json"
if not MEASURES:
    MEASURED = TRAINED
elif PACKS:
    MEASURED = [MEASURED_PACK.format(pack=pack) for pack in PACKS]
    for path, pack in zip(MEASURED, PACKS) if workflow.is_main_process else []:
        rerun.lay_out(path, "", PACK.format(pack=pack))
else:
    MEASURED = [sheet.path_of(record) for record in BY_RECORD]


rule measure:
    input:
        arrays="results/data/{variant}/arrays.npz",
        record=grid.RECORD,
    output:
        update(SHEET),
    log:
        SHEET.replace("measures", "logs/measure").replace(".json", ".log"),
    group:
        "models"
    conda:
        ENVIRONMENT["train"]
    container:
        IMAGE["train"]
    threads: 1
    resources:
        **needs("train"),
    params:
        measured=lambda wildcards: order(model_of(wildcards)).write(),
        measures=json.dumps(MEASURES),
    shell:
        MEASURE


rule measure_pack:
    input:
        arrays=lambda wildcards: arrays_of(PACKS[wildcards.pack][0]),
        pack=PACK,
    output:
        update(MEASURED_PACK),
    log:
        "results/logs/measure/pack_{pack}.log",
    conda:
        ENVIRONMENT["train"]
    container:
        IMAGE["train"]
    threads: 1
    resources:
        **needs(
            "train",
            runtimes=rounds,
        ),
    params:
        measured=lambda wildcards: PACK.format(**wildcards),
        measures=json.dumps(MEASURES),
    shell:
        MEASURE
