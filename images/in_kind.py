"""What is done with an image comes back in the kind in which the image was given."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, TypeVar, cast

import numpy as np
from PIL import Image as PilImage

from .image import Image
from .image_kinds import image_of
from .write import encode_image

__all__ = ["apply"]

ImageT = TypeVar("ImageT", bound=Any)


def apply(function: Callable[[Image], Image], image: ImageT) -> ImageT:
    """Call a function with an image of any kind, or with each of a list, and return the result in the same kind.

    Bytes and open files give the bytes, or an open file in memory, of a PNG; a path gives our own image, which
    `write_image` writes. An array has four channels where the result has an alpha, and three otherwise.

    Args:
        function: what is done.
        image: an `ImageLike`, or a sequence of them, which gives a list.

    Raises:
        ImageError: as `image_of`.
    """
    given: Any = image
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        return cast("ImageT", [apply(function, one) for one in cast("Sequence[Any]", given)])
    result = function(image_of(given))
    return cast("ImageT", _in_kind(result, given))


def _in_kind(result: Image, given: object) -> object:
    if isinstance(given, np.ndarray):
        return np.asarray(result)
    if isinstance(given, PilImage.Image):
        return result.to_pil()
    if isinstance(given, bytes):
        return encode_image(result, "png")
    if isinstance(given, Image | str | os.PathLike):
        return result
    return BytesIO(encode_image(result, "png"))
