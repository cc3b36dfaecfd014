"""Where in a cut-out its subject is, and the cut-out cropped to that."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ..images import Image, Pixels
from .choices import Crop

__all__ = ["boxed", "content_of", "crop_to"]

_NO_MARGIN = Crop()

# Of full: what is fainter is not seen as a part of the subject.
_VISIBLE = 0.05


def content_of(alpha: Pixels | None, crop: Crop = _NO_MARGIN) -> tuple[slice, slice] | None:
    """Return the rows and columns of what is visible, with a margin that ends at the image's edges.

    Args:
        alpha: (H, W) uint8 or uint16; None is opaque.
        crop: how large the margin is.

    Returns:
        None where nothing is visible, and where there is no alpha.
    """
    if alpha is None:
        return None
    visible = (alpha > _VISIBLE * np.iinfo(alpha.dtype).max).astype(np.uint8)
    left, top, width, height = cv2.boundingRect(visible)
    if not width:
        return None
    margin = round(max(width, height) * crop.margin / 100) if crop.percent else round(crop.margin)
    return (
        slice(max(top - margin, 0), min(top + height + margin, alpha.shape[0])),
        slice(max(left - margin, 0), min(left + width + margin, alpha.shape[1])),
    )


def boxed(subject: Image) -> Image:
    """Cut off what is empty around a subject; one that is wholly empty stays."""
    return crop_to(subject, content_of(subject.alpha))


def crop_to(image: Image, there: tuple[slice, slice] | None) -> Image:
    """Return a part of an image, given as rows and columns; None is all of it."""
    if there is None:
        return image
    alpha = None if image.alpha is None else np.ascontiguousarray(image.alpha[there])
    return replace(image, rgb=np.ascontiguousarray(image.rgb[there]), alpha=alpha)
