"""What the command line prints of where a run's time went: the latency of each stage, and the bottleneck."""

from __future__ import annotations

from ..core.record import Record
from .document import Cell, Column, Table
from .formats.fitting import print_lines, print_table
from .numbers import number
from .terminal import console_of

__all__ = ["print_stages"]

_STATISTICS = ("p50", "p90", "p99")


def print_stages(record: Record, said: str) -> None:
    """Print a table of a record's stages on stderr, then one line: what is said, the throughput and the bottleneck.

    The load, the share of the time in which a stage was busy, is shown of the stages of which the record has it.
    """
    errors = console_of(stderr=True)
    known = [figure for figure in record.figures if figure.value is not None]
    times: dict[str, dict[str, float]] = {}
    for figure in known:
        if figure.name == "latency":
            times.setdefault(figure.labels["stage"], {})[figure.labels["statistic"]] = figure.value or 0.0
    loads = {figure.labels["stage"]: figure.value or 0.0 for figure in known if figure.name in {"load", "bottleneck"}}
    if times:
        columns = (Column("stage"), *(Column(f"{each} ms", numeric=True) for each in _STATISTICS))
        rows = [
            (stage, *(number(of[each], "ms") for each in _STATISTICS), f"{loads[stage]:.0%}" if stage in loads else "")
            for stage, of in times.items()
        ]
        table = Table("", (*columns, Column("load", numeric=True)), tuple(tuple(map(Cell, row)) for row in rows))
        print_table(table, errors)
    speed = next((figure for figure in known if figure.name == "throughput"), None)
    parts = [f"{number(speed.value, speed.unit)} {speed.unit}"] if speed else []
    if loads:
        slowest = max(loads, key=lambda stage: loads[stage])
        parts.append(f"bottleneck: {slowest} (busy {loads[slowest]:.0%} of the time)")
    print_lines("; ".join([said, *([", ".join(parts)] if parts else [])]), errors)
