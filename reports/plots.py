"""The drawings of a report: figures in, SVG out. What they mean is said by the sections that call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core import Interval
from .axes import new_axes, short, whisker
from .document import plain
from .numbers import number
from .svg import PALETTE, draw, style

__all__ = ["Dot", "Series", "colour_of", "distributions", "scatter", "stacked"]

_COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6")
_BY_PRECISION = {"fp32": "c1", "fp16": "c3", "int8": "c2"}
_MARKERS = ("o", "s", "D", "^", "v", "P")
_MOST_DOTS = 150


@dataclass(frozen=True)
class Series:
    """Raw values under a label. middle: their median or mean, with its interval."""

    label: str
    values: Sequence[float]
    middle: float
    interval: Interval | None
    colour: str


@dataclass(frozen=True)
class Dot:
    """A point with intervals in both directions. front: no other one is better in both."""

    label: str
    x: float
    y: float
    x_interval: Interval | None
    y_interval: Interval | None
    colour: str
    group: int
    front: bool


def colour_of(precision: str, place: int = 0) -> str:
    """Return the colour of a precision, the same in all drawings; of another word, one by its place."""
    return PALETTE[_BY_PRECISION.get(precision, _COLOURS[place % len(_COLOURS)])]


def distributions(name: str, title: str, description: str, rows: Sequence[Series], unit: str) -> str:
    """Draw each series as dots with its quartiles, median and interval, one below the other."""
    with style(name):
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
            notes[f"d{place}"] = f"{row.label}: {number(row.middle, unit)} {unit}"
            axes.plot([row.middle], [y + 0.2], "o", color=row.colour, markersize=6, gid=f"d{place}")
            axes.annotate(
                f"{number(row.middle, unit)} {unit}",
                (row.middle, y + 0.2),
                (0, 6),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=11,
                color=PALETTE["ink"],
            )
        axes.set_yticks([*reversed(range(len(rows)))], [short(row.label) for row in rows])
        axes.set_ylim(-0.6, len(rows) - 0.3)
        axes.set_xlabel(unit)
        axes.margins(x=0.08)
        return draw(figure, name, title, description, notes)


def scatter(
    name: str, title: str, description: str, dots: Sequence[Dot], labels: tuple[str, str], *, better_up: bool
) -> str:
    """Draw points with their names and intervals, and a line through those on the front; left is better."""
    with style(name):
        figure, axes = new_axes(330)
        front = sorted((dot for dot in dots if dot.front), key=lambda dot: dot.x)
        if len(front) > 1:
            axes.plot(
                [dot.x for dot in front],
                [dot.y for dot in front],
                color=PALETTE["muted"],
                linewidth=1.2,
                linestyle=(0, (4, 3)),
                zorder=1,
            )
        notes: dict[str, str] = {}
        spots = _free_spots(dots)
        for place, (dot, (dx, dy, side)) in enumerate(zip(dots, spots, strict=True)):
            whisker(axes, dot.x_interval, dot.y, dot.colour)
            if dot.y_interval:
                axes.plot([dot.x, dot.x], dot.y_interval, color=dot.colour, linewidth=1.4, alpha=0.5)
            marker = _MARKERS[dot.group % len(_MARKERS)]
            face = dot.colour if dot.front else PALETTE["paper"]
            axes.plot(
                [dot.x],
                [dot.y],
                marker,
                color=dot.colour,
                markerfacecolor=face,
                markersize=9,
                gid=f"p{place}",
                zorder=3,
            )
            notes[f"p{place}"] = f"{dot.label}: {number(dot.x)} and {number(dot.y)}"
            axes.annotate(
                short(dot.label),
                (dot.x, dot.y),
                (dx, dy),
                textcoords="offset points",
                fontsize=11,
                color=PALETTE["ink"],
                ha=side,
                va="center",
                zorder=4,
            )
        axes.set_xlabel(f"{labels[0]} (better to the left)")
        axes.set_ylabel(f"{labels[1]} (better {'above' if better_up else 'below'})")
        axes.grid(visible=True, color=PALETTE["line"], linewidth=0.7)
        axes.margins(x=0.22, y=0.18)
        return draw(figure, name, title, description, notes)


def stacked(
    name: str, title: str, description: str, bars: Sequence[tuple[str, Sequence[tuple[str, float]]]], unit: str
) -> str:
    """Draw bars that are made of stages, each stage in its colour, with its name and figure where there is room."""
    with style(name):
        from matplotlib.patches import Patch

        stages = list(dict.fromkeys(stage for _, parts in bars for stage, _ in parts))
        figure, axes = new_axes(78 + 20 * ((len(stages) + 2) // 3) + 46 * len(bars))
        longest = max(sum(value for _, value in parts) for _, parts in bars)
        notes: dict[str, str] = {}
        for place, (label, parts) in enumerate(bars):
            left, y = 0.0, len(bars) - 1 - place
            for stage, value in parts:
                number_ = stages.index(stage)
                colour = PALETTE[_COLOURS[number_ % len(_COLOURS)]]
                mark = f"b{place}-{number_}"
                axes.barh(
                    [y], [value], left=left, height=0.62, color=colour, edgecolor=PALETTE["paper"], linewidth=1.2
                ).patches[0].set_gid(mark)
                notes[mark] = f"{label}, {stage}: {number(value, unit)} {unit}"
                if value > 0.12 * longest:
                    axes.text(
                        left + value / 2,
                        y,
                        number(value, unit),
                        ha="center",
                        va="center",
                        fontsize=11,
                        color=PALETTE["paper"],
                    )
                left += value
        axes.set_yticks([*reversed(range(len(bars)))], [short(label) for label, _ in bars])
        axes.set_ylim(-0.6, len(bars) - 0.4)
        axes.set_xlabel(unit)
        handles = [Patch(color=PALETTE[_COLOURS[place % len(_COLOURS)]]) for place in range(len(stages))]
        figure.legend(
            handles,
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
        return draw(figure, name, title, description, notes)


def _free_spots(dots: Sequence[Dot]) -> list[tuple[float, float, str]]:
    """Return where each name stands, in points from its dot: beside it, or above or below where another one is near."""
    if not dots:
        return []
    xs, ys = [dot.x for dot in dots], [dot.y for dot in dots]
    width, height = (max(xs) - min(xs)) or 1.0, (max(ys) - min(ys)) or 1.0
    middle = (max(xs) + min(xs)) / 2
    taken: list[tuple[float, float]] = []
    spots: list[tuple[float, float, str]] = []
    for dot in dots:
        near = sum(abs(dot.x - x) < 0.25 * width and abs(dot.y - y) < 0.08 * height for x, y in taken)
        side = "right" if dot.x > middle else "left"
        spots.append((-5.0 if side == "right" else 5.0, (11.0, -12.0, 24.0, -25.0)[near % 4], side))
        taken.append((dot.x, dot.y))
    return spots
