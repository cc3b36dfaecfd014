"""The IR that is quantized, the one that is written, and how accurate one is, on samples not calibrated on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from ..bench import Predictor, model_predictor, remembering, validate
from ..convert import (
    halve_weights,
    ir_from_onnx,
    model_batch,
    name_by_position,
    own_provenance,
    reshape_batch,
    write_ir,
)
from ..core import (
    CONTRACT_KEY,
    PRECISIONS,
    PROVENANCE_KEY,
    Contract,
    InputError,
    ModelError,
    Provenance,
    ValidateRecord,
    Variant,
)
from ..datasets import Dataset
from ..infer import Tensor, describe, feeder_of, load, read_model
from ..metrics import Metric, get_metric
from ..models import ModelRef
from .quantize_settings import IDENTICAL, QuantizeSettings

if TYPE_CHECKING:
    import openvino

__all__ = ["QUANTIZATION_KEY", "Accuracy", "SourceIr", "accuracy_on", "layer_names", "open_source", "save_int8"]

QUANTIZATION_KEY = "quantization"
"""Where the quantization's parameters are: `rt_info/mattekit/quantization`, beside the contract."""


@dataclass(frozen=True)
class SourceIr:
    """The IR that is quantized, read.

    Attributes:
        variant: what it is.
        provenance: where it comes from.
        model: the network, for one image at a time or any number, unless it insists on its batch.
        batch: that it has in its file, where it was brought from that to one image.
    """

    variant: Variant
    provenance: Provenance
    model: openvino.Model
    batch: int | None = None

    @property
    def path(self) -> Path:
        """Return its `.xml` file."""
        return self.variant.path

    @property
    def contract(self) -> Contract:
        """Return what surrounds the network."""
        return self.variant.contract

    @cached_property
    def feed(self) -> Callable[[Tensor], NDArray[np.generic]]:
        """Return what makes of one image, (1, C, H, W) float32, what the network takes."""
        return feeder_of(self.model, self.contract, self.path)


def open_source(model: str | Path, contract: Contract | None = None) -> SourceIr:
    """Open the FP32 network that a user names, or its FP16 one where that is all there is: an IR, or an ONNX file.

    Args:
        model: as `ModelRef.parse` takes it; of a model's folder, the variant of the largest precision.
        contract: what surrounds it, in place of what its file says.

    Raises:
        ModelError: it cannot be read, or it is quantized already.
        ContractError: nothing says what surrounds it.
    """
    ref = ModelRef.parse(model, contract)
    if not ref.on_openvino:
        raise ModelError(f"{model}: INT8 is made from an OpenVINO IR; give one, or an entry of the zoo")
    found = [(describe(read, path, contract), read) for path in ref.paths() for read in (_read(path),)]
    variant, read = min(found, key=lambda each: PRECISIONS.index(each[0].precision))
    if variant.precision == "int8":
        raise ModelError(f"{variant.path}: it is quantized already; give the FP32 one that it was made from")
    provenance = variant.provenance or own_provenance(variant.path, variant.id)
    return SourceIr(variant, provenance, read, _one_at_a_time(read, variant))


def _read(path: Path) -> openvino.Model:
    return ir_from_onnx(path, own=True) if path.suffix == ".onnx" else read_model(path)


def _one_at_a_time(model: openvino.Model, variant: Variant) -> int | None:
    """Bring a network of a fixed batch to one image at a time, and return the batch; None where nothing was done."""
    batch = model_batch(model)
    if batch in {None, 1}:
        return None
    try:
        reshape_batch(model, 1, variant.path)
    except ModelError:
        # It insists, and is fed with copies.
        return None
    return batch


def save_int8(model: openvino.Model, target: Path, source: SourceIr, notes: dict[str, JsonValue]) -> None:
    """Write an INT8 IR with its source's contract and provenance; the same model and notes give the same bytes.

    Weights of layers that are not in 8 bits are stored in FP16 and computed with in FP32.

    Args:
        model: stays as it is.
        target: the `.xml` file.
        source: what it was made from.
        notes: written as JSON under `mattekit/quantization`.
    """
    model = model.clone()
    model.set_friendly_name(source.provenance.model)
    halve_weights(model)
    name_by_position(model, keep=frozenset(layer_names(source.model)))
    model.set_rt_info(source.contract.to_json(), ["mattekit", CONTRACT_KEY])
    model.set_rt_info(source.provenance.to_json(), ["mattekit", PROVENANCE_KEY])
    model.set_rt_info(json.dumps({"precision": "int8", **notes}), ["mattekit", QUANTIZATION_KEY])
    if source.batch is not None:
        reshape_batch(model, source.batch, source.path)
    write_ir(model, target, fp16=False)


def layer_names(model: openvino.Model) -> list[str]:
    """Return the names of all nodes."""
    return [node.get_friendly_name() for node in model.get_ordered_ops()]


@dataclass(frozen=True)
class Accuracy:
    """A metric on a validation set.

    Attributes:
        metric: what is measured.
        samples: that it is measured on.
        settings: the device, the arithmetic and the tile.
        reference: what answers are compared with; the samples' truth where None.
    """

    metric: Metric
    samples: Dataset
    settings: QuantizeSettings
    reference: Predictor | None = None

    @property
    def against(self) -> str:
        """Return what answers are compared with, in words."""
        return self.reference.label if self.reference else "truth"

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the samples' ids."""
        return tuple(entry.id for entry in self.samples.entries)

    def measure(self, path: Path) -> ValidateRecord:
        """Return the metric of an IR on each sample.

        Raises:
            MattekitError: the IR or a sample cannot be opened.
        """
        predictor = _opened(path, self.settings)
        (record,) = validate([predictor], self.samples, metrics=[self.metric.name], reference=self.reference)
        return record

    def values_of(self, record: ValidateRecord) -> list[float]:
        """Return the metric of each sample, identical images with a number of dB that stands for no limit.

        Raises:
            InputError: the metric has no value for a sample.
        """
        values = record.table.values[self.metric.name]
        missing = [sample for sample, value in zip(record.table.ids, values, strict=True) if value is None]
        if missing:
            raise InputError(
                f"{self.metric.name} has no value for {missing[0]!r} of {self.samples.name}; choose a metric that "
                "fits the data set, such as iou"
            )
        return [min(value, IDENTICAL) for value in values if value is not None]

    def is_telling(self, path: Path) -> bool:
        """Tell whether the masks of an IR differ within any sample: those that are even everywhere can't get worse.

        Raises:
            MattekitError: the IR or a sample cannot be opened.
        """
        predictor = _opened(path, self.settings)
        if predictor.segment is not None:
            return any(np.ptp(predictor.segment(sample)[1]) for sample in self.samples)
        if predictor.alpha is not None:
            return any(np.ptp((predictor.alpha(sample) >= 0.5).astype(np.uint8)) for sample in self.samples)
        return True

    def drop(self, before: Sequence[float], after: Sequence[float]) -> float:
        """Return how much worse the mean became, in the metric's unit; negative where it became better."""
        change = math.fsum(a - b for a, b in zip(before, after, strict=True)) / len(before)
        return change if self.metric.higher_is_better else -change


def accuracy_on(dataset: Dataset, metric: str, settings: QuantizeSettings, source: SourceIr | None) -> Accuracy:
    """Return how a metric is measured on a data set.

    Args:
        dataset: measured on.
        metric: its name.
        settings: the device, the tile, and what answers are compared with.
        source: the IR before quantization; needed where answers are compared with its own.

    Raises:
        InputError: there is no such metric.
    """
    chosen = get_metric(metric)
    if chosen.takes not in {"masks", "images", "classes"}:
        raise InputError(f"the metric {metric} is not of single images; choose one such as iou, mae or psnr_y")
    own = source if settings.against == "source" else None
    reference = remembering(_opened(own.path, settings)) if own else None
    return Accuracy(chosen, dataset, settings, reference)


def _opened(path: Path, settings: QuantizeSettings) -> Predictor:
    model = load(path, settings.device, contract=settings.given_contract, arithmetic=settings.arithmetic)
    return model_predictor(model, tile=settings.tile)
