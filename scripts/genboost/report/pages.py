"""What the report and the index of results share: how a page is made from a template."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
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
    environment.filters |= {"policy": policy, **(filters or {})}
    return environment.get_template(template).render(**values).strip() + "\n"


def embedded(value: Any) -> str:
    """Return a value as JSON that can stand in a ``script`` element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def policy(styles: Sequence[str], scripts: Sequence[str] = ()) -> str:
    """Return the Content-Security-Policy of a page that has only these styles and scripts.

    Whatever else gets into the page, a browser neither runs it nor fetches anything.
    """
    kinds = {"style-src": styles, "script-src": scripts}
    allowed = [f"{kind} {' '.join(map(_digest, texts))}" for kind, texts in kinds.items() if texts]
    rest = ["img-src data:", "base-uri 'none'", "form-action 'none'"]
    return "; ".join(["default-src 'none'", *allowed, *rest])


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
