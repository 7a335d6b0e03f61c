"""The configuration: read, checked, and filled in with the defaults."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genboost.data import dataset
from genboost.errors import UserError
from genboost.study import axes, bounds, combinations, mistakes, sampling, schema, sections
from genboost.study.layers import Layer
from genboost.study.schema import BLOCKS, GRID, defaults, normalized

STEPS = ("data", "train", "report")  # each has resources, an environment and a container


def resolve(config: dict[str, Any], layers: Sequence[Layer] = ()) -> dict[str, Any]:
    """Check a configuration and fill it in.

    Parameters
    ----------
    config
        What was read from config.yaml and merged with ``--configfile`` and ``--config``; see
        `layers.spread`.
    layers
        What it was merged from, to say where a mistake is, by falling precedence: files,
        and what was given with ``--config``.

    Returns
    -------
    dict
        The configuration with all keys; each study holds its own whole data, model and training
        sections. A grid is a list of grids, each with a list of values for each axis. Keys of the
        data that say what the data set's description says are null.

    Raises
    ------
    UserError
        Naming every mistake, its key, file and line.
    """
    mistakes.refuse(list(bounds.oversized(config)), layers)
    config = normalized(config, schema.schema())
    # Once more: where whole numbers belong, 1e308 has become one of 309 digits.
    mistakes.refuse([*bounds.oversized(config)] or mistakes.find(config), layers)
    config, judged = _with_studies_of_schemes(config)
    resolved = _filled_in(config, judged)
    mistakes.refuse(combinations.find(config, resolved), layers)
    mistakes.refuse(list(bounds.exceeded(config, resolved)), layers)
    studies = [resolved, *resolved["studies"].values()]
    for section in [*studies, *resolved["audit"]["readings"].values()]:
        if "data" in section:
            _leave_to_description(section["data"], resolved["data"]["dataset"])
    for section in studies:
        data = section["data"]
        data["origin"] = _origin(data, dataset.find(data["dataset"]))
        grids = map(sampling.without_defaults, section[GRID])
        section[GRID] = [{**grid, "seeds": seeds(grid)} for grid in grids]
    return resolved


def complete(config: dict[str, Any]) -> dict[str, Any]:
    """Return a right configuration with all that it leaves to defaults: another for the same."""
    full = {**defaults(), **normalized(config, schema.schema())}
    full[GRID] = [{**defaults(GRID), **grid} for grid in sections.grids(full)]
    for section in full.keys() - {GRID, "studies", "comparisons", "schemes"}:
        if isinstance(full[section], dict):
            full[section] = {**defaults(section), **full[section]}
    return full


def for_others(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resolved configuration that names a data file without its folder.

    What is made from it can be given away; that it is another file shows in ``origin``.
    """

    def shown(section: Mapping[str, Any]) -> dict[str, Any]:
        data = dict(section.get("data", {}))
        if data.get("path"):
            data["path"] = Path(data["path"]).name
        return {**section, "data": data} if data else dict(section)

    return {
        **shown(config),
        **{
            key: {name: shown(section) for name, section in config[key].items()}
            for key in ("studies", "schemes")
        },
    }


def _filled_in(
    config: Mapping[str, Any], judged: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Return a configuration with all defaults; `judged` has the studies of each scheme."""
    resolved = complete(config)
    resolved["comparisons"] = {
        name: {"title": name, "b": None, **_defaults_of_claims(comparison), **comparison}
        for name, comparison in sections.claims(config).items()
    }
    resolved["schemes"] = {
        name: {
            "title": name,
            "where": {},
            "quantity": "test_mse",
            **scheme,
            "studies": judged[name],
        }
        for name, scheme in sections.schemes(config).items()
    }
    resolved["resources"] |= {
        step: {**defaults("resources", step), **resolved["resources"][step]} for step in STEPS
    }
    resolved["studies"] = {
        name: {
            "title": study.get("title", name),
            **{block: {**resolved[block], **study.get(block, {})} for block in BLOCKS},
            GRID: _grids_of(study, resolved[GRID]),
        }
        for name, study in sections.studies(config).items()
    }
    return resolved


def _leave_to_description(data: dict[str, Any], usual: str) -> None:
    """Spell out a path, and set to null what the data set's description says, too.

    Parameters
    ----------
    data
        A section of a resolved configuration, or the part of it that a reading has.
    usual
        The data set, if the section names none.
    """
    if data.get("path"):
        data["path"] = os.path.expanduser(data["path"])
    described = dataset.find(data.get("dataset", usual))
    said = {
        "kaggle_dataset": described.kaggle,
        "zeroed_features": list(described.zeroed_features),
    }
    data.update({key: None for key in data.keys() & said if data[key] == said[key]})


def _with_studies_of_schemes(
    config: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Repeat the studies for each scheme that has data, and keep them if any scheme has none.

    Returns
    -------
    (dict, dict)
        The configuration; by scheme, its studies' names, each by that of the study it repeats.
    """
    given, schemes = sections.studies(config), sections.schemes(config)
    studies = {} if schemes and all(s.get("data") for s in schemes.values()) else {**given}
    judged = {}
    for name, scheme in schemes.items():
        judged[name] = {study: study for study in given}
        if scheme.get("data"):
            judged[name] = {study: f"{study}-{name}" for study in given}
            title = scheme.get("title", name)
            studies |= {
                repeated: _on_data(given[study], study, scheme["data"], title)
                for study, repeated in judged[name].items()
            }
    left_out = {name: None for name in config.get("studies", {}).keys() - given.keys()}
    return {**config, "studies": studies | left_out}, judged


def _on_data(
    study: Mapping[str, Any], name: str, data: Mapping[str, Any], title: str
) -> dict[str, Any]:
    """Return a study on a scheme's data, which no axis of its grids may change."""
    return {
        **study,
        "title": f"{study.get('title', name)}: {title}",
        "data": {**study.get("data", {}), **data},
        GRID: [
            {axis: values for axis, values in grid.items() if axis not in data}
            for grid in sections.grids(study)
        ],
    }


def _defaults_of_claims(claim: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults of a claim's keys; a slope is over each cell, not the best."""
    rules = schema.written()["properties"]["comparisons"]["additionalProperties"]["properties"]
    found = {
        key: normalized(rule["default"], rule) for key, rule in rules.items() if "default" in rule
    }
    return {**found, "by": "each"} if claim.get("slope_on") else found


def _origin(data: Mapping[str, Any], described: dataset.Dataset) -> str | None:
    """Name where raw data come from, so that data of two origins never share a path.

    The published file is the published file, wherever it was got, and needs no name.
    """
    if data["source"] == "file" and data["path"]:
        try:
            sha256 = hashlib.sha256(Path(data["path"]).read_bytes()).hexdigest()
        except OSError as error:
            raise UserError(f"cannot read data.path, {data['path']}: {error.strerror}") from error
        return None if sha256 == described.kaggle_sha256 else f"file~{sha256[:12]}"
    if data["source"] == "synthetic":
        return "synthetic"
    return data["kaggle_dataset"] and f"kaggle~{data['kaggle_dataset'].replace('/', '~')}"


def seeds(grid: Mapping[str, Any]) -> list[int]:
    """Return the seeds of a grid, which may give their number only."""
    given = grid["seeds"]
    return list(range(given)) if isinstance(given, int) else given


def _grids_of(study: Mapping[str, Any], base: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a study's grids: the base's, without what its blocks say, with what its grids say."""
    said = {key for block in BLOCKS for key in study.get(block, {})}
    if said & {"epochs", "epochs_sam"}:
        base = [{**grid, "epochs": None} for grid in base]
    said -= set(axes.ALWAYS)
    return [
        {**{key: values for key, values in grid.items() if key not in said}, **own}
        for grid in base
        for own in sections.grids(study)
    ]
