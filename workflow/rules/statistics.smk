# From the table of models to verdicts and the comparison with the deck.

STATISTICS = files_of(exhibits.STATISTICS)


rule statistics:
    input:
        **RESULTS,
    output:
        labelled(STATISTICS),
    log:
        outcome_log("statistics"),
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
            "make_statistics.py",
            **sections("studies", "tables", "comparisons", "schemes"),
            measures=registry.drawn(STUDY),
        ),
    shell:
        f"python {SCRIPTS}/make_statistics.py"
        f"{READING}"
        f" --output {outcome('statistics')} 2>&1 | tee {{log}}"
