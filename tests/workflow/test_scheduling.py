"""What is changed of how Snakemake looks for jobs to start."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"
SNAKEFILE = f"""
import sys, threading
sys.path.insert(0, "{SCRIPTS}")
from genboost.run import snakemake_internals

rule all:
    input: expand("{{n}}", n=range(30))

rule one:
    output: "{{n}}"
    shell: "touch {{output}}"

onstart:
    snakemake_internals.look_for_jobs_by_one_timer(workflow)

onsuccess:
    print(sum(isinstance(thread, threading.Timer) for thread in threading.enumerate()), "timers")
"""


def test_the_timers_by_which_snakemake_looks_for_jobs_do_not_add_up(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--scheduler", "greedy"]
    run = subprocess.run(
        [*command, "--max-jobs-per-timespan", "10/1s"], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert len(list(tmp_path.glob("[0-9]*"))) == 30
    assert int(run.stdout.split(" timers")[0].split()[-1]) <= 1
