"""Empty axes in the style of all drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import Interval
from .document import plain
from .svg import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["new_axes", "short", "whisker"]

WIDTH = 420
_LABEL = 28


def new_axes(height: int) -> tuple[Figure, Axes]:
    """Return a figure of the width of all, so many CSS pixels high, with one pair of axes; inside of `style`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(PALETTE["line"])
    axes.tick_params(colors=PALETTE["muted"], length=0, pad=6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_color(PALETTE["muted"])
    axes.grid(visible=True, axis="x", color=PALETTE["line"], linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, axes


def whisker(axes: Axes, interval: Interval | None, y: float, colour: str) -> None:
    """Draw an interval as a line; nothing where there is none."""
    if interval:
        axes.plot(interval, [y, y], color=colour, linewidth=1.6, alpha=0.9)


def short(label: str) -> str:
    """Return a label that leaves room for the drawing: its middle is left out."""
    text = plain(label)
    return text if len(text) <= _LABEL else f"{text[: _LABEL // 2]}…{text[-_LABEL // 2 :]}"
