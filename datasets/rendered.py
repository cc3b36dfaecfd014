"""Images from a seed: textures and backgrounds, for the synthetic set and for demonstrations."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .sample import Pixels

__all__ = ["TEXTURES", "Plane", "noise", "palette", "render_background", "render_texture"]

Plane = NDArray[np.float64]
"""Values 0-1, (H, W)."""

TEXTURES = ("clouds", "tiles", "stripes", "leaves", "lights", "hills")
"""What a texture can look like."""


def render_background(height: int, width: int, seed: int) -> Pixels:
    """Return a background, (height, width, 3) uint8 RGB: the same for the same arguments, another for another seed."""
    rng = np.random.default_rng([seed, 7])
    kind = TEXTURES[int(rng.integers(len(TEXTURES)))]
    return render_texture(height, width, kind, palette(rng), rng)


def palette(rng: np.random.Generator, count: int = 4) -> Plane:
    """Return `count` RGB colours that go together, (count, 3), values 0-255."""
    hue = rng.random() + rng.choice([0.05, 0.12, 0.3]) * np.arange(count)
    saturation = rng.uniform(0.15, 0.75, count)
    value = np.linspace(rng.uniform(0.15, 0.4), rng.uniform(0.7, 1), count)
    return np.stack([_hsv(h, s, v) for h, s, v in zip(hue, saturation, value, strict=True)])


def noise(height: int, width: int, rng: np.random.Generator, *, cell: float, octaves: int = 4) -> Plane:
    """Return smooth noise, (height, width), stretched to 0-1; `cell` is the size of its largest features in pixels."""
    total = np.zeros((height, width))
    for octave in range(octaves):
        size = max(cell / 2**octave, 1.0)
        grid = rng.random((int(height / size) + 2, int(width / size) + 2))
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    total -= total.min()
    return total / max(float(total.max()), 1e-9)


def render_texture(height: int, width: int, kind: str, colours: Plane, rng: np.random.Generator) -> Pixels:
    """Paint one of `TEXTURES`, (height, width, 3) uint8 RGB, in the given colours, (4, 3) of 0-255."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    soft = noise(height, width, rng, cell=max(height, width) / 3)
    if kind == "tiles":
        size, slant = rng.uniform(0.06, 0.16) * height, rng.uniform(-0.4, 0.4)
        field = ((x + slant * y) // size + y // size) % 2 * 0.6 + 0.4 * soft
    elif kind == "stripes":
        angle, size = rng.uniform(0, np.pi), rng.uniform(0.03, 0.09) * height
        field = 0.5 + 0.4 * np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / size) + 0.2 * (soft - 0.5)
    elif kind == "leaves":
        field = noise(height, width, rng, cell=height / 9, octaves=5)
        field = np.where(field > 0.5, field, 0.6 * field)
    elif kind == "lights":
        return _lights(_paint(0.3 * soft, colours), colours, rng)
    elif kind == "hills":
        field = 0.2 * soft + 0.8 * (1 - y / height)
        for layer in range(3):
            ridge = height * (0.45 + 0.18 * layer) + height * 0.2 * (noise(1, width, rng, cell=width / 4)[0] - 0.5)
            field = np.where(y > ridge, 0.5 - 0.15 * layer + 0.1 * soft, field)
    else:
        field = soft
    grain = rng.normal(0, 2.5, (height, width, 1))
    return np.clip(np.rint(_paint(field, colours) + grain), 0, 255).astype(np.uint8)


def _paint(field: Plane, colours: Plane) -> NDArray[np.float64]:
    """Mix the colours by a field of 0-1: (H, W) to (H, W, 3)."""
    at = np.clip(field, 0, 1) * (len(colours) - 1)
    low = np.minimum(at.astype(np.intp), len(colours) - 2)
    share = (at - low)[..., None]
    return colours[low] * (1 - share) + colours[low + 1] * share


def _lights(ground: NDArray[np.float64], colours: Plane, rng: np.random.Generator) -> Pixels:
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
