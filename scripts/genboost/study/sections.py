"""The sections of a configuration as it is given, without those that are left out."""

from collections.abc import Mapping
from typing import Any

from genboost.study import schema
from genboost.study.schema import GRID


def studies(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the studies, except null ones, which are left out."""
    found = config.get("studies", schema.written()["properties"]["studies"]["default"])
    return {name: study for name, study in found.items() if study is not None}


def claims(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the comparisons, except null ones and those about studies that are left out."""
    left_out = config.get("studies", {}).keys() - studies(config).keys()
    return {
        name: claim
        for name, claim in config.get("comparisons", {}).items()
        if claim is not None
        and not any(
            left_out.issuperset(named)
            for side in "ab"
            if (named := (claim.get(side) or {}).get("study"))
        )
    }


def schemes(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schemes, except null ones, which are left out."""
    found = config.get("schemes", {})
    return {name: scheme for name, scheme in found.items() if scheme is not None}


def grids(section: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a configuration or a study has as its grid, which may be a list of grids."""
    given = section.get(GRID, {})
    return given if isinstance(given, list) else [given]
