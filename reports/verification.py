"""A package's verification as text."""

from __future__ import annotations

import math
from typing import Any, cast

from ..core.record import Record

__all__ = ["verification_lines"]

_NAMES = {"mean": "mean", "max": "largest", "iou": "IoU", "psnr": "PSNR", "share": "share of pixels"}


def verification_lines(record: Record) -> list[str]:
    """Return a line for each golden output, and one that sums them up."""
    lines: list[str] = []
    rows = cast("list[dict[str, Any]]", record.samples["rows"])
    for row in rows:
        word = "same" if row["passed"] else "DIFFERS"
        judged = ", ".join(
            f"{_NAMES[metric]} {row['distances'].get(metric, math.nan):.4f} (limit {limit:.4g})"
            for metric, limit in row["limits"].items()
        )
        lines.append(f"{word:7} {row['input']} {row['output']}: {judged}")
    settings = record.settings
    passed = sum(bool(row["passed"]) for row in rows)
    lines.append(
        f"{passed} of {len(rows)} outputs as recorded: {settings['model']} {settings['precision']} on "
        f"{settings['device']}, {settings['arithmetic']} arithmetic"
    )
    if settings["arithmetic"] != settings["golden_arithmetic"]:
        lines.append(f"recorded in {settings['golden_arithmetic']} arithmetic, so judged by the task's metric")
    if settings["precision"] == "int8" and settings["kernels"] != settings["golden_kernels"]:
        lines.append(
            f"recorded by other kernels ({settings['golden_kernels']}; here {settings['kernels']}), so judged by the "
            "task's metric"
        )
    return lines
