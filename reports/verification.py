"""A package's verification as text."""

from __future__ import annotations

from typing import Any, cast

from ..core.record import Record

__all__ = ["verification_lines"]


def verification_lines(record: Record) -> list[str]:
    """Return a line for each golden output, and one that sums them up."""
    lines: list[str] = []
    rows = cast("list[dict[str, Any]]", record.samples["rows"])
    for row in rows:
        word = "same" if row["passed"] else "DIFFERS"
        lines.append(
            f"{word:7} {row['input']} {row['output']}: mean {row['mean']:.4f} (limit {row['limit_mean']:.4g}), "
            f"largest {row['max']:.4f} (limit {row['limit_max']:.4g})"
        )
    settings = record.settings
    passed = sum(bool(row["passed"]) for row in rows)
    lines.append(
        f"{passed} of {len(rows)} outputs as recorded: {settings['model']} {settings['precision']} on "
        f"{settings['device']}, {settings['arithmetic']} arithmetic"
    )
    return lines
