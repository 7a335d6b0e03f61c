# From the records of all models to tables.

TABLES = files_of(exhibits.TABLES)
# What everything that shows results reads, and the options that name it.
RESULTS = {
    "cells": outcome("cells.csv"),
    "summary": outcome("summary.csv"),
    "deck": DECK,
    "provenance": [f"results/data/raw/{name}.provenance.json" for name in SOURCES],
    "baselines": [f"results/data/{variant}/baselines.json" for variant in DATA],
}
READING = (
    " --request {params.request:q} --cells {input.cells} --summary {input.summary}"
    " --deck {input.deck:q} --provenance {input.provenance} --baselines {input.baselines}"
)


rule aggregate:
    input:
        arrays=[f"results/data/{variant}/arrays.npz" for variant in DATA],
        models=MEASURED,
    output:
        cells=outcome("cells.csv"),
        summary=report(
            outcome("summary.csv"),
            caption="../report/summary.rst",
            category="Tables",
            labels={"title": "All cells"},
        ),
        runs=outcome("runs.json"),
        curves=outcome("curves.json"),
    log:
        outcome_log("aggregate"),
    group:
        "report"
    conda:
        ENVIRONMENT["report"]
    container:
        IMAGE["report"]
    threads: RESOURCES["report"]["cpus"]
    resources:
        **needs("report"),
    params:
        request=request(
            "aggregate.py",
            # Not the titles, or another one would have all records read again.
            studies={
                name: {**study, "title": name}
                for name, study in SHOWN_STUDY["studies"].items()
            },
            measures=STUDY["measures"],
        ),
        # No part of the request: another code or engine shows in the records.
        trained=json.dumps({"execution": ENGINE, "code": CODE}),
    shell:
        f"python {SCRIPTS}/aggregate.py"
        " --request {params.request:q} --trained {params.trained:q}"
        " --arrays {input.arrays}"
        " --cells {output.cells} --summary {output.summary} --runs {output.runs}"
        " --curves {output.curves} 2>&1 | tee {log}"


rule tables:
    input:
        **RESULTS,
    output:
        labelled(TABLES),
    log:
        outcome_log("tables"),
    group:
        "report"
    conda:
        ENVIRONMENT["report"]
    container:
        IMAGE["report"]
    threads: RESOURCES["report"]["cpus"]
    resources:
        **needs("report"),
    params:
        request=request("make_tables.py", **sections("studies", "tables")),
    shell:
        f"python {SCRIPTS}/make_tables.py"
        f"{READING}"
        f" --output {outcome('tables')} 2>&1 | tee {{log}}"
