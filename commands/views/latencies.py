"""What the command line prints of where a run's time went: the latency of each stage, and the bottleneck."""

from __future__ import annotations

from ...core import RunRecord, VideoRecord
from ...reports import Cell, Column, Table, number
from .console import console_of
from .fitting import print_lines, print_table

__all__ = ["print_stages"]

_STATISTICS = ("p50", "p90", "p99")


def print_stages(record: RunRecord | VideoRecord, said: str, *, table: bool = True) -> None:
    """Print a table of a record's stages on stderr, then one line: what is said, the throughput and the bottleneck.

    Args:
        record: what was measured.
        said: what the line begins with.
        table: whether the table and the bottleneck are wanted.
    """
    errors = console_of(stderr=True)
    times: dict[str, dict[str, float]] = {}
    for figure in record.of_metric("latency"):
        times.setdefault(figure.stage, {})[figure.statistic] = figure.value or 0.0
    loads = {figure.stage: figure.value or 0.0 for figure in record.of_metric("load")}
    if times and table:
        columns = (Column("stage"), *(Column(f"{each} ms", numeric=True) for each in _STATISTICS))
        rows = [
            (stage, *(number(of[each], "ms") for each in _STATISTICS), f"{loads[stage]:.0%}" if stage in loads else "")
            for stage, of in times.items()
        ]
        shown = Table("", (*columns, Column("load", numeric=True)), tuple(tuple(map(Cell, row)) for row in rows))
        print_table(shown, errors)
    parts = [f"{number(speed.value, speed.unit)} {speed.unit}" for speed in record.of_metric("throughput")]
    if record.bottleneck in loads and table:
        parts.append(f"bottleneck: {record.bottleneck} (busy {loads[record.bottleneck]:.0%} of the time)")
    print_lines("; ".join([said, *([", ".join(parts)] if parts else [])]), errors)
