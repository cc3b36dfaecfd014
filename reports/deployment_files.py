"""The table of what to deploy as files: CSV, JSON, Markdown, the whole report as a page, and a sheet of answers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..bench import Deployment, deployment_of
from ..core import BenchRecord, InputError, atomic_path
from ..datasets import write_sheet
from .answers_sheet import answers_sheet
from .document import Document, Paragraph, Section
from .formats.markdown import markdown
from .rendering import ReportSettings, make_report
from .sections.deployment import deployment_frame, deployment_table, fleet_table, sentence
from .verdicts import append_step_summary

__all__ = ["SHOWING", "checked_table_path", "deployment_document", "publish_deployment", "write_deployment"]

_TITLE = "What to deploy"
_TABLES = (".csv", ".json", ".md")
_SUFFIXES = (*_TABLES, ".html", ".xlsx", ".png")
SHOWING = (".html", ".png")
"""Of these, those that show answers."""


def checked_table_path(path: str | Path) -> Path:
    """Return a path that the table can be written to.

    Raises:
        InputError: no table is written as such a file.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise InputError(f"{path}: the table is written as {', '.join(_SUFFIXES)}; choose one of these suffixes")
    return path


def deployment_document(records: Sequence[BenchRecord]) -> Document:
    """Return the tables of benchmarks, each with its pick and what was not shown; several have one of all first."""
    blocks: list[Paragraph] = []
    found = [(record, deployment_of(record)) for record in records]
    sections: list[Section] = []
    if len(found) > 1:
        sections.append(Section("fleet", "Beside each other", (fleet_table(found),)))
    for place, (_, table) in enumerate(found):
        open_ = [Paragraph(sentence(each)) for each in table.open]
        name = f"deployment-{place}" if place else "deployment"
        parts = (*blocks, Paragraph(table.sentence), *open_, deployment_table(table))
        sections.append(Section(name, _TITLE, parts))
    return Document("Comparison", "", None, "", tuple(sections))


def write_deployment(records: Sequence[BenchRecord], path: str | Path, answers: Sequence[Path] = ()) -> Path:
    """Write the tables of benchmarks; `.html` and `.xlsx` are whole reports, `.png` is a sheet of answers.

    Args:
        records: of benchmarks of the same candidates.
        path: of the file.
        answers: folders with each candidate's accuracy and images; the first one's are shown.

    Raises:
        InputError: no table is written as such a file, or it cannot be written there, or there are no answers to show.
        DependencyError: a package that writes it is not installed.
    """
    path = checked_table_path(path)
    kind = path.suffix.lower()
    if kind == ".png":
        write_sheet(path, answers_sheet(answers))
        return path
    if kind not in _TABLES:
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / f"compare-{place + 1}.json" for place in range(len(records))]
            for file, record in zip(files, records, strict=True):
                record.write(file)
            shown = sorted(answers[0].glob("*.json")) if answers else []
            make_report([*files, *shown], path, ReportSettings(title="Comparison"))
        return path
    tables = [deployment_of(record) for record in records]
    if kind == ".md":
        text = markdown(deployment_document(records), "")
    elif kind == ".json":
        text = _json(tables)
    else:
        import pandas as pd

        text = pd.concat([deployment_frame(table) for table in tables], ignore_index=True).to_csv(index=False)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def publish_deployment(records: Sequence[BenchRecord]) -> None:
    """Append the tables to GitHub's step summary, where there is one."""
    append_step_summary(lambda: markdown(deployment_document(records), ""))


def _json(tables: Sequence[Deployment]) -> str:
    content = [
        {
            "pick": table.pick,
            "sentence": table.sentence,
            "open": table.open,
            "baseline": table.baseline,
            "reference": table.reference,
            "samples": table.samples,
            "rows": json.loads(str(deployment_frame(table).to_json(orient="records"))),
        }
        for table in tables
    ]
    return json.dumps({"version": 1, "tables": content}, indent=1, ensure_ascii=False) + "\n"
