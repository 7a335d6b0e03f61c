# From the table of models to verdicts, and the deck held against it.

from genboost.report import findings

STATISTICS = [outcome(f"statistics/{name}") for name in findings.FILES]
CLAIMS = outcome("statistics/comparisons.csv")


rule statistics:
    input:
        **RESULTS,
    output:
        [path for path in STATISTICS if path != CLAIMS],
        report(CLAIMS, caption="../report/claims.rst", category="Tables"),
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
        ),
        folder=outcome("statistics"),
    shell:
        f"python {SCRIPTS}/make_statistics.py"
        f"{READING}"
        " --output {params.folder} 2>&1 | tee {log}"
