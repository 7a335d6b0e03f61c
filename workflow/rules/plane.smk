# From three trained models to the losses on the plane through their weights.

ON_PLANE = [
    grid.Model(cell, study.seeds[0])
    for study, cell in exhibits.chosen_cells(
        [study.over_splits() for study in STUDIES], STUDY["figures"]["plane"]
    )
]
PLANE = [outcome("plane.json")] if ON_PLANE else []


rule plane:
    input:
        arrays=sorted(set(map(arrays_of, ON_PLANE))),
        models=[
            PACK.format(pack=name)
            for name, pack in PACKS.items()
            if not set(pack).isdisjoint(ON_PLANE)
        ]
        or [model.record for model in ON_PLANE],
    output:
        outcome("plane.json"),
    log:
        outcome_log("plane"),
    conda:
        ENVIRONMENT["train"]
    container:
        IMAGE["train"]
    threads: 1
    resources:
        **needs("train"),
    params:
        request=request(
            "plane.py",
            records={letter: model.record for letter, model in zip("ABC", ON_PLANE)},
        ),
    shell:
        f"python {SCRIPTS}/plane.py"
        " --request {params.request:q}"
        " --arrays {input.arrays} --output {output} 2>&1 | tee {log}"
