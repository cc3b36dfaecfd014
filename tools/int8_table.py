"""FP32 against INT8 in one table: accuracy, speed and size of each network, from records that this script writes.

It runs in steps, because accuracy may be measured on a busy machine and speed may not:

    python tools/int8_table.py --data DATA --out DIR make        # export and quantize
    python tools/int8_table.py --data DATA --out DIR accuracy    # validate both on the whole of each set
    python tools/int8_table.py --data DATA --out DIR latency     # time both in turn, on a machine that is idle
    python tools/int8_table.py --data DATA --out DIR table       # print the table, read from the records

What a step has recorded is not measured again; `--only` takes some networks. DATA is laid out as the reference data of
the tests is. Weights that are not there are drawn at random: speed and size are measured then, accuracy is not.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from mattekit import (
    BenchmarkResult,
    BenchRecord,
    MaxDrop,
    benchmark,
    evaluate,
    export_model,
    list_models,
    quantize_model,
)
from mattekit.commands.views.quantize import quantization_text
from mattekit.core import MODEL, ValidateRecord, read_record

SPECS = {spec.id: spec for spec in list_models()}


@dataclass(frozen=True)
class Entry:
    """One network of the table.

    weights: below DATA; empty for bundled ones, None where they are drawn at random. samples: calibrated on. max_drop:
    searched for; None for the plain recipe.
    """

    model: str
    weights: str | None
    samples: int = 60
    max_drop: MaxDrop | None = None
    note: str = ""


ENTRIES = (
    Entry("u2netp", "weights/segmentation/u2netp.pth", 60, MaxDrop("iou", 0.005)),
    Entry("u2net", None, 4),
    Entry("mattelite", "", 60, MaxDrop("iou", 0.005)),
    Entry("rfdn-x4", "weights/super_resolution/rfdn_x4.pth"),
    Entry("rlfn-x4", "weights/super_resolution/rlfn_x4.pth"),
    Entry("imdn-x2", "weights/super_resolution/imdn_x2.pth"),
    Entry("imdn-x4", "weights/super_resolution/imdn_x4.pth"),
    Entry("realesr-animevideov3", "weights/super_resolution/realesr_animevideov3_x4.pth"),
    Entry("srlite-x2", ""),
    Entry("srlite-x4", ""),
    Entry("realesrgan-x4plus-anime-6b", None, 4),
)


def masks(data: Path, name: str) -> str:
    folder = data / "segmentation" / name
    return f"images={folder / 'images'},masks={folder / 'masks'}"


def images(data: Path, name: str, scale: int) -> str:
    folder = data / "super_resolution" / name
    low = folder / f"lr_x{scale}"
    return f"hr={folder / 'hr'},lr={low}" if low.is_dir() else f"hr={folder}"


def make(entry: Entry, data: Path, out: Path) -> None:
    """Export, and quantize: U²-Nets search on photos that the table is not measured on."""
    spec = SPECS[entry.model]
    source = out / entry.model / "fp32" / "model.xml"
    if not source.is_file():
        weights = data / entry.weights if entry.weights else None
        if entry.weights is None:
            assert spec.build is not None
            torch.manual_seed(0)
            weights = out / f"{entry.model}-random.pth"
            torch.save(spec.build().state_dict(), weights)
        export_model(entry.model, out, weights=weights, offline=True)
    if (out / entry.model / "int8").is_dir():
        return
    if spec.task == "segmentation":
        chosen = masks(data, "ecssd_train")
    else:
        chosen = images(data, "bsds500_train100", spec.contract.output.scale)
    started = time.monotonic()

    def step(what: str, _done: int, _expected: int | None) -> None:
        print(f"  {time.monotonic() - started:.0f} s: {what}", flush=True)

    done = quantize_model(
        source, out, data=chosen, limit=entry.samples, validation_limit=40, max_drop=entry.max_drop, progress=step
    )
    print(quantization_text(done), flush=True)


def accuracy(entry: Entry, data: Path, out: Path) -> None:
    """Validate FP32 and INT8 on the whole of each set."""
    if entry.weights is None:
        return
    spec = SPECS[entry.model]
    if spec.task == "segmentation":
        sets, metrics = {"ecssd_val": masks(data, "ecssd_val")}, ("iou", "mae")
    else:
        sets = {name: images(data, name, spec.contract.output.scale) for name in ("set5", "set14")}
        metrics = ("psnr_y",)
    for name, text in sets.items():
        targets = {precision: out / entry.model / f"{name}-{precision}.json" for precision in ("fp32", "int8")}
        if all(target.is_file() for target in targets.values()):
            continue
        models = [out / entry.model / precision / "model.xml" for precision in targets]
        for record, target in zip(evaluate(models, text, metrics=metrics).records, targets.values(), strict=True):
            record.write(target)
            print(entry.model, target.stem, values(record), flush=True)


def latency(entry: Entry, out: Path, rounds: int) -> None:
    """Time FP32 and INT8 in turn."""
    target = out / entry.model / "latency.json"
    if not target.is_file():
        files = [out / entry.model / precision / "model.xml" for precision in ("fp32", "int8")]
        result = benchmark(files, rounds=rounds, iterations=rounds)
        result.record.write(target)
        (verdict,) = result.verdicts
        print(entry.model, verdict.sentence, flush=True)


def values(record: ValidateRecord) -> dict[str, float]:
    """Return each figure over the whole set."""
    return {f.metric: f.value for f in record.measurements if f.is_whole and f.value is not None}


def table(entries: tuple[Entry, ...], out: Path) -> str:
    """Return the table as Markdown; what was not measured is a dash."""
    head = "| network | set | FP32 | INT8 | drop | speed-up (95%) | latency, ms | weights | files | layers in INT8 |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|---|"]
    for entry in entries:
        folder = out / entry.model
        if not (folder / "int8").is_dir():
            continue
        rows: list[list[str]] = []
        for path in sorted(folder.glob("*-fp32.json")):
            name = path.stem.removesuffix("-fp32")
            before, after = (values(read_record(folder / f"{name}-{p}.json", ValidateRecord)) for p in ("fp32", "int8"))
            for metric, value in before.items():
                digits = 2 if metric == "psnr_y" else 4
                drop = (value - after[metric]) * (-1 if metric == "mae" else 1)
                figures = [f"{figure:.{digits}f}" for figure in (value, after[metric])]
                rows.append([f"{name}, {metric}", *figures, f"{drop:.{max(digits, 3)}f}"])
        weights, whole = (size_ratio(folder, files) for files in (("model.bin",), ("model.bin", "model.xml")))
        note = "" if entry.weights is not None else " (random weights)"
        tail = [*speed(folder), f"{weights:.2f}", f"{whole:.2f}", int8_layers(folder)]
        for number, row in enumerate(rows or [["-"] * 4]):
            cells = [entry.model + note, *row, *tail] if number == 0 else ["", *row, *[""] * len(tail)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def size_ratio(folder: Path, files: tuple[str, ...]) -> float:
    sizes = [sum((folder / precision / name).stat().st_size for name in files) for precision in ("int8", "fp32")]
    return sizes[0] / sizes[1]


def speed(folder: Path) -> list[str]:
    if not (folder / "latency.json").is_file():
        return ["-", "-"]
    record = read_record(folder / "latency.json", BenchRecord)
    (verdict,) = BenchmarkResult((record,)).verdicts
    if verdict.speedup is None or verdict.interval is None:
        return ["-", "-"]
    medians = {f.precision: f.value or 0.0 for f in record.of_metric("latency_p50") if f.stage == MODEL}
    low, high = verdict.interval
    return [f"{verdict.speedup:.2f} ({low:.2f} to {high:.2f})", f"{medians['fp32']:.0f} → {medians['int8']:.0f}"]


def int8_layers(folder: Path) -> str:
    import openvino
    from mattekit.convert import quantized_layers

    core = openvino.Core()
    inside = set(quantized_layers(core.read_model(folder / "int8" / "model.xml")))
    nodes = core.read_model(folder / "fp32" / "model.xml").get_ordered_ops()
    every = [node.get_friendly_name() for node in nodes if "Convolution" in node.get_type_name()]
    return f"{len(inside & set(every))} of {len(every)} convolutions"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("make", "accuracy", "latency", "table"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", help="ids of networks")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    data, out = given.data.resolve(), given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    chosen = tuple(entry for entry in ENTRIES if not given.only or entry.model in given.only)
    for entry in chosen:
        if given.step == "make":
            make(entry, data, out)
        elif given.step == "accuracy":
            accuracy(entry, data, out)
        elif given.step == "latency":
            latency(entry, out, given.rounds)
    if given.step == "table":
        print(table(chosen, out))


if __name__ == "__main__":
    main()
