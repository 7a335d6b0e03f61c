# From the tables of results to figures, and to a report that opens in a browser.

from genboost import figures

try:
    figures.chosen_cells(STUDIES, STUDY["figures"]["curves"])
except UserError as mistake:
    sys.exit(f"error: {mistake}")
FIGURES = [f"results/figures/{name}" for name in figures.names(STUDY)]
TEMPLATES = [
    f"genboost/templates/report.{ending}" for ending in ("html.j2", "css", "js")
]


def settings(*sections):
    return json.dumps({section: STUDY[section] for section in sections})


rule figures:
    input:
        **RESULTS,
    output:
        FIGURES,
    log:
        "results/logs/figures.log",
    group:
        "report"
    threads: RESOURCES["report"]["cpus"]
    resources:
        **needs("report"),
    params:
        config=settings("studies", "tables", "figures"),
        code=digest("make_figures.py"),
    shell:
        f"python scripts/make_figures.py {READING}"
        " --output results/figures 2>&1 | tee {log}"


rule report:
    input:
        **RESULTS,
        descriptions=[f"results/data/{variant}/description.md" for variant in DATA],
        figures=FIGURES,
        records=[model.record for model in MODELS],
    output:
        "results/report/index.html",
    log:
        "results/logs/report.log",
    group:
        "report"
    threads: RESOURCES["report"]["cpus"]
    resources:
        **needs("report"),
    params:
        config=settings(
            "data", "model", "training", "grid", "studies", "tables", "figures"
        ),
        code=digest("make_report.py", *TEMPLATES),
    shell:
        f"python scripts/make_report.py {READING}"
        " --descriptions {input.descriptions} --figures results/figures"
        " --output {output} 2>&1 | tee {log}"
