"""The figures as data: CSV, JSON and a spreadsheet."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Collection
from dataclasses import asdict
from io import StringIO
from pathlib import Path

from ...core import needs_extra
from ..document import Cell, Column, Document, plain
from ..evidence import Evidence, in_heading_unit

__all__ = ["csv_text", "json_text", "write_spreadsheet"]

_HEAD = ("record", "kind", "measured", "machine", "figure", "value", "low", "high", "unit", "higher_is_better")
# A spreadsheet takes a text that begins with one of these for a formula and computes it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SHEET_NAME = 31

Value = str | float | bool | None


def csv_text(evidence: Evidence) -> str:
    """Return a row for each figure of each record, with a column for each label."""
    head, rows = _rows(evidence)
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([_harmless(value) for value in row] for row in (head, *rows))
    return stream.getvalue()


def json_text(evidence: Evidence, document: Document) -> str:
    """Return verdicts and figures as JSON; an infinite figure is the text `Infinity`."""
    verdicts = [asdict(item) for section in document.sections for item in section.statements]
    figures = [
        {
            "record": point.source.name,
            "kind": point.source.record.kind,
            "measured": point.source.record.created.isoformat(),
            "name": point.figure.metric,
            "value": _finite(point.figure.value),
            "interval": [_finite(end) for end in point.interval] if point.interval else None,
            "unit": point.figure.unit,
            "higher_is_better": point.figure.higher_is_better,
            "labels": point.figure.labels,
        }
        for source in evidence.all
        for point in source.points
    ]
    content = {
        "version": 1,
        "title": document.title,
        "status": document.status,
        "outcome": document.outcome,
        "verdicts": verdicts,
        "figures": figures,
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_spreadsheet(evidence: Evidence, document: Document, path: Path) -> None:
    """Write an Excel file: a sheet of all figures, and one for each table of the report that is not folded.

    Raises:
        DependencyError: openpyxl, which pandas writes such files with, is not installed.
    """
    import pandas as pd

    with needs_extra("writing a spreadsheet", "openpyxl", "report"):
        import openpyxl  # noqa: F401  # pyright: ignore[reportUnusedImport]
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        sheets: dict[str, tuple[list[str], list[list[Value]]]] = {"figures": _rows(evidence)}
        for table in document.tables():
            if not table.folded:
                values: list[list[Value]] = [
                    [_value(one, column) for one, column in zip(row, table.columns, strict=True)] for row in table.rows
                ]
                sheets[_sheet_name(table.caption, sheets)] = [column.heading for column in table.columns], values
        for name, (head, rows) in sheets.items():
            cells = [[_harmless(value) for value in row] for row in rows]
            heads = [_harmless(title) for title in head]
            pd.DataFrame(cells, columns=heads).to_excel(writer, sheet_name=name, index=False)


def _value(cell: Cell, column: Column) -> Value:
    if cell.value is None or not math.isfinite(cell.value):
        return cell.text
    return in_heading_unit(cell.value, column.unit)


def _rows(evidence: Evidence) -> tuple[list[str], list[list[Value]]]:
    """Return the columns' names, and a row for each figure of each record with a column for each label."""
    points = [point for source in evidence.all for point in source.points]
    labels = list(dict.fromkeys(label for point in points for label in point.figure.labels))
    rows: list[list[Value]] = []
    for point in points:
        record, figure, own = point.source.record, point.figure, point.figure.labels
        low, high = point.interval or (None, None)
        rows.append(
            [
                *(point.source.name, record.kind, record.created.isoformat(), record.machine.label),
                *(figure.metric, figure.value, low, high, figure.unit, figure.higher_is_better),
                *(own.get(label) for label in labels),
            ]
        )
    # A label may be called as one of the other columns is.
    return [*_HEAD, *(f"label {label}" if label in _HEAD else label for label in labels)], rows


def _finite(value: float | None) -> float | str | None:
    if value is None or math.isnan(value):
        return None
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


def _harmless(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    shown = plain(value)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _sheet_name(caption: str, used: Collection[str]) -> str:
    """Return a name that Excel takes: 31 characters, none of seven, and each once."""
    base = "".join(" " if letter in r"[]:*?/\'" else letter for letter in plain(caption)).strip() or "table"
    name, number = base[:_SHEET_NAME], 2
    while name.lower() in {one.lower() for one in used}:
        name, number = f"{base[: _SHEET_NAME - 4]} {number}", number + 1
    return name
