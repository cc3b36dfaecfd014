"""How accurate a candidate of a quantization is, on samples that it was not calibrated on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..bench import Subject, model_subject, validate
from ..core import Arithmetic, InputError, ValidateRecord
from ..datasets import AlphaMatte, Dataset, Pixels, Sample
from ..infer import load
from ..metrics import get_metric
from .settings import QuantizeSettings

__all__ = ["Accuracy", "accuracy_on"]


@dataclass(frozen=True)
class Accuracy:
    """A metric on a validation set.

    Attributes:
        metric: its name.
        unit: of its values.
        higher_is_better: which way it goes.
        samples: that it is measured on.
        reference: what answers are compared with; the samples' truth where None.
        device: an OpenVINO device string.
        arithmetic: of floating-point numbers.
        tile: side of a super-resolution tile in pixels.
    """

    metric: str
    unit: str
    higher_is_better: bool
    samples: Dataset
    reference: Subject | None = None
    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    tile: int = 256

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
        subject = model_subject(load(path, self.device, arithmetic=self.arithmetic), tile=self.tile)
        (record,) = validate([subject], self.samples, metrics=[self.metric], reference=self.reference)
        return record

    def drop(self, before: Sequence[float], after: Sequence[float]) -> float:
        """Return how much worse the mean became, in the metric's unit; negative where it became better."""
        change = math.fsum(a - b for a, b in zip(before, after, strict=True)) / len(before)
        return change if self.higher_is_better else -change


def accuracy_on(dataset: Dataset, metric: str, settings: QuantizeSettings, tile: int, source: Path) -> Accuracy:
    """Return how a metric is measured on a data set, for `quantize`.

    Args:
        dataset: validated on.
        metric: its name.
        settings: of the quantization: the device, and what answers are compared with.
        tile: side of a super-resolution tile in pixels.
        source: the IR before quantization.

    Raises:
        InputError: there is no such metric.
    """
    chosen = get_metric(metric)
    if chosen.takes not in {"masks", "images"}:
        raise InputError(f"the metric {metric} is not of single images; choose one such as iou, mae or psnr_y")
    reference = None
    if settings.against == "source":
        loaded = load(source, settings.device, arithmetic=settings.arithmetic)
        reference = _remembering(model_subject(loaded, tile=tile))
    return Accuracy(
        metric=metric,
        unit=chosen.unit,
        higher_is_better=chosen.higher_is_better,
        samples=dataset,
        reference=reference,
        device=settings.device,
        arithmetic=settings.arithmetic,
        tile=tile,
    )


def _remembering(subject: Subject) -> Subject:
    """A subject that answers each sample once: candidates are compared with the same answers again and again."""
    alphas: dict[str, AlphaMatte] = {}
    images: dict[str, Pixels] = {}
    alpha, image = subject.alpha, subject.image

    def remembered_alpha(sample: Sample) -> AlphaMatte:
        if sample.id not in alphas and alpha is not None:
            alphas[sample.id] = alpha(sample)
        return alphas[sample.id]

    def remembered_image(sample: Sample) -> Pixels:
        if sample.id not in images and image is not None:
            images[sample.id] = image(sample)
        return images[sample.id]

    return replace(subject, alpha=alpha and remembered_alpha, image=image and remembered_image)
