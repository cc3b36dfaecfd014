"""A whole report: records in; a file of the kind that its name asks for, or a page in a notebook, out."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import DependencyError, InputError, Settings, atomic_directory, atomic_path, remove_if_ours, with_settings

if TYPE_CHECKING:
    import pandas as pd

    from .document import Document
    from .evidence import Evidence

__all__ = ["ReportResult", "ReportSettings", "make_report", "write_report"]

_SUFFIXES = (".html", ".md", ".csv", ".json", ".xlsx")
_DRAWINGS = "-files"


@dataclass(frozen=True, kw_only=True)
class ReportSettings(Settings):
    """What a report is to say beside its records.

    Attributes:
        baseline: an earlier record, to mark what changed; repeatable.
        gate: a TOML file of gates, judged on the records.
        images: a folder with results of a run, or its inputs, for the gallery; repeatable.
        title: of the report.
    """

    baseline: tuple[str | Path, ...] = ()
    gate: str | Path | None = None
    images: tuple[str | Path, ...] = ()
    title: str = "Report"


@dataclass(frozen=True)
class ReportResult:
    """A report, which shows itself in a notebook.

    Attributes:
        evidence: the records with their figures.
        document: what the report says.
        paths: the files and folders that were written.
    """

    evidence: Evidence
    document: Document
    paths: tuple[Path, ...] = ()

    def write(self, out: str | Path) -> tuple[Path, ...]:
        """Write the report; Markdown has its drawings in the folder `NAME-files` beside it.

        Returns:
            What was written.

        Raises:
            InputError: no report is written as such a file, or it cannot be written there.
            DependencyError: a package that writes this kind of file is not installed.
        """
        from .formats.data import csv_text, json_text, write_spreadsheet
        from .formats.html import html_page
        from .formats.markdown import drawings, markdown

        path, written = _checked(out), list[Path]()
        kind = path.suffix.lower()
        if kind == ".xlsx":
            with atomic_path(path) as temporary:
                write_spreadsheet(self.evidence, self.document, temporary)
            return (path,)
        if kind == ".md":
            folder = path.with_name(f"{path.stem}{_DRAWINGS}")
            written += _write_drawings(drawings(self.document), folder)
            text = markdown(self.document, folder.name)
        elif kind == ".csv":
            text = csv_text(self.evidence)
        elif kind == ".json":
            text = json_text(self.evidence, self.document)
        else:
            text = html_page(self.document)
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
        return path, *written

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each figure of each record, as `read_records` does, with the intervals of the report."""
        from ..core import frame_of

        sources = self.evidence.all
        frame = frame_of((source.record for source in sources), (source.name for source in sources))
        intervals = [point.interval for source in sources for point in source.points]
        for end, name in enumerate(("low", "high")):
            frame[name] = [math.nan if interval is None else interval[end] for interval in intervals]
        return frame

    def _repr_html_(self) -> str | None:
        """Return the page in a frame of its own, for notebooks; None where the extra `report` is not installed."""
        from .formats.html import html_page

        try:
            page = html_page(self.document)
        except DependencyError:
            return None
        return f'<iframe srcdoc="{html.escape(page)}" width="100%" height="720" style="border: 0"></iframe>'


def make_report(
    records: str | Path | Sequence[str | Path], out: str | Path | Sequence[str | Path], settings: ReportSettings
) -> ReportResult:
    """Turn records into a report; nothing is measured.

    Args:
        records: files, or folders of them.
        out: an .html, .md, .csv, .json or .xlsx file, or several; none, `()`, for the result alone.
        settings: what it is to say beside them.

    Returns:
        The report, and what was written.

    Raises:
        InputError: a record, the gates or a folder cannot be read, no report is written as such a file, or it cannot be
            written there.
        DependencyError: a package that draws, or writes this kind of file, is not installed.

    Example:
        >>> import mattekit
        >>> mattekit.benchmark("srlite-x2", size="16", rounds=2, iterations=4).record.write("bench.json")
        >>> report = mattekit.write_report("bench.json", ["report.md", "report.csv"], title="Enlarging")
        >>> [str(path) for path in report.paths]
        ['report.md', 'report-files', 'report.csv']
    """
    from ..bench import read_gates
    from .evidence import read_evidence
    from .sections import compose

    # Before anything is read.
    targets = [_checked(each) for each in _paths(out)]
    gates = read_gates(Path(settings.gate)) if settings.gate else ()
    evidence = read_evidence(_paths(records), _paths(settings.baseline), gates)
    result = ReportResult(evidence, compose(evidence, settings.title, _paths(settings.images)))
    written = tuple(path for target in targets for path in result.write(target))
    return ReportResult(evidence, result.document, written)


write_report = with_settings(ReportSettings, "write_report")(make_report)


def _paths(given: str | Path | Sequence[str | Path]) -> list[Path]:
    return [Path(given)] if isinstance(given, str | Path) else [Path(each) for each in given]


def _checked(out: str | Path) -> Path:
    path = Path(out)
    if path.suffix.lower() not in _SUFFIXES:
        raise InputError(f"{path}: a report is written as {', '.join(_SUFFIXES)}; choose one of these suffixes")
    return path


def _write_drawings(files: dict[str, str], folder: Path) -> list[Path]:
    """Write the drawings; those of an earlier report are replaced, and a folder with anything else is left alone."""
    if not files:
        remove_if_ours(folder)
        return []
    with atomic_directory(folder) as temporary:
        for name, text in files.items():
            (temporary / name).write_text(text, encoding="utf-8", errors="backslashreplace")
    return [folder]
