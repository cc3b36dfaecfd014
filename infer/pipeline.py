"""The main job: remove the background → improve the resolution → superimpose on a new background."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import JsonValue

from ..images import Image, apply
from .background import Background, behind, behind_cutout
from .choices import Blur, Crop
from .compositing import superimpose
from .cutting import Cutter, Matte
from .framing import content_of, crop_to
from .placement import Placement
from .runtimes import LoadedModel
from .runtimes.base import Spent
from .upscaler import Upscaler

__all__ = ["STAGES", "Pipeline", "PipelineResult", "PipelineStage", "timed"]

PipelineStage = Literal["decode", "remove", "upscale", "superimpose", "infer", "encode"]
STAGES: tuple[PipelineStage, ...] = ("decode", "remove", "upscale", "superimpose", "infer", "encode")
"""In the order of an image's way; `infer` is the networks' part of `remove` and `upscale`, which don't contain it."""


ImageT = TypeVar("ImageT", bound=Any)


@dataclass(frozen=True)
class PipelineResult:
    """What became of one image.

    Attributes:
        image: the result.
        matte: of the image; None where nothing was removed.
        seconds: that each stage took.
    """

    image: Image
    matte: Matte | None
    seconds: dict[PipelineStage, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """Any of the three operations, in order; each one is left out where it is None.

    One that is sent to another process opens its models there again.

    Attributes:
        remover: takes the background away.
        upscaler: improves what is left; what is fully transparent is not computed.
        background: what the cut-out is laid on, in the upscaled size; None leaves it transparent.
        placement: where and how.
        crop: the cut-out is cropped to its subject, before it is enlarged; None leaves the image's frame.
    """

    remover: Cutter | None = None
    upscaler: Upscaler | None = None
    background: Background | None = None
    placement: Placement = field(default_factory=Placement)
    crop: Crop | None = None

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """Return the models that run, in their order."""
        own = () if self.upscaler is None else (self.upscaler.model,)
        return (*(self.remover.models if self.remover else ()), *own)

    def describe(self) -> dict[str, JsonValue]:
        """Return what a record keeps beside the settings: what really executes, and what they left to the models."""
        runtimes: list[JsonValue] = [
            {"model": model.id, "runtime": how.name, "arithmetic": how.arithmetic, "executed_on": list(how.devices)}
            for model in self.models
            for how in [model.runtime.info]
        ]
        return {
            "runtimes": runtimes,
            "tile": list(self.upscaler.tile) if self.upscaler else None,
            "decontaminate": self.remover.decontaminate if self.remover else None,
            "outscale": self.upscaler.outscale if self.upscaler else None,
        }

    def __call__(self, image: ImageT) -> ImageT:
        """Return what becomes of an image, in the kind in which it is given; of a list, a list.

        Args:
            image: a path, bytes, an open file, a Pillow image, an array, our own `Image`, or a list of these, as
                `images.in_kind.apply` takes them.

        Raises:
            ImageError: it is none of these, or cannot be read, or its result would be larger than the limit.
        """
        return apply(lambda one: self.run(one).image, image)

    def run(self, image: Image, *, matte: Matte | None = None) -> PipelineResult:
        """Return what becomes of the image, with the matte and the time that each stage took.

        Args:
            image: what to process.
            matte: taken instead of predicting one, where there is a remover: a film's frames have theirs smoothed.

        Raises:
            ImageError: the result would be larger than the limit.
        """
        seconds: dict[PipelineStage, float] = {}
        original: Image | None = None
        if self.remover is not None:
            with timed(seconds, "remove", *self.remover.models):
                photo = image
                image, matte = self.remover.remove(photo, matte)
                if isinstance(self.background, Blur):
                    original = behind(photo, matte.alpha)
        elif isinstance(self.background, Blur):
            original = behind_cutout(image)
        there = content_of(image.alpha, self.crop) if self.crop else None
        if there is not None:
            image, original = crop_to(image, there), None if original is None else crop_to(original, there)
            matte = matte and replace(matte, alpha=np.ascontiguousarray(matte.alpha[there]))
        if self.upscaler is not None:
            with timed(seconds, "upscale", self.upscaler.model):
                image = self.upscaler.upscale(image)
        if self.background is not None:
            with timed(seconds, "superimpose"):
                image = superimpose(image, self.background, placement=self.placement, original=original)
        return PipelineResult(image, matte, seconds)


@contextmanager
def timed(
    seconds: dict[PipelineStage, float] | dict[str, float], stage: PipelineStage, model: LoadedModel | None = None
) -> Generator[None]:
    """Note how long a stage takes; what its model takes is noted apart, and waiting for the device not at all."""
    started, before = time.perf_counter(), model.runtime.spent if model else Spent()
    yield
    after = model.runtime.spent if model else Spent()
    inferred = after.working - before.working
    seconds[stage] = time.perf_counter() - started - inferred - (after.waiting - before.waiting)
    if inferred:
        seconds["infer"] = seconds.get("infer", 0.0) + inferred
