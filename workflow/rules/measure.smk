# From records to sheets of measures, one per model.
#
# A job measures many models, for most measures take milliseconds: those of a pack as soon as it is
# trained, or of single models so many. As in training, an order says which; see train.smk.

TOGETHER = 64  # single models
# The code of each measure, without the trainers that it reaches through a module's imports.
MEASURES = {
    name: LIBRARY.digest(
        f"genboost/measures/families/{name}.py",
        without="genboost/train/engines/torch_engine.py",
    )
    for name in STUDY["measures"]
}
MEASURED_PACK = "build/measured/{pack}.json"
MEASURED_PACKS = PACKS if MEASURES else {}
if MEASURES and not PACKS:
    every_axis, jobs = [*axes.AXES, "seed"], -(-len(MODELS) // TOGETHER)
    MEASURED_PACKS = ordered(packs(MODELS, every_axis, jobs, engine_of, training.alike))
# What says that the models of each are trained: the pack, or each model's record.
TRAINED_FIRST = {
    name: [PACK.format(pack=name)] if PACKS else [model.record for model in pack]
    for name, pack in MEASURED_PACKS.items()
}
MEASURED = [MEASURED_PACK.format(pack=name) for name in MEASURED_PACKS] or TRAINED
if workflow.is_main_process:
    for name, trained in TRAINED_FIRST.items():
        rerun.lay_out(MEASURED_PACK.format(pack=name), "", trained)


rule measure:
    input:
        arrays=lambda wildcards: arrays_of(MEASURED_PACKS[wildcards.pack][0]),
        trained=lambda wildcards: TRAINED_FIRST[wildcards.pack],
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
            runtimes=lambda wildcards: rounds(MEASURED_PACKS[wildcards.pack]),
        ),
    params:
        measured=lambda wildcards: PACK.format(**wildcards),
        measures=json.dumps(MEASURES),
    shell:
        f"python {SCRIPTS}/measure.py"
        " --data {input.arrays} --order {params.measured:q}"
        " --measures {params.measures:q} 2>&1 | tee {log}"
