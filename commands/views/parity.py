"""The stages of a model on the terminal: a row for each."""

from __future__ import annotations

import math
from statistics import fmean

from rich.console import Console

from ...bench import ParityResult, ParitySettings
from ...core import ParityRecord, ParityStep
from ...reports import Cell, Column, Table
from .console import console_of
from .fitting import print_lines, print_table

__all__ = ["print_parity"]

_LARGEST, _MEAN = "largest_difference", "mean_difference"


def print_parity(result: ParityResult, settings: ParitySettings, console: Console | None = None) -> None:
    """Print how far each stage is from the one before and from the truth, and which is the first beyond its limit."""
    out = console or console_of()
    print_table(_table(result.record), out)
    if result.layers:
        noisiest = result.layers[0]
        said = f"{len(result.layers)} layers; the noisiest is {noisiest.name} ({noisiest.snr:.1f} dB)"
        print_lines(f"{settings.layers}: {said}", out)
    broken = result.record.first_broken
    said = f"the first stage beyond its limit is {broken.after}: {broken.broken}" if broken else ""
    unproven = result.record.first_unproven
    if unproven and not said:
        said = f"{unproven.after}: {unproven.unproven}; give --data whose images show what the network is for"
    print_lines(said or "every stage is within its limit", out)


def _table(record: ParityRecord) -> Table:
    rows = [_row(step) for step in record.steps]
    found = list(dict.fromkeys(title for row in rows for title in row))
    # The first stage has a truth only, which would come before what the others have.
    titles = [
        "stage",
        *(title for title in ("largest", "mean", "snr dB") if title in found),
        *(title for title in found if title.endswith(" to before")),
        *(title for title in found if title.endswith(" to truth")),
        "within",
    ]
    columns = [Column(title, numeric=title not in {"stage", "within"}) for title in titles]
    cells = tuple(tuple(Cell(row.get(title, "")) for title in titles) for row in rows)
    return Table("", tuple(columns), cells)


def _row(step: ParityStep) -> dict[str, str]:
    row = {"stage": step.after}
    if step.before:
        # What cannot be compared at all is as far apart as can be.
        largest, mean = step.values.get(_LARGEST, (math.inf,)), step.values.get(_MEAN, (math.inf,))
        row |= {"largest": f"{max(largest):.4g}", "mean": f"{fmean(mean):.4g}"}
        row |= {} if step.snr is None else {"snr dB": f"{step.snr:.4g}"}
        row |= {
            f"{name} to before": f"{fmean(values):.4g}"
            for name, values in step.values.items()
            if name not in {_LARGEST, _MEAN}
        }
    row |= {f"{name} to truth": f"{value:.4g}" for name, value in step.truth.items()}
    return row | ({"within": "no" if step.broken else "unproven" if step.unproven else "yes"} if step.before else {})
