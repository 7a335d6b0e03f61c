# From the records of all models to tables.

TABLES = [f"results/tables/{name}" for name in tables.names(STUDY)]
# What all that shows results reads, and the options that name it.
RESULTS = {
    "cells": "results/cells.csv",
    "summary": "results/summary.csv",
    "deck": "workflow/reference/deck.csv",
    "provenance": [
        f"results/data/raw/{dataset}.provenance.json" for dataset in SOURCES
    ],
    "baselines": [f"results/data/{variant}/baselines.json" for variant in DATA],
}
READING = (
    "--config {params.config:q} --cells {input.cells} --summary {input.summary}"
    " --deck {input.deck} --provenance {input.provenance} --baselines {input.baselines}"
)


rule aggregate:
    input:
        records=[model.record for model in MODELS],
    output:
        cells="results/cells.csv",
        summary=report(
            "results/summary.csv", caption="../report/summary.rst", category="Tables"
        ),
    log:
        "results/logs/aggregate.log",
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
        # Not the titles, or another one would have all records read again.
        config=json.dumps(
            {
                "studies": {
                    name: {**study, "title": name}
                    for name, study in STUDY["studies"].items()
                }
            }
        ),
        code=digest("aggregate.py"),
    shell:
        "python scripts/aggregate.py --config {params.config:q}"
        " --cells {output.cells} --summary {output.summary} 2>&1 | tee {log}"


rule tables:
    input:
        **RESULTS,
    output:
        TABLES,
    log:
        "results/logs/tables.log",
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
        config=settings("studies", "tables"),
        code=digest("make_tables.py"),
    shell:
        f"python scripts/make_tables.py {READING}"
        " --output results/tables 2>&1 | tee {log}"
