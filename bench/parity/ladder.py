"""The parity ladder: the same real pictures through every stage of a model, each compared with the one before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from ...convert.layers import LayerNoise, layer_noise
from ...convert.parity import (
    ARITHMETIC,
    EXACT,
    HALF,
    IDENTICAL,
    QUANTIZED,
    Tolerance,
    compare,
    picture_from,
    stage_input,
    window,
)
from ...core.contract import Contract
from ...core.errors import InputError
from ...core.files import atomic_path
from ...core.progress import Progress
from ...core.record import Figure, Record
from ...datasets.sample import Dataset, Sample
from ...infer.resize import resize_mask
from ...infer.runtimes import Tensor
from ...infer.tensors import matte_from
from ...metrics import iou, mae, psnr_y
from .rungs import Kind, Rung

__all__ = ["Ladder", "Step", "climb", "noisiest_layers", "write_scope"]

_TOLERANCES: dict[Kind, Tolerance] = {"exact": EXACT, "half": HALF, "arithmetic": ARITHMETIC, "quantized": QUANTIZED}


@dataclass(frozen=True)
class Step:
    """One rung compared with the one before it, over all pictures.

    largest, mean: absolute difference of the raw outputs, as a share of their range. snr: in dB. task: by metric, the
    mean over the pictures; `worst` the worst picture's of the first of them. truth: the rung's own mean by metric,
    against the truth. broken: what is beyond its limit, in words; empty where all is well. The first rung has a truth
    only.
    """

    rung: str
    largest: float = 0.0
    mean: float = 0.0
    snr: float = math.inf
    task: tuple[tuple[str, float], ...] = ()
    worst: float = math.inf
    truth: tuple[tuple[str, float], ...] = ()
    broken: str = ""


@dataclass(frozen=True)
class Ladder:
    """The steps, and the record of all of them."""

    steps: list[Step]
    record: Record

    @property
    def first_broken(self) -> Step | None:
        """Return the first stage that is beyond its limit."""
        return next((step for step in self.steps if step.broken), None)


def climb(
    rungs: Sequence[Rung],
    dataset: Dataset,
    *,
    tolerances: dict[Kind, Tolerance] | None = None,
    progress: Progress | None = None,
) -> Ladder:
    """Run the pictures through every rung and compare.

    Args:
        rungs: two or more of one model.
        dataset: of the model's task and scale; all of it is held in memory, so take a few.
        tolerances: in place of the usual ones.
        progress: called before each rung, with its label and the rungs.

    Raises:
        InputError: the data set is for another task or scale.
    """
    contract = rungs[0].contract
    if (dataset.task, dataset.scale) != (contract.task, contract.output.scale):
        raise InputError(
            f"the data set {dataset.name} is for {dataset.task} x{dataset.scale}, the model for {contract.task} "
            f"x{contract.output.scale}; give --data of the model's task"
        )
    allowed = {**_TOLERANCES, **(tolerances or {})}
    samples = [_cut(sample, contract) for sample in dataset]
    inputs = [stage_input(sample.image, contract) for sample in samples]
    steps: list[Step] = []
    raw: dict[str, list[JsonValue]] = {"id": [sample.id for sample in samples]}
    before: list[list[Tensor]] | None = None
    for number, rung in enumerate(rungs):
        if progress:
            progress(rung.label, number, len(rungs))
        outputs = [rung.runtime.run_all(tensor) for tensor in inputs]
        truth = _means([_truth(heads[0], sample, contract) for heads, sample in zip(outputs, samples, strict=True)])
        if before is None:
            steps.append(Step(rung.label, truth=truth))
        else:
            steps.append(replace(_step(rung, before, outputs, allowed[rung.kind], raw), truth=truth))
        before = outputs
    record = Record(
        kind="parity",
        settings={
            "rungs": [rung.label for rung in rungs],
            "dataset": dataset.name,
            "dataset_hash": dataset.content_hash,
            "samples": len(samples),
            "first_broken": next((step.rung for step in steps if step.broken), None),
        },
        figures=tuple(figure for step in steps for figure in _figures(step, dataset.name)),
        samples=raw,
    )
    return Ladder(steps, record)


def noisiest_layers(
    rungs: Sequence[Rung], dataset: Dataset, *, limit: float = 15.0, most: int = 16
) -> list[LayerNoise]:
    """Return the layers that lose most when they are quantized: at most `most`, and none above `limit` dB.

    The noisiest one is always there.

    Raises:
        InputError: an IR before quantization and an INT8 one are not both among the rungs.
    """
    import openvino

    exact = [rung.path for rung in rungs if rung.path and rung.path.suffix == ".xml" and rung.kind != "quantized"]
    quantized = [rung.path for rung in rungs if rung.path and rung.kind == "quantized"]
    if not exact or not quantized:
        raise InputError("--layers compares an FP32 IR with an INT8 one; give both")
    core, contract = openvino.Core(), rungs[0].contract
    tensors = (stage_input(_cut(sample, contract).image, contract) for sample in dataset)
    found = layer_noise(core.read_model(exact[0]), core.read_model(quantized[0]), tensors)
    return [layer for number, layer in enumerate(found[:most]) if number == 0 or layer.snr <= limit]


def write_scope(layers: Sequence[LayerNoise], path: Path) -> None:
    """Write the layers as a file that `mattekit quantize --ignore-scope` takes."""
    lines = ["# Layers that lose most when they are quantized, the worst first; delete those that may be quantized."]
    lines += [f"{layer.name}  # {layer.snr:.1f} dB" for layer in layers]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _step(
    rung: Rung, before: list[list[Tensor]], after: list[list[Tensor]], limit: Tolerance, raw: dict[str, list[JsonValue]]
) -> Step:
    found = compare(before, after, rung.contract, limit)
    if not found.task:
        return Step(rung.label, math.inf, math.inf, found.snr, broken=found.broken)
    raw |= {f"{rung.label}: {name}": list(values) for name, values in found.task.items()}
    raw[f"{rung.label}: largest_difference"] = list(found.largest)
    raw[f"{rung.label}: mean_difference"] = list(found.mean)
    task = tuple((name, math.fsum(values) / len(values)) for name, values in found.task.items())
    worst = min(next(iter(found.task.values())))
    mean = math.fsum(found.mean) / len(found.mean)
    return Step(rung.label, max(found.largest), mean, found.snr, task, worst, broken=found.broken)


def _truth(output: Tensor, sample: Sample, contract: Contract) -> dict[str, float]:
    if sample.alpha is not None:
        height, width = sample.alpha.shape
        alpha = np.clip(resize_mask(matte_from(output, contract).alpha, height, width, contract.output.resize), 0, 1)
        return {"iou": float(iou(alpha, sample.alpha)), "mae": float(mae(alpha, sample.alpha))}
    if sample.high_resolution is not None:
        return {
            "psnr_y": min(
                float(psnr_y(picture_from(output, contract), sample.high_resolution, contract.output.scale)), IDENTICAL
            )
        }
    return {}


def _means(rows: Sequence[dict[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple((name, math.fsum(row[name] for row in rows) / len(rows)) for name in rows[0])


def _cut(sample: Sample, contract: Contract) -> Sample:
    """For super-resolution, the middle of the picture and of its truth."""
    if contract.task == "segmentation":
        return sample
    rows, columns = sample.image.shape[:2]
    top, left, height, width = window(rows, columns, contract)
    if height > rows or width > columns:
        raise InputError(f"the picture {sample.id!r} is too small for the network's input; leave it out")
    scale, truth = contract.output.scale, sample.high_resolution
    if truth is not None:
        truth = truth[top * scale : (top + height) * scale, left * scale : (left + width) * scale]
    return Sample(sample.id, sample.image[top : top + height, left : left + width], high_resolution=truth)


def _figures(step: Step, dataset: str) -> list[Figure]:
    labels = {"step": step.rung, "dataset": dataset}
    figures: list[Figure] = []
    if step.task:
        rows = (("largest_difference", step.largest), ("mean_difference", step.mean))
        figures += [
            Figure(name=n, value=v, unit="of the range", higher_is_better=False, labels=labels) for n, v in rows
        ]
        figures.append(Figure(name="snr", value=step.snr, unit="dB", higher_is_better=True, labels=labels))
    for values, against in ((step.task, "the step before"), (step.truth, "truth")):
        for name, value in values:
            own = {**labels, "against": against}
            figures.append(Figure(name=name, value=value, higher_is_better=name != "mae", labels=own))
    return figures
