"""A benchmark's record as tables on the terminal; everything that is shown is read from the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from ..bench.timings import candidates_of
from ..core.record import Record
from .terminal import console_of, escape

__all__ = ["print_benchmark"]

_Entry = Mapping[str, Any]
_LAYERS_SHOWN = 15
_RATES = {"i8": "GOP/s"}

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
    """Print the times of every candidate and stage, what was executed, the verdicts, and what is wrong with the run."""
    out = console or console_of()
    entries = candidates_of(record)
    values = _values(record)
    out.print(_times(entries, values, record))
    out.print(_executed(entries, values))
    for entry in entries:
        key = str(entry["candidate"])
        if entry["status"] != "measured":
            out.print(escape(f"{str(entry['status']).upper()}: {key}: {entry['reason']}"), soft_wrap=True)
        for note in entry["notes"]:
            out.print(escape(f"note: {key}: {note}"), soft_wrap=True)
        if record.settings.get("profile") and f"{key}: layers" in record.samples:
            _print_layers(record, key, out)
    unstable = [entry for entry in entries if entry["unstable"]]
    for entry in unstable:
        out.print(escape(f"UNSTABLE: {entry['candidate']}: {'; '.join(entry['unstable'])}"), soft_wrap=True)
    out.print(escape(_circumstances(record), lines=True), soft_wrap=True)


def _values(record: Record) -> dict[tuple[str, str, str], float | None]:
    """Figures by candidate, stage and name."""
    return {
        (figure.labels["candidate"], figure.labels["stage"], figure.name): figure.value
        for figure in record.figures
        if "candidate" in figure.labels
    }


def _times(entries: Sequence[_Entry], values: Mapping[tuple[str, str, str], float | None], record: Record) -> Table:
    table = Table(title=f"Latency, {record.settings['scenario']}", title_justify="left")
    table.add_column("candidate", no_wrap=True)
    table.add_column("stage")
    for _, title in _COLUMNS:
        table.add_column(title, justify="right")
    metrics = list(dict.fromkeys(figure.name for figure in record.figures if "dataset" in figure.labels))
    for title in ("ratio", "95% interval", *metrics):
        table.add_column(title, justify="right")
    table.add_column("verdict")
    stages = list(dict.fromkeys(figure.labels["stage"] for figure in record.figures if "stage" in figure.labels))
    for entry in entries:
        key = str(entry["candidate"])
        if entry["status"] != "measured":
            table.add_row(escape(key), "model", *[""] * (len(_COLUMNS) + 2 + len(metrics)), str(entry["status"]))
            continue
        judged = {comparison["stage"]: comparison for comparison in entry["comparisons"]}
        for stage in stages:
            if (key, stage, "latency_mean") not in values:
                continue
            cells = [_number(values.get((key, stage, name))) for name, _ in _COLUMNS]
            verdict = judged.get(stage)
            said = "baseline" if key == record.settings["baseline"] and stage == "model" else ""
            if verdict is not None:
                cells += [
                    f"{_real(verdict['ratio']):.3f}",
                    f"{_real(verdict['low']):.3f} to {_real(verdict['high']):.3f}",
                ]
                said = str(verdict["verdict"])
            else:
                cells += ["", ""]
            cells += [_number(values.get((key, stage, metric)), 4) for metric in metrics]
            if stage == "model" and entry.get("pareto"):
                said = f"{said}, Pareto front".lstrip(", ")
            table.add_row(escape(key) if stage == stages[0] else "", stage, *cells, said)
    return table


def _executed(entries: Sequence[_Entry], values: Mapping[tuple[str, str, str], float | None]) -> Table:
    table = Table(title="What was executed, and what it took", title_justify="left")
    for title in ("candidate", "devices", "float type", "streams", "threads", "requests"):
        table.add_column(title, no_wrap=title == "candidate")
    for _, title in _COSTS:
        table.add_column(title, justify="right")
    table.add_column("computing layers")
    for entry in entries:
        executed = entry["executed"]
        if executed is None:
            continue
        key = str(entry["candidate"])
        costs: list[str] = []
        for name, _ in _COSTS:
            value = values.get((key, "model", name))
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
        table.add_row(
            escape(key),
            ", ".join(executed["devices"]),
            executed["arithmetic"] or "not told",
            str(executed["streams"] or ""),
            str(executed["threads"] or ""),
            str(executed["requests"]),
            *costs,
            ", ".join(layers),
        )
    return table


def _print_layers(record: Record, key: str, out: Console) -> None:
    layers = [cast("dict[str, Any]", layer) for layer in record.samples[f"{key}: layers"]]
    total = sum(layer["ms"] for layer in layers)
    table = Table(title=escape(f"Layers of {key} by time, with counters on"), title_justify="left")
    table.add_column("layer", no_wrap=True)
    for title in ("type", "executed as"):
        table.add_column(title)
    for title in ("ms", "share", "GFLOP", "GFLOP/s", "of its limit"):
        table.add_column(title, justify="right")
    table.add_column("bound by")
    for layer in sorted(layers, key=lambda each: -each["ms"])[:_LAYERS_SHOWN]:
        rate = layer["flops"] / layer["ms"] / 1e6 if layer["ms"] else None
        limit = layer.get("of_limit")
        table.add_row(
            escape(layer["name"]),
            layer["type"],
            layer["primitive"],
            _number(layer["ms"]),
            f"{layer['ms'] / total:.1%}" if total else "",
            _number(layer["flops"] / 1e9),
            _number(rate),
            "" if limit is None else f"{limit:.0%}",
            layer.get("bound_by") or "",
        )
    flops = sum(layer["flops"] for layer in layers)
    whole = _number(flops / total / 1e6 if total else None)
    table.add_row("all layers", "", "", _number(total), "", _number(flops / 1e9), whole, "", "", style="bold")
    out.print(table)
    for device, limits in cast("dict[str, dict[str, Any]]", record.settings.get("roofline") or {}).items():
        peaks = ", ".join(
            f"{value:.0f} {_RATES.get(name, 'GFLOP/s')} in {name}" for name, value in limits["compute"].items()
        )
        out.print(escape(f"measured limits of {device}: {peaks}; memory {limits['memory']:.1f} GB/s"), soft_wrap=True)


def _circumstances(record: Record) -> str:
    environment, settings = record.environment, record.settings
    amount = f"{settings['iterations']} iterations" if settings["iterations"] else f"{settings['seconds']} s"
    features = ", ".join(environment.cpu_features)
    lines = [
        f"{settings['rounds']} rounds, {amount} each candidate, warm-up {settings['warm_up']}, "
        f"{settings['threads']} threads; ratios are to {settings['baseline']}",
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
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}" if abs(value) < 100 else f"{value:.1f}"
