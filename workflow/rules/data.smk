# From the source of a data set to arrays that a model can be trained on.


def download_options(wildcards):
    data = SOURCES[wildcards.dataset]
    names = ("source", "kaggle_dataset", *(["path"] if data["source"] == "file" else []))
    return command_line({name: data[name] for name in names})


def local_file(wildcards):
    data = SOURCES[wildcards.dataset]
    return [data["path"]] if data["source"] == "file" else []


def preparation_options(wildcards):
    names = (
        "zeroed_features",
        "scaling",
        "categorical_coding",
        "test_fraction",
        "split_seed",
        "stratify",
    )
    return command_line({name: DATA[wildcards.variant][name] for name in names})


def raw(file):
    """Return a function that names a file of the data set that a variant is made from."""
    return lambda wildcards: file.format(dataset=DATA[wildcards.variant]["dataset"])


rule download:
    input:
        local_file,
        description="workflow/datasets/{dataset}.yaml",
    output:
        csv="results/data/raw/{dataset}.csv",
        provenance="results/data/raw/{dataset}.provenance.json",
    log:
        "results/logs/download/{dataset}.log",
    params:
        options=download_options,
        code=digest("download_data.py"),
    shell:
        "python {SCRIPTS}/download_data.py --dataset {input.description} {params.options}"
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
    params:
        options=preparation_options,
        code=digest("preprocess.py"),
    shell:
        "python {SCRIPTS}/preprocess.py --dataset {input.description} --raw {input.csv}"
        " --provenance {input.provenance} {params.options}"
        " --output {output.arrays} --description {output.description} 2>&1 | tee {log}"


rule baselines:
    input:
        arrays="results/data/{variant}/arrays.npz",
    output:
        "results/data/{variant}/baselines.json",
    log:
        "results/logs/baselines/{variant}.log",
    params:
        code=digest("baselines.py"),
    shell:
        "python {SCRIPTS}/baselines.py --arrays {input.arrays} --output {output} 2>&1 | tee {log}"
