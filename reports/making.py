"""A whole report: records in, a file of the kind that its name asks for out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..bench import read_gates
from ..core import InputError, atomic_directory, atomic_path, remove_if_ours
from .compose import compose
from .document import Document
from .evidence import Evidence, read_sources
from .formats.data import csv_text, json_text, write_spreadsheet
from .formats.html import html
from .formats.markdown import drawings, markdown
from .sections.gallery import gallery

__all__ = ["FORMATS", "Report", "ReportRequest", "check_format", "make_report", "write_report"]

FORMATS = (".html", ".md", ".csv", ".json", ".xlsx")
"""What a report is written as, by the suffix of its name."""

_DRAWINGS = "-files"


@dataclass(frozen=True)
class ReportRequest:
    """What to report on: records, what they are compared with, limits, and folders with results in images."""

    records: tuple[Path, ...]
    baselines: tuple[Path, ...] = ()
    gates: Path | None = None
    images: tuple[Path, ...] = ()
    title: str = "Report"


@dataclass(frozen=True)
class Report:
    """What came of it."""

    evidence: Evidence
    document: Document


def make_report(request: ReportRequest) -> Report:
    """Read the records and put the report together; nothing is measured, and nothing written.

    Raises:
        InputError: a record, the gates or a folder cannot be read.
        DependencyError: a package that draws is not installed.
    """
    gates = read_gates(request.gates) if request.gates else ()
    evidence = read_sources(request.records, request.baselines, gates)
    return Report(evidence, compose(evidence, request.title, gallery(evidence, request.images)))


def write_report(report: Report, path: Path) -> Sequence[Path]:
    """Write the report; Markdown has its drawings in the folder `NAME-files` beside it.

    Returns:
        What was written.

    Raises:
        InputError: the suffix is none of `FORMATS`, or the file cannot be written there.
        DependencyError: a package that writes this kind of file is not installed.
    """
    kind = path.suffix.lower()
    check_format(path)
    if kind == ".xlsx":
        with atomic_path(path) as temporary:
            write_spreadsheet(report.evidence, report.document, temporary)
        return [path]
    written = [path]
    if kind == ".md":
        folder = path.with_name(f"{path.stem}{_DRAWINGS}")
        written += _write_drawings(drawings(report.document), folder)
        text = markdown(report.document, folder.name)
    elif kind == ".csv":
        text = csv_text(report.evidence)
    elif kind == ".json":
        text = json_text(report.evidence, report.document)
    else:
        text = html(report.document)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return written


def check_format(path: Path) -> None:
    """Make sure that a report can be written under this name, before anything is read.

    Raises:
        InputError: the suffix is none of `FORMATS`.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path}: a report is written as {', '.join(FORMATS)}; choose one of these suffixes")


def _write_drawings(files: dict[str, str], folder: Path) -> list[Path]:
    """Write the drawings; those of an earlier report are replaced, and a folder with anything else is left alone."""
    if not files:
        remove_if_ours(folder)
        return []
    with atomic_directory(folder) as temporary:
        for name, text in files.items():
            (temporary / name).write_text(text, encoding="utf-8", errors="backslashreplace")
    return [folder]
