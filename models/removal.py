"""Backgrounds taken away in one call, with a model that stays open for the next."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..core import Arithmetic
from .pipeline import open_pipeline

if TYPE_CHECKING:
    from ..infer import Pipeline, Refine

__all__ = ["remove"]

ImageT = TypeVar("ImageT", bound=Any)


def remove(
    image: ImageT,
    *,
    model: str | Path = "mattelite",
    refine: Refine = "none",
    decontaminate: bool | None = None,
    device: str = "CPU",
    arithmetic: Arithmetic = "f32",
    offline: bool = False,
) -> ImageT:
    """Take an image's background away; what is given comes back in the same kind, with an alpha.

    The model is opened by the first call, and stays open for those that ask for the same.

    Args:
        image: a path, bytes, an open file, a Pillow image, an array (H, W), (H, W, 3) or (H, W, 4) of uint8 or uint16,
            our own `Image`, or a list of these. A path gives an `Image`, which `write_image` writes.
        model: a segmentation model, as `open_model` takes it.
        refine: how a mask comes back to the image's size; `none` gives the masks of the model's publisher.
        decontaminate: give half-transparent pixels the subject's own colours; None leaves them the photo's.
        device: an OpenVINO device.
        arithmetic: of floating-point numbers.
        offline: never download.

    Returns:
        The cut-out, of the image's size and depth: bytes and open files of a PNG, a Pillow image in RGBA, an array
        (H, W, 4), or an `Image`; of a list, a list.

    Raises:
        MattekitError: as its message says.

    Example:
        >>> import mattekit, numpy
        >>> mattekit.remove(numpy.zeros((64, 48, 3), numpy.uint8)).shape
        (64, 48, 4)
    """
    options = {"decontaminate": decontaminate, "device": device, "arithmetic": arithmetic, "offline": offline}
    return _opened(os.getpid(), str(model), refine, tuple(options.items()))(image)


@lru_cache(maxsize=2)
def _opened(process: int, model: str, refine: Refine, options: tuple[tuple[str, Any], ...]) -> Pipeline:
    """Open a pipeline; what a process opened serves no other that is forked from it."""
    del process
    return open_pipeline(model=model, refine=refine, **dict(options))
