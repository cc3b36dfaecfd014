"""A quantization in the user's words: calibrated, measured, and judged where that is asked for."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..bench import BenchmarkSettings, Int8Verdict, int8_verdicts, metrics_for, run_benchmark
from ..convert import write_ir
from ..core import BenchRecord, InputError, Measurement, Progress, Task, add_to_list
from ..datasets import Dataset, open_dataset
from .accuracy import Accuracy, accuracy_on
from .calibration import split
from .requests import QuantizeRequest
from .run import Quantized, quantize
from .source import Source, open_source

__all__ = ["CompressReport", "compress"]

_MAIN_METRIC: dict[Task, str] = {"segmentation": "iou", "super_resolution": "psnr_y"}

_QUERIES = 3
"""Of each model in each round of the verdict."""

_SYNTHETIC = "synthetic:count=100"

BENCH_NAME = "bench.json"
"""The file beside the INT8 IR with the benchmark that the verdict is read from."""


@dataclass(frozen=True)
class CompressReport:
    """What came of it; `bench` and `verdict` are None where no verdict was asked for."""

    quantized: Quantized
    bench: BenchRecord | None = None
    verdict: Int8Verdict | None = None

    @property
    def worth_it(self) -> bool | None:
        """Return whether INT8 is worth it on the device; None where that was not asked."""
        return self.verdict.pays if self.verdict else None

    @property
    def text(self) -> str:
        """Return what is printed: what was written, its accuracy, what it took, and the verdict."""
        done, record = self.quantized, self.quantized.record
        figures = {(figure.metric, figure.role): figure.value for figure in record.measurements}
        lines = [f"{done.variant.path}  {done.variant.size / 1e6:.2f} MB, {done.quantized} quantized layers"]
        lines += [f"  in FP32: {name}" for name in done.ignored]
        for (metric, role), before in figures.items():
            after, drop = figures.get((metric, "")), figures.get((f"{metric}_drop", ""))
            if role == "source" and before is not None and after is not None and drop is not None:
                lines.append(f"{metric} {before:.4f} before, {after:.4f} after: drop {drop:.4f}")
        peak, seconds = figures["peak_memory", ""], figures["seconds", ""]
        spent = [f"{seconds:.0f} s"] if seconds is not None else []
        lines.append(", ".join([*spent, *([f"at most {peak / 1e6:.0f} MB of memory"] if peak else [])]))
        lines += [self.verdict.sentence] if self.verdict else []
        return "\n".join([*lines, str(done.record_path)])


def compress(request: QuantizeRequest, progress: Progress | None = None) -> CompressReport:
    """Quantize with accuracy control, and judge the result where that is asked for.

    Raises:
        MattekitError: as its message says; nothing is left at the final path then.
    """
    settings = request.settings
    source = open_source(request.model)
    if request.worth and source.variant.precision != "fp32":
        raise InputError(
            f"{source.path}: its weights are stored in FP16, so INT8 cannot be compared with FP32; give the FP32 "
            "export, or leave --verdict and --if-worth-it out"
        )
    contract = source.contract
    metric = settings.max_drop.metric if settings.max_drop else _MAIN_METRIC[contract.task]
    metrics_for(contract.task, [metric])
    if request.data is None and contract.task != "segmentation":
        raise InputError("the synthetic set has no images for super-resolution; give --data a folder of images")
    data = open_dataset(request.data or _SYNTHETIC, scale=contract.output.scale)
    held: Dataset | None = None
    if request.validation is not None:
        held = open_dataset(request.validation, scale=contract.output.scale)
    elif settings.max_drop is not None or request.worth:
        data, held = split(data)
    if held is not None:
        held = held.take(request.validation_samples)
    accuracy = accuracy_on(held, metric, settings, request.tile, source.path) if held is not None else None
    done = quantize(source.path, request.out, settings, data, validation=held, accuracy=accuracy, progress=progress)
    if not request.worth:
        return CompressReport(done)
    bench = _bench(source, done, accuracy, request)
    path = done.record_path.with_name(BENCH_NAME)
    bench.write(path)
    add_to_list(path)
    (verdict,) = int8_verdicts(bench)
    return CompressReport(done, bench, verdict)


def _bench(source: Source, done: Quantized, accuracy: Accuracy | None, request: QuantizeRequest) -> BenchRecord:
    """Measure the INT8 IR beside its source and FP16, which is made for the purpose and not kept."""
    settings = request.settings
    with tempfile.TemporaryDirectory() as folder:
        half = Path(folder) / "model.xml"
        write_ir(source.model, half, fp16=True)
        record = run_benchmark(
            (source.path, half, done.variant.path),
            BenchmarkSettings(
                device=(settings.device,),
                arithmetic=(settings.arithmetic,),
                rounds=request.rounds,
                iterations=request.rounds * _QUERIES,
            ),
        ).record
        limit = settings.max_drop
        record = record.model_copy(update={"allowed_drop": {limit.metric: limit.limit} if limit else {}})
        if accuracy is None:
            return record
        candidates = {figure.precision: figure.candidate for figure in record.of_metric("latency_p50")}
        found = [
            next(each for each in accuracy.measure(half).measurements if each.is_whole),
            *(each for each in done.record.measurements if each.metric == accuracy.metric),
        ]
        return record.with_measurements(_as_candidate(each, candidates) for each in found)


def _as_candidate(figure: Measurement, candidates: dict[str, str]) -> Measurement:
    return figure.model_copy(update={"candidate": candidates[figure.precision], "role": ""})
