"""A quantization in the user's words: calibrated, measured, and weighed where that is asked for."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..bench.accuracy.validate import metrics_for
from ..bench.latency.worth import Accuracies, Worth, weigh
from ..convert.ir import write_ir
from ..core.contract import Task
from ..core.errors import InputError
from ..core.files import add_to_list
from ..core.progress import Progress
from ..core.record import Record
from ..datasets.opening import open_dataset
from ..datasets.sample import Dataset
from .accuracy import Accuracy, accuracy_on
from .calibration import split
from .requests import Request
from .run import Quantized, quantize
from .settings import IDENTICAL
from .source import Source, open_source

__all__ = ["CompressReport", "compress"]

_MAIN_METRIC: dict[Task, str] = {"segmentation": "iou", "super_resolution": "psnr_y"}
_ALLOWED: dict[Task, float] = {"segmentation": 0.01, "super_resolution": 0.3}
"""Drops of the main metric that INT8 is still worth it with, where no other is given."""

_SYNTHETIC = "synthetic:count=100"


@dataclass(frozen=True)
class CompressReport:
    """What came of it; `worth` is None where it was not asked for."""

    quantized: Quantized
    worth: Worth | None

    @property
    def weighed(self) -> Record | None:
        """Return what the verdict was weighed by; None where that was not asked."""
        return self.worth.record if self.worth else None

    @property
    def worth_it(self) -> bool | None:
        """Return whether INT8 is worth it on the device; None where that was not asked."""
        return self.worth.worth_it if self.worth else None

    @property
    def text(self) -> str:
        """Return what is printed: what was written, its accuracy, what it took, and the verdict."""
        done, record = self.quantized, self.quantized.record
        figures = {(figure.name, figure.labels.get("of", "")): figure.value for figure in record.figures}
        lines = [f"{done.variant.path}  {done.variant.size / 1e6:.2f} MB, {done.quantized} quantized layers"]
        lines += [f"  in FP32: {name}" for name in done.ignored]
        for (name, of), value in figures.items():
            if of == "int8" and value is not None:
                before, drop = figures[name, "source"], figures[f"{name}_drop", ""]
                lines.append(f"{name} {before:.4f} before, {value:.4f} after: drop {drop:.4f}")
        peak, seconds = figures["peak_memory", ""], figures["seconds", ""]
        spent = [f"{seconds:.0f} s"] if seconds is not None else []
        lines.append(", ".join([*spent, *([f"at most {peak / 1e6:.0f} MB of memory"] if peak else [])]))
        lines += [self.worth.sentence] if self.worth else []
        return "\n".join([*lines, str(done.record_path)])


def compress(request: Request, progress: Progress | None = None) -> CompressReport:
    """Quantize with accuracy control, and weigh the result where that is asked for.

    Raises:
        MattekitError: as its message says; nothing is left at the final path then.
    """
    settings = request.settings
    source = open_source(request.model)
    if request.worth and source.variant.precision != "fp32":
        raise InputError(
            f"{source.path}: its weights are stored in FP16, so INT8 cannot be weighed against FP32; give the FP32 "
            "export, or leave --verdict and --if-worth-it out"
        )
    contract = source.contract
    metric = settings.max_drop.metric if settings.max_drop else _MAIN_METRIC[contract.task]
    metrics_for(contract.task, [metric])
    if request.data is None and contract.task != "segmentation":
        raise InputError("the synthetic set has no pictures for super-resolution; give --data a folder of pictures")
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
    weighed = None
    if request.worth:
        weighed = _weigh(source, done, accuracy, request)
        worth = done.record_path.with_name("worth.json")
        weighed.record.write(worth)
        add_to_list(worth)
    return CompressReport(done, weighed)


def _weigh(source: Source, done: Quantized, accuracy: Accuracy | None, request: Request) -> Worth:
    """Weigh the INT8 IR against its source and against FP16, which is made for the purpose and not kept."""
    limit = request.settings.max_drop
    with tempfile.TemporaryDirectory() as folder:
        half = Path(folder) / "model.xml"
        write_ir(source.model, half, fp16=True)
        models = {"fp32": source.path, "fp16": half, "int8": done.variant.path}
        accuracies = None
        if accuracy is not None:
            values = {name: done.record.samples[name] for name in ("source", "int8")}
            means = {
                "fp32": _mean(values["source"]),
                "fp16": _mean(accuracy.measure(half)),
                "int8": _mean(values["int8"]),
            }
            allowed = limit.limit if limit else _ALLOWED[source.contract.task]
            accuracies = Accuracies(
                metric=accuracy.metric,
                unit=accuracy.unit,
                higher_is_better=accuracy.higher_is_better,
                values=means,
                allowed_drop=allowed,
                dataset=accuracy.dataset,
            )
        settings = request.settings
        return weigh(
            models,
            device=settings.device,
            arithmetic=settings.arithmetic,
            accuracies=accuracies,
            rounds=request.rounds,
        )


def _mean(values: Sequence[object]) -> float:
    return math.fsum(min(float(str(value)), IDENTICAL) for value in values) / len(values)
