"""Two benchmarks' records side by side: may they be compared at all, and what became faster or slower."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal, get_args

from pydantic import JsonValue

from ...core.environment import Environment
from ...core.errors import InputError
from ...core.record import Figure, Record
from ..significance import Difference, compare_samples
from ..timings import MODEL, candidates_of, disturbed, milliseconds

__all__ = ["ASPECTS", "KIND", "Aspect", "Mismatch", "compare_records", "mismatches", "parse_aspects"]

KIND = "comparison"
"""The `kind` of the records."""

Aspect = Literal["machine", "software", "settings"]
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)

_MACHINE = ("cpu", "cpu_features", "cores", "memory_bytes")
_SOFTWARE = ("system", "python")
_SETTINGS = ("scenario", "rounds", "iterations", "seconds", "warm_up", "threads", "pictures")
_EXECUTED = ("devices", "arithmetic", "streams", "threads")
_STAGES = (MODEL, "total")


@dataclass(frozen=True)
class Mismatch:
    """One thing in which two records differ, so that a difference in time may come from it."""

    aspect: Aspect
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        """Return it as part of a sentence."""
        return f"{self.what}: {self.before}, then {self.after}"


def parse_aspects(text: str | None) -> tuple[Aspect, ...]:
    """Read `machine,software,settings`, or some of them.

    Raises:
        InputError: a word is none of them.
    """
    words = [word.strip() for word in text.split(",")] if text else []
    unknown = [word for word in words if word not in ASPECTS]
    if unknown:
        raise InputError(f"--allow {text}: {unknown[0]!r} is none of {', '.join(ASPECTS)}; put commas between them")
    return tuple(aspect for aspect in ASPECTS if aspect in words)


def mismatches(before: Record, after: Record) -> list[Mismatch]:
    """Return in what machine, software and settings two records differ.

    That the models' files differ is no mismatch: it is what comparisons are made for.
    """
    found = _environments(before.environment, after.environment)
    for name in _SETTINGS:
        found += _differ("settings", name, before.settings.get(name), after.settings.get(name))
    others = {str(entry["candidate"]): entry.get("executed") for entry in candidates_of(after)}
    for entry in candidates_of(before):
        key, was = str(entry["candidate"]), entry.get("executed")
        now = others.get(key)
        if not was or not now:
            continue
        for name in _EXECUTED:
            found += _differ("settings", f"{name} of {key}", was.get(name), now.get(name))
    return found


def compare_records(
    before: Record, after: Record, *, allow: Collection[Aspect] = (), names: tuple[str, str] = ("before", "after")
) -> Record:
    """Compare each candidate that both records have measured, by their raw times.

    The record that comes of it has the figures `before`, `after` (ms, medians), `ratio`, `ratio_low`, `ratio_high`,
    `p_value` and `independent_samples` for each candidate and stage, with its verdict as a label, which is
    `disturbed` where other processes took too much of the processors for any; `settings` list what
    differs, which candidates only one of them has, and which were unstable.

    Args:
        before: a benchmark's record.
        after: another one.
        allow: in what they may differ.
        names: of the two, for messages and for the record.

    Raises:
        InputError: one is not a benchmark's record, they differ in what is not allowed, or have nothing in common.
        DependencyError: SciPy is not installed.
    """
    for record, name in zip((before, after), names, strict=True):
        if not candidates_of(record):
            raise InputError(f"{name}: a record of kind {record.kind!r}, not a benchmark's; see mattekit bench run")
    differing = mismatches(before, after)
    refused = [each for each in differing if each.aspect not in allow]
    if refused:
        needed = ",".join(aspect for aspect in ASPECTS if aspect in {each.aspect for each in differing})
        raise InputError(
            f"{names[0]} and {names[1]} were not measured alike ({'; '.join(map(str, refused))}); measure both alike, "
            f"or compare them all the same with --allow {needed}"
        )
    entries = {str(entry["candidate"]): entry for entry in candidates_of(after)}
    keys = [[key for entry in candidates_of(r) if _times(r, key := str(entry["candidate"]))] for r in (before, after)]
    both = [key for key in keys[0] if key in keys[1]]
    if not both:
        raise InputError(f"{names[0]} and {names[1]} have no measured candidate in common; measure the same ones")
    figures = [figure for key in both for figure in _figures(before, after, key, entries[key])]
    notes: list[JsonValue] = [
        f"{name}: {entry['candidate']} was unstable: {'; '.join(entry['unstable'])}"
        for name, record in zip(names, (before, after), strict=True)
        for entry in candidates_of(record)
        if entry.get("unstable") and entry["candidate"] in both
    ]
    settings: dict[str, JsonValue] = {
        "before": names[0],
        "after": names[1],
        "allowed": list(allow),
        "differs": [asdict(each) for each in differing],
        "only_before": [key for key in keys[0] if key not in both],
        "only_after": [key for key in keys[1] if key not in both],
        "notes": notes,
    }
    # What was measured was not measured here and now.
    return Record(
        kind=KIND,
        environment=after.environment,
        artifacts=after.artifacts,
        settings=settings,
        figures=tuple(figures),
    )


def _times(record: Record, key: str) -> list[float] | None:
    return milliseconds(record, key)


def _environments(before: Environment, after: Environment) -> list[Mismatch]:
    found: list[Mismatch] = []
    for name in _MACHINE:
        found += _differ("machine", name, getattr(before, name), getattr(after, name))
    for name in _SOFTWARE:
        found += _differ("software", name, getattr(before, name), getattr(after, name))
    for name in sorted(before.packages.keys() | after.packages.keys()):
        found += _differ("software", name, before.packages.get(name), after.packages.get(name))
    return found


def _differ(aspect: Aspect, what: str, before: object, after: object) -> list[Mismatch]:
    return [Mismatch(aspect, what, _shown(before), _shown(after))] if before != after else []


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(str(part) for part in value) or "none"  # pyright: ignore[reportUnknownVariableType]
    return "none" if value is None else str(value)


def _figures(before: Record, after: Record, key: str, entry: Mapping[str, Any]) -> list[Figure]:
    names = ("model", "precision", "runtime", "device", "arithmetic", "hint", "streams", "batch", "size")
    labels = {"candidate": key, **{name: str(entry.get(name, "")) for name in names}}
    figures: list[Figure] = []
    for stage in _STAGES:
        old, new = milliseconds(before, key, stage), milliseconds(after, key, stage)
        if old and new:
            found = compare_samples(old, new)
            verdict = "disturbed" if disturbed(before, key) or disturbed(after, key) else found.verdict
            figures += _rows(found, (median(old), median(new)), {**labels, "stage": stage, "verdict": verdict})
    return figures


def _rows(found: Difference, medians: tuple[float, float], labels: dict[str, str]) -> list[Figure]:
    figures = [
        Figure(name=name, value=value, unit="ms", higher_is_better=False, labels=labels)
        for name, value in zip(("before", "after"), medians, strict=True)
    ]
    ratios = (("ratio", found.ratio), ("ratio_low", found.low), ("ratio_high", found.high))
    figures += [Figure(name=name, value=value, higher_is_better=False, labels=labels) for name, value in ratios]
    others = (("p_value", found.p_value), ("independent_samples", found.samples))
    return figures + [Figure(name=name, value=value, labels=labels) for name, value in others]
