"""A benchmark's record as tables on the terminal; everything that is shown is read from the record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from ...core import MODEL, BenchRecord, CandidateResult, Measurement
from ...reports import Cell, Column, Table
from .console import console_of
from .fitting import fits, named_by, print_lines, print_table, say_once

__all__ = ["print_benchmark"]

_LAYERS_SHOWN = 15
_NONE = "-"
"""Where there is no figure."""
_RATES = {"i8": "GOP/s"}

_LABELS = ("runtime", "device", "arithmetic", "hint", "streams", "batch", "size")
"""What tells candidates of one model from each other."""
_SETTINGS = ("devices", "float type", "streams executed", "threads executed", "requests", "computing layers")

_COLUMNS = (
    ("latency_p50", "p50 ms"),
    ("latency_p90", "p90 ms"),
    ("latency_p95", "p95 ms"),
    ("latency_p99", "p99 ms"),
    ("latency_mean", "mean ms"),
    ("throughput", "images/s"),
)
_COSTS = (
    ("first_inference", "first ms"),
    ("compile_time", "compile ms"),
    ("compile_time_cached", "cached ms"),
    ("peak_memory", "peak MB"),
    ("int8_time_share", "INT8 time"),
)


@dataclass(frozen=True)
class _Row:
    """A candidate with its figures, by stage and metric."""

    key: str
    found: CandidateResult
    figures: Mapping[tuple[str, str], Measurement]

    @property
    def name(self) -> str:
        """The model and its precision; its number too, where settings do not tell candidates apart."""
        before, mark, count = self.key.rpartition(" #")
        figure = next(iter(self.figures.values()), None)
        named = f"{figure.model} {figure.precision}" if figure else before or self.key
        return f"{named}{mark}{count if mark else ''}"

    def value(self, stage: str, metric: str) -> float | None:
        figure = self.figures.get((stage, metric))
        return figure.value if figure else None

    def accuracy(self, metric: str) -> float | None:
        """The metric over the whole data set, which is of no stage."""
        found = (figure for figure in self.figures.values() if figure.metric == metric and figure.data)
        return next((figure.value for figure in found), None)

    def label(self, title: str) -> str:
        """What was asked for, in words; else how it is executed."""
        planned = (figure.execution for figure in self.figures.values() if figure.execution)
        how, asked = self.found.execution or next(planned, None), dict(self.found.asked)
        if how is not None:
            run = {"runtime": how.runtime, "device": how.device, "arithmetic": how.arithmetic, "hint": how.hint}
            run |= {"streams": str(how.streams or ""), "batch": str(how.batch or ""), "size": how.size_text}
            asked = {**run, **asked}
        label = asked.get(title, "")
        if title == "arithmetic" and label == "device" and how is not None and how.arithmetic:
            return f"device ({how.arithmetic})"
        return label


def print_benchmark(record: BenchRecord, console: Console | None = None) -> None:
    """Print the times of every candidate and stage, what was executed, the verdicts, and what is wrong with the run.

    What all candidates have in common is said once, above the times.
    """
    out = console or console_of()
    rows = _rows(record)
    stages = list(dict.fromkeys(figure.stage for figure in record.measurements if figure.stage))
    whole = [stage for stage in stages if stage != MODEL]
    tables = [
        _times(f"Latency, {record.scenario}", [MODEL], record, rows),
        _times("The whole way of an image, from file to file", whole, record, rows),
        _executed(rows),
    ]
    for number, table in enumerate(each for each in tables if each.rows):
        if number:
            out.print()
        print_table(table if fits(table, out) else named_by(table, _LABELS), out)
    for row in rows:
        if row.found.status != "measured":
            print_lines(f"{row.found.status.upper()}: {row.key}: {row.found.reason}", out)
        for note in row.found.notes:
            print_lines(f"note: {row.key}: {note}", out)
        if record.profiled and row.found.profile:
            out.print()
            _print_layers(record, row, out)
    for row in rows:
        if row.found.unstable:
            print_lines(f"UNSTABLE: {row.key}: {'; '.join(row.found.unstable)}", out)
    print_lines(_circumstances(record), out)


def _rows(record: BenchRecord) -> list[_Row]:
    return [
        _Row(key, found, {(f.stage, f.metric): f for f in record.measurements if f.candidate == key})
        for key, found in record.candidates.items()
    ]


def _times(caption: str, stages: Sequence[str], record: BenchRecord, candidates: Sequence[_Row]) -> Table:
    """A row for each candidate and stage; the network alone has one for candidates that were not measured, too."""
    metrics = list(dict.fromkeys(figure.metric for figure in record.measurements if figure.data))
    figures = [*(title for _, title in _COLUMNS), "speed-up", "95% interval", *metrics]
    rows: list[dict[str, str]] = []
    for row in candidates:
        name = {"model": row.name, **{title: row.label(title) for title in _LABELS}, "threads": str(record.threads)}
        if row.found.status != "measured" and MODEL in stages:
            rows.append({**name, "verdict": row.found.status})
        judged = {comparison.stage: comparison for comparison in row.found.comparisons}
        for stage in stages:
            if row.value(stage, "latency_mean") is None:
                continue
            cells = {**name, **{title: _number(row.value(stage, figure)) for figure, title in _COLUMNS}}
            verdict = judged.get(stage)
            said = "baseline" if row.key == record.baseline and stage == MODEL else ""
            if verdict is not None:
                cells |= {
                    "speed-up": f"{verdict.speedup:.3f}",
                    "95% interval": f"{verdict.low:.3f} to {verdict.high:.3f}",
                }
                said = verdict.verdict
            if stage != MODEL:
                cells["stage"] = stage
            else:
                cells |= {metric: _number(row.accuracy(metric), 4) for metric in metrics}
                said = f"{said}, Pareto front".lstrip(", ") if row.found.pareto else said
            rows.append({**cells, "verdict": said})
    titles = ["model", *_LABELS, "threads", "stage", *figures, "verdict"]
    return say_once(_table(caption, titles, rows, numeric=figures), (*_LABELS, "threads"))


def _table(caption: str, titles: Sequence[str], rows: Sequence[Mapping[str, str]], numeric: Collection[str]) -> Table:
    """A table of texts without its empty columns; those that want figures and have none are named in the note."""
    found = {title: {row.get(title, "") for row in rows} - {""} for title in titles}
    missing = [title for title, texts in found.items() if texts == {_NONE}]
    kept = [title for title, texts in found.items() if texts - {_NONE}]
    return Table(
        caption,
        tuple(Column(title, numeric=title in numeric) for title in kept),
        tuple(tuple(Cell(row.get(title, "")) for title in kept) for row in rows),
        f"Not measured, or too few samples: {', '.join(missing)}" if missing else "",
    )


def _executed(candidates: Sequence[_Row]) -> Table:
    """A row for each candidate that was opened; it repeats of the labels only those that tell candidates apart."""
    differing = [title for title in _LABELS if len({row.label(title) for row in candidates} - {""}) > 1]
    rows: list[dict[str, str]] = []
    for row in candidates:
        how = row.found.execution
        if how is None:
            continue
        layers = [f"{layer.count} {layer.type} {layer.primitive}" for layer in row.found.layers if layer.computes]
        ran = (how.arithmetic or "not told", str(how.streams or ""), str(how.threads or ""), str(how.requests))
        rows.append(
            {
                "model": row.name,
                **{title: row.label(title) for title in differing},
                **dict(zip(_SETTINGS, (", ".join(how.devices), *ran, ", ".join(layers)), strict=True)),
                **{title: _cost(row.figures.get((MODEL, name))) for name, title in _COSTS},
            }
        )
    costs = [title for _, title in _COSTS]
    titles = ["model", *differing, *_SETTINGS[:-1], *costs, _SETTINGS[-1]]
    return say_once(_table("What was executed, and what it took", titles, rows, numeric=costs), _SETTINGS)


def _cost(figure: Measurement | None) -> str:
    if figure is None or figure.value is None:
        return _NONE
    if figure.unit == "B of memory":
        return f"{figure.value / 1e6:.0f}"
    return f"{figure.value:.0%}" if figure.unit == "of the time" else _number(figure.value)


def _print_layers(record: BenchRecord, row: _Row, out: Console) -> None:
    layers = row.found.profile
    total = sum(layer.ms for layer in layers)
    numeric = ("ms", "share", "GFLOP", "GFLOP/s", "of its limit")
    rows = [
        {
            "layer": layer.name,
            "type": layer.type,
            "executed as": layer.primitive,
            "ms": _number(layer.ms),
            "share": f"{layer.ms / total:.1%}" if total else "",
            "GFLOP": _number(layer.flops / 1e9),
            "GFLOP/s": _number(layer.flops / layer.ms / 1e6 if layer.ms else None),
            "of its limit": "" if layer.of_limit is None else f"{layer.of_limit:.0%}",
            "bound by": layer.bound_by,
        }
        for layer in sorted(layers, key=lambda each: -each.ms)[:_LAYERS_SHOWN]
    ]
    flops = sum(layer.flops for layer in layers)
    whole = _number(flops / total / 1e6 if total else None)
    rows.append({"layer": "all layers", "ms": _number(total), "GFLOP": _number(flops / 1e9), "GFLOP/s": whole})
    titles = ("layer", "type", "executed as", *numeric, "bound by")
    print_table(_table(f"Layers of {row.key} by time, with counters on", titles, rows, numeric), out)
    for device, limits in record.rooflines.items():
        peaks = ", ".join(
            f"{value:.0f} {_RATES.get(name, 'GFLOP/s')} in {name}" for name, value in limits.compute.items()
        )
        print_lines(f"measured limits of {device}: {peaks}; memory {limits.memory:.1f} GB/s", out)


def _circumstances(record: BenchRecord) -> str:
    machine = record.machine
    amount = f"{record.iterations} iterations" if record.iterations else f"{record.seconds} s"
    features = ", ".join(machine.cpu_features)
    lines = [
        f"{record.rounds} rounds, {amount} each candidate, warm-up {record.warm_up}; speed-up over {record.baseline}",
        f"{machine.cpu} ({features}), {machine.cores} cores; {machine.system}",
        record.rule,
        "This run was stable." if record.stable else "This run was UNSTABLE: repeat it on a quieter machine.",
    ]
    return "\n".join(lines)


def _number(value: float | None, digits: int = 3) -> str:
    """A figure with about as many digits as mean something; a dash where there is none."""
    if value is None:
        return _NONE
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}" if abs(value) < 100 else f"{value:.1f}"
