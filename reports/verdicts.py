"""Verdicts for machines and people: a record, JUnit XML, and Markdown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from pydantic import JsonValue

from ..bench import gates_exit_code
from ..core import GateRecord, Verdict, atomic_path, printable, sha256_of
from ..infer import this_machine

__all__ = ["append_step_summary", "gate_record", "junit_xml", "markdown", "one_line", "publish"]

Outcome = Literal["passed", "failed", "not enough evidence"]

_WORDS: dict[int, Outcome] = {0: "passed", 3: "failed", 4: "not enough evidence"}


def gate_record(verdicts: Sequence[Verdict], settings: dict[str, JsonValue]) -> GateRecord:
    """Return the verdicts as a record."""
    return GateRecord(
        machine=this_machine(), settings=settings, outcome=_WORDS[gates_exit_code(verdicts)], verdicts=tuple(verdicts)
    )


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
        name = f"{verdict.gate} {verdict.limit} {verdict.bound:g}"
        case = ET.SubElement(suite, "testcase", {"classname": _subject(verdict) or "gates", "name": name})
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
        f"### Gates: {_WORDS[gates_exit_code(verdicts)]}",
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
            f"{v.limit} {v.bound:g}",
            "" if v.value is None else f"{v.value:.4g}",
            "" if v.baseline is None else f"{v.baseline:.4g}",
            interval,
            "" if v.samples is None else str(v.samples),
            v.reason,
        ]
        lines.append("| " + " | ".join(printable(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def append_step_summary(text: str) -> None:
    """Append Markdown to the file that GitHub Actions shows on a run's page; nothing where the variable is not set."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text + "\n")


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


def publish(
    verdicts: Sequence[Verdict],
    *,
    gates: Path | None = None,
    junit: Path | None = None,
    markdown_file: Path | None = None,
    json_file: Path | None = None,
) -> None:
    """Write the verdicts in each format that a file is given for, and to GitHub's step summary where there is one.

    Args:
        verdicts: what `judge` returned.
        gates: the gates' file, noted in the JSON record with its hash.
        junit: for JUnit XML.
        markdown_file: for Markdown.
        json_file: for the record.
    """
    if junit:
        _write_text(junit, junit_xml(verdicts))
    if markdown_file:
        _write_text(markdown_file, markdown(verdicts))
    if json_file:
        noted: dict[str, JsonValue] = {"gates": str(gates), "gates_sha256": sha256_of(gates)} if gates else {}
        gate_record(verdicts, noted).write(json_file)
    append_step_summary(markdown(verdicts))
