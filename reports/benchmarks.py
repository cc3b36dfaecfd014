"""A benchmark's record as tables on the terminal; everything that is shown is read from the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rich.console import Console

from ..bench.timings import MODEL, candidates_of
from ..core.record import Record
from .document import Cell, Column, Table
from .formats.fitting import fits, named_by, print_lines, print_table, say_once
from .terminal import console_of

__all__ = ["print_benchmark"]

_Entry = Mapping[str, Any]
_Values = Mapping[tuple[str, str, str], float | None]
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
    ("throughput", "pictures/s"),
)
_COSTS = (
    ("first_inference", "first ms"),
    ("compile_time", "compile ms"),
    ("compile_time_cached", "cached ms"),
    ("peak_memory", "peak MB"),
    ("int8_time_share", "INT8 time"),
)


def print_benchmark(record: Record, console: Console | None = None) -> None:
    """Print the times of every candidate and stage, what was executed, the verdicts, and what is wrong with the run.

    What all candidates have in common is said once, above the times.
    """
    out = console or console_of()
    entries = candidates_of(record)
    values = _values(record)
    stages = list(dict.fromkeys(figure.labels["stage"] for figure in record.figures if "stage" in figure.labels))
    whole = [stage for stage in stages if stage != MODEL]
    tables = [
        _times(f"Latency, {record.settings['scenario']}", [MODEL], record, values),
        _times("The whole way of a picture, from file to file", whole, record, values),
        _executed(entries, values),
    ]
    for number, table in enumerate(each for each in tables if each.rows):
        if number:
            out.print()
        print_table(table if fits(table, out) else named_by(table, _LABELS), out)
    for entry in entries:
        key = str(entry["candidate"])
        if entry["status"] != "measured":
            print_lines(f"{str(entry['status']).upper()}: {key}: {entry['reason']}", out)
        for note in entry["notes"]:
            print_lines(f"note: {key}: {note}", out)
        if record.settings.get("profile") and f"{key}: layers" in record.samples:
            out.print()
            _print_layers(record, key, out)
    unstable = [entry for entry in entries if entry["unstable"]]
    for entry in unstable:
        print_lines(f"UNSTABLE: {entry['candidate']}: {'; '.join(entry['unstable'])}", out)
    print_lines(_circumstances(record), out)


def _values(record: Record) -> dict[tuple[str, str, str], float | None]:
    """Figures by candidate, stage and name."""
    return {
        (figure.labels["candidate"], figure.labels["stage"], figure.name): figure.value
        for figure in record.figures
        if "candidate" in figure.labels
    }


def _name(entry: _Entry) -> str:
    """The model and its precision; its number too, where settings do not tell candidates apart."""
    _, number, count = str(entry["candidate"]).rpartition(" #")
    return f"{entry['model']} {entry['precision']}{number}{count if number else ''}"


def _label(entry: _Entry, title: str) -> str:
    label = str(entry[title])
    executed = entry["executed"]
    if title == "arithmetic" and label == "device" and executed and executed["arithmetic"]:
        return f"device ({executed['arithmetic']})"
    return label


def _times(caption: str, stages: Sequence[str], record: Record, values: _Values) -> Table:
    """A row for each candidate and stage; the network alone has one for candidates that were not measured, too."""
    metrics = list(dict.fromkeys(figure.name for figure in record.figures if "dataset" in figure.labels))
    figures = [title for _, title in _COLUMNS] + ["ratio", "95% interval", *metrics]
    columns = [
        *(Column(title) for title in ("model", *_LABELS, "threads", "stage")),
        *(Column(title, numeric=True) for title in figures),
        Column("verdict"),
    ]
    rows: list[list[str]] = []
    for entry in candidates_of(record):
        key = str(entry["candidate"])
        name = [_name(entry), *(_label(entry, title) for title in _LABELS), str(record.settings["threads"])]
        if entry["status"] != "measured" and MODEL in stages:
            rows.append([*name, "", *[""] * len(figures), str(entry["status"])])
        judged = {comparison["stage"]: comparison for comparison in entry["comparisons"]}
        for stage in stages:
            if values.get((key, stage, "latency_mean")) is None:
                continue
            cells = [_number(values.get((key, stage, figure))) for figure, _ in _COLUMNS]
            verdict = judged.get(stage)
            said = "baseline" if key == record.settings["baseline"] and stage == MODEL else ""
            if verdict is not None:
                cells += [
                    f"{_real(verdict['ratio']):.3f}",
                    f"{_real(verdict['low']):.3f} to {_real(verdict['high']):.3f}",
                ]
                said = str(verdict["verdict"])
            else:
                cells += ["", ""]
            cells += (
                [_number(values.get((key, stage, metric)), 4) for metric in metrics]
                if stage == MODEL
                else ["" for _ in metrics]
            )
            if stage == MODEL and entry.get("pareto"):
                said = f"{said}, Pareto front".lstrip(", ")
            rows.append([*name, "" if stage == MODEL else stage, *cells, said])
    return say_once(_table(caption, columns, rows), (*_LABELS, "threads"))


def _table(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Table:
    """A table of texts without its empty columns; those that want figures and have none are named in the note."""
    found = [{row[place] for row in rows} - {""} for place in range(len(columns))]
    missing = [column.title for column, texts in zip(columns, found, strict=True) if texts == {_NONE}]
    kept = [place for place, texts in enumerate(found) if texts - {_NONE}]
    return Table(
        caption,
        tuple(columns[place] for place in kept),
        tuple(tuple(Cell(row[place]) for place in kept) for row in rows),
        f"Not measured, or too few samples: {', '.join(missing)}" if missing else "",
    )


def _executed(entries: Sequence[_Entry], values: _Values) -> Table:
    """A row for each candidate that was opened; it repeats of the labels only those that tell candidates apart."""
    differing = [title for title in _LABELS if len({_label(entry, title) for entry in entries} - {""}) > 1]
    columns = [
        *(Column(title) for title in ("model", *differing, *_SETTINGS[:-1])),
        *(Column(title, numeric=True) for _, title in _COSTS),
        Column(_SETTINGS[-1]),
    ]
    rows: list[list[str]] = []
    for entry in entries:
        executed = entry["executed"]
        if executed is None:
            continue
        key = str(entry["candidate"])
        costs: list[str] = []
        for name, _ in _COSTS:
            value = values.get((key, MODEL, name))
            if value is not None and name == "peak_memory":
                costs.append(f"{value / 1e6:.0f}")
            elif value is not None and name == "int8_time_share":
                costs.append(f"{value:.0%}")
            else:
                costs.append(_number(value))
        layers = [
            f"{layer['count']} {layer['type']} {layer['primitive']}"
            for layer in executed["layers"]
            if layer["type"] in {"Convolution", "Deconvolution", "FullyConnected", "MatMul"}
        ]
        rows.append(
            [
                _name(entry),
                *(_label(entry, title) for title in differing),
                ", ".join(executed["devices"]),
                executed["arithmetic"] or "not told",
                str(executed["streams"] or ""),
                str(executed["threads"] or ""),
                str(executed["requests"]),
                *costs,
                ", ".join(layers),
            ]
        )
    return say_once(_table("What was executed, and what it took", columns, rows), _SETTINGS)


def _print_layers(record: Record, key: str, out: Console) -> None:
    layers = [cast("dict[str, Any]", layer) for layer in record.samples[f"{key}: layers"]]
    total = sum(layer["ms"] for layer in layers)
    columns = [
        *(Column(title) for title in ("layer", "type", "executed as")),
        *(Column(title, numeric=True) for title in ("ms", "share", "GFLOP", "GFLOP/s", "of its limit")),
        Column("bound by"),
    ]
    rows: list[list[str]] = []
    for layer in sorted(layers, key=lambda each: -each["ms"])[:_LAYERS_SHOWN]:
        rate = layer["flops"] / layer["ms"] / 1e6 if layer["ms"] else None
        limit = layer.get("of_limit")
        rows.append(
            [
                layer["name"],
                layer["type"],
                layer["primitive"],
                _number(layer["ms"]),
                f"{layer['ms'] / total:.1%}" if total else "",
                _number(layer["flops"] / 1e9),
                _number(rate),
                "" if limit is None else f"{limit:.0%}",
                layer.get("bound_by") or "",
            ]
        )
    flops = sum(layer["flops"] for layer in layers)
    whole = _number(flops / total / 1e6 if total else None)
    rows.append(["all layers", "", "", _number(total), "", _number(flops / 1e9), whole, "", ""])
    print_table(_table(f"Layers of {key} by time, with counters on", columns, rows), out)
    for device, limits in cast("dict[str, dict[str, Any]]", record.settings.get("roofline") or {}).items():
        peaks = ", ".join(
            f"{value:.0f} {_RATES.get(name, 'GFLOP/s')} in {name}" for name, value in limits["compute"].items()
        )
        print_lines(f"measured limits of {device}: {peaks}; memory {limits['memory']:.1f} GB/s", out)


def _circumstances(record: Record) -> str:
    environment, settings = record.environment, record.settings
    amount = f"{settings['iterations']} iterations" if settings["iterations"] else f"{settings['seconds']} s"
    features = ", ".join(environment.cpu_features)
    lines = [
        f"{settings['rounds']} rounds, {amount} each candidate, warm-up {settings['warm_up']}; "
        f"ratios are to {settings['baseline']}",
        f"{environment.cpu} ({features}), {environment.cores} cores; {environment.system}",
        f"{settings['stability_rule']}",
        "This run was stable." if settings["stable"] else "This run was UNSTABLE: repeat it on a quieter machine.",
    ]
    return "\n".join(lines)


def _real(value: object) -> float:
    return float(value) if isinstance(value, (int, float, str)) else float("nan")


def _number(value: float | None, digits: int = 3) -> str:
    """A figure with about as many digits as mean something; a dash where there is none."""
    if value is None:
        return _NONE
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}" if abs(value) < 100 else f"{value:.1f}"
