"""What a run says when it ends: where the results are, or which jobs failed and why."""

import os
import re
import signal

TABLES = "Tables: results/deck/tables/tables.md"
PAGE = "results/deck/report/index.html"


def test_the_results_that_were_asked_for_are_named(workflow):
    (workflow.folder / "results/data/origin~synthetic/description.md").unlink()
    said = workflow.run("--", "results/data/origin~synthetic/description.md").stderr
    assert TABLES not in said  # those of the run before
    (workflow.folder / "results/deck/tables/tables.md").unlink()
    said = workflow.run("--", "results/deck/tables/tables.md").stderr
    assert TABLES in said
    assert PAGE not in said
    workflow.figures = True
    said = workflow.run("--", PAGE).stderr
    assert f"one page: {PAGE}" in said
    assert TABLES not in said


def test_what_a_failed_job_did_not_make_is_named_with_the_whole_error(fresh):
    written = "        write_atomically(path, text)\n"
    counted = "for made, (index, result) in enumerate(results, 1):"
    fresh.edit("scripts/train.py", "for index, result in results:", counted)
    at_the_30th = "        if made == 30:\n"
    stop = at_the_30th + "            raise errors.UserError('no more:\\n  of it')\n"
    fresh.edit("scripts/train.py", written, written + stop)
    said = fresh.run("--profile", "fused", "--set-scatter", "packs=1", check=False).stderr
    assert len(fresh.records()) == 30
    said = said.split("These jobs failed:\n")[1]
    line = said.splitlines()[0]
    assert line.startswith("  train_pack: results/models/")
    assert line.endswith(" and 7 more")
    named = [word for word in line.split() if word.startswith("results/")]
    assert len(named) == 3
    assert not fresh.records().keys() & set(named)
    assert re.search(r"train/pack_1-\w+\.log: error: no more:\n  of it\n", said)


def test_nothing_is_said_to_have_failed_after_an_interruption(fresh):
    slowly = ("--cores", "1", "--config", "execution={engine: torch}")
    process = fresh.start_and_wait(*slowly, records=1)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode
    assert "These jobs failed" not in said, said
