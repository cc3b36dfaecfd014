"""The figures of docs/models.md: from records to one short file for each network, and from those files to tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mattekit import BenchmarkResult, BenchRecord, list_models
from mattekit.core import MODEL, ExportRecord, Machine, ValidateRecord, read_record
from mattekit.metrics import METRICS

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "docs" / "figures"
PAGE = ROOT / "docs" / "models.md"
BEGIN, END = "<!-- figures: tools/model_figures.py page -->", "<!-- end of figures -->"

Figures = dict[str, Any]
"""What a file of `docs/figures/` holds, as `figures_of` makes it."""

SETS = {"ecssd_val": "ECSSD 201-400", "set5": "Set5", "set14": "Set14"}
_TITLES = {
    "psnr_y": "PSNR of Y, dB",
    "ssim_y": "SSIM of Y",
    "mae": "MAE",
    "max_f_beta": "maximum F-beta",
    "iou": "IoU at 0.5",
}


def figures_of(home: Path, sets: tuple[str, ...], note: str, why: str) -> Figures:
    """Return what the records in a model's folder say.

    Args:
        home: of the model.
        sets: it was validated on.
        note: where its weights come from, where they are not the publisher's bytes.
        why: a published figure can't be reproduced.
    """
    export = read_record(home / "fp32" / "export.json", ExportRecord)
    sizes = {
        folder.name: sum((folder / name).stat().st_size for name in ("model.xml", "model.bin"))
        for folder in (home / "fp32", home / "int8")
        if folder.is_dir()
    }
    return {
        "model": home.name,
        "weights_sha256": export.variants[-1].weights_sha256,
        "note": note,
        "why": why,
        "parity": _parity(export),
        "accuracy": [figure for name in sets for figure in _accuracy(home, name)],
        "latency": _latency(home / "latency.json"),
        "bytes": sizes,
    }


def _parity(export: ExportRecord) -> list[Figures]:
    worst = {f.step: f.value for f in export.of_metric("largest_difference") if f.statistic == "worst"}
    ratios = {f.step: f.value for f in export.of_metric("snr")}
    return [{"step": step, "largest": worst[step], "snr": ratios.get(step)} for step in worst]


def _accuracy(home: Path, name: str) -> list[Figures]:
    files = {precision: home / f"{name}-{precision}.json" for precision in ("fp32", "int8")}
    if not files["fp32"].is_file():
        return []
    records = {precision: read_record(file, ValidateRecord) for precision, file in files.items() if file.is_file()}
    values = {
        precision: {f.metric: f.value for f in record.measurements if f.is_whole}
        for precision, record in records.items()
    }
    count = len(records["fp32"].table.ids)
    after = values.get("int8", {})
    return [
        {"set": SETS[name], "count": count, "metric": metric, "fp32": value, "int8": after.get(metric)}
        for metric, value in values["fp32"].items()
    ]


def _latency(file: Path) -> Figures | None:
    if not file.is_file():
        return None
    record = read_record(file, BenchRecord)
    # What computed in another arithmetic than was asked for counts for nothing.
    medians = {
        (f.precision, f.arithmetic): f.value
        for f in record.of_metric("latency_p50")
        if f.stage == MODEL and f.value and record.candidates[f.candidate].status == "measured"
    }
    verdict = next((each for each in BenchmarkResult((record,)).verdicts if each.arithmetic == "f32"), None)
    size = next(f.executions[0].size_text for f in record.of_metric("latency_p50") if f.executions)
    bf16 = medians.get(("fp32", "bf16"))
    return {
        "size": size,
        "rounds": record.rounds,
        "iterations": record.iterations,
        "f32_ms": medians["fp32", "f32"],
        "bf16_ms": bf16,
        "int8_ms": medians.get(("int8", "f32")),
        "speedup": [verdict.speedup, *(verdict.interval or (None, None))] if verdict else None,
        "stable": record.stable,
        "machine": _machine(record.machine),
    }


def _machine(machine: Machine) -> Figures:
    packages = {name: machine.packages[name] for name in ("openvino", "nncf", "torch") if name in machine.packages}
    return {"cpu": machine.cpu, "cores": machine.cores, "features": list(machine.cpu_features), "packages": packages}


def read_figures(folder: Path = FIGURES) -> list[Figures]:
    """Return all files, in the zoo's order."""
    order = [spec.id for spec in list_models()]
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    return sorted(found, key=lambda each: order.index(each["model"]))


def rendered(figures: list[Figures]) -> str:
    """Return the tables as Markdown."""
    return "\n\n".join(
        (
            "**Accuracy.** Beside the publisher's figure: **=** where the measured one, rounded to as many digits, is "
            "the same. A field that is empty was not measured yet.",
            _accuracy_table(figures),
            *_reasons(figures),
            "**Parity.** Each step of the export against the one before, on three photos: the largest difference, as a "
            "share of the output's range, and the signal-to-noise ratio in dB.",
            _parity_table(figures),
            "**Speed and size.** A query's median time in ms with weights in FP32 and arithmetic in f32, and in turn "
            "with it bf16 and INT8; with INT8, how many times as fast (95%). Files are IR and weights, in MB.",
            _speed_table(figures),
            *_machines(figures),
        )
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _accuracy_table(figures: list[Figures]) -> str:
    rows: list[tuple[str, ...]] = []
    specs = {spec.id: spec for spec in list_models()}
    for each in figures:
        published = {(one.data, one.metric): one for one in specs[each["model"]].published}
        for place, figure in enumerate(each["accuracy"]):
            data, metric = figure["set"], figure["metric"]
            known = published.get((data.split()[0], metric))
            digits = len(known.value.partition(".")[2]) if known else 2 if METRICS[metric].unit == "dB" else 4
            measured = f"{figure['fp32']:.{digits}f}"
            theirs = f"[{known.value}]({known.source})" if known else ""
            same = "**=**" if known and measured == known.value and data == known.data else ""
            shown = measured if digits > 3 or metric == "psnr_y" else f"{figure['fp32']:.4f}"
            int8 = figure["int8"]
            after = "" if int8 is None else f"{int8:.{2 if metric == 'psnr_y' else 4}f}"
            where = f"{data} ({figure['count']})"
            name = f"`{each['model']}`" if place == 0 else ""
            rows.append((name, where, _TITLES[metric], theirs, f"{shown} {same}".strip(), after))
    return _table(("model", "set (images)", "metric", "published", "FP32", "INT8"), rows)


def _reasons(figures: list[Figures]) -> list[str]:
    told = [(each["model"], " ".join(filter(None, (each["note"], each["why"])))) for each in figures]
    heading = "What the weights are, and why a figure differs from the published one, or stands beside none:"
    return [heading, "\n".join(f"- `{model}`: {text}" for model, text in told if text)]


def _parity_table(figures: list[Figures]) -> str:
    rows = [
        (
            f"`{each['model']}`" if place == 0 else "",
            step["step"],
            f"{step['largest']:.1e}",
            "" if step["snr"] is None else f"{step['snr']:.0f}",
        )
        for each in figures
        for place, step in enumerate(each["parity"])
    ]
    return _table(("model", "step", "largest difference", "SNR"), rows)


def _speed_table(figures: list[Figures]) -> str:
    rows: list[tuple[str, ...]] = []
    for each in figures:
        found, sizes = each["latency"], {name: f"{size / 1e6:.1f}" for name, size in each["bytes"].items()}
        cells = ("", "", "", "", "")
        if found:
            ratio = found["speedup"] or [None]
            faster = "" if None in ratio else "{:.2f} ({:.2f} to {:.2f})".format(*ratio)
            times = [_ms(found[name]) for name in ("f32_ms", "bf16_ms", "int8_ms")]
            cells = (found["size"], *times, faster)
        rows.append((f"`{each['model']}`", *cells, sizes.get("fp32", ""), sizes.get("int8", "")))
    return _table(("model", "input", "f32", "bf16", "INT8", "INT8 faster", "FP32 files", "INT8 files"), rows)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _machines(figures: list[Figures]) -> list[str]:
    """Return a paragraph for each machine and what was measured on it alike."""
    found: dict[str, list[str]] = {}
    for each in figures:
        latency = each["latency"]
        if latency is None:
            continue
        machine = latency["machine"]
        packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
        said = (
            f"{machine['cpu']}, {machine['cores']} cores, {', '.join(machine['features'])}; {packages}; "
            f"{latency['rounds']} rounds in turn"
        )
        unsteady = "" if latency["stable"] else "*"
        found.setdefault(said, []).append(f"`{each['model']}`{unsteady}")
    lines = [f"- {said}: {', '.join(models)}" for said, models in found.items()]
    heading = (
        "Where that was measured. A model with a * was measured while the machine was busy with other work: its times "
        "are upper bounds, and what counts is their ratio, of runs in turn. Where bf16 is empty, the processor does "
        "not compute in it."
    )
    return [heading, "\n".join(lines)]


def write_page() -> None:
    """Put the tables into the page, in place of those that are there."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{rendered(read_figures())}\n\n{END}{after}", encoding="utf-8")
