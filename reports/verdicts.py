"""Gates' verdicts: made of records, and written for machines and people: a record, JUnit XML, and Markdown."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ..bench import AnyGate, GateSettings, gate_lines, gates_exit_code, gates_outcome, judge, read_gates
from ..core import (
    GateRecord,
    IntegrityError,
    MattekitError,
    Record,
    Result,
    Verdict,
    atomic_path,
    load_records,
    printable,
    sha256_of,
    with_settings,
)
from ..infer import this_machine
from .github import print_annotations

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import JsonValue

__all__ = [
    "GateResult",
    "append_step_summary",
    "check_gates",
    "decided_by",
    "junit_xml",
    "markdown",
    "one_line",
    "published_errors",
    "run_gates",
]


@dataclass(frozen=True)
class GateResult(Result[GateRecord]):
    """What gates say of records."""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return a verdict for each limit of each gate on each figure that it is for."""
        return self.record.verdicts

    @property
    def passed(self) -> bool:
        """Tell whether there are verdicts, and all say so."""
        return self.record.outcome == "passed"

    @property
    def exit_code(self) -> int:
        """Return what the command line ends with: 0 passed, 3 one failed, 4 not enough evidence."""
        return gates_exit_code(self.verdicts)

    def to_frame(self) -> pd.DataFrame:
        """Return a table with a row for each verdict, and what the judged figure is of in columns of its own."""
        import pandas as pd

        return pd.DataFrame(
            [{**verdict.labels, **verdict.model_dump(exclude={"labels"})} for verdict in self.verdicts],
        )

    def write_junit(self, path: str | Path) -> None:
        """Write JUnit XML; the file appears whole or not at all."""
        _write_text(Path(path), junit_xml(self.verdicts))

    def write_markdown(self, path: str | Path) -> None:
        """Write Markdown; the file appears whole or not at all."""
        _write_text(Path(path), markdown(self.verdicts))

    def publish(
        self, *, junit: str | Path | None = None, markdown: str | Path | None = None, json: str | Path | None = None
    ) -> None:
        """Write the verdicts in each format that a file is given for, and to GitHub's step summary and annotations.

        Args:
            junit: for JUnit XML.
            markdown: for Markdown.
            json: for the record.
        """
        if junit:
            self.write_junit(junit)
        if markdown:
            self.write_markdown(markdown)
        if json:
            self.record.write(Path(json))
        _summarise(self.verdicts)
        print_annotations(self.verdicts)


def run_gates(
    records: str | Path | Record | Sequence[str | Path | Record],
    gates: str | Path | Sequence[AnyGate],
    settings: GateSettings,
) -> GateResult:
    """Judge records by gates, without running a model.

    Args:
        records: one or several: records, their files, or folders of them.
        gates: a TOML file of gates, or what was read from one.
        settings: beside what; as `GateSettings`.

    Returns:
        The verdicts, one for each limit of each gate on each figure that it is for.

    Raises:
        InputError: a file cannot be read, or is none of records or of gates.
        DependencyError: SciPy is not installed, and times are to be compared.

    Example:
        >>> from mattekit import check_gates
        >>> from mattekit.bench import Gate, evaluate
        >>> measured = evaluate("mattelite", "synthetic:count=12,size=96x64", metrics=["iou"]).record
        >>> result = check_gates(measured, [Gate(metric="iou", min=0.1)])
        >>> result.write_junit("gates.xml")
        >>> result.passed
        True
    """
    noted: dict[str, JsonValue] = {}
    places: Sequence[str] = ()
    if isinstance(gates, str | Path):
        path = Path(gates)
        gates = read_gates(path)
        places = [f"{path}:{line}" for line in gate_lines(path)]
        noted = {"gates": str(path), "gates_sha256": sha256_of(path)}
    judged, before = _read(records), _read(settings.baseline)
    verdicts = [
        verdict.model_copy(update={"place": place})
        for gate, place in zip(gates, places or repeat(""), strict=False)
        for verdict in judge(
            [gate], judged, before, across_machines="machine" in settings.allow, noisy="noise" in settings.allow
        )
    ]
    record = GateRecord(
        machine=this_machine(),
        settings={**noted, **settings.described()},
        outcome=gates_outcome(verdicts),
        verdicts=tuple(verdicts),
    )
    return GateResult((record,))


def decided_by(gates: Sequence[AnyGate], settings: GateSettings, budget: float) -> Callable[[Record], bool]:
    """Return what tells whether more of a measurement would decide nothing.

    So it is where every gate is decided, where what is missing is no longer measurement (such as a baseline), and where
    the time is up, counted from the first question.

    Args:
        gates: that judge what is measured; none are always decided.
        settings: as `GateSettings`.
        budget: seconds.
    """
    started: list[float] = []

    def enough(record: Record) -> bool:
        started.append(time.monotonic())
        if not gates or budget == 0 or started[-1] - started[0] >= budget:
            return True
        verdicts = run_gates(record, gates, settings).verdicts
        return not any(verdict.needed is not None for verdict in verdicts)

    return enough


@contextmanager
def published_errors(
    *, junit: str | Path | None = None, markdown: str | Path | None = None, json: str | Path | None = None
) -> Generator[None]:
    """Where what is to be judged cannot be measured or read, write that as the verdict, and raise the error on.

    A CI that collects these files shows why nothing was judged, and not an older answer or none.

    Args:
        junit: as `GateResult.publish`.
        markdown: the same.
        json: the same.
    """
    try:
        yield
    except MattekitError as error:
        altered = isinstance(error, IntegrityError)
        verdict = Verdict(
            gate="everything can be read",
            metric="identity" if altered else "",
            limit="integrity" if altered else "readable",
            status="failed" if altered else "not enough evidence",
            reason=str(error),
        )
        record = GateRecord(machine=this_machine(), outcome=gates_outcome([verdict]), verdicts=(verdict,))
        GateResult((record,)).publish(junit=junit, markdown=markdown, json=json)
        raise


check_gates = with_settings(GateSettings, "check_gates")(run_gates)
"""`run_gates`, with the fields of its settings as keywords."""


def _read(records: str | Path | Record | Sequence[str | Path | Record]) -> list[Record]:
    given = [records] if isinstance(records, str | Path | Record) else records
    files = [each for each in given if not isinstance(each, Record)]
    return [*(each for each in given if isinstance(each, Record)), *load_records(files)]


def one_line(verdict: Verdict) -> str:
    """Return a verdict as one line of text: what came of it, what it is about, and why."""
    about = " ".join(part for part in (_subject(verdict), verdict.labels.get("dataset", "")) if part)
    return f"{verdict.status.upper()}: {verdict.gate} {verdict.limit} ({about or 'no record'}): {verdict.reason}"


def junit_xml(verdicts: Sequence[Verdict]) -> str:
    """Return JUnit XML: a test case for each verdict; missing evidence is an `error`, which no CI takes for a pass."""
    failed = sum(v.status == "failed" for v in verdicts)
    missing = sum(v.status == "not enough evidence" for v in verdicts)
    counts = {"tests": str(len(verdicts)), "failures": str(failed), "errors": str(missing)}
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": "mattekit gate", **counts})
    for verdict in verdicts:
        name = f"{verdict.gate} {verdict.limit_text}"
        file, _, line = verdict.place.rpartition(":")
        where = {"file": file, "line": line} if file else {}
        case = ET.SubElement(suite, "testcase", {"classname": _subject(verdict) or "gates", "name": name, **where})
        if verdict.status == "failed":
            ET.SubElement(case, "failure", {"message": verdict.reason})
        elif verdict.status == "not enough evidence":
            ET.SubElement(case, "error", {"message": verdict.reason, "type": "not enough evidence"})
    ET.indent(root)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n' + printable(ET.tostring(root, encoding="unicode"), lines=True) + "\n"
    )


def markdown(verdicts: Sequence[Verdict]) -> str:
    """Return a heading with the outcome, and a table with a row for each verdict."""
    lines = [
        f"### Gates: {gates_outcome(verdicts)}",
        "",
        "| verdict | metric | model | data set | limit | figure | baseline | interval | samples | reason |",
        "|---|---|---|---|---|---:|---:|---|---:|---|",
    ]
    for v in verdicts:
        interval = f"{v.interval[0]:.4g} to {v.interval[1]:.4g}" if v.interval else ""
        cells = [
            f"**{v.status}**" if v.status != "passed" else v.status,
            v.gate,
            _subject(v),
            v.labels.get("dataset", ""),
            v.limit_text,
            "" if v.value is None else f"{v.value:.4g}",
            "" if v.baseline is None else f"{v.baseline:.4g}",
            interval,
            "" if v.samples is None else str(v.samples),
            v.reason,
        ]
        lines.append("| " + " | ".join(printable(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _summarise(verdicts: Sequence[Verdict]) -> None:
    append_step_summary(lambda: markdown(verdicts))


def append_step_summary(markdown_of: Callable[[], str]) -> None:
    """Append Markdown to the file that GitHub Actions shows on a run's page; nothing where the variable is not set."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(markdown_of() + "\n")


def _write_text(path: Path, text: str) -> None:
    """Write a text file, which appears whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def _subject(verdict: Verdict) -> str:
    """Return what a verdict is about; the gate says its stage and statistic, unless it is for several."""
    parts = [verdict.labels.get(key, "") for key in ("model", "precision", "device", "arithmetic")]
    stage, statistic = (verdict.labels.get(key, "") for key in ("stage", "statistic"))
    said = verdict.gate.split()
    parts += [stage] if stage != "model" and f"stage={stage}" not in said else []
    parts += [statistic] if f"statistic={statistic}" not in said else []
    return " ".join(part for part in parts if part)
