"""The summary: what was judged, and what came of it, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator

from ...bench import Int8Verdict, drop_interval, int8_verdicts, judge, more_needed
from ...core import (
    BenchRecord,
    DependencyError,
    ExportRecord,
    GateRecord,
    ParityRecord,
    QuantizeRecord,
    RunRecord,
    ValidateRecord,
    Verdict,
)
from ...metrics import get_metric
from ..document import Section, Statement, Statements, Status
from ..evidence import Evidence, RecordSource, models_of, title_of

__all__ = ["outcome", "summary"]

_OF = frozenset({"model", "precision", "device", "arithmetic"})
_ORDER: tuple[Status, ...] = ("failed", "not enough evidence", "passed", "note")


def summary(evidence: Evidence) -> Section | None:
    """Return every verdict that the records hold, and those of the gates that were given; None where there is none."""
    found: list[Statement] = []
    if evidence.gates:
        records = [source.record for source in evidence.current if not isinstance(source.record, GateRecord)]
        found += map(_verdict, judge(evidence.gates, records, [source.record for source in evidence.baselines]))
    found += _int8(evidence)
    for source in evidence.current:
        found += _statements(source)
    if not found:
        return None
    found.sort(key=lambda statement: _ORDER.index(statement.status))
    return Section("summary", "Summary", (Statements(tuple(found)),))


def outcome(section: Section | None) -> tuple[Status | None, str]:
    """Return the gravest verdict and how many there are of each; None where nothing was judged."""
    judged = section.statements if section else ()
    statuses: list[Status] = [item.status for item in judged if item.status != "note"]
    if not statuses:
        return None, ""
    worst = min(statuses, key=_ORDER.index)
    count, whole = statuses.count(worst), len(statuses)
    if worst == "passed":
        return worst, f"All {whole} checks passed" if whole > 1 else "The check passed"
    missing = statuses.count("not enough evidence")
    words = f"{count} of {whole} checks failed" if worst == "failed" else f"{count} of {whole} checks lack evidence"
    return worst, f"{words}, {missing} lack evidence" if worst == "failed" and missing else words


def _statements(source: RecordSource) -> Iterator[Statement]:
    record = source.record
    if isinstance(record, GateRecord):
        yield from map(_verdict, record.verdicts)
    elif isinstance(record, ParityRecord):
        yield _parity(source, record)
    elif isinstance(record, ExportRecord):
        made = record.variants[-1:]
        title = " ".join(word for one in made for word in (one.id, one.precision) if word) or source.name
        steps = ", ".join(step.name for step in record.steps if step.before)
        yield Statement("passed", f"{title}: exported, each step checked", f"{steps}: within the limits of an export")
    elif isinstance(record, QuantizeRecord):
        yield from _quantization(record)
    elif isinstance(record, BenchRecord):
        yield from _candidates(record)
    elif isinstance(record, RunRecord) and record.failures:
        why = record.failures[0].error
        yield Statement("failed", f"{len(record.failures)} inputs failed", f"{source.name}: {why}")


def _parity(source: RecordSource, record: ParityRecord) -> Statement:
    broken = record.first_broken
    images = len(record.steps[-1].images) if record.steps else 0
    title = f"The first stage beyond its limit is {broken.after}" if broken else "Every stage is within its limit"
    unproven = record.first_unproven
    if unproven and not broken:
        return Statement(
            "not enough evidence", f"The images don't show whether {unproven.after} is right", unproven.unproven
        )
    return Statement("failed" if broken else "passed", title, f"{source.name}: {images} images through every stage")


def _int8(evidence: Evidence) -> Iterator[Statement]:
    """Say of each model once whether INT8 is worth it, by a benchmark with accuracies of its own before others."""
    accuracies = [
        figure
        for _, record in evidence.of(QuantizeRecord, ValidateRecord)
        for figure in record.measurements
        if figure.is_whole
    ]
    allowed = {
        metric: drop for _, record in evidence.of(QuantizeRecord) for metric, drop in record.allowed_drop.items()
    }
    records = sorted((record for _, record in evidence.of(BenchRecord)), key=lambda record: not record.has_accuracies)
    found: dict[tuple[str, str, str], tuple[Int8Verdict, bool]] = {}
    try:
        for record in records:
            for verdict in int8_verdicts(record, accuracies, allowed=allowed):
                steady = not any(each.unstable for each in record.candidates.values())
                found.setdefault((verdict.model, verdict.device, verdict.arithmetic), (verdict, steady))
    except DependencyError as error:
        yield Statement("note", "INT8 beside FP32: not judged", str(error))
        return
    several = len({arithmetic for _, _, arithmetic in found}) > 1
    for verdict, steady in found.values():
        where = f"{verdict.device} in {verdict.arithmetic}" if several else verdict.device
        title = f"{verdict.model}: INT8 is {'worth it' if verdict.pays else 'not worth it'} on {where}"
        status: Status = "note" if not verdict.pays else "passed" if steady else "not enough evidence"
        unsteady = "" if steady else " Times were not steady: repeat it on a quieter machine."
        yield Statement(status, title, f"{verdict.sentence}{unsteady}")


def _quantization(record: QuantizeRecord) -> Iterator[Statement]:
    """Say of each limit whether the drop is shown to be within it: by its interval, where its samples are there."""
    for name, allowed in record.allowed_drop.items():
        figure = next(iter(record.of_metric(f"{name}_drop")), None)
        drop = figure.value if figure else None
        model = next(models_of(record), "")
        status: Status = "not enough evidence"
        shown = "not measured" if drop is None else f"{drop:.4g}"
        if drop is not None:
            status = "passed" if drop <= allowed else "failed"
            most, count = _most_lost(record, name)
            if most is not None:
                shown += f", up to {most:.4g} at 95% on {count} samples"
            if status == "passed" and most is not None and most > allowed:
                more = more_needed(count, allowed - drop, most - drop)
                status = "not enough evidence"
                shown += f"; about {more} more samples would tell" if more else ""
        title = f"{model}: INT8 keeps {title_of(name)}" if status == "passed" else f"{model}: INT8 and {title_of(name)}"
        yield Statement(status, title, f"drop {shown}, allowed {allowed}")


def _most_lost(record: QuantizeRecord, metric: str) -> tuple[float | None, int]:
    """Return the upper end of the drop's interval, and of how many samples it is; None where they are not there."""
    columns = [[one for one in record.table.values.get(name, ()) if one is not None] for name in ("source", "int8")]
    if not columns[0] or len(columns[0]) != len(columns[1]):
        return None, 0
    low, high = drop_interval(*columns)
    return (high if get_metric(metric).higher_is_better else -low), len(columns[0])


def _candidates(record: BenchRecord) -> Iterator[Statement]:
    """What did not come about, or not as it was asked for, and what was not steady."""
    for name, found in record.candidates.items():
        if found.status != "measured":
            grave: Status = "note" if found.status == "missing device" else "failed"
            yield Statement(grave, f"{name}: {found.status}", found.reason or "")
        if found.unstable or found.notes:
            what = "not steady" if found.unstable else "to be noted"
            # Times that may not be relied on are no evidence, and no headline calls them passed.
            status: Status = "not enough evidence" if found.unstable else "note"
            yield Statement(status, f"{name}: {what}", "; ".join([*found.unstable, *found.notes]))


def _verdict(verdict: Verdict) -> Statement:
    about = " ".join(text for name, text in verdict.labels.items() if name in _OF)
    where = "".join(f" on {text}" for name, text in verdict.labels.items() if name == "dataset")
    limit = verdict.limit_text.replace("_", " ")
    return Statement(verdict.status, f"{verdict.gate} {limit}: {about or 'no record'}{where}", verdict.reason)
