"""The record of a run for machines: which step made what from what, as a Provenance Run RO-Crate.

The profile is https://w3id.org/ro/wfrun/provenance/0.5. A crate is a folder, here an outcome's,
with a file that describes it, here from the steps' receipts. What lies outside of the folder (data,
records of models) is named, and known by its content. Receipts have no times, so the only one is
when the data were fetched. No path, person or machine is named.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote

from genboost.receipts import PROJECT

Entity = dict[str, Any]

NAME = "ro-crate-metadata.json"
WORKFLOW = "Snakefile"
CONTEXT = [
    "https://w3id.org/ro/crate/1.1/context",
    {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},
]
CRATE = "https://w3id.org/ro/crate/1.1"
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    WORKFLOW_CRATE: "Workflow RO-Crate",
}
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
RECORDS, SHEETS = "records", "sheets"  # what the aggregation's receipt calls all of them
MODELS = "results/models/"
TOOL = "#tool/"
FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
}


@dataclass(frozen=True)
class Step:
    """What a step read and wrote: files by name, with what tells their content from any other."""

    name: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def behind(files: Iterable[str], steps: Iterable[Step]) -> list[Step]:
    """Return by name the steps that made some files, and the steps that made their inputs."""
    makers = {path: step for step in steps for path in step.outputs}
    found: dict[str, Step] = {}
    wanted = list(files)
    while wanted:
        step = makers.get(wanted.pop())
        if step and step.name not in found:
            found[step.name] = step
            wanted += step.inputs
    return [found[name] for name in sorted(found)]


def compose(
    folder: str,
    steps: Iterable[Step],
    citation: Mapping[str, Any],
    provenance: Iterable[Mapping[str, Any]],
    runs: Mapping[str, Any],
) -> str:
    """Write the record.

    Parameters
    ----------
    folder
        The outcome's, such as ``results/deck``.
    steps
        Those behind its files.
    citation
        The project's CITATION.cff.
    provenance
        Where each raw file came from.
    runs
        By which engines the models were trained (runs.json).
    """
    run = _Run(folder, list(steps), list(provenance))
    files = run.files()
    whole = _action(
        "run",
        instrument=WORKFLOW,
        object=run.sources(),
        result=(file["@id"] for file in files),
    )
    actions = [*run.actions(), *run.training(runs)]
    tools = sorted({action["instrument"]["@id"] for action in actions})
    graph = [
        {
            "@id": NAME,
            "@type": "CreativeWork",
            "about": _reference("./"),
            "conformsTo": _references([CRATE, WORKFLOW_CRATE]),
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"{citation['title']}: {run.title}",
            "description": "Tables, statistics, figures and report of the configuration "
            f"{run.title}, and which step made each from what",
            "datePublished": max(facts["time"] for facts in run.provenance),
            "license": _reference(_licence(citation)),
            "author": _references(map(_identifier, citation["authors"])),
            "conformsTo": _references(PROFILES),
            "mainEntity": _reference(WORKFLOW),
            "hasPart": _references([*(file["@id"] for file in files), WORKFLOW]),
            "mentions": _references(action["@id"] for action in (whole, *actions)),
        },
        *_cited(citation),
        *_workflow(citation, tools),
        whole,
        *actions,
        *files,
        *run.others(),
    ]
    return json.dumps({"@context": CONTEXT, "@graph": graph}, indent=1, ensure_ascii=False) + "\n"


def _cited(citation: Mapping[str, Any]) -> Iterator[Entity]:
    """Yield the profiles, the licence and the authors."""
    for uri, name in PROFILES.items():
        version = uri.split("/")[-1]
        yield {"@id": uri, "@type": "CreativeWork", "name": name, "version": version}
    yield {"@id": _licence(citation), "@type": "CreativeWork", "name": citation["license"]}
    for author in citation["authors"]:
        yield {"@id": _identifier(author), "@type": "Organization", "name": author["name"]}


def _workflow(citation: Mapping[str, Any], tools: Iterable[str]) -> Iterator[Entity]:
    """Yield the workflow, its language, and its steps as tools."""
    yield {
        "@id": WORKFLOW,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": citation["title"],
        "encodingFormat": "text/plain",
        "version": citation["version"],
        "license": _reference(_licence(citation)),
        "programmingLanguage": _reference(SNAKEMAKE),
        "hasPart": _references(tools),
    }
    yield {
        "@id": SNAKEMAKE,
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "url": _reference("https://snakemake.readthedocs.io"),
    }
    for tool in tools:
        yield {
            "@id": tool,
            "@type": "SoftwareApplication",
            "name": tool.removeprefix(TOOL),
            "softwareVersion": citation["version"],
        }


def _licence(citation: Mapping[str, Any]) -> str:
    return f"https://spdx.org/licenses/{citation['license']}"


def _identifier(author: Mapping[str, str]) -> str:
    return f"#{quote(author['name'])}"


@dataclass(frozen=True)
class _Run:
    """The steps behind an outcome, as entities."""

    folder: str
    steps: list[Step]
    provenance: list[Mapping[str, Any]]

    @property
    def title(self) -> str:
        return PurePosixPath(self.folder).name

    def identifier(self, name: str, content: str) -> str:
        """Return the @id of a file: in the crate its path, else a name of its own."""
        if name.startswith(f"{self.folder}/"):
            return quote(name.removeprefix(f"{self.folder}/"))
        if name.startswith(MODELS):
            return f"#{RECORDS}"
        if name.startswith("/"):  # the user's, and no one else's business
            return f"#file-{content[:12]}"
        return f"#{quote(name.removeprefix(f'{PROJECT}/'))}"

    def known(self) -> dict[str, str]:
        """Return what tells the content of each file from any other, by @id."""
        pairs = (pair for s in self.steps for pair in (*s.inputs.items(), *s.outputs.items()))
        pairs = (pair for pair in pairs if not pair[0].startswith(MODELS))
        found = {self.identifier(*pair): pair[1] for pair in pairs}
        return dict(sorted(found.items()))

    def files(self) -> list[Entity]:
        """Return the files in the crate."""
        return [
            {
                "@id": path,
                "@type": "File",
                "name": PurePosixPath(unquote(path)).name,
                "encodingFormat": FORMATS[PurePosixPath(path).suffix],
                "sha256": content,
            }
            for path, content in self.known().items()
            if not path.startswith("#")
        ]

    def others(self) -> Iterator[Entity]:
        """Yield what is not in the crate."""
        raw = {facts["sha256"]: facts for facts in self.provenance}
        for path, content in self.known().items():
            if not path.startswith("#"):
                continue
            kind = "identifier" if path in (f"#{RECORDS}", f"#{SHEETS}") else "sha256"
            entity = {
                "@id": path,
                "@type": "CreativeWork",
                "name": unquote(path[1:]),
                kind: content,
            }
            if facts := raw.get(content):
                mark = " (SYNTHETIC)" if facts["synthetic"] else ""
                entity |= {"name": facts["dataset"] + mark, "license": facts["licence"]}
                entity["citation"] = facts["citation"]
            yield entity

    def sources(self) -> list[str]:
        """Return the @id of everything that the run read and did not make."""
        made = {self.identifier(*pair) for step in self.steps for pair in step.outputs.items()}
        read = {self.identifier(*pair) for step in self.steps for pair in step.inputs.items()}
        return sorted(read - made - {f"#{RECORDS}", f"#{SHEETS}"})

    def actions(self) -> Iterator[Entity]:
        """Yield what each step did."""
        for step in self.steps:
            name = step.name.removeprefix(f"outcomes/{self.title}/")
            yield _action(
                name,
                instrument=TOOL + name.split("/")[0],
                object=(self.identifier(*pair) for pair in step.inputs.items()),
                result=(self.identifier(*pair) for pair in step.outputs.items()),
            )

    def training(self, runs: Mapping[str, Any]) -> Iterator[Entity]:
        """Yield the training and the measuring, which leave records in the place of receipts."""
        (aggregation,) = (step for step in self.steps if RECORDS in step.inputs)
        read = {self.identifier(*pair) for pair in aggregation.inputs.items()}
        by = [f"{run['models']} by {run['engine']} on {run['device']}" for run in runs["engines"]]
        versions = [" ".join(pair) for found in runs["versions"] for pair in found.items()]
        yield _action(
            "train",
            instrument=f"{TOOL}train",
            object=read - {f"#{RECORDS}", f"#{SHEETS}"},
            result=[f"#{RECORDS}"],
        ) | {"description": f"Models: {', '.join(by)} ({', '.join(versions)})"}
        yield _action(
            "measure",
            instrument=f"{TOOL}measure",
            object=[f"#{RECORDS}"],
            result=[f"#{SHEETS}"],
        )


def _action(name: str, instrument: str, object: Iterable[str], result: Iterable[str]) -> Entity:
    return {
        "@id": f"#action/{quote(name)}",
        "@type": "CreateAction",
        "name": name,
        "instrument": _reference(instrument),
        "object": _references(sorted(set(object))),
        "result": _references(sorted(set(result))),
    }


def _reference(identifier: str) -> Entity:
    return {"@id": identifier}


def _references(identifiers: Iterable[str]) -> Entity | list[Entity]:
    """Refer to entities, as RO-Crate wants it: to a single one without a list."""
    found = list(map(_reference, identifiers))
    return found[0] if len(found) == 1 else found
