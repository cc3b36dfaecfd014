"""The summary: what was judged, and what came of it, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator

from ...bench.gates.judge import judge
from ...core.record import Record
from ..document import Section, Statement, Statements, Status
from ..evidence import Evidence, Source, setting, texts
from ..numbers import title_of
from ..verdicts import gate_record

__all__ = ["outcome", "summary"]

_ORDER: tuple[Status, ...] = ("failed", "not enough evidence", "passed", "note")


def summary(evidence: Evidence) -> Section | None:
    """Return every verdict that the records hold, and those of the gates that were given; None where there is none."""
    found: list[Statement] = []
    if evidence.gates:
        records = [source.record for source in evidence.current if source.record.kind != "gate"]
        verdicts = judge(evidence.gates, records, [source.record for source in evidence.baselines])
        found += _gates(gate_record(verdicts, {}))
    for source in evidence.current:
        found += _statements(source)
    if not found:
        return None
    found.sort(key=lambda statement: _ORDER.index(statement.status))
    return Section("summary", "Summary", (Statements(tuple(found)),))


def outcome(section: Section | None) -> tuple[Status | None, str]:
    """Return the gravest verdict and how many there are of each; None where nothing was judged."""
    statuses: list[Status] = [
        item.status
        for block in (section.blocks if section else ())
        if isinstance(block, Statements)
        for item in block.items
        if item.status != "note"
    ]
    if not statuses:
        return None, ""
    worst = min(statuses, key=_ORDER.index)
    count, whole = statuses.count(worst), len(statuses)
    if worst == "passed":
        return worst, f"All {whole} checks passed" if whole > 1 else "The check passed"
    missing = statuses.count("not enough evidence")
    words = f"{count} of {whole} checks failed" if worst == "failed" else f"{count} of {whole} checks lack evidence"
    return worst, f"{words}, {missing} lack evidence" if worst == "failed" and missing else words


def _statements(source: Source) -> Iterator[Statement]:
    record = source.record
    if record.kind == "gate":
        yield from _gates(record)
    elif "worth_it" in record.settings:
        worth_it = record.settings["worth_it"] is True
        models = ", ".join(dict.fromkeys(ref.model for ref in record.artifacts))
        title = f"{models}: INT8 is {'worth it' if worth_it else 'not worth it'} on {setting(record, 'device')}"
        yield Statement("passed" if worth_it else "note", title, setting(record, "sentence"))
    elif record.kind == "parity":
        broken = setting(record, "first_broken")
        rungs = setting(record, "samples")
        title = "Every stage is within its limit" if not broken else f"The first stage beyond its limit is {broken}"
        yield Statement("failed" if broken else "passed", title, f"{source.name}: {rungs} pictures through every stage")
    elif record.kind == "export":
        steps = dict.fromkeys(figure.labels.get("step", "") for figure in record.figures)
        title = f"{setting(record, 'model')} {setting(record, 'precision')}: exported, each step checked"
        yield Statement("passed", title, f"{', '.join(steps)}: within the limits of an export")
    elif record.kind == "quantization":
        yield from _quantization(record)
    elif record.kind == "bench":
        yield from _candidates(record)
    yield from _failures(source)


def _quantization(record: Record) -> Iterator[Statement]:
    limit = record.settings.get("max_drop")
    if not isinstance(limit, dict):
        return
    for name, allowed in limit.items():
        drop = next((figure.value for figure in record.figures if figure.name == f"{name}_drop"), None)
        model = record.artifacts[0].model if record.artifacts else ""
        status: Status = "not enough evidence"
        if drop is not None and isinstance(allowed, int | float):
            status = "passed" if drop <= allowed else "failed"
        shown = "not measured" if drop is None else f"{drop:.4g}"
        title = f"{model}: INT8 keeps {title_of(name)}" if status == "passed" else f"{model}: INT8 and {title_of(name)}"
        yield Statement(status, title, f"drop {shown}, allowed {allowed}")


def _candidates(record: Record) -> Iterator[Statement]:
    """What did not come about, or not as it was asked for, and what was not steady."""
    entries = record.settings.get("candidates")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        name, status = str(entry.get("candidate")), entry.get("status")
        if status != "measured":
            grave: Status = "note" if status == "missing device" else "failed"
            yield Statement(grave, f"{name}: {status}", str(entry.get("reason") or ""))
        unsteady, notes = texts(entry.get("unstable")), texts(entry.get("notes"))
        if unsteady or notes:
            yield Statement(
                "note", f"{name}: {'not steady' if unsteady else 'to be noted'}", "; ".join([*unsteady, *notes])
            )


def _failures(source: Source) -> Iterator[Statement]:
    failures = source.record.settings.get("failures")
    if isinstance(failures, list) and failures:
        first = failures[0]
        why = first.get("error", first) if isinstance(first, dict) else first
        yield Statement("failed", f"{len(failures)} inputs failed", f"{source.name}: {why}")


def _gates(record: Record) -> Iterator[Statement]:
    rows = record.samples
    for row in range(len(rows.get("gate", []))):
        cell = {name: values[row] for name, values in rows.items() if row < len(values)}
        about = " ".join(str(cell[key]) for key in ("model", "precision", "device", "arithmetic") if cell.get(key))
        where = f" on {cell['dataset']}" if cell.get("dataset") else ""
        bound = cell.get("bound")
        limit = f"{str(cell.get('limit')).replace('_', ' ')} {bound:g}" if isinstance(bound, int | float) else ""
        text = str(cell.get("status"))
        status: Status = "passed" if text == "passed" else "failed" if text == "failed" else "not enough evidence"
        yield Statement(status, f"{cell.get('gate')} {limit}: {about or 'no record'}{where}", str(cell.get("reason")))
