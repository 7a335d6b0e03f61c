# From a data set's source to arrays for training.


# `update` keeps existing files when the job starts: if no source can be reached, real data stay and
# are not replaced by a stand-in.
rule download:
    input:
        local_file,
        description=lambda wildcards: description(SOURCES[wildcards.raw]),
    output:
        csv=update("results/data/raw/{raw}.csv"),
        provenance=update("results/data/raw/{raw}.provenance.json"),
    log:
        "results/logs/download/{raw}.log",
    # A cluster's nodes often have no internet.
    localrule: True
    conda:
        ENVIRONMENT["data"]
    container:
        IMAGE["data"]
    threads: RESOURCES["data"]["cpus"]
    resources:
        **needs("data"),
    params:
        request=lambda wildcards: request(
            "download_data.py",
            step=f"download/{wildcards.raw}",
            options=source_options(wildcards),
        ),
        options=source_options,
    shell:
        f"python {SCRIPTS}/download_data.py"
        " --request {params.request:q}"
        " --dataset {input.description:q} {params.options}"
        " --output {output.csv} --provenance {output.provenance} 2>&1 | tee {log}"


rule prepare:
    input:
        description=lambda wildcards: description(data_of(wildcards)),
        csv=raw("results/data/raw/{raw}.csv"),
        provenance=raw("results/data/raw/{raw}.provenance.json"),
    output:
        arrays="results/data/{variant}/arrays.npz",
        coding="results/data/{variant}/coding.json",
        description="results/data/{variant}/description.md",
    log:
        "results/logs/prepare/{variant}.log",
    group:
        "data"
    conda:
        ENVIRONMENT["data"]
    container:
        IMAGE["data"]
    threads: RESOURCES["data"]["cpus"]
    resources:
        **needs("data"),
    params:
        request=lambda wildcards: request(
            "preprocess.py",
            step=f"prepare/{wildcards.variant}",
            data={
                name: value
                for name, value in DATA[wildcards.variant].items()
                if name in axes.SETTINGS
            },
        ),
    shell:
        f"python {SCRIPTS}/preprocess.py"
        " --request {params.request:q}"
        " --dataset {input.description:q} --raw {input.csv} --provenance {input.provenance}"
        " --output {output.arrays} --coding {output.coding}"
        " --description {output.description} 2>&1 | tee {log}"


rule baselines:
    input:
        arrays="results/data/{variant}/arrays.npz",
    output:
        "results/data/{variant}/baselines.json",
    log:
        "results/logs/baselines/{variant}.log",
    group:
        "data"
    conda:
        ENVIRONMENT["data"]
    container:
        IMAGE["data"]
    threads: RESOURCES["data"]["cpus"]
    resources:
        **needs("data"),
    params:
        request=lambda wildcards: request(
            "baselines.py", step=f"baselines/{wildcards.variant}"
        ),
    shell:
        f"python {SCRIPTS}/baselines.py"
        " --request {params.request:q}"
        " --arrays {input.arrays} --output {output} 2>&1 | tee {log}"
