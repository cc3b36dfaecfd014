"""Axes in the style of all drawings, and their SVG: no inline styles, no clashing names, text for screen readers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from ..core import Interval, needs_extra
from .document import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

__all__ = [
    "PALETTE",
    "Drawing",
    "annotate",
    "name_points",
    "name_rows",
    "new_axes",
    "positive_axis",
    "render",
    "short",
    "standalone",
    "themed",
    "whisker",
]

Drawing = tuple["Figure", dict[str, str]]
"""A figure drawn with the colours of `PALETTE`, and the texts that appear over what has such a `gid` in it."""

_SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
ET.register_namespace("", _SVG)

PALETTE = {
    "ink": "#1c2127",
    "muted": "#59636e",
    "line": "#d6dbe1",
    "paper": "#ffffff",
    "soft": "#eef1f4",
    "c1": "#1f6feb",
    "c2": "#c2410c",
    "c3": "#0f7b6c",
    "c4": "#7c3aed",
    "c5": "#a16207",
    "c6": "#be185d",
    "good": "#1a7f37",
    "bad": "#cf222e",
}
"""The colours of drawings by what they are for, in the light theme; the page gives each another value in the dark."""

_THEMED = {colour: f"var(--{name})" for name, colour in PALETTE.items()}

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

_REFERENCE = re.compile(r"^#([A-Za-z][\w-]*)$|^url\(#([\w-]+)\)$")
_COLOUR = re.compile(r"#[0-9a-f]{6}")

# Presentation attributes that matplotlib writes into style; what is left out is their default.
_DEFAULTS = {("stroke-miterlimit", "10"), ("stroke-linejoin", "miter"), ("stroke-opacity", "1"), ("fill-opacity", "1")}
_RC = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",  # Comes with matplotlib, so that layouts are the same everywhere.
    "font.size": 12,
    "axes.unicode_minus": True,
}

_WIDTH = 420
_LABEL = 28

_SPOTS = tuple(
    (dx, dy, side)
    for dy in (11.0, -12.0, 0.0, 24.0, -25.0, 37.0, -38.0, 50.0, -51.0)
    for dx, side in ((9.0, "left"), (-9.0, "right"), (0.0, "center"))
)
"""Where a name may stand: points from its own, and which end of it lies there; the nearest first."""


def render(name: str, title: str, description: str, draw: Callable[[], Drawing]) -> str:
    """Return the figure as an `<svg>` element: the same figure gives the same bytes, and text is text, never a formula.

    Raises:
        DependencyError: matplotlib is not installed.
    """
    with needs_extra("drawing plots", "matplotlib", "report"):
        import matplotlib as mpl
    settings: Any = {**_RC, "svg.hashsalt": name}
    stream = StringIO()
    with mpl.rc_context(settings), warnings.catch_warnings():
        # A letter that the layout's font lacks is measured as a box; the reader's browser has it.
        warnings.filterwarnings("ignore", message="Glyph")
        figure, notes = draw()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", stream.getvalue()))  # noqa: S314 - just written by matplotlib
    _tidy(root)
    _inline(root)
    _rename(root, name, notes)
    _label(root, name, title, description)
    return ET.tostring(root, encoding="unicode")


def new_axes(height: int) -> tuple[Figure, Axes]:
    """Return a figure of the width of all, so many CSS pixels high, with one pair of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH / 72, height / 72), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(PALETTE["line"])
    axes.tick_params(colors=PALETTE["muted"], length=0, pad=6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_color(PALETTE["muted"])
    axes.grid(visible=True, axis="x", color=PALETTE["line"], linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, axes


def name_rows(axes: Axes, labels: Sequence[str], above: float = 0.6) -> None:
    """Name what is drawn at the heights 0, 1, …, the first at the top, with so much room above it."""
    axes.set_yticks([*reversed(range(len(labels)))], [short(label) for label in labels])
    axes.set_ylim(-0.6, len(labels) - 1 + above)


def annotate(
    axes: Axes, text: str, of: tuple[float, float], offset: tuple[float, float] | None, colour: str = "ink", **more: Any
) -> Annotation:
    """Write beside a point, centred unless told otherwise; the offset is in typographic points."""
    given: dict[str, Any] = {"ha": "center", "fontsize": 11, "color": PALETTE[colour], **more}
    return axes.annotate(text, of, offset, textcoords="offset points" if offset else None, **given)


def name_points(figure: Figure, axes: Axes, named: Sequence[tuple[str, tuple[float, float]]]) -> None:
    """Write a name beside each point where it covers no other name and no point, as near as that can be."""
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()
    frame = axes.get_window_extent()
    points = axes.transData.transform([of for _, of in named]) if named else []
    # Half of a marker's width, and a little air.
    room = 7 * figure.dpi / 72
    taken = [Bbox([[x - room, y - room], [x + room, y + room]]) for x, y in points]
    for text, of in named:
        found: tuple[Annotation, Bbox, float] | None = None
        for dx, dy, side in _SPOTS:
            note = annotate(axes, text, of, (dx, dy), ha=side, va="center", zorder=4)
            box = note.get_window_extent()
            hidden = sum(_shared_area(box, other) for other in taken) + _outside(box, frame)
            if found is None or hidden < found[2]:
                if found:
                    found[0].remove()
                found = note, box, hidden
            else:
                note.remove()
            if not hidden:
                break
        if found:
            taken.append(found[1])


def _shared_area(one: Bbox, other: Bbox) -> float:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0.0, width) * max(0.0, height)


def _outside(box: Bbox, frame: Bbox) -> float:
    return box.width * box.height - _shared_area(box, frame)


def whisker(axes: Axes, interval: Interval | None, y: float, colour: str) -> None:
    """Draw an interval as a line; nothing where there is none."""
    if interval:
        axes.plot(interval, [y, y], color=colour, linewidth=1.6, alpha=0.9)


def short(label: str) -> str:
    """Return a label that leaves room for the drawing: its middle is left out."""
    text = plain(label)
    return text if len(text) <= _LABEL else f"{text[: _LABEL // 2]}…{text[-_LABEL // 2 :]}"


def themed(svg: str) -> str:
    """Return the drawing with the page's colours in place of those of the light theme."""
    return re.sub("|".join(_THEMED), lambda found: _THEMED[found[0]], svg)


def standalone(svg: str) -> str:
    """Return the drawing as a file of its own, on white, so that it can be read on any ground."""
    start = svg.index(">") + 1
    ground = f'<rect width="100%" height="100%" rx="6" fill="{PALETTE["paper"]}"/>'
    head = svg[: start - 1] + f' font-family="{_FONT}">'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}{ground}{svg[start:]}\n'


def _tidy(root: ET.Element) -> None:
    """Leave out what is not drawn: a style sheet, metadata, empty paths, white space, a ten-thousandth of a pixel."""
    for parent in root.iter():
        for child in list(parent):
            empty = child.tag == f"{{{_SVG}}}path" and child.get("style") == "fill: none" and "id" not in child.attrib
            if empty or child.tag in {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}:
                parent.remove(child)
    for element in root.iter():
        element.tail = None
        element.text = element.text if element.tag == f"{{{_SVG}}}text" else None
        for key in ("d", "x", "y", "width", "height", "transform", "points", "viewBox"):
            if key in element.attrib:
                short = re.sub(
                    r"-?\d+\.\d+", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), element.get(key, "")
                )
                element.set(key, " ".join(short.split()))
        if re.fullmatch(r"rotate\(-?0 [^)]*\)", element.get("transform", "")):
            del element.attrib["transform"]
    root.set("stroke-linejoin", "round")


def _inline(root: ET.Element) -> None:
    """Turn styles into attributes: a page that allows no inline styles ignores the former and shows the latter."""
    for element in root.iter():
        style = element.attrib.pop("style", "")
        for part in filter(None, (piece.strip() for piece in style.split(";"))):
            key, _, value = (word.strip() for word in part.partition(":"))
            if key == "font":
                size = re.search(r"([\d.]+)px", value)
                element.set("font-size", size[1] if size else "12")
                if "bold" in value or re.search(r"\b[67]00\b", value):
                    element.set("font-weight", "600")
            elif (key, value) not in _DEFAULTS and key != "font-family":
                element.set(key, value)
        for key in ("width", "height") if element is root else ():
            element.attrib.pop(key, None)


def _rename(root: ET.Element, name: str, notes: dict[str, str]) -> None:
    used = {found for element in root.iter() for value in element.attrib.values() for found in _references(value)}
    for element in root.iter():
        identity = element.attrib.pop("id", None)
        if identity in notes:
            title = ET.Element(f"{{{_SVG}}}title")
            title.text = plain(notes[identity])
            element.insert(0, title)
        if identity in used:
            element.set("id", f"{name}-{identity}")
        for key, value in list(element.attrib.items()):
            if key == _HREF:
                element.attrib["href"] = element.attrib.pop(_HREF).replace("#", f"#{name}-")
            elif _references(value) and not _COLOUR.fullmatch(value):
                element.set(key, value.replace("#", f"#{name}-"))


def _references(value: str) -> list[str]:
    return [first or second for first, second in _REFERENCE.findall(value)]


def _label(root: ET.Element, name: str, title: str, description: str) -> None:
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(f"{{{_SVG}}}{tag}", {"id": f"{name}-{tag}"})
        element.text = plain(text)
        root.insert(place, element)


def positive_axis(axes: Axes, values: Sequence[float]) -> None:
    """Let an axis of times never go below zero; where they span a decade, it is one of powers of ten."""
    if min(values, default=0) > 0 and max(values) >= 10 * min(values):
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(lambda _, __: "")
        axes.tick_params(which="minor", length=0)
    elif axes.get_xlim()[0] < 0:
        axes.set_xlim(left=0)
