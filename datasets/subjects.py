"""The mattes of the synthetic set: shapes whose coverage of each pixel is known exactly."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .rendered import Plane, noise
from .sample import AlphaMatte

__all__ = ["KINDS", "render_alpha"]

KINDS = ("solid", "soft", "hair", "holes", "glass", "confusing", "empty")
"""What a matte can look like: one subject with a crisp edge, with a soft one, with strands, with holes, translucent,
crisp before a background of the subject's own texture, and none at all."""

_FINE = 4
"""Fine pixels per pixel and direction, whose mean is the coverage: an alpha in steps of 1/16."""


def render_alpha(height: int, width: int, kind: str, rng: np.random.Generator) -> AlphaMatte:
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


def _glass(body: NDArray[np.uint8], height: int, width: int, rng: np.random.Generator) -> Plane:
    """Return the opacity of a hollow body: little in its middle, more towards its rim, and a few highlights."""
    fine = np.asarray(cv2.distanceTransform(body, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), dtype=np.float64)
    depth = cv2.resize(fine / max(float(fine.max()), 1.0), (width, height), interpolation=cv2.INTER_AREA)
    middle = rng.uniform(0.25, 0.5)
    opacity = middle + (0.95 - middle) * np.exp(-depth / 0.15)
    shine = noise(height, width, rng, cell=height / 4, octaves=2)
    return np.maximum(opacity, np.clip((shine - 0.75) * 4, 0, 0.9))
