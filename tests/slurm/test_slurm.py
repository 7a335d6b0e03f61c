"""The study on a real SLURM: what it recorded of our jobs, and what survives its accidents."""

import re
import shutil
import signal

import pytest
from checkouts import SEVEN
from cluster import wait_for
from conftest import NO_FIGURES, SETTINGS, Workflow, finish

BUNDLES = ("--group-components", "models=4")


def of_step(jobs, name):
    """Return the jobs whose comment, which the executor plugin writes, begins with a name."""
    return [job for job in jobs if job["Comment"].startswith(f"rule_{name}")]


def asked(job):
    """Return what SLURM recorded that a job asked for."""
    return {
        "cpus": job["NumCPUs"],
        "memory": job["MinMemoryNode"],
        "time": job["TimeLimit"],
        "gpus": job.get("TresPerJob", "none"),
        "partition": job["Partition"],
        "features": job["Features"],
    }


@pytest.fixture(scope="module")
def bundled(fresh, cluster):
    """Return a copy in which the whole study ran, four models a job, and SLURM's jobs."""
    fresh.configure(
        resources={
            "partition": "other",
            "data": {"mem_mb": 1500, "runtime": 7},
            "train": {
                "gpus": 1,
                "mem_mb": 1200,
                "runtime": 3,
                "partition": "main",
                "constraint": "fast",
            },
            "report": {"mem_mb": 1600, "runtime": 8},
        }
    )
    before = cluster.last_job()
    finish(fresh.submit(*BUNDLES))
    return fresh, cluster.jobs(after=before)


def test_bundles_ask_for_what_one_model_needs_and_the_time_of_all(bundled):
    _, jobs = bundled
    training = of_step(jobs, "models")
    assert len(training) == 2
    for job in training:
        assert job["JobState"] == "COMPLETED"
        assert asked(job) == {
            "cpus": "1",
            "memory": "1200M",
            "time": "00:12:00",  # four models
            "gpus": "gres:gpu:1",
            "partition": "main",
            "features": "fast",
        }


def test_only_training_asks_for_gpus_and_downloads_stay_where_the_user_is(bundled):
    _, jobs = bundled
    others = [job for job in jobs if job not in of_step(jobs, "models")]
    (data,) = of_step(others, "data")
    (measure,) = of_step(others, "measure")
    (report,) = of_step(others, "report")
    assert len(others) == 3
    assert "download" not in data["Comment"]
    for job, memory, start, partition in (
        (data, "1500M", 7, "other"),
        (measure, "1200M", 3, "main"),
        (report, "1600M", 8, "other"),
    ):
        wanted = {"cpus": "1", "memory": memory, "gpus": "none", "partition": partition}
        assert {key: asked(job)[key] for key in wanted} == wanted
        hours, minutes, _ = map(int, job["TimeLimit"].split(":"))
        assert (60 * hours + minutes) % start == 0


def test_two_jobs_with_a_gpu_saw_different_ones(bundled, cluster):
    _, jobs = bundled
    seen = [cluster.devices(job["JobId"]) for job in of_step(jobs, "models")]
    assert sorted(map(sorted, seen)) == [["0"], ["1"]]
    others = [job for job in jobs if job not in of_step(jobs, "models")]
    assert all(cluster.devices(job["JobId"]) == {"none"} for job in others)


def test_results_are_those_of_a_local_run(bundled, local):
    assert bundled[0].results() == local.results()


def test_going_back_to_one_machine_trains_nothing_again(bundled):
    for mode in ([], ["--profile", "fused"]):
        assert "Nothing to be done" in bundled[0].run("--cores", "2", "--dry-run", *mode)


def test_from_another_folder(tmp_path, checkout, local, cluster):
    (tmp_path / "my study ü").mkdir()
    elsewhere = Workflow(tmp_path / "my study ü", cluster.environment)
    project = ("--snakefile", str(checkout / "Snakefile"))
    profile = ("--profile", str(checkout / "profiles/slurm"), *SETTINGS)
    elsewhere.run(*project, *profile, *BUNDLES, *NO_FIGURES)
    assert elsewhere.results() == local.results()
    assert not (checkout / "results").exists()
    assert "Nothing to be done" in elsewhere.run(*project, "--cores", "2", "--dry-run", *NO_FIGURES)


def test_packs(untrained, local, cluster):
    untrained.configure(resources={"train": {"cpus": 2, "mem_mb": 900, "runtime": 3}})
    before = cluster.last_job()
    finish(untrained.submit("--set-scatter", "packs=2", "--until", "train_pack"))
    jobs = cluster.jobs(after=before)
    assert len(jobs) == len(of_step(jobs, "train_pack")) == 2
    for job in jobs:
        wanted = {"cpus": "2", "memory": "900M", "time": "00:03:00", "gpus": "none"}
        assert {key: asked(job)[key] for key in wanted} == wanted
    assert untrained.results() == local.results()


def test_a_study_over_seven_axes_has_the_bytes_that_it_has_here(tmp_path, checkout, cluster):
    here, there = (Workflow(tmp_path / name, cluster.environment) for name in ("here", "there"))
    for copy in (here, there):
        shutil.copytree(checkout, copy.folder, symlinks=True)
        copy.configure(grid=SEVEN)
    here.run("--cores", "2", "--profile", "fused", *NO_FIGURES)
    finish(there.submit("--set-scatter", "packs=2", *NO_FIGURES))
    assert len(here.records()) == 2**7
    assert there.results() == here.results()


def test_out_of_memory_is_tried_again_with_more(untrained, local, cluster):
    untrained.configure(resources={"train": {"mem_mb": 100, "runtime": 3}})
    before = cluster.last_job()
    finish(untrained.submit("--set-scatter", "packs=1", "--until", "train_pack"))
    jobs = cluster.jobs(after=before)
    assert [job["MinMemoryNode"] for job in jobs] == [
        f"{100 * n}M" for n in range(1, len(jobs) + 1)
    ]
    assert [job["TimeLimit"] for job in jobs] == [
        f"00:0{3 * n}:00" for n in range(1, len(jobs) + 1)
    ]
    states = [job["JobState"] for job in jobs]
    assert len(jobs) > 1
    assert states[-1] == "COMPLETED"
    assert "COMPLETED" not in states[:-1]
    assert {asked(job)["gpus"] for job in jobs} == {"none"}  # by default: the kernel needs none
    assert untrained.results() == local.results()


def test_a_cancelled_job_and_a_lost_node_cost_nothing_but_time(untrained, local, cluster):
    before = cluster.last_job()
    run = untrained.submit(*BUNDLES, "--", *local.records())
    wait_for(lambda: len(untrained.records()) >= 2)
    kept = {record: (untrained.folder / record).stat().st_ino for record in untrained.records()}
    running = [job for job in cluster.jobs(after=before) if job["JobState"] == "RUNNING"]
    cluster.run("scancel", running[0]["JobId"])
    cluster.stop_node()
    # As the controller does to a node that has not answered for minutes.
    cluster.run("scontrol", "update", f"nodename={cluster.host}", "state=down", "reason=silent")
    cluster.start_node()
    finish(run)
    states = {job["JobId"]: job for job in cluster.jobs(after=before)}
    assert states[running[0]["JobId"]]["JobState"] == "CANCELLED"
    assert any(job["Restarts"] != "0" for job in states.values())
    assert {record: (untrained.folder / record).stat().st_ino for record in kept} == kept
    assert untrained.results() == local.results()


def test_an_interrupted_run_takes_its_jobs_along_and_is_gone_on_with(untrained, local, cluster):
    before = cluster.last_job()
    run = untrained.submit(*BUNDLES, "--", *local.records())
    wait_for(lambda: len(untrained.records()) >= 1)
    run.send_signal(signal.SIGINT)
    finish(run, expect=1)

    def states():
        return {job["JobState"] for job in cluster.jobs(after=before)}

    wait_for(lambda: "COMPLETING" not in states())  # until SLURM has buried what it has killed
    assert states() == {"CANCELLED"}
    kept = {record: (untrained.folder / record).stat().st_ino for record in untrained.records()}
    assert 0 < len(kept) < 8
    finish(untrained.submit("--set-scatter", "packs=1", "--", *local.records()))
    assert {record: (untrained.folder / record).stat().st_ino for record in kept} == kept
    assert untrained.results() == local.results()


def test_the_user_is_told_which_cell_failed_and_where_the_logs_are(untrained, local):
    untrained.configure(execution={"engine": "simd"})
    untrained.environment = {**untrained.environment, "CC": "false"}
    source = untrained.folder / "scripts/genboost/train/engines/kernel/kernel.c"
    source.write_text(source.read_text() + "\nint unbuilt;\n")
    record = local.records()[0]
    output = finish(untrained.submit("--retries", "0", "--", record), expect=1)
    log = record.replace("models", "logs/train").replace(".json", ".log")
    assert f"train: {record}\n    {log}: " in output
    assert "SLURM's log: " in output


def test_the_user_is_told_beforehand_what_slurm_would_refuse(untrained, local, cluster):
    untrained.configure(resources={"train": {"constraint": "nowhere", "gpus": 1}})
    before = cluster.last_job()
    output = finish(untrained.submit("--", *local.records()), expect=1)
    said = re.search(r"^error: SLURM would refuse a job with (.*)$", output, flags=re.MULTILINE)[1]
    assert said.startswith("constraint=nowhere, gpu=1, mem_mb=")
    assert "Invalid feature specification" in said
    assert "see resources in config.yaml" in said
    assert cluster.last_job() == before


def test_the_user_is_told_at_once_that_no_node_is_in_use(untrained, local, cluster):
    cluster.run("scontrol", "update", f"nodename={cluster.host}", "state=drain", "reason=bad disk")
    run = untrained.submit("--", local.records()[0])
    said = []
    for line in run.stdout:
        said.append(line)
        if "Jobs wait" in line:
            break
    cluster.run("scontrol", "update", f"nodename={cluster.host}", "state=resume")
    assert said[-1] == (
        f"Jobs wait until SLURM has a node for them: {cluster.host} is drained (bad disk)\n"
    ), "".join(said)
    finish(run)


def test_the_user_is_told_that_memory_was_too_little(untrained, local):
    untrained.configure(resources={"train": {"mem_mb": 30}})
    output = finish(untrained.submit("--retries", "0", "--", local.records()[0]), expect=1)
    assert "SLURM ended it: 30 MB of memory was too little; give the step more" in output
