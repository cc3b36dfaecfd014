"""Super-resolution: fidelity of an enlarged image to the original.

All functions take a prediction and a truth, (H, W, 3), uint8 RGB; `border` pixels are cut off each side first (the
field cuts the scale). All raise InputError where the images cannot be compared.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from ..core import InputError
from .arrays import Float, Pixels, check_images

__all__ = ["luma", "psnr", "psnr_y", "ssim", "ssim_y"]


def luma(image: Pixels) -> Float:
    """Return Y of BT.601 in studio range, 16-235, float64 (H, W): MATLAB's rgb2ycbcr without its rounding.

    Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255. The field's figures (BasicSR, IMDN) leave it unrounded.
    """
    return 16 + image.astype(np.float64) @ (np.array([65.481, 128.553, 24.966]) / 255)


def psnr(prediction: Pixels, truth: Pixels, border: int = 0) -> float:
    """Return the peak signal-to-noise ratio over the three channels together, in dB, with a peak of 255.

    Identical images: infinity.
    """
    check_images(prediction, truth, border)
    return _decibels(_inner(prediction, border).astype(np.float64), _inner(truth, border).astype(np.float64))


def psnr_y(prediction: Pixels, truth: Pixels, border: int = 0) -> float:
    """Return the PSNR of `luma`, in dB, with a peak of 255: the figure of super-resolution papers.

    The peak is 255 although Y ends at 235, as in the papers' code. Identical images: infinity.
    """
    check_images(prediction, truth, border)
    return _decibels(luma(_inner(prediction, border)), luma(_inner(truth, border)))


def ssim(prediction: Pixels, truth: Pixels, border: int = 0) -> float:
    """Return the structural similarity, the mean of the three channels' figures, at most 1.

    Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE TIP 13(4), 2004, as
    published: an 11x11 Gaussian of sigma 1.5, K1 0.01, K2 0.03, a range of 255, biased (co)variances, the mean over
    the pixels whose window lies within the image, no down-sampling.

    Raises:
        InputError: the images cannot be compared, or less than 11x11 pixels are left.
    """
    check_images(prediction, truth, border)
    a, b = _inner(prediction, border).astype(np.float64), _inner(truth, border).astype(np.float64)
    return float(np.mean([_similarity(a[..., channel], b[..., channel]) for channel in range(3)]))


def ssim_y(prediction: Pixels, truth: Pixels, border: int = 0) -> float:
    """Return the structural similarity of `luma`, at most 1: the figure of super-resolution papers (see `ssim`)."""
    check_images(prediction, truth, border)
    return _similarity(luma(_inner(prediction, border)), luma(_inner(truth, border)))


def _inner(image: Pixels, border: int) -> Pixels:
    return image[border : image.shape[0] - border, border : image.shape[1] - border]


def _decibels(prediction: Float, truth: Float) -> float:
    error = float(np.mean(np.square(prediction - truth)))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def _similarity(a: Float, b: Float) -> float:
    if min(a.shape) < 11:
        raise InputError(f"SSIM needs 11x11 pixels and has {a.shape[1]}x{a.shape[0]}; give a larger image or crop less")
    mean_a, mean_b = _blur(a), _blur(b)
    variance_a = _blur(a * a) - mean_a * mean_a
    variance_b = _blur(b * b) - mean_b * mean_b
    covariance = _blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    upper = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    lower = (mean_a * mean_a + mean_b * mean_b + c1) * (variance_a + variance_b + c2)
    return float(np.mean(upper / lower))


def _blur(values: Float) -> Float:
    weights = np.exp(-np.square(np.arange(-5.0, 6.0)) / (2 * 1.5**2))
    weights /= weights.sum()
    blurred = cv2.sepFilter2D(np.ascontiguousarray(values), cv2.CV_64F, weights, weights)
    return np.asarray(blurred, dtype=np.float64)[5:-5, 5:-5]
