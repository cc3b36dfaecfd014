"""The synthetic set: images whose matte and foreground are known exactly, made from a seed, without a download.

The mattes are shapes whose coverage of each pixel is known; foregrounds and backgrounds are drawn textures.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import InputError, atomic_directory
from .sample import AlphaMatte, Dataset, LazySample, Pixels, Sample, write_png

__all__ = ["KINDS", "RENDERING", "TEXTURES", "render_background", "synthetic", "write_synthetic"]

RENDERING = 1
"""Version of the images; it enters the content hash, and grows whenever the same seed gives other images."""

_Plane = NDArray[np.float64]
"""Values 0-1, (H, W)."""

TEXTURES = ("clouds", "tiles", "stripes", "leaves", "lights", "hills")
"""What a texture can look like."""

KINDS = ("solid", "soft", "hair", "holes", "glass", "confusing", "empty")
"""What a matte can look like: one subject with a crisp edge, with a soft one, with strands, with holes, translucent,
crisp before a background of the subject's own texture, and none at all."""

_FINE = 4
"""Fine pixels per pixel and direction, whose mean is the coverage: an alpha in steps of 1/16."""


def synthetic(
    count: int = 42, *, seed: int = 0, height: int = 288, width: int = 384, kinds: tuple[str, ...] = KINDS
) -> Dataset:
    """Make a data set for segmentation with exact mattes, the same for the same arguments.

    The kinds take turns, so every multiple of their number has each equally often; the tag `kind` tells them apart.
    An image is `alpha * foreground + (1 - alpha) * background` in its own values, rounded to 8 bits; the alpha is a
    multiple of 1/255, so nothing is lost when it is stored. The content hash is that of the recipe, not of the pixels,
    which another version of OpenCV may round otherwise.

    Args:
        count: 1 or more.
        seed: 0 or more.
        height: of each image, in pixels, 32 or more.
        width: the same.
        kinds: some of `KINDS`.

    Raises:
        InputError: an argument is out of range.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise InputError(
            f"the synthetic set has no kind {unknown[0] if unknown else ''!r}; choose from {', '.join(KINDS)}"
        )
    if count < 1 or seed < 0 or min(height, width) < 32:
        raise InputError(
            f"a synthetic set of {count} images of {width}x{height} from seed {seed} cannot be made; "
            "ask for 1 or more, of 32x32 or larger, from a seed of 0 or more"
        )
    entries: list[LazySample] = []
    for index in range(count):
        kind = kinds[index % len(kinds)]
        name = f"{index:04d}-{kind}"
        recipe = f"synthetic {RENDERING} seed={seed} index={index} kind={kind} size={width}x{height}"
        entries.append(
            LazySample(name, partial(_render, name, kind, (height, width), [RENDERING, seed, index]), recipe=recipe)
        )
    return Dataset("synthetic", "segmentation", tuple(entries), source=f"seed {seed}")


def write_synthetic(dataset: Dataset, folder: Path) -> None:
    """Write a synthetic set as PNG files: `images/`, `masks/` and `foregrounds/`, which `segmentation_folders` reads.

    A set that was written there before is replaced as a whole.

    Raises:
        InputError: `folder` is a file, or has something in it that mattekit did not write.
    """
    parts = ("images", "masks", "foregrounds")
    with atomic_directory(folder) as temporary:
        for part in parts:
            (temporary / part).mkdir()
        for sample in dataset:
            if sample.alpha is None or sample.foreground is None:
                raise InputError(f"the data set {dataset.name} has no mattes and foregrounds; give a synthetic one")
            mask = np.rint(sample.alpha * 255).astype(np.uint8)
            for part, array in zip(parts, (sample.image, mask, sample.foreground), strict=True):
                write_png(temporary / part / f"{sample.id}.png", array)


def _render(name: str, kind: str, size: tuple[int, int], seeds: list[int]) -> Sample:
    height, width = size
    rng = np.random.default_rng(seeds)
    alpha = _render_alpha(height, width, kind, rng)
    texture = TEXTURES[int(rng.integers(len(TEXTURES)))]
    colours = _palette(rng)
    background = _render_texture(height, width, texture, colours, rng)
    if kind == "confusing":
        # The same texture and nearly the same colours: only its own, finer pattern tells the subject apart.
        foreground = _render_texture(height, width, texture, np.clip(colours * 0.8 + 35, 0, 255), rng)
    else:
        other = TEXTURES[int(rng.integers(len(TEXTURES)))]
        foreground = _render_texture(height, width, other, _palette(rng), rng)
    share = alpha[..., None].astype(np.float64)
    image = np.rint(share * foreground + (1 - share) * background).astype(np.uint8)
    return Sample(name, image, alpha=alpha, foreground=foreground, tags={"kind": kind})


def render_background(height: int, width: int, seed: int) -> Pixels:
    """Return a background, (height, width, 3) uint8 RGB: the same for the same arguments, another for another seed."""
    rng = np.random.default_rng([seed, 7])
    kind = TEXTURES[int(rng.integers(len(TEXTURES)))]
    return _render_texture(height, width, kind, _palette(rng), rng)


def _palette(rng: np.random.Generator, count: int = 4) -> _Plane:
    """Return `count` RGB colours that go together, (count, 3), values 0-255."""
    hue = rng.random() + rng.choice([0.05, 0.12, 0.3]) * np.arange(count)
    saturation = rng.uniform(0.15, 0.75, count)
    value = np.linspace(rng.uniform(0.15, 0.4), rng.uniform(0.7, 1), count)
    return np.stack([_hsv(h, s, v) for h, s, v in zip(hue, saturation, value, strict=True)])


def _noise(height: int, width: int, rng: np.random.Generator, *, cell: float, octaves: int = 4) -> _Plane:
    """Return smooth noise, (height, width), stretched to 0-1; `cell` is the size of its largest features in pixels."""
    total = np.zeros((height, width))
    for octave in range(octaves):
        size = max(cell / 2**octave, 1.0)
        grid = rng.random((int(height / size) + 2, int(width / size) + 2))
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    total -= total.min()
    return total / max(float(total.max()), 1e-9)


def _render_texture(height: int, width: int, kind: str, colours: _Plane, rng: np.random.Generator) -> Pixels:
    """Paint one of `TEXTURES`, (height, width, 3) uint8 RGB, in the given colours, (4, 3) of 0-255."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    soft = _noise(height, width, rng, cell=max(height, width) / 3)
    if kind == "tiles":
        size, slant = rng.uniform(0.06, 0.16) * height, rng.uniform(-0.4, 0.4)
        field = ((x + slant * y) // size + y // size) % 2 * 0.6 + 0.4 * soft
    elif kind == "stripes":
        angle, size = rng.uniform(0, np.pi), rng.uniform(0.03, 0.09) * height
        field = 0.5 + 0.4 * np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / size) + 0.2 * (soft - 0.5)
    elif kind == "leaves":
        field = _noise(height, width, rng, cell=height / 9, octaves=5)
        field = np.where(field > 0.5, field, 0.6 * field)
    elif kind == "lights":
        return _lights(_paint(0.3 * soft, colours), colours, rng)
    elif kind == "hills":
        field = 0.2 * soft + 0.8 * (1 - y / height)
        for layer in range(3):
            ridge = height * (0.45 + 0.18 * layer) + height * 0.2 * (_noise(1, width, rng, cell=width / 4)[0] - 0.5)
            field = np.where(y > ridge, 0.5 - 0.15 * layer + 0.1 * soft, field)
    else:
        field = soft
    grain = rng.normal(0, 2.5, (height, width, 1))
    return np.clip(np.rint(_paint(field, colours) + grain), 0, 255).astype(np.uint8)


def _paint(field: _Plane, colours: _Plane) -> NDArray[np.float64]:
    """Mix the colours by a field of 0-1: (H, W) to (H, W, 3)."""
    at = np.clip(field, 0, 1) * (len(colours) - 1)
    low = np.minimum(at.astype(np.intp), len(colours) - 2)
    share = (at - low)[..., None]
    return colours[low] * (1 - share) + colours[low + 1] * share


def _lights(ground: NDArray[np.float64], colours: _Plane, rng: np.random.Generator) -> Pixels:
    canvas = np.clip(np.rint(ground), 0, 255).astype(np.uint8)
    height, width = canvas.shape[:2]
    for _ in range(18):
        layer = canvas.copy()
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        colour = [float(c) for c in colours[int(rng.integers(len(colours)))]]
        cv2.circle(layer, centre, int(rng.uniform(0.03, 0.12) * height) + 1, colour, -1, cv2.LINE_AA)
        share = float(rng.uniform(0.2, 0.6))
        canvas = cv2.addWeighted(layer, share, canvas, 1 - share, 0).astype(np.uint8)
    return canvas


def _hsv(hue: float, saturation: float, value: float) -> NDArray[np.float64]:
    turn = (hue * 6 + np.array([0, 4, 2])) % 6
    channel = np.clip(np.abs(turn - 3) - 1, 0, 1)
    return 255 * value * (1 - saturation + saturation * channel)


def _render_alpha(height: int, width: int, kind: str, rng: np.random.Generator) -> AlphaMatte:
    """Return the matte of a subject of one of `KINDS`, (height, width) float32, in steps of 1/255, 0-1."""
    if kind == "empty":
        return np.zeros((height, width), dtype=np.float32)
    fine = (height * _FINE, width * _FINE)
    outline = _outline(fine, rng)
    body = _filled(fine, outline)
    if kind == "hair":
        _add_strands(body, outline, rng)
    elif kind == "holes":
        _cut_holes(body, outline, rng)
    alpha = cv2.resize(body.astype(np.float64) / 255, (width, height), interpolation=cv2.INTER_AREA)
    if kind == "soft":
        alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.008, 0.02) * height)
    elif kind == "glass":
        alpha = alpha * _glass(body, height, width, rng)
    return (np.rint(np.clip(alpha, 0, 1) * 255) / np.float32(255)).astype(np.float32)


def _outline(fine: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int32]:
    """Return a star-shaped, wavy outline somewhere near the middle, (N, 2) of x, y in fine pixels."""
    height, width = fine
    angle = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    radius = np.ones_like(angle)
    for wave in range(2, 6):
        radius += rng.uniform(0, 0.32) / wave * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    size = rng.uniform(0.16, 0.34) * min(height, width)
    stretch = rng.uniform(0.8, 1.3)
    x = rng.uniform(0.38, 0.62) * width + size * stretch * radius * np.cos(angle)
    y = rng.uniform(0.4, 0.6) * height + size / stretch * radius * np.sin(angle)
    return np.rint(np.stack([x, y], axis=1)).astype(np.int32)


def _filled(fine: tuple[int, int], outline: NDArray[np.int32]) -> NDArray[np.uint8]:
    body = np.zeros(fine, dtype=np.uint8)
    cv2.fillPoly(body, [outline], 255)
    return body


def _add_strands(body: NDArray[np.uint8], outline: NDArray[np.int32], rng: np.random.Generator) -> None:
    """Draw curved strands, from half a pixel to one and a half pixels wide, outwards from the upper outline."""
    centre = outline.mean(axis=0)
    reach = 0.12 * body.shape[0]
    roots = outline[outline[:, 1] < centre[1] + 0.1 * body.shape[0]]
    for root in roots[rng.integers(len(roots), size=90)]:
        way = (root - centre) / max(float(np.linalg.norm(root - centre)), 1.0)
        side = np.array([-way[1], way[0]]) * rng.uniform(-0.6, 0.6)
        along = np.linspace(-0.15, 1, 14)[:, None] * reach * rng.uniform(0.35, 1.0)
        points = root + way * along + side * np.square(along) / reach
        cv2.polylines(body, [np.rint(points).astype(np.int32)], False, 255, int(rng.integers(2, 7)), cv2.LINE_8)


def _cut_holes(body: NDArray[np.uint8], outline: NDArray[np.int32], rng: np.random.Generator) -> None:
    left, top, wide, high = cv2.boundingRect(outline)
    for _ in range(int(rng.integers(3, 8))):
        x, y = rng.uniform(left + 0.2 * wide, left + 0.8 * wide), rng.uniform(top + 0.2 * high, top + 0.8 * high)
        axes = (int(rng.uniform(0.04, 0.13) * wide) + 1, int(rng.uniform(0.04, 0.13) * high) + 1)
        cv2.ellipse(body, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, 0, -1, cv2.LINE_8)


def _glass(body: NDArray[np.uint8], height: int, width: int, rng: np.random.Generator) -> _Plane:
    """Return the opacity of a hollow body: little in its middle, more towards its rim, and a few highlights."""
    fine = np.asarray(cv2.distanceTransform(body, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), dtype=np.float64)
    depth = cv2.resize(fine / max(float(fine.max()), 1.0), (width, height), interpolation=cv2.INTER_AREA)
    middle = rng.uniform(0.25, 0.5)
    opacity = middle + (0.95 - middle) * np.exp(-depth / 0.15)
    shine = _noise(height, width, rng, cell=height / 4, octaves=2)
    return np.maximum(opacity, np.clip((shine - 0.75) * 4, 0, 0.9))
