# Which tricks make a small neural network generalize? The workflow's table of contents.
#
#   snakemake --cores 8                   one job per model
#   snakemake --cores 8 --profile fused   many models per job, much faster
#   snakemake --profile slurm             on a cluster

from snakemake.utils import min_version

min_version("9.27")  # whose ways scripts/genboost/run/snakemake_internals.py relies on


rule all:
    input:
        lambda wildcards: [
            *MEASURED,
            *TABLES,
            *STATISTICS,
            *AUDIT,
            *FIGURES,
            REPORT,
            CONFIGURATION,
            *CRATE,
            INDEX,
        ],


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/plane.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/outcome.smk"


onstart:
    interruption.heed()
    snakemake_internals.look_for_jobs_by_one_timer(workflow)
    progress.announce(len(judge.wanting))
    if snakemake_internals.submits_to_slurm(workflow):
        try:
            console.say(slurm.check(snakemake_internals.requests(workflow)))
        except UserError as mistake:
            sys.exit(f"error: {mistake}")


onsuccess:
    console.say(
        console.where_the_results_are(
            outcome("").rstrip("/"), snakemake_internals.made(workflow)
        )
    )


onerror:
    packs = {path: order.models for path, order in ORDERS.items()}
    failed = snakemake_internals.failed_jobs(workflow, packs)
    console.say(console.what_failed(failed, log))
