# From the table of models to verdicts, and the deck held against it.

from genboost.report import findings

STATISTICS = [f"results/statistics/{name}" for name in findings.FILES]
CLAIMS = "results/statistics/comparisons.csv"


rule statistics:
    input:
        **RESULTS,
    output:
        [path for path in STATISTICS if path != CLAIMS],
        report(CLAIMS, caption="../report/claims.rst", category="Tables"),
    log:
        "results/logs/statistics.log",
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
            "make_statistics.py", **sections("studies", "tables", "comparisons")
        ),
    shell:
        f"python scripts/make_statistics.py {READING}"
        " --output results/statistics 2>&1 | tee {log}"
