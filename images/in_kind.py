"""What is done with an image comes back in the kind in which the image was given."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, TypeVar, cast

import numpy as np
from PIL import Image

from .kinds import picture_of
from .picture import Picture
from .write import encode_picture

__all__ = ["apply"]

_Image = TypeVar("_Image", bound=Any)


def apply(function: Callable[[Picture], Picture], image: _Image) -> _Image:
    """Call a function with an image of any kind, or with each of a list, and return the result in the same kind.

    Bytes and open files give the bytes, or an open file in memory, of a PNG; a path gives our own image, which
    `write_picture` writes. An array has four channels where the result has an alpha, and three otherwise.

    Args:
        function: what is done.
        image: an `ImageLike`, or a sequence of them, which gives a list.

    Raises:
        ImageError: as `picture_of`.
    """
    given: Any = image
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        return cast("_Image", [apply(function, one) for one in cast("Sequence[Any]", given)])
    result = function(picture_of(given))
    return cast("_Image", _in_kind(result, given))


def _in_kind(result: Picture, given: object) -> object:
    if isinstance(given, np.ndarray):
        return np.asarray(result)
    if isinstance(given, Image.Image):
        return result.to_pil()
    if isinstance(given, bytes):
        return encode_picture(result, "png")
    if isinstance(given, Picture | str | os.PathLike):
        return result
    return BytesIO(encode_picture(result, "png"))
