"""SVG files as small as they can be, without a style sheet or an inline style.

Matplotlib repeats the font of each text, names each group and writes six decimals. Presentation
attributes take the place of its styles, so that a page may forbid inline styles.
"""

import itertools
import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
CELL = "cell "  # goes before a cell's path in the id of what shows it
FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
# What children inherit or have anyway: attributes with these values are not written.
INHERITED = {
    "font-family": FONT,
    "font-size": "8.25px",
    "stroke-linejoin": "round",
}
ANYWAY = {
    "opacity": "1",
    "stroke-dashoffset": "0",
    "stroke-linecap": "butt",
    "stroke-miterlimit": "4",
    "text-anchor": "start",
    "font-weight": "400",
}
MARKS = {f"{{{SVG}}}{name}" for name in ("path", "use", "text")}
OWN = ("d", "id", "x", "y", "transform", f"{{{XLINK}}}href")  # of each mark, not of its look
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


def slim(svg: bytes, title: str, finding: str = "", cuts: Sequence[float] = ()) -> bytes:
    """Rewrite an SVG file of Matplotlib.

    Parameters
    ----------
    title, finding
        What it is called and what it shows, for those who do not see it: its ``title`` and
        ``desc``.
    cuts
        Where it may go over pages, in points from its top: its ``data-cuts``.
    """
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    used = set(re.findall(rb'(?:url\(#|xlink:href="#)([^")]+)', svg))
    for element in root.iter():
        _slim_attributes(element, used)
    _flatten(root)
    for element in list(root.iter()):
        _share(element)
    root.attrib |= INHERITED
    if cuts:
        root.attrib["data-cuts"] = " ".join(f"{place:g}" for place in cuts)
    for place, (name, text) in enumerate((("title", title), ("desc", finding))):
        if text:
            element = Element(f"{{{SVG}}}{name}")
            element.text = text
            root.insert(place, element)
    declared = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return declared.replace(b" />", b"/>") + b"\n"


def _slim_attributes(element: Element, used: set[bytes]) -> None:
    element.text = (element.text or "").strip() or None
    element.tail = None
    attributes = element.attrib
    for declaration in attributes.pop("style", "").split(";"):
        if declaration.strip():
            name, value = map(str.strip, declaration.split(":", 1))
            attributes[name] = FONT if name == "font-family" else value
    for name, value in {**INHERITED, **ANYWAY}.items():
        if attributes.get(name) == value:
            del attributes[name]
    if (name := attributes.get("id", "")).startswith(CELL):
        attributes["data-cell"] = name.removeprefix(CELL)
    if name.encode() not in used:
        attributes.pop("id", None)
    if attributes.get("transform", "").startswith("rotate(-0 "):
        del attributes["transform"]
    for name in {"d", "x", "y"} & set(attributes):
        attributes[name] = _shortened(attributes[name])


def _shortened(numbers: str) -> str:
    """Round numbers to a tenth of a point, or a hundredth in a mark's outline, and join them."""
    digits = 2 if len(numbers) < 400 else 1
    text = re.sub(r"-?\d+\.\d+", lambda n: f"{round(float(n[0]), digits) + 0.0:g}", numbers)
    return re.sub(r"\s*\n?([A-Za-z])\s*(?=[-\d])|\s+(?=[a-zA-Z])|\s+$", r"\1", text)


def _flatten(element: Element) -> None:
    """Put the children of a group that says nothing in its place."""
    children: list[Element] = []
    for child in element:
        _flatten(child)
        children += list(child) if child.tag == f"{{{SVG}}}g" and not child.attrib else [child]
    element[:] = children


def _share(element: Element) -> None:
    """Write what consecutive marks have in common once, in a group of theirs."""
    children: list[Element] = []
    for look, marks in itertools.groupby(list(element), _look):
        alike = list(marks)
        if len(alike) > 1 and look:
            group = Element(f"{{{SVG}}}g", dict(look[1:]))
            for mark in alike:
                mark.attrib = {key: v for key, v in mark.attrib.items() if key in OWN}
                group.append(mark)
            alike = [group]
        children += alike
    element[:] = children


def _look(mark: Element) -> tuple[Any, ...]:
    """Return what marks have in common that may share a group; nothing for what may not."""
    look = sorted((key, value) for key, value in mark.attrib.items() if key not in OWN)
    # Together, marks are as opaque as one; alone, they show through each other.
    may = mark.tag in MARKS and look and "opacity" not in mark.attrib
    return (mark.tag, *look) if may else ()
