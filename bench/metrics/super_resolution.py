"""Super-resolution: fidelity of an enlarged picture to the original.

All functions take a prediction and a truth, (H, W, 3), uint8 RGB; `border` pixels are cut off each side first (the
field cuts the scale). All raise InputError where the pictures cannot be compared.
"""

from __future__ import annotations

import math

import numpy as np

from .arrays import Float, Pixels, check_pictures

__all__ = ["luma", "psnr", "psnr_y"]


def luma(picture: Pixels) -> Float:
    """Return Y of BT.601 in studio range, 16-235, float64 (H, W): MATLAB's rgb2ycbcr without its rounding.

    Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255. The field's figures (BasicSR, IMDN) leave it unrounded.
    """
    return 16 + picture.astype(np.float64) @ (np.array([65.481, 128.553, 24.966]) / 255)


def psnr(prediction: Pixels, truth: Pixels, border: int = 0) -> float:
    """Return the peak signal-to-noise ratio over the three channels together, in dB, with a peak of 255.

    Identical pictures: infinity.
    """
    check_pictures(prediction, truth, border)
    return _decibels(_inner(prediction, border).astype(np.float64), _inner(truth, border).astype(np.float64))


def psnr_y(prediction: Pixels, truth: Pixels, border: int = 0) -> float:
    """Return the PSNR of `luma`, in dB, with a peak of 255: the figure of super-resolution papers.

    The peak is 255 although Y ends at 235, as in the papers' code. Identical pictures: infinity.
    """
    check_pictures(prediction, truth, border)
    return _decibels(luma(_inner(prediction, border)), luma(_inner(truth, border)))


def _inner(picture: Pixels, border: int) -> Pixels:
    return picture[border : picture.shape[0] - border, border : picture.shape[1] - border]


def _decibels(prediction: Float, truth: Float) -> float:
    error = float(np.mean(np.square(prediction - truth)))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)
