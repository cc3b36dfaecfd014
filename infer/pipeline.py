"""The main job: remove the background → improve the resolution → superimpose on a new background."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from .images.picture import Picture
from .remove import Matte, Remover
from .superimpose import Background, Placement, superimpose
from .upscale import Upscaler

__all__ = ["STAGES", "Pipeline", "Result", "Stage"]

Stage = Literal["decode", "remove", "upscale", "superimpose", "encode"]
STAGES: tuple[Stage, ...] = ("decode", "remove", "upscale", "superimpose", "encode")


@dataclass(frozen=True)
class Result:
    """What became of one picture: the picture, its matte (None where nothing was removed), seconds of each stage."""

    picture: Picture
    matte: Matte | None
    seconds: dict[Stage, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """Any of the three operations, in order; each one is left out where it is None.

    remover: takes the background away. upscaler: improves what is left; what is fully transparent is not computed.
    background: what the cut-out is laid on, in the upscaled size; None leaves it transparent. placement: where and how.
    """

    remover: Remover | None = None
    upscaler: Upscaler | None = None
    background: Background | None = None
    placement: Placement = field(default_factory=Placement)

    def __call__(self, picture: Picture) -> Picture:
        """Return what becomes of the picture."""
        return self.run(picture).picture

    def run(self, picture: Picture) -> Result:
        """Return what becomes of the picture, with the matte and the time that each stage took.

        Raises:
            ImageError: the result would be larger than the limit.
        """
        seconds: dict[Stage, float] = {}
        matte: Matte | None = None
        original = picture
        if self.remover is not None:
            with _timed(seconds, "remove"):
                picture, matte = self.remover.remove(picture)
        if self.upscaler is not None:
            with _timed(seconds, "upscale"):
                picture = self.upscaler.upscale(picture)
        if self.background is not None:
            with _timed(seconds, "superimpose"):
                picture = superimpose(picture, self.background, placement=self.placement, original=original)
        return Result(picture, matte, seconds)


@contextmanager
def _timed(seconds: dict[Stage, float], stage: Stage) -> Generator[None]:
    started = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - started
