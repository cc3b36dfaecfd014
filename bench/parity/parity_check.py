"""Parity: the same real images through every stage of a model, each compared with the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...convert import (
    ARITHMETIC,
    EXACT,
    HALF,
    IDENTICAL,
    QUANTIZED,
    LayerNoise,
    ParityCheck,
    Tolerance,
    image_from,
    layer_noise,
    stage_input,
    window,
)
from ...core import Contract, Data, InputError, ParityRecord, Result, atomic_path, with_settings
from ...datasets import Dataset, Sample, open_dataset
from ...infer import Tensor, feeder_of, matte_from, resize_mask, this_machine
from ...metrics import iou, mae, psnr_y
from ..evaluation_settings import ParitySettings
from .opened_stages import Kind, ModelStage, open_stages

__all__ = ["ParityResult", "check_parity", "check_stages", "noisiest_layers", "run_parity", "write_scope"]

_TOLERANCES: dict[Kind, Tolerance] = {"exact": EXACT, "half": HALF, "arithmetic": ARITHMETIC, "quantized": QUANTIZED}


_DEFAULTS = ParitySettings()
_NOISE_SAMPLES = 3


@dataclass(frozen=True)
class ParityResult(Result[ParityRecord]):
    """How far the stages of a model are from one another.

    Attributes:
        records: what was measured, in one; its `first_broken` is the first step beyond its limit.
        layers: those that lose most in INT8, the noisiest first; empty unless they were asked for.
    """

    layers: tuple[LayerNoise, ...] = ()


def run_parity(models: str | Path | Sequence[str | Path], settings: ParitySettings) -> ParityResult:
    """Run the same images through every stage of a model, torch to INT8; `mattekit parity` is this.

    Args:
        models: one model with several stages, or several stages of one, each as the command line takes it: an entry of
            the zoo means its module and its IR, a model's folder all variants in it, the folder of an export its ONNX
            file and IR.
        settings: what to compare.

    Returns:
        How far each stage is from the one before and from the truth.

    Raises:
        InputError: there are fewer than two stages, or they are not of one model, or the data set is for another task.
        MattekitError: a stage cannot be opened, or an image cannot be read.

    Example:
        >>> import mattekit
        >>> mattekit.check_parity("mattelite", limit=2).record.first_broken is None
        True
    """
    named = [models] if isinstance(models, str | Path) else list(models)
    stages = open_stages(named, settings.device, settings.arithmetic, settings.given_contract)
    dataset = open_dataset(settings.data, scale=stages[0].contract.output.scale).take(settings.limit)
    record = check_stages(stages, dataset, settings)
    if settings.layers is None:
        return ParityResult((record,))
    found = noisiest_layers(stages, dataset.take(_NOISE_SAMPLES))
    write_scope(found, Path(settings.layers))
    return ParityResult((record,), tuple(found))


check_parity = with_settings(ParitySettings, "check_parity")(run_parity)


def check_stages(
    stages: Sequence[ModelStage],
    dataset: Dataset,
    settings: ParitySettings = _DEFAULTS,
    *,
    tolerances: Mapping[Kind, Tolerance] | None = None,
) -> ParityRecord:
    """Run the images through every stage and compare each with the one before.

    Args:
        stages: two or more of one model.
        dataset: of the model's task and scale; all of it is held in memory, so take a few.
        settings: what the record keeps of them; their `progress` is called before each stage, with its label and the
            stages.
        tolerances: in place of the usual ones.

    Raises:
        InputError: the data set is for another task or scale.
    """
    contract = stages[0].contract
    if (dataset.task, dataset.scale) != (contract.task, contract.output.scale):
        raise InputError(
            f"the data set {dataset.name} is for {dataset.task} x{dataset.scale}, the model for {contract.task} "
            f"x{contract.output.scale}; give --data of the model's task"
        )
    allowed = {**_TOLERANCES, **(tolerances or {})}
    samples = [_cut(sample, contract) for sample in dataset]
    check = ParityCheck(
        [sample.id for sample in samples],
        [stage_input(sample.image, contract) for sample in samples],
        contract,
        data=Data(name=dataset.name, sha256=dataset.content_hash),
        truth=lambda place, output: _truth(output, samples[place], contract),
    )
    for number, stage in enumerate(stages):
        if settings.progress:
            settings.progress(stage.label, number, len(stages))
        check(stage.label, stage.runtime, allowed[stage.kind], stage.variant.ref())
    return ParityRecord(
        machine=this_machine(),
        measurements=tuple(check.measurements),
        settings={
            **settings.described(),
            "stages": [stage.label for stage in stages],
            "dataset": dataset.name,
            "samples": len(samples),
        },
        steps=tuple(check.steps),
    )


def noisiest_layers(
    stages: Sequence[ModelStage], dataset: Dataset, *, limit: float = 15.0, most: int = 16
) -> list[LayerNoise]:
    """Return the layers that lose most when they are quantized: at most `most`, and none above `limit` dB.

    The noisiest one is always there.

    Raises:
        InputError: an IR before quantization and an INT8 one are not both among the stages.
    """
    import openvino

    exact = [stage.variant.path for stage in stages if stage.variant.format == "openvino" and stage.kind != "quantized"]
    quantized = [stage.variant.path for stage in stages if stage.kind == "quantized"]
    if not exact or not quantized:
        raise InputError("--layers compares an FP32 IR with an INT8 one; give both")
    contract, core = stages[0].contract, openvino.Core()
    before = core.read_model(exact[0])
    feed = feeder_of(before, contract, exact[0])
    tensors = (feed(stage_input(_cut(sample, contract).image, contract)) for sample in dataset)
    found = layer_noise(before, core.read_model(quantized[0]), tensors)
    return [layer for number, layer in enumerate(found[:most]) if number == 0 or layer.snr <= limit]


def write_scope(layers: Sequence[LayerNoise], path: Path) -> None:
    """Write the layers as a file that `mattekit quantize --ignore-scope` takes."""
    lines = ["# Layers that lose most when they are quantized, the worst first; delete those that may be quantized."]
    lines += [f"{layer.name}  # {layer.snr:.1f} dB" for layer in layers]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _truth(output: Tensor, sample: Sample, contract: Contract) -> dict[str, float]:
    if sample.alpha is not None:
        height, width = sample.alpha.shape
        alpha = np.clip(resize_mask(matte_from(output, contract).alpha, height, width, contract.output.resize), 0, 1)
        return {"iou": float(iou(alpha, sample.alpha)), "mae": float(mae(alpha, sample.alpha))}
    if sample.high_resolution is not None:
        return {
            "psnr_y": min(
                float(psnr_y(image_from(output, contract), sample.high_resolution, contract.output.scale)), IDENTICAL
            )
        }
    return {}


def _cut(sample: Sample, contract: Contract) -> Sample:
    """For super-resolution, the middle of the image and of its truth."""
    if contract.task == "segmentation":
        return sample
    rows, columns = sample.image.shape[:2]
    top, left, height, width = window(rows, columns, contract)
    if height > rows or width > columns:
        raise InputError(f"the image {sample.id!r} is too small for the network's input; leave it out")
    scale, truth = contract.output.scale, sample.high_resolution
    if truth is not None:
        truth = truth[top * scale : (top + height) * scale, left * scale : (left + width) * scale]
    return Sample(sample.id, sample.image[top : top + height, left : left + width], high_resolution=truth)
