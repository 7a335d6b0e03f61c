# From the records of all models to tables.

TABLES = [f"results/tables/{name}" for name in tables.names(STUDY)]
# What all that shows results reads, and the options that name it.
RESULTS = {
    "cells": "results/cells.csv",
    "summary": "results/summary.csv",
    "deck": "workflow/reference/deck.csv",
    "provenance": [f"results/data/raw/{name}.provenance.json" for name in SOURCES],
    "baselines": [f"results/data/{variant}/baselines.json" for variant in DATA],
}
READING = (
    "--request {params.request:q} --cells {input.cells} --summary {input.summary}"
    " --deck {input.deck} --provenance {input.provenance} --baselines {input.baselines}"
)


rule aggregate:
    input:
        arrays=[f"results/data/{variant}/arrays.npz" for variant in DATA],
        models=MEASURED,
    output:
        cells="results/cells.csv",
        summary=report(
            "results/summary.csv", caption="../report/summary.rst", category="Tables"
        ),
        runs="results/runs.json",
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
        request=request(
            "aggregate.py",
            # Not the titles, or another one would have all records read again.
            studies={
                name: {**study, "title": name}
                for name, study in STUDY["studies"].items()
            },
            measures=STUDY["measures"],
        ),
        # No part of the request: another code or engine shows in the records.
        trained=json.dumps({"execution": ENGINE, "code": CODE}),
    shell:
        "python scripts/aggregate.py --request {params.request:q} --trained {params.trained:q}"
        " --arrays {input.arrays}"
        " --cells {output.cells} --summary {output.summary} --runs {output.runs} 2>&1 | tee {log}"


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
        request=request("make_tables.py", **sections("studies", "tables")),
    shell:
        f"python scripts/make_tables.py {READING}"
        " --output results/tables 2>&1 | tee {log}"
