# From the source of a data set to arrays that a model can be trained on.


# Where Snakemake itself runs: the nodes of a cluster often have no internet.
localrules:
    download,


# `update` keeps the files that are there when the job starts: where no source can be reached, real
# data stay, and are not replaced by a stand-in.
rule download:
    input:
        local_file,
        description="workflow/datasets/{dataset}.yaml",
    output:
        csv=update("results/data/raw/{dataset}.csv"),
        provenance=update("results/data/raw/{dataset}.provenance.json"),
    log:
        "results/logs/download/{dataset}.log",
    conda:
        ENVIRONMENT["data"]
    container:
        IMAGE["data"]
    threads: RESOURCES["data"]["cpus"]
    resources:
        **needs("data"),
    params:
        options=download_options,
        code=digest("download_data.py"),
    shell:
        "python scripts/download_data.py --dataset {input.description} {params.options}"
        " --output {output.csv} --provenance {output.provenance} 2>&1 | tee {log}"


rule prepare:
    input:
        description=raw("workflow/datasets/{dataset}.yaml"),
        csv=raw("results/data/raw/{dataset}.csv"),
        provenance=raw("results/data/raw/{dataset}.provenance.json"),
    output:
        arrays="results/data/{variant}/arrays.npz",
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
        options=preparation_options,
        code=digest("preprocess.py"),
    shell:
        "python scripts/preprocess.py --dataset {input.description} --raw {input.csv}"
        " --provenance {input.provenance} {params.options}"
        " --output {output.arrays} --description {output.description} 2>&1 | tee {log}"


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
        code=digest("baselines.py"),
    shell:
        "python scripts/baselines.py --arrays {input.arrays} --output {output} 2>&1 | tee {log}"
