# The record of the configuration behind an outcome, and the page that lists all outcomes.

from genboost.report import outcomes

CONFIGURATION = outcome("config.yaml")
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
