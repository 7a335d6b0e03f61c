"""From the numbers that a benchmark kept to a page and a plot."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from comparison import agreement
from timing import median, minimum

Results = dict[str, Any]

TARGETS = {"a model at K >= 16": 0.025, "alone": 0.35, "job": 0.7, "study": 20, "nothing": 5,
           "seeds": 100}  # fmt: skip
TARGETS_PEAK = 284e9  # FLOP/s of a core of the machine that these were set on
QUIET = 1.15  # the clock may be so much ahead of the processor on a machine that does nothing else


def write(results: Results, page: Path) -> None:
    """Write the page, and the plot beside it."""
    sections: dict[str, tuple[str, Callable[[Results], list[str]]]] = {
        "peers": ("The peers", peers),
        "engines": ("The engines", by_models),
        "gpu": ("The torch engine on a GPU", on_gpu),
        "growth": ("How the cost grows", growth),
        "study": ("The whole study", study),
        "size": ("How a study grows", size),
        "job": ("What a default job's seconds are made of", job),
    }
    lines = [
        "# Benchmarks",
        "",
        "<!-- Written by benchmarks/run.py from benchmarks/results.json; do not edit. -->",
        "",
        "`make bench` repeats these measurements and writes this page; `make bench ARGS=--quick` "
        "takes a few minutes and leaves the page alone. Each time is the least of several "
        "alternating runs, with their median in parentheses.",
        "",
        *targets(results),
    ]
    for name, (title, section) in sections.items():
        if name in results:
            lines += ["", f"## {title}", "", circumstances(results[name]), ""]
            lines += section(results[name])
    if "engines" in results and "growth" in results:
        draw(results, page.with_suffix(".svg"))
        place = lines.index("## The engines") if "## The engines" in lines else len(lines)
        caption = "Time by number of models, by width and by method"
        lines[place:place] = [f"![{caption}]({page.with_suffix('.svg').name})", ""]
    page.write_text("\n".join(lines) + "\n")


def circumstances(section: Results) -> str:
    """Say where and when a section was measured, and if the machine was quiet."""
    machine = section["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in section["versions"].items())
    text = (
        f"Measured on {section['date']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB, {machine['system']}; {versions}; "
        f"{section['data']}{'; the quick version' if section['quick'] else ''}; load before: "
        f"{section['load_before']:.1f}."
    )
    ahead = _ahead(section)
    if ahead > QUIET:
        text += (
            f" **The machine was busy**: elapsed time was {ahead:.1f} times the processor time, so "
            "the times below are processor times."
        )
    return text


def targets(results: Results) -> list[str]:
    """Compare with the goals that the project set itself."""
    rows = []
    slower = TARGETS_PEAK / _peak(results["engines"]) if "engines" in results else 1

    def row(what: str, target: str, found: float) -> None:
        goal = TARGETS[target] * (1 if target in ("job", "nothing") else slower)
        verdict = "met" if found <= goal else "**missed**"
        rows.append([what, f"{_number(goal)} s", f"{_number(found)} s", verdict])

    if section := results.get("engines"):
        key = _key(section)
        for count, (_, seconds) in sorted(_per_model(section, "simd", 1, key).items()):
            if count >= 16:
                what = f"a model among {count}, one core"
                row(what, "a model at K >= 16", seconds)
        alone = _runs(section, "simd", 1, 1)
        slowest = max(alone, key=lambda run: minimum(run["samples"], key))
        mean = _per_model(section, "simd", 1, key)[1][1]
        row("a model alone, one core, mean over the study", "alone", mean)
        what = f"a model alone, one core, the slowest kind ({slowest['kind']})"
        row(what, "alone", minimum(slowest["samples"], key))
    if section := results.get("job"):
        used = _mean_job(section)
        row("a job of one model, processor time", "job", used)
    if (section := results.get("study")) and not section["quick"]:
        runs: dict[str, list[Results]] = {}
        for run in section["runs"]:
            runs.setdefault(run["name"], []).append(run)
        for name, goal in (
            ("fused, from nothing", "study"),
            ("fused, nothing to do", "nothing"),
            ("30 seeds, fused, from nothing", "seeds"),
        ):
            row(f"the study, {name}, two cores", goal, minimum(runs[name]))
    if not rows:
        return []
    return [
        "## Goals",
        "",
        "Goals for what is mostly training were set on a core with a peak of "
        f"{TARGETS_PEAK / 1e9:.0f} GFLOP/s, and are scaled to the peak of this machine's.",
        "",
        *_table(["what", "goal", "measured", ""], rows),
    ]


def peers(section: Results) -> list[str]:
    """Show what the methods took, and that they reach the same error."""
    key = _key(section)
    lines = [
        "One core; 4 hidden layers of 18 units, batches of 32. The models of a run have different "
        "seeds; seconds are per model, without start-up (importing, compiling). Test errors agree "
        "if their means differ by at most three standard errors.",
    ]
    for kind, result in section["kinds"].items():
        cell = result["cell"]
        methods = result["methods"]
        ours = next(method for method in methods if method["method"] == "our simd engine")
        base = minimum(ours["samples"], key) / ours["models"]
        rows = []
        for method in methods:
            count = method["models"]
            seconds = [minimum(method["samples"], key), median(method["samples"], key)]
            errors = method["test_mse"]
            check = agreement(errors, ours["test_mse"])
            agrees = "yes" if check["agree"] else "**no**"
            agrees += f" ({check['difference']:+.3f} ± {check['noise']:.3f})"
            rows.append(
                [
                    method["method"],
                    str(count),
                    f"{method['start']:.1f}",
                    f"{_number(seconds[0] / count)} ({_number(seconds[1] / count)})",
                    _number(seconds[0] / count / base),
                    f"{sum(errors) / len(errors):.3f}",
                    "" if method is ours else agrees,
                ]
            )
        setting = (
            f"**{kind}**, {cell['epochs']} epochs, learning rate {cell['learning_rate']:g}, "
            f"weight decay {cell['weight_decay']:g}"
        )
        lines += ["", setting, ""]
        lines += _table(
            ["method", "models per run", "start-up, s", "s per model", "times ours", "test MSE",
             "agrees with ours"], rows)  # fmt: skip
    lines += [f"\nLeft out: {name}: {reason}." for name, reason in section["skipped"].items()]
    return lines


def by_models(section: Results) -> list[str]:
    """Show an engine's time by the number of models, on one core and on two."""
    key = _key(section)
    peak = _peak(section)
    rows = []
    for engine in ("simd", "torch"):
        for cores in (1, 2):
            for count, (gradient, seconds) in sorted(
                _per_model(section, engine, cores, key).items()
            ):
                rate = section["flop_per_gradient"] / gradient / (cores if key == "seconds" else 1)
                runs = _runs(section, engine, cores, count)
                whole = all(run["shorter"] == 1 for run in runs)
                spread = sum(run["share"] * median(run["samples"], key) for run in runs)
                spread /= sum(run["share"] * minimum(run["samples"], key) for run in runs)
                rows.append([engine, str(cores), str(count), _number(1e6 * gradient),
                             f"{spread:.2f}", _number(seconds) if whole else "",
                             f"{rate / peak:.0%}"])  # fmt: skip
    used = "processor seconds, added over cores" if key == "cpu" else "elapsed"
    return [
        "The study's models. Up to 72, each kind (optimizer, with or without SAM, epochs) is timed "
        "separately and weighted as in the study; 216 models are its first seed, 648 all of it. "
        f"`µs per gradient` is the total time ({used}) divided by the number of gradients of a "
        "batch of 32 (SAM computes two per step). The torch engine trained for a twentieth of the "
        "epochs, so it has no time for a whole model. The peak, "
        f"{peak / 1e9:.0f} GFLOP/s per core, is that of a loop of multiply-adds alone "
        "(benchmarks/peak.c); only the operations of matrix products count as work.",
        "",
        *_table(["engine", "cores", "models", "µs per gradient", "median / least", "s per model",
                 "of peak"], rows),
    ]  # fmt: skip


def on_gpu(section: Results) -> list[str]:
    """Show what the study's models take on a GPU."""
    if not section["gpu"]:
        return ["Left out: torch finds no GPU on this machine. `make bench ARGS=gpu` measures it."]
    rows = []
    for run in section["runs"]:
        least, middle = minimum(run["samples"]), median(run["samples"])
        rows.append(["replayed" if run["replayed"] else "launched", f"{run['models']:,}",
                     _number(1e6 * least / run["gradients"]), f"{middle / least:.2f}",
                     _number(least) if run["shorter"] == 1 else ""])  # fmt: skip
    return [
        f"{section['gpu']}, elapsed time; models from all over the study. The steps are replayed "
        "as "
        "CUDA graphs, as in the engine, or launched one operation at a time (for a twentieth of "
        "the epochs, so these have no total time).",
        "",
        *_table(["steps", "models", "µs per gradient", "median / least", "s in total"], rows),
        "",
        "72 models of other widths beside the simd engine on one core of the same machine: Adam, "
        "random data, fewer epochs.",
        "",
        *_table(["width", "GPU, µs", "simd, µs", "simd / GPU"], _by_width(section["wider"])),
    ]


def _by_width(runs: list[Results]) -> list[list[str]]:
    """Return rows of times per gradient on a GPU and by the kernel."""
    times: dict[int, dict[str, float]] = {}
    for run in runs:
        each = 1e6 * minimum(run["samples"]) / run["gradients"]
        times.setdefault(run["width"], {})[run["engine"]] = each
    return [
        [f"{width}", *map(_number, (of["torch"], of["simd"], of["simd"] / of["torch"]))]
        for width, of in times.items()
    ]


def growth(section: Results) -> list[str]:
    """Show how the cost grows, and where the engines cross."""
    key, peak = _key(section), _peak(section)
    lines = [
        "One core, Adam, batches of 32, random data, fewer epochs. `µs` is the time per gradient "
        "of "
        "one model's batch, `of peak` the share of the processor's peak "
        f"({peak / 1e9:.0f} GFLOP/s, as above).",
    ]
    titles = {"width": "width", "depth": "hidden_layers", "rows": "rows", "models": "models"}
    for varied, name in titles.items():
        points: dict[tuple[int, int], dict[str, Results]] = {}
        for run in section["runs"]:
            if run["varied"] == varied:
                points.setdefault((run["models"], run[name]), {})[run["engine"]] = run
        rows = []
        for (models, value), found in points.items():
            cells = [str(models)] if varied != "models" else []
            cells.append(f"{value:,}")
            times = {}
            for engine in ("simd", "torch"):
                if run := found.get(engine):
                    times[engine] = minimum(run["samples"], key) / run["gradients"]
                    share = run["flop_per_gradient"] / times[engine] / peak
                    cells += [_number(1e6 * times[engine]), f"{share:.0%}"]
                else:
                    cells += ["", ""]
            ratio = times["torch"] / times["simd"] if len(times) == 2 else None
            rows.append([*cells, _number(ratio) if ratio else ""])
        head = ["models"] if varied != "models" else []
        head += [varied.replace("depth", "hidden layers"), "simd, µs", "of peak", "torch, µs",
                 "of peak", "torch / simd"]  # fmt: skip
        lines += ["", f"By {varied}:", "", *_table(head, rows)]
    lines += ["", "Where the torch engine becomes faster:", ""]
    crossovers = {
        models: crossover(section, models)
        for models in sorted({run["models"] for run in section["runs"] if run["varied"] == "width"})
    }
    for models, width in crossovers.items():
        of = "A model alone" if models == 1 else f"{models} models"
        where = f"from a width of about {width:.0f}" if width else "at no width measured"
        lines.append(f"- {of}: {where}.")
    lines += [
        "",
        "So `engine: auto` uses the simd engine at every width."
        if not any(crossovers.values())
        else "`engine: auto` uses the simd engine anyway: if it chose by the number of models, a "
        "model's bits would depend on how many others its job trains.",
        "",
        "Peak memory of a process (models of 200 epochs, 30 seeds): "
        + ", ".join(f"{m['bytes'] / 2**20:,.0f} MiB for {m['models']:,}" for m in section["memory"])
        + " models.",
    ]
    return lines


def study(section: Results) -> list[str]:
    """Show what runs of the workflow took."""
    rows = []
    for run in section["runs"]:
        rows.append([run["name"], f"{run['trained']:,}", f"{run['seconds']:,.1f}",
                     f"{run['cpu']:,.1f}", f"{run['training']:,.1f}"])  # fmt: skip
    return [
        f"`snakemake --cores {section['cores']}` on {_cores(section['cores'])}, including data, "
        "tables and figures; `training` is the engines' time, added over jobs.",
        "",
        *_table(["run", "models trained", "s", "processor, s", "training, s"], rows),
    ]


def size(section: Results) -> list[str]:
    """Show what more and more models cost besides their training."""
    times, room = [], []
    for point in section["points"]:
        runs, models = point["runs"], f"{point['models']:,}"
        seconds = [runs[name] for name in ("planned", "made", "again")]
        memory = max(run["memory"] for run in runs.values())
        times.append(
            [
                models,
                *(f"{run['seconds']:,.1f} ({run['cpu']:,.1f})" for run in seconds),
                f"{memory / 2**20:.0f}",
            ]
        )
        room.append(
            [
                models,
                *(f"{point['files'][name]:,}" for name in point["files"]),
                *(f"{point['bytes'][name] / 1e6:.1f}" for name in point["bytes"]),
                f"{point['page'] / 1e6:.2f}",
            ]
        )
    return [
        f"`snakemake --profile fused --cores {section['cores']}` with more and more seeds. Each "
        "model is trained for only an epoch or two, so this is the cost of everything else, with "
        "figures, report and measures. Elapsed seconds, with processor seconds in parentheses; "
        "memory is the peak of the largest process.",
        "",
        *_table(
            ["models", "plan (`-n`), s", "from nothing, s", "nothing to do, s", "memory, MiB"],
            times,
        ),
        "",
        *_table(
            [
                "models",
                "files in results/",
                "in .snakemake/",
                "MB in results/",
                "in .snakemake/",
                "MB of the page",
            ],
            room,
        ),
    ]


def job(section: Results) -> list[str]:
    """Show where a job's seconds go."""
    samples = {name: minimum(taken, "cpu") for name, taken in section["samples"].items()}
    kinds = section["models"]
    whole = _mean_job(section)
    parts = {
        "starting the interpreter": samples["interpreter"],
        "importing numpy": samples["numpy"] - samples["interpreter"],
        "importing the rest": samples["imports"] - samples["numpy"],
        "reading the data, loading the kernel, writing the record": samples["one epoch"]
        - samples["imports"],
        "training, including the batches' orders": whole - samples["one epoch"],
    }
    rows = [[part, f"{seconds:.3f}"] for part, seconds in parts.items()]
    rows.append(["**a job, mean over the study**", f"**{whole:.3f}**"])
    rows += [[f"a job, {kind}", f"{samples[kind]:.3f}"] for kind in kinds]
    return [
        "`scripts/train.py` with one model on one core: processor time, the least of "
        f"{len(section['samples']['numpy'])} runs; the parts are differences.",
        "",
        *_table(["part", "s"], rows),
    ]


def crossover(section: Results, models: int) -> float | None:
    """Return the width from which the torch engine is faster, between two measured widths."""
    key = _key(section)
    times: dict[int, dict[str, float]] = {}
    for run in section["runs"]:
        if run["varied"] == "width" and run["models"] == models:
            taken = minimum(run["samples"], key) / run["gradients"]
            times.setdefault(run["width"], {})[run["engine"]] = taken
    below: tuple[int, float] | None = None
    for width, found in sorted(times.items()):
        ratio = math.log(found["torch"] / found["simd"])
        if ratio < 0:
            if below is None:
                return float(width)
            share = below[1] / (below[1] - ratio)
            return below[0] * (width / below[0]) ** share
        below = width, ratio
    return None


def draw(results: Results, path: Path) -> None:
    """Plot time by method, by number of models and by width."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "benchmarks", "font.size": 9})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    if "peers" in results:
        key = _key(results["peers"])
        kinds = results["peers"]["kinds"]
        for place, (kind, result) in enumerate(kinds.items()):
            methods = result["methods"]
            times = [minimum(m["samples"], key) / m["models"] for m in methods]
            rows = [row + 0.38 * place for row in range(len(methods))]
            axes[0].barh(rows, times, height=0.36, label=kind)
        axes[0].set_yticks([row + 0.19 for row in range(len(methods))], [
            m["method"] + (f" × {m['models']}" if m["models"] > 1 else "") for m in methods
        ])  # fmt: skip
        axes[0].invert_yaxis()
        axes[0].set(xscale="log", xlabel="seconds per model, one core", title="Methods")
        axes[0].legend()
    section = results["engines"]
    key = _key(section)
    for engine, color in (("simd", "C2"), ("torch", "C1")):
        for cores, style in ((1, "-"), (2, "--")):
            found = sorted(_per_model(section, engine, cores, key).items())
            if found and not (key == "cpu" and cores > 1):
                axes[1].plot([count for count, _ in found], [1e6 * t for _, (t, _) in found],
                             f"o{style}", color=color, markersize=4,
                             label=f"{engine}, {_cores(cores)}")  # fmt: skip
    axes[1].set(xscale="log", yscale="log", xlabel="models", ylabel="µs per gradient",
                title="Engines by number of models")  # fmt: skip
    axes[1].legend()
    section = results["growth"]
    key = _key(section)
    for engine, color in (("simd", "C2"), ("torch", "C1")):
        for models, style in ((1, ":"), (16, "-")):
            runs = [run for run in section["runs"] if run["varied"] == "width"
                    and run["engine"] == engine and run["models"] == models]  # fmt: skip
            axes[2].plot([run["width"] for run in runs],
                         [1e6 * minimum(run["samples"], key) / run["gradients"] for run in runs],
                         f"o{style}", color=color, markersize=4,
                         label=f"{engine}, {models} model{'s' if models > 1 else ''}")  # fmt: skip
    axes[2].set(xscale="log", yscale="log", xlabel="width", ylabel="µs per gradient",
                title="Engines by width, one core")  # fmt: skip
    widths = sorted({run["width"] for run in section["runs"] if run["varied"] == "width"})
    axes[2].set_xticks(widths, [str(width) for width in widths])
    axes[2].set_xticks([], minor=True)
    axes[2].legend()
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _is(run: Results, engine: str, cores: int) -> bool:
    return run["engine"] == engine and run["cores"] == cores


def _runs(section: Results, engine: str, cores: int, models: int) -> list[Results]:
    return [run for run in section["runs"] if _is(run, engine, cores) and run["models"] == models]


def _per_model(
    section: Results, engine: str, cores: int, key: str
) -> dict[int, tuple[float, float]]:
    """Return, by number of models, the seconds of a gradient and of a model, over the kinds."""
    found = {}
    for count in {run["models"] for run in section["runs"] if _is(run, engine, cores)}:
        runs = _runs(section, engine, cores, count)
        seconds = [run["share"] * minimum(run["samples"], key) for run in runs]
        gradients = sum(run["share"] * run["gradients"] for run in runs)
        found[count] = (sum(seconds) / gradients, sum(seconds) / count)
    return found


def _mean_job(section: Results) -> float:
    kinds = section["models"]
    used = (minimum(section["samples"][kind], "cpu") * count for kind, count in kinds.items())
    return sum(used) / sum(kinds.values())


def _samples(section: Results) -> Iterable[Results]:
    """Yield a section's samples of work on one core, in which clock and processor should agree."""
    for run in section.get("runs", []):
        if run.get("cores", 1) == 1 and "replayed" not in run:  # a GPU's time is the clock's
            yield from run.get("samples", [])
    for result in section.get("kinds", {}).values():
        for method in result["methods"]:
            yield from method["samples"]
    for samples in section["samples"].values() if isinstance(section.get("samples"), dict) else []:
        yield from samples


def _ahead(section: Results) -> float:
    """Return how many times the processor's time has passed by the clock."""
    samples = list(_samples(section))
    used = sum(sample["cpu"] for sample in samples)
    return sum(sample["seconds"] for sample in samples) / used if used else 1.0


def _key(section: Results) -> str:
    return "cpu" if _ahead(section) > QUIET else "seconds"


def _peak(section: Results) -> float:
    """Return the peak of a core in FLOP/s: by the clock, or of processor time."""
    samples = section["peak"]
    return samples[0]["flop"] / minimum(samples, _key(section))


def _cores(count: int) -> str:
    return "one core" if count == 1 else f"{count} cores"


def _number(value: float) -> str:
    """Write a number with three digits, or with all of its whole ones."""
    return f"{value:.3g}" if abs(value) < 99.95 else f"{value:,.0f}"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
