"""Two benchmarks' records side by side: may they be compared at all, and what became faster or slower."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ...core import (
    HARDWARE,
    MODEL,
    BenchRecord,
    CompareRecord,
    InputError,
    Measurement,
    Mismatch,
    Result,
    differences,
    read_record,
    with_settings,
)
from ..benchmark_settings import ALLOWED, Allowed, ComparisonSettings
from ..significance import compare_samples
from .trials import RATIO, TOTAL

__all__ = ["ComparisonResult", "compare_benchmarks", "mismatches", "run_comparison"]

_SOFTWARE = ("system", "python")
_OF_CANDIDATES = {
    *("device", "arithmetic", "runtime", "hint", "streams", "batch", "size", "precision", "baseline"),
    *("data", "limit", "end_to_end", "profile", "require_device"),
}
"""Options that choose what is measured, which the names of candidates and figures say; all others are compared."""

_SETTINGS = ("scenario", "rounds", "iterations", "seconds", "warm_up", "threads", "images")


@dataclass(frozen=True)
class ComparisonResult(Result[CompareRecord]):
    """Two benchmarks side by side: of each candidate and stage the medians, the speed-up and its verdict."""


def mismatches(before: BenchRecord, after: BenchRecord) -> list[Mismatch]:
    """Return in what machine, software and settings two records differ.

    That the models' files differ is no mismatch: it is what comparisons are made for.
    """
    machines, records = (before.machine, after.machine), (before, after)
    packages, asks = [machine.packages for machine in machines], [record.settings for record in records]
    rows: list[tuple[Allowed, str, list[object]]] = [
        *(("machine", name, [getattr(each, name) for each in machines]) for name in HARDWARE),
        *(("software", name, [getattr(each, name) for each in machines]) for name in _SOFTWARE),
        *(("software", name, [each.get(name) for each in packages]) for name in sorted({*packages[0], *packages[1]})),
        *(("settings", name, [getattr(each, name) for each in records]) for name in _SETTINGS),
        *(
            ("settings", name, [asked.get(name) for asked in asks])
            for name in sorted({*asks[0], *asks[1]} - _OF_CANDIDATES - {*_SETTINGS})
        ),
    ]
    found = [
        Mismatch(aspect=aspect, what=what, before=_shown(old), after=_shown(new))
        for aspect, what, (old, new) in rows
        if old != new
    ]
    olds, news = _medians(before), _medians(after)
    for key in (key for key in olds if key in news):
        found += [
            Mismatch(aspect="settings", what=f"{each.aspect} of {key}", before=each.before, after=each.after)
            for each in differences(olds[key], news[key])
            if each.aspect in {"size", "arithmetic", "settings"}
        ]
    return found


def _medians(record: BenchRecord) -> dict[str, Measurement]:
    """The medians of the network alone that came about, by candidate."""
    return {
        figure.candidate: figure
        for figure in record.of_metric("latency_p50")
        if figure.stage == MODEL and figure.value is not None
    }


def run_comparison(
    before: BenchRecord | str | Path, after: BenchRecord | str | Path, settings: ComparisonSettings
) -> ComparisonResult:
    """Compare each candidate that two benchmarks have measured, by their raw times.

    Args:
        before: a benchmark's record, or its file.
        after: another one, of the same candidates.
        settings: how; as `ComparisonSettings`.

    Returns:
        The record of `before`, `after` (ms, medians), `speedup` with its interval, `p_value` and `independent_samples`
        for each candidate and stage, with its verdict, which is `disturbed` where other processes took too much of the
        processors for any.

    Raises:
        InputError: a file is no benchmark's record; or the two differ in what is not allowed, or have nothing in
            common.
        DependencyError: SciPy is not installed.

    Example:
        >>> from mattekit import benchmark, compare_benchmarks
        >>> benchmark("srlite-x2", size="16", rounds=2, iterations=4).record.write("bench.json")
        >>> [each.value for each in compare_benchmarks("bench.json", "bench.json").record.of_metric("speedup")]
        [1.0]
    """
    names = (
        "before" if isinstance(before, BenchRecord) else str(before),
        "after" if isinstance(after, BenchRecord) else str(after),
    )
    before, after = (
        each if isinstance(each, BenchRecord) else read_record(Path(each), BenchRecord) for each in (before, after)
    )
    differing = mismatches(before, after)
    refused = [each for each in differing if each.aspect not in settings.allow]
    if refused:
        needed = ",".join(aspect for aspect in ALLOWED if aspect in {each.aspect for each in differing})
        raise InputError(
            f"{names[0]} and {names[1]} were not measured alike ({'; '.join(map(str, refused))}); measure both alike, "
            f"or compare them all the same with --allow {needed}"
        )
    keys = [[key for key in record.candidates if record.times(key)] for record in (before, after)]
    both = [key for key in keys[0] if key in keys[1]]
    if not both:
        raise InputError(
            f"{names[0]} and {names[1]} have no measured candidate in common{_nearest(before, after)}; measure the "
            "same ones"
        )
    notes = tuple(
        f"{name}: {key} was unstable: {'; '.join(result.unstable)}"
        for name, record in zip(names, (before, after), strict=True)
        for key, result in record.candidates.items()
        if result.unstable and key in both
    )
    # What was measured was not measured here and now.
    record = CompareRecord(
        machine=after.machine,
        variants=after.variants,
        measurements=tuple(figure for key in both for figure in _measurements(before, after, key)),
        before=names[0],
        after=names[1],
        allowed=settings.allow,
        differs=tuple(differing),
        only_before=tuple(key for key in keys[0] if key not in both),
        only_after=tuple(key for key in keys[1] if key not in both),
        notes=notes,
    )
    return ComparisonResult((record,))


compare_benchmarks = with_settings(ComparisonSettings, "compare_benchmarks")(run_comparison)
"""`run_comparison`, with the fields of its settings as keywords."""


def _nearest(before: BenchRecord, after: BenchRecord) -> str:
    """Say in what the two candidates differ that differ least; nothing where no model is in both records."""
    pairs = [
        (differences(old, new), old, new)
        for old in _medians(before).values()
        for new in _medians(after).values()
        if old.model == new.model
    ]
    if not pairs:
        return ""
    least, old, new = min(pairs, key=lambda pair: len(pair[0]))
    said = ", ".join(f"{each.aspect} {each.before} and {each.after}" for each in least if each.aspect != "metric")
    return f" ({old.candidate} and {new.candidate}: {said or 'another scenario'})"


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(str(part) for part in value) or "none"  # pyright: ignore[reportUnknownVariableType]
    return "none" if value is None else str(value) or "none"


def _measurements(before: BenchRecord, after: BenchRecord, key: str) -> list[Measurement]:
    own = next(figure for figure in after.measurements if figure.candidate == key)
    figures: list[Measurement] = []
    for stage in (MODEL, TOTAL):
        old, new = before.times(key, stage), after.times(key, stage)
        if old and new:
            found = compare_samples(old, new)
            moved = before.candidates[key].disturbed or after.candidates[key].disturbed
            common = own.model_copy(update={"stage": stage, "verdict": "disturbed" if moved else found.verdict})
            interval = (found.low, found.high)
            figures += [
                common.measured("before", median(old), "ms", higher_is_better=False),
                common.measured("after", median(new), "ms", higher_is_better=False),
                common.measured("speedup", found.speedup, RATIO, higher_is_better=True, interval=interval),
                common.measured("p_value", found.p_value, "p"),
                common.measured("independent_samples", found.samples, "independent samples"),
            ]
    return figures
