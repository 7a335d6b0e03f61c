# Trains all of the deck's cells under other readings of its protocol, and ranks the readings. Each
# trial is one job and writes only errors: there are too many models to keep a record of each.

from genboost.study import readings
from genboost.study.cells import Cell

try:
    READINGS = readings.readings(STUDY) if STUDY["audit"]["readings"] else []
except UserError as mistake:
    sys.exit(f"error: {mistake}")

AUDIT = files_of(exhibits.AUDIT)
TRIALS = {reading.trial: reading for reading in READINGS}
SPLITS = {
    reading.trial: [
        axes.variant(Cell(data)) for data in reading.splits(STUDY["audit"]["splits"])
    ]
    for reading in READINGS
}
# Rules that prepare data look up variants here.
DATA |= {
    axes.variant(Cell(data)): data
    for reading in READINGS
    for data in reading.splits(STUDY["audit"]["splits"])
}
SOURCES |= {grid.raw(data): data for data in DATA.values()}

TRIAL = outcome("audit/trials/{variant}/{protocol}.csv")


rule trial:
    input:
        arrays=lambda wildcards: [
            f"results/data/{variant}/arrays.npz"
            for variant in SPLITS[TRIAL.format(**wildcards)]
        ],
        deck=DECK,
    output:
        TRIAL,
    log:
        outcome_log("audit/{variant}/{protocol}"),
    conda:
        ENVIRONMENT["train"]
    container:
        IMAGE["train"]
    threads: RESOURCES["train"]["cpus"]
    resources:
        **needs(
            "train",
            runtimes=100,
            gpu=lambda wildcards: gpus_for(*deck_cells(wildcards)),
        ),
    params:
        request=lambda wildcards: receipts.request(
            outcome_step(f"trial/{wildcards.variant}/{wildcards.protocol}"),
            train_code("train_trial.py")[
                "simd" if policy.by_kernel(*ENGINE, deck_cells(wildcards)) else "torch"
            ],
            seeds=STUDY["audit"]["seeds"],
            execution=ENGINE,
        ),
        # The path says what is not as the defaults say; the rest is no part of the request.
        settings=lambda wildcards: json.dumps(
            dict(TRIALS[TRIAL.format(**wildcards)].settings)
        ),
    shell:
        f"python {SCRIPTS}/train_trial.py"
        " --request {params.request:q} --settings {params.settings:q}"
        " --data {input.arrays} --deck {input.deck:q} --threads {threads}"
        " --gpus {resources.gpu} --output {output} 2>&1 | tee {log}"


rule audit:
    input:
        trials=list(TRIALS),
        deck=DECK,
        provenance=f"results/data/raw/{grid.raw(STUDY['data'])}.provenance.json",
    output:
        AUDIT or outcome("audit/audit.md"),
    log:
        outcome_log("audit"),
    conda:
        ENVIRONMENT["report"]
    container:
        IMAGE["report"]
    threads: RESOURCES["report"]["cpus"]
    resources:
        **needs("report"),
    params:
        request=request(
            "make_audit.py", **sections("name", "audit", "data", "model", "training")
        ),
    shell:
        f"python {SCRIPTS}/make_audit.py"
        " --request {params.request:q} --deck {input.deck:q}"
        " --provenance {input.provenance}"
        f" --output {outcome('audit')} 2>&1 | tee {{log}}"
