"""The drawings of a report, as matplotlib's figures. What they mean is said by the sections that call them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .document import Plot, Table, plain
from .evidence import number
from .svg import PALETTE, Drawing, annotate, name_points, name_rows, new_axes, positive_axis, render, short, whisker

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..core import Interval

__all__ = [
    "Distribution",
    "Dot",
    "Roof",
    "colour_of",
    "distributions",
    "plot_of",
    "roofline",
    "scatter",
    "stacked",
    "steps_plot",
    "trend",
]

_COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6")
_BY_PRECISION = {"fp32": "c1", "fp16": "c3", "int8": "c2"}
_MARKERS = ("o", "s", "D", "^", "v", "P")
_MOST_DOTS = 150


@dataclass(frozen=True)
class Distribution:
    """Raw values under a label.

    Attributes:
        label: what they are of.
        values: at least one.
        middle: their median or mean.
        interval: of the middle.
        colour: of the dots.
    """

    label: str
    values: Sequence[float]
    middle: float
    interval: Interval | None
    colour: str


@dataclass(frozen=True)
class Dot:
    """A point with intervals in both directions.

    Attributes:
        label: its name.
        x: to the right.
        y: up.
        x_interval: of x.
        y_interval: of y.
        colour: by precision.
        group: by model; each has a marker of its own.
        front: no other one is better in both.
    """

    label: str
    x: float
    y: float
    x_interval: Interval | None
    y_interval: Interval | None
    colour: str
    group: int
    front: bool


@dataclass(frozen=True)
class Roof:
    """What bounds a layer.

    Attributes:
        peaks: operations a second, by arithmetic.
        bandwidth: bytes a second.
    """

    peaks: Mapping[str, float]
    bandwidth: float


def colour_of(precision: str, place: int = 0) -> str:
    """Return the colour of a precision, the same in all drawings; of another word, one by its place."""
    return PALETTE[_BY_PRECISION.get(precision, _COLOURS[place % len(_COLOURS)])]


def plot_of(name: str, title: str, description: str, draw: Callable[[], Drawing] | None, table: Table) -> Plot:
    """Return a plot for a report, which is drawn when it is written.

    Args:
        name: unique in the document; all ids inside begin with it.
        title: what a screen reader says.
        description: likewise, longer.
        draw: the figure, in the style that holds while this is called; None where there is nothing to draw.
        table: the figures behind it.
    """
    svg = partial(render, name, title, description, draw) if draw else None
    return Plot(name, title, description, svg, table)


def distributions(rows: Sequence[Distribution], unit: str) -> Drawing:
    """Draw each as dots with its quartiles, median and interval, one below the other."""
    figure, axes = new_axes(74 + 46 * len(rows))
    notes: dict[str, str] = {}
    for place, row in enumerate(rows):
        y = len(rows) - 1 - place
        values = np.asarray(row.values)
        picked = values[np.linspace(0, len(values) - 1, min(len(values), _MOST_DOTS)).round().astype(int)]
        # The same every time, and spread evenly: multiples of the golden ratio.
        spread = (np.arange(len(picked)) * 0.618034 % 1 - 0.5) * 0.44
        axes.scatter(picked, y - 0.16 + spread * 0.55, s=7, color=row.colour, alpha=0.45, linewidths=0)
        low, high = np.quantile(values, [0.25, 0.75])
        axes.plot([low, high], [y + 0.2, y + 0.2], color=row.colour, linewidth=7, alpha=0.28, solid_capstyle="butt")
        whisker(axes, row.interval, y + 0.2, row.colour)
        middle = f"{number(row.middle, unit)} {unit}"
        notes[f"d{place}"] = f"{row.label}: {middle}"
        axes.plot([row.middle], [y + 0.2], "o", color=row.colour, markersize=6, gid=f"d{place}")
        annotate(axes, middle, (row.middle, y + 0.2), (0, 6), va="bottom")
    name_rows(axes, [row.label for row in rows], above=0.7)
    axes.set_xlabel(unit)
    axes.margins(x=0.08)
    return figure, notes


def scatter(dots: Sequence[Dot], labels: tuple[str, str], *, better_up: bool) -> Drawing:
    """Draw points with their names and intervals, and a line through those on the front; left is better."""
    figure, axes = new_axes(330)
    front = sorted((dot for dot in dots if dot.front), key=lambda dot: dot.x)
    if len(front) > 1:
        xs, ys = [dot.x for dot in front], [dot.y for dot in front]
        axes.plot(xs, ys, color=PALETTE["muted"], linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
    notes: dict[str, str] = {}
    for place, dot in enumerate(dots):
        whisker(axes, dot.x_interval, dot.y, dot.colour)
        if dot.y_interval:
            axes.plot([dot.x, dot.x], dot.y_interval, color=dot.colour, linewidth=1.4, alpha=0.5)
        marker, mark = _MARKERS[dot.group % len(_MARKERS)], f"p{place}"
        face = dot.colour if dot.front else PALETTE["paper"]
        axes.plot([dot.x], [dot.y], marker, color=dot.colour, markerfacecolor=face, markersize=9, gid=mark, zorder=3)
        notes[mark] = f"{dot.label}: {number(dot.x)} and {number(dot.y)}"
    axes.set_xlabel(f"{labels[0]} (better to the left)")
    axes.set_ylabel(f"{labels[1]} (better {'above' if better_up else 'below'})")
    _show_grid(axes, "both")
    axes.margins(x=0.22, y=0.18)
    positive_axis(axes, [dot.x for dot in dots])
    # Last, when the axes say where everything lies.
    name_points(figure, axes, [(short(dot.label), (dot.x, dot.y)) for dot in dots])
    return figure, notes


def stacked(bars: Sequence[tuple[str, Sequence[tuple[str, float]]]], unit: str) -> Drawing:
    """Draw bars that are made of stages, each stage in its colour, with its name and figure where there is room."""
    from matplotlib.patches import Patch

    stages = list(dict.fromkeys(stage for _, parts in bars for stage, _ in parts))
    colours = {stage: PALETTE[_COLOURS[place % len(_COLOURS)]] for place, stage in enumerate(stages)}
    figure, axes = new_axes(78 + 20 * ((len(stages) + 2) // 3) + 46 * len(bars))
    longest = max(sum(value for _, value in parts) for _, parts in bars)
    notes: dict[str, str] = {}
    style: dict[str, Any] = {"height": 0.62, "edgecolor": PALETTE["paper"], "linewidth": 1.2}
    for place, (label, parts) in enumerate(bars):
        left, y = 0.0, len(bars) - 1 - place
        for stage, value in parts:
            mark, shown = f"b{place}-{stages.index(stage)}", number(value, unit)
            axes.barh([y], [value], left=left, color=colours[stage], **style).patches[0].set_gid(mark)
            notes[mark] = f"{label}, {stage}: {shown} {unit}"
            if value > 0.12 * longest:
                axes.text(left + value / 2, y, shown, ha="center", va="center", fontsize=11, color=PALETTE["paper"])
            left += value
    name_rows(axes, [label for label, _ in bars])
    axes.set_xlabel(unit)
    figure.legend(
        [Patch(color=colour) for colour in colours.values()],
        [plain(stage) for stage in stages],
        loc="outside upper left",
        ncols=min(len(stages), 5),
        frameon=False,
        fontsize=11,
        labelcolor=PALETTE["ink"],
        handlelength=0.8,
        handletextpad=0.4,
        columnspacing=1.1,
    )
    return figure, notes


def steps_plot(steps: Sequence[tuple[str, float, float]]) -> Drawing:
    """Draw, for each step, its mean and its largest difference on a scale of powers of ten."""
    figure, axes = new_axes(84 + 40 * len(steps))
    floor = 1e-9
    notes: dict[str, str] = {}
    for place, (label, mean, largest) in enumerate(steps):
        y, ends = len(steps) - 1 - place, [max(mean, floor), max(largest, floor)]
        axes.plot(ends, [y, y], color=PALETTE["c1"], linewidth=5, alpha=0.22, solid_capstyle="round")
        axes.plot(ends[:1], [y], "o", color=PALETTE["c1"], markersize=8)
        axes.plot(ends[1:], [y], "D", color=PALETTE["c2"], markersize=7, gid=f"s{place}")
        notes[f"s{place}"] = f"{label}: mean {number(mean)}, largest {number(largest)}"
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"1e{round(math.log10(value)):d}" if value > 0 else "")
    axes.xaxis.set_minor_formatter(lambda _, __: "")
    axes.tick_params(which="minor", length=0)
    name_rows(axes, [label for label, _, _ in steps])
    axes.set_xlabel("share of the output's range (● mean, ◆ largest)")
    axes.margins(x=0.1)
    return figure, notes


def trend(values: Sequence[float], dates: Sequence[str], unit: str, limits: Sequence[tuple[str, float]]) -> Drawing:
    """Draw a figure from the first record to the last, and the limits of its gates."""
    figure, axes = new_axes(260)
    last = len(values) - 1
    axes.plot(range(len(values)), values, "-o", color=PALETTE["c1"], markersize=6, linewidth=1.6)
    for label, bound in limits:
        axes.axhline(bound, color=PALETTE["bad"], linewidth=1.3, linestyle=(0, (5, 3)))
        at = ("axes fraction", "data")
        annotate(axes, plain(label), (1, bound), (-2, 4), "bad", ha="right", xycoords=at)
    for end in (0, last):
        annotate(axes, number(values[end], unit), (end, values[end]), (0, 8))
    shown = range(len(values)) if last < 6 else sorted({round(last * part / 4) for part in range(5)})
    axes.set_xticks(list(shown), [plain(dates[place]) for place in shown])
    axes.set_ylabel(unit)
    _show_grid(axes, "y")
    axes.margins(x=0.12, y=0.22)
    return figure, {}


def roofline(layers: Sequence[tuple[str, float, float, float]], roof: Roof | None) -> Drawing:
    """Draw layers by operations a byte and operations a second, larger where more of the time goes, under the roof."""
    figure, axes = new_axes(340)
    axes.set_xscale("log")
    axes.set_yscale("log")
    notes: dict[str, str] = {}
    most = max(share for *_, share in layers)
    style: dict[str, Any] = {"color": PALETTE["c1"], "edgecolors": PALETTE["c1"], "alpha": 0.45, "zorder": 3}
    for place, (label, intensity, rate, share) in enumerate(layers):
        axes.scatter([intensity], [rate], s=30 + 350 * share / most, gid=f"r{place}", **style)
        notes[f"r{place}"] = f"{label}: {number(intensity)} operations a byte, {number(rate / 1e9)} GFLOP/s"
        if place < 3:
            annotate(axes, str(place + 1), (intensity, rate), None, va="center", zorder=4)
    if roof:
        low, high = axes.get_xlim()
        ridges = [peak / roof.bandwidth for peak in roof.peaks.values()]
        low, high = min(low, *ridges, 1) / 1.5, max(high, *ridges) * 2
        for (label, peak), ridge in zip(roof.peaks.items(), ridges, strict=True):
            axes.plot([ridge, high], [peak, peak], color=PALETTE["c2"], linewidth=1.6)
            annotate(axes, plain(label), (high, peak), (-2, 4), "c2", ha="right")
        slope = [low, max(ridges)]
        axes.plot(slope, [roof.bandwidth * edge for edge in slope], color=PALETTE["c2"], linewidth=1.6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(lambda _, __: "")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value / 1e9:g}")
    axes.set_xlabel("operations a byte")
    axes.set_ylabel("GFLOP/s")
    _show_grid(axes, "both")
    return figure, notes


def _show_grid(axes: Axes, which: Literal["both", "y"]) -> None:
    axes.grid(visible=True, axis=which, color=PALETTE["line"], linewidth=0.7)
