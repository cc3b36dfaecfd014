"""What no other part shows: records of kinds that this report has no drawing for, as plain tables."""

from __future__ import annotations

from ..document import Section, Table
from ..evidence import Evidence
from .pivot import pivot

__all__ = ["other"]

_SHOWN = frozenset({"validate", "gate", "parity", "export", "run", "bench", "quantize"})
"""Kinds with a part of their own."""


def other(evidence: Evidence) -> Section | None:
    """Return a table for each record of another kind; None where there is none."""
    tables: list[Table] = []
    for source in evidence.current:
        points = source.points
        if source.record.kind not in _SHOWN and points:
            kind = source.record.kind.replace("_", " ")
            tables.append(pivot(f"{kind}: {source.name}", points, best=False))
    return Section("other", "Other measurements", tuple(tables)) if tables else None
