"""What the report and the index of results share: how a page is made from a template."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "templates"

SIGNS = {"supported": "✓", "contradicted": "✗", "undecided": "?"}
"""What stands before a verdict; a dash for others."""


def render(template: str, filters: dict[str, Callable] | None = None, **values: Any) -> str:
    """Return a page, made from a template in `TEMPLATES`, in which all text is escaped.

    Parameters
    ----------
    filters
        Functions of text, by the names that the template knows.
    values
        All else that it knows.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters or {}
    return environment.get_template(template).render(**values).strip() + "\n"
