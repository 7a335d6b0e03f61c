# From tables of results to figures and a report for the browser.

FIGURES = files_of(exhibits.FIGURES)
DRAWN = [EXHIBITS[path] for path in FIGURES]
# The report's sources other than Python.
TEMPLATES = [
    *(
        f"genboost/report/templates/{name}.{ending}"
        for name in ("report", "explore")
        for ending in ("html.j2", "css", "js")
    ),
    *(f"genboost/report/templates/explore_{name}.js" for name in ("charts", "data")),
    *(f"../workflow/report/{name}.rst" for name in sorted({e.caption for e in DRAWN})),
]
REPORT = outcome("report/index.html")
AUDITED = [outcome("audit/audit.json")] if STUDY["audit"]["readings"] else []
WITH_AUDIT = " --audit {input.audit}" if AUDITED else ""
WITH_PLANE = " --plane {input.plane}" if PLANE else ""
SHOWN = ("measures", "audit", "tables", "figures")
SCIENCE = ("data", "model", "training", "grid", "studies", "comparisons", "schemes")


# A module leaves the front page of Snakemake's own report to its user.
if not snakemake_internals.is_module(workflow):

    report: "../report/workflow.rst"


rule figures:
    input:
        **RESULTS,
        statistics=outcome("statistics/statistics.json"),
        audit=AUDITED,
        plane=PLANE,
    output:
        labelled(FIGURES),
    log:
        outcome_log("figures"),
    group:
        "report"
    conda:
        ENVIRONMENT["report"]
    container:
        IMAGE["report"]
    threads: share_of_cores("report")
    resources:
        **needs("report"),
    params:
        request=request(
            "make_figures.py",
            *(
                f"genboost/report/figures/{kind}.py"
                for kind in {e.kind for e in DRAWN}
            ),
            **sections("studies", "comparisons", "schemes", *SHOWN),
        ),
    shell:
        f"python {SCRIPTS}/make_figures.py"
        f"{READING}{WITH_AUDIT}{WITH_PLANE}"
        " --statistics {input.statistics} --threads {threads}"
        f" --output {outcome('figures')} 2>&1 | tee {{log}}"


rule report:
    input:
        **RESULTS,
        statistics=outcome("statistics/statistics.json"),
        audit=AUDITED,
        descriptions=[f"results/data/{variant}/description.md" for variant in DATA],
        figures=FIGURES,
        runs=outcome("runs.json"),
        curves=outcome("curves.json"),
    output:
        report(
            REPORT,
            caption="../report/report.rst",
            category="Report",
            labels={"title": "Everything on one page"},
        ),
    log:
        outcome_log("report"),
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
            "make_report.py",
            *TEMPLATES,
            **sections(*SCIENCE, *SHOWN),
        ),
    shell:
        f"python {SCRIPTS}/make_report.py"
        f"{READING}{WITH_AUDIT}"
        " --statistics {input.statistics} --descriptions {input.descriptions}"
        f" --figures {outcome('figures')}"
        " --runs {input.runs} --curves {input.curves} --output {output} 2>&1 | tee {log}"
