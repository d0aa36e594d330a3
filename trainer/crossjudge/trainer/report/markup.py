"""Elements of the page. Text becomes text: whatever a run's folder holds, no tag or script comes of it.

The tree is that of `xml.etree`, which escapes what it writes; nothing is ever put together as a string of HTML.
"""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from xml.etree import ElementTree

from crossjudge.client.palette import COLOURS
from crossjudge.trainer.picture_frame import BLACK, BLUE, GREEN, PINK, RED

from .drawing import ALARM, FAINT, INK, SOFT, drawn_in
from .text import clean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Element = ElementTree.Element
Child: TypeAlias = "Element | str | Iterable[Child] | None"

THEME = {
    BLUE: "--blue", RED: "--red", GREEN: "--green", PINK: "--pink", BLACK: "--text",
    INK: "--text", SOFT: "--soft", FAINT: "--line", ALARM: "--alarm",
}  # fmt: skip
"""A chart's colours are variables of the page, so that it fits light and dark."""


def element(tag: str, *children: Child, **attributes: str | int | float | None) -> Element:
    """An element. A trailing `_` of an attribute's name goes, other `_` become `-`; None leaves it out."""
    kept = {key.rstrip("_").replace("_", "-"): clean(str(each)) for key, each in attributes.items() if each is not None}
    made = Element(tag, kept)
    _fill(made, children)
    return made


def _fill(made: Element, children: Iterable[Child]) -> None:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Element):
            made.append(child)
        elif isinstance(child, str):
            _add_text(made, clean(child))
        else:
            _fill(made, child)


def _add_text(made: Element, text: str) -> None:
    if len(made):
        made[-1].tail = (made[-1].tail or "") + text
    else:
        made.text = (made.text or "") + text


def drawing(figure: "Figure", name: str, words: str) -> Element:
    """A figure as part of the page, in the page's colours; `words` say what it shows. `name` keeps its ids its own."""
    drawn = BytesIO()
    with drawn_in(name):
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(drawn.getvalue())
    _adopt(root)
    box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib |= {"viewBox": box, "role": "img", "aria-label": clean(words), "class": "chart"}
    return root


def _adopt(parent: Element) -> None:
    """Plain SVG as a page has it: no namespaces, no metadata, no style sheet for the whole page, themed colours."""
    parent.tag = parent.tag.rpartition("}")[2]
    parent.attrib = {key.rpartition("}")[2]: each for key, each in parent.attrib.items()}
    if "style" in parent.attrib:
        for colour, variable in THEME.items():
            parent.attrib["style"] = parent.attrib["style"].replace(colour.lower(), f"var({variable})")
    if parent.tag == "g":
        parent.attrib.pop("id", None)
    for child in list(parent):
        if child.tag.rpartition("}")[2] in ("metadata", "style"):
            parent.remove(child)
        else:
            _adopt(child)


def page(title: str, children: Iterable[Child]) -> str:
    """The whole document. Its policy lets nothing in and runs nothing, should anything slip through."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element(
            "meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'"
        ),
        element("title", title),
        element("style", _style()),
    )  # fmt: skip
    document = element("html", head, element("body", element("main", children)), lang="en")
    return "<!doctype html>\n" + ElementTree.tostring(document, encoding="unicode", method="html") + "\n"


def _style() -> str:
    verdicts = "".join(f".cell-{letter} {{ fill: {colour}; }}\n" for letter, colour in COLOURS.items())
    return (Path(__file__).parent / "page.css").read_text("utf-8") + verdicts
