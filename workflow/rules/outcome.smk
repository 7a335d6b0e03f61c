# The records of the configuration and of the steps behind an outcome, and the page that lists all
# outcomes.

from genboost.report import crate, outcomes

CONFIGURATION = outcome("config.yaml")
CRATE = [outcome(crate.NAME), outcome(crate.WORKFLOW)]
INDEX = console.INDEX


rule configuration:
    output:
        CONFIGURATION,
    log:
        outcome_log("configuration"),
    localrule: True
    conda:
        ENVIRONMENT["report"]
    container:
        IMAGE["report"]
    threads: RESOURCES["report"]["cpus"]
    resources:
        **needs("report"),
    params:
        request=request(
            "write_configuration.py", configuration=configuration.complete(config)
        ),
    shell:
        f"python {SCRIPTS}/write_configuration.py"
        " --request {params.request:q}"
        " --output {output} 2>&1 | tee {log}"


rule crate:
    input:
        files=[CONFIGURATION, *TABLES, *STATISTICS, *AUDIT, *FIGURES, REPORT],
        runs=outcome("runs.json"),
        provenance=RESULTS["provenance"],
        citation=project("CITATION.cff"),
        workflow=project("Snakefile"),
    output:
        CRATE,
    log:
        outcome_log("crate"),
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
        request=request("write_crate.py"),
        # One of each step's files leads to all of them.
        files=[CONFIGURATION, *TABLES[:1], *AUDIT[:1], *FIGURES[:1], REPORT],
    shell:
        f"python {SCRIPTS}/write_crate.py"
        " --request {params.request:q} --files {params.files} --runs {input.runs}"
        " --provenance {input.provenance} --citation {input.citation:q}"
        " --workflow {input.workflow:q}"
        f" --output {outcome('').rstrip('/')} 2>&1 | tee {{log}}"


rule index:
    input:
        statistics=outcome("statistics/statistics.json"),
        report=REPORT,
    output:
        INDEX,
    log:
        "results/logs/index.log",
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
            "make_index.py",
            *outcomes.SOURCES,
            step="index",
            # Those of other configurations are read, and named in the receipt, but never made.
            outcomes=sorted({*outcomes.found(), STUDY["name"]}),
        ),
    shell:
        f"python {SCRIPTS}/make_index.py"
        " --request {params.request:q}"
        " --output {output} 2>&1 | tee {log}"
