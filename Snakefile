# Which tricks make a small neural network generalize? The workflow's table of contents.
#
#   snakemake --cores 8                   one job a model
#   snakemake --cores 8 --profile fused   many models a job, much faster
#   snakemake --profile slurm             on a cluster

from snakemake.utils import min_version

min_version("9.0")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/audit.smk"


rule all:
    default_target: True
    input:
        TRAINED,
        TABLES,
        STATISTICS,
        AUDIT,
        FIGURES,
        "results/report/index.html",


onstart:
    see_that_slurm_answers()


onsuccess:
    say_where_the_results_are()


onerror:
    say_what_failed(log)
