"""The drawings with an axis of their own kind: powers of ten, time, arithmetic against traffic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .axes import new_axes, short
from .document import plain
from .numbers import number
from .svg import PALETTE, draw, style

__all__ = ["Line", "Roof", "roofline", "steps_plot", "trend"]


@dataclass(frozen=True)
class Line:
    """A figure over time, of one machine where it depends on that."""

    values: Sequence[float]
    dates: Sequence[str]
    unit: str


@dataclass(frozen=True)
class Roof:
    """What bounds a layer: operations a second by arithmetic, and bytes a second."""

    peaks: Mapping[str, float]
    bandwidth: float


def steps_plot(name: str, title: str, description: str, steps: Sequence[tuple[str, float, float]]) -> str:
    """Draw, for each step, its mean and its largest difference on a scale of powers of ten."""
    with style(name):
        figure, axes = new_axes(84 + 40 * len(steps))
        floor = 1e-9
        notes: dict[str, str] = {}
        for place, (label, mean, largest) in enumerate(steps):
            y = len(steps) - 1 - place
            ends = [max(mean, floor), max(largest, floor)]
            axes.plot(ends, [y, y], color=PALETTE["c1"], linewidth=5, alpha=0.22, solid_capstyle="round")
            axes.plot(ends[:1], [y], "o", color=PALETTE["c1"], markersize=8)
            axes.plot(ends[1:], [y], "D", color=PALETTE["c2"], markersize=7, gid=f"s{place}")
            notes[f"s{place}"] = f"{label}: mean {number(mean)}, largest {number(largest)}"
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(_power)
        axes.xaxis.set_minor_formatter(_no_text)
        axes.tick_params(which="minor", length=0)
        axes.set_yticks([*reversed(range(len(steps)))], [short(label) for label, _, _ in steps])
        axes.set_ylim(-0.6, len(steps) - 0.4)
        axes.set_xlabel("share of the output's range (● mean, ◆ largest)")
        axes.margins(x=0.1)
        return draw(figure, name, title, description, notes)


def trend(name: str, title: str, description: str, line: Line, limits: Sequence[tuple[str, float]]) -> str:
    """Draw a figure from the first record to the last, and the limits of its gates."""
    with style(name):
        figure, axes = new_axes(260)
        places = range(len(line.values))
        axes.plot(places, line.values, "-o", color=PALETTE["c1"], markersize=6, linewidth=1.6)
        for label, bound in limits:
            axes.axhline(bound, color=PALETTE["bad"], linewidth=1.3, linestyle=(0, (5, 3)))
            axes.annotate(
                plain(label),
                (1, bound),
                (-2, 4),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="right",
                fontsize=11,
                color=PALETTE["bad"],
            )
        for place in (0, len(places) - 1):
            axes.annotate(
                number(line.values[place], line.unit),
                (place, line.values[place]),
                (0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=11,
                color=PALETTE["ink"],
            )
        last = len(places) - 1
        shown = list(places) if last < 6 else sorted({round(last * part / 4) for part in range(5)})
        axes.set_xticks(shown, [plain(line.dates[place]) for place in shown])
        axes.set_ylabel(line.unit)
        axes.grid(visible=True, axis="y", color=PALETTE["line"], linewidth=0.7)
        axes.margins(x=0.12, y=0.22)
        return draw(figure, name, title, description)


def roofline(
    name: str, title: str, description: str, layers: Sequence[tuple[str, float, float, float]], roof: Roof | None
) -> str:
    """Draw layers by operations a byte and operations a second, larger where more of the time goes, under the roof."""
    with style(name):
        figure, axes = new_axes(340)
        axes.set_xscale("log")
        axes.set_yscale("log")
        notes: dict[str, str] = {}
        most = max(share for *_, share in layers)
        for place, (label, intensity, rate, share) in enumerate(layers):
            axes.scatter(
                [intensity],
                [rate],
                s=30 + 350 * share / most,
                color=PALETTE["c1"],
                alpha=0.45,
                edgecolors=PALETTE["c1"],
                gid=f"r{place}",
                zorder=3,
            )
            notes[f"r{place}"] = f"{label}: {number(intensity)} operations a byte, {number(rate / 1e9)} GFLOP/s"
            if place < 3:
                axes.annotate(
                    str(place + 1),
                    (intensity, rate),
                    ha="center",
                    va="center",
                    fontsize=11,
                    color=PALETTE["ink"],
                    zorder=4,
                )
        if roof:
            low, high = axes.get_xlim()
            ridges = [peak / roof.bandwidth for peak in roof.peaks.values()]
            low, high = min(low, *ridges, 1) / 1.5, max(high, *ridges) * 2
            for (label, peak), ridge in zip(roof.peaks.items(), ridges, strict=True):
                axes.plot([ridge, high], [peak, peak], color=PALETTE["c2"], linewidth=1.6)
                axes.annotate(
                    plain(label),
                    (high, peak),
                    (-2, 4),
                    textcoords="offset points",
                    ha="right",
                    fontsize=11,
                    color=PALETTE["c2"],
                )
            slope = [low, max(ridges)]
            axes.plot(slope, [roof.bandwidth * edge for edge in slope], color=PALETTE["c2"], linewidth=1.6)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_formatter(_no_text)
        axes.xaxis.set_major_formatter(_plainly)
        axes.yaxis.set_major_formatter(_billions)
        axes.set_xlabel("operations a byte")
        axes.set_ylabel("GFLOP/s")
        axes.grid(visible=True, color=PALETTE["line"], linewidth=0.7)
        return draw(figure, name, title, description, notes)


def _power(value: float, _: object) -> str:
    return f"1e{round(math.log10(value)):d}" if value > 0 else ""


def _plainly(value: float, _: object) -> str:
    return f"{value:g}"


def _billions(value: float, _: object) -> str:
    return f"{value / 1e9:g}"


def _no_text(_: float, __: object) -> str:
    return ""
