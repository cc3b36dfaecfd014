"""Pairs of low- and high-resolution images for super-resolution, and the figure that is reported (PSNR on Y)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""``(h, w, 3)``, RGB, 0..255."""

HELD_OUT = 8
"""So many of the training photos, the last by name, are kept back to watch the training by."""

SMALLER = (0.75, 0.6)
"""The other sizes at which each photo is trained on."""


def read_rgb(path: Path) -> Image:
    """The photo at ``path``."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"no readable image at {path}")
    return np.ascontiguousarray(image[:, :, ::-1], dtype=np.uint8)


def _axis_weights(length: int, target: int) -> NDArray[np.float64]:
    """The ``(target, length)`` matrix of MATLAB's ``imresize``: bicubic, widened when shrinking, edges mirrored."""
    ratio = target / length
    stretch = min(ratio, 1.0)
    centres = (np.arange(target) + 0.5) / ratio - 0.5
    radius = int(np.ceil(2 / stretch)) + 1
    taps = np.floor(centres)[:, None] + np.arange(-radius, radius + 1)[None]
    distance = np.abs((centres[:, None] - taps) * stretch)
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = np.where(distance <= 1, near, np.where(distance <= 2, far, 0.0))
    weights /= weights.sum(1, keepdims=True)
    # Mirrored with the edge pixel repeated, as MATLAB does: ... 1 0 | 0 1 ... n-1 | n-1 n-2 ...
    folded = np.mod(taps, 2 * length).astype(int)
    folded = np.where(folded >= length, 2 * length - 1 - folded, folded)
    matrix = np.zeros((target, length))
    np.add.at(matrix, (np.arange(target)[:, None].repeat(taps.shape[1], 1), folded), weights)
    return matrix


def imresize(image: Image, height: int, width: int) -> Image:
    """``image`` resized as by MATLAB's antialiased bicubic ``imresize``, rounded to 8 bits."""
    rows, columns = _axis_weights(image.shape[0], height), _axis_weights(image.shape[1], width)
    resized = np.einsum("yh,hwc,xw->yxc", rows, image.astype(np.float64), columns, optimize=True)
    return np.clip(np.rint(resized), 0, 255).astype(np.uint8)


def luminance(image: Image) -> NDArray[np.float64]:
    """BT.601 studio-range Y (16..235) of 8-bit RGB, ``(h, w)``, as MATLAB's ``rgb2ycbcr`` before its rounding."""
    return image.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255 + 16


def psnr_y(image: Image, reference: Image, border: int) -> float:
    """Peak signal-to-noise ratio on Y in dB, ``border`` pixels cropped from each side."""
    difference = (luminance(image) - luminance(reference))[border:-border, border:-border]
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


def render_image(rng: np.random.Generator, size: int = 384) -> Image:
    """A drawn image, ``(size, size, 3)``: lines, text, shapes and gratings, anti-aliased, on a flat or shaded ground.

    Photos of landscapes hold little of these, and users upscale logos, screenshots and documents as well.
    """
    large = 2 * size
    colours = rng.integers(0, 256, (40, 3)).tolist()
    ramp = np.linspace(0, 1, large)[None, :, None]
    start, end = rng.integers(0, 256, (2, 3))
    canvas = np.ascontiguousarray(np.broadcast_to(start + ramp * (end - start), (large, large, 3)).astype(np.uint8))
    ys, xs = np.mgrid[0:large, 0:large].astype(np.float32)
    for _ in range(3):
        angle, period = rng.uniform(0, np.pi), rng.uniform(8, 60)
        wave = np.sin((xs * np.cos(angle) + ys * np.sin(angle)) * 2 * np.pi / period)
        top, left = rng.integers(0, large * 3 // 4, 2)
        patch = (slice(top, top + large // 4), slice(left, left + large // 4))
        blend = (wave[patch][..., None] * rng.uniform(0.2, 0.5) + 0.5) * rng.integers(60, 256, 3)
        canvas[patch] = np.clip(blend, 0, 255).astype(np.uint8)
    for index in range(30):
        colour = colours[index]
        x, y, x2, y2 = (int(v) for v in rng.integers(0, large, 4))
        match index % 5:
            case 0:
                cv2.line(canvas, (x, y), (x2, y2), colour, int(rng.integers(2, 9)), cv2.LINE_AA)
            case 1:
                cv2.circle(canvas, (x, y), int(rng.integers(8, 120)), colour, int(rng.integers(1, 8)), cv2.LINE_AA)
            case 2:
                corners = rng.integers(-90, 90, (4, 1, 2)) + np.array([x, y])
                cv2.fillPoly(canvas, [corners.astype(np.int32)], colour, cv2.LINE_AA)
            case _:
                text = "".join(chr(c) for c in rng.integers(33, 127, int(rng.integers(4, 14))))
                scale, weight = float(rng.uniform(0.8, 3.2)), int(rng.integers(1, 6))
                cv2.putText(canvas, text, (x - 100, y), int(rng.integers(0, 8)), scale, colour, weight, cv2.LINE_AA)
    return imresize(canvas, size, size)


def training_images(root: Path, rendered: int, seed: int, *, full_size: bool = True) -> Iterator[Image]:
    """The photos to train on, at full size (if so wished) and smaller, and ``rendered`` drawn images."""
    for path in sorted((root / "super_resolution/bsds500_train100").iterdir())[:-HELD_OUT]:
        photo = read_rgb(path)
        if full_size:
            yield photo
        # Smaller means sharper: the JPEG blocks and the lens blur of the original shrink away.
        for share in SMALLER:
            yield imresize(photo, round(photo.shape[0] * share), round(photo.shape[1] * share))
    rng = np.random.default_rng(seed)
    for _ in range(rendered):
        yield render_image(rng)


def held_out_images(root: Path) -> list[Image]:
    """The photos that are never trained on, to choose by."""
    return [read_rgb(path) for path in sorted((root / "super_resolution/bsds500_train100").iterdir())[-HELD_OUT:]]


def make_pair(image: Image, scale: int) -> tuple[Image, Image]:
    """``(low, high)``: the image cropped to a multiple of ``scale``, and shrunk by it."""
    height, width = image.shape[0] // scale * scale, image.shape[1] // scale * scale
    high = np.ascontiguousarray(image[:height, :width])
    return imresize(high, height // scale, width // scale), high


def sample_batch(
    pairs: list[tuple[Image, Image]], scale: int, patch: int, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Random aligned crops, flipped and turned: ``(count, patch, patch, 3)`` and ``scale`` times that, both 8-bit.

    Each is the busier one of two candidates: half of a photo is sky, and there is nothing to be learnt from it.
    """
    lows = np.empty((count, patch, patch, 3), np.uint8)
    highs = np.empty((count, patch * scale, patch * scale, 3), np.uint8)
    for index in range(count):
        low, high = pairs[int(rng.integers(len(pairs)))]
        y, x = max(
            (
                (int(rng.integers(low.shape[0] - patch + 1)), int(rng.integers(low.shape[1] - patch + 1)))
                for _ in range(2)
            ),
            key=lambda at: float(low[at[0] : at[0] + patch : 2, at[1] : at[1] + patch : 2, 1].std()),
        )
        turn, flip = int(rng.integers(4)), bool(rng.integers(2))
        for source, target, factor in ((low, lows, 1), (high, highs, scale)):
            crop = source[y * factor : (y + patch) * factor, x * factor : (x + patch) * factor]
            target[index] = np.rot90(crop[:, ::-1] if flip else crop, turn)
    return lows, highs
