"""Augmentation for segmentation: new backgrounds (8-bit, one photo), geometry and colour (tensors, a whole batch)."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from matte_data import DEVIATION, MEAN
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


def compose(
    photo: NDArray[np.uint8], mask: NDArray[np.float32], background: NDArray[np.uint8], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The photo's subject on another ground: a photo, a blurred photo, a shade or a gradient. ``(h, w, 3)``.

    The mask (h, w), 0..1, is feathered a little, or the old background would show the network where the cut runs.
    """
    kind = rng.random()
    if kind < 0.4:
        ground = background
    elif kind < 0.7:
        ground = cv2.GaussianBlur(background, (0, 0), float(rng.uniform(2, 12)))
    else:
        ends = rng.integers(0, 256, (2, 3)).astype(np.float32)
        ramp = np.linspace(0, 1, photo.shape[0], dtype=np.float32)[:, None, None]
        ground = np.broadcast_to(ends[0] + ramp * (ends[1] - ends[0]), photo.shape).astype(np.uint8)
    if rng.random() < 0.5:
        ground = ground[:, ::-1]
    alpha = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 1.5)))[:, :, None]
    return (photo * alpha + ground * (1 - alpha)).round().astype(np.uint8)


def augment(photos: Tensor, masks: Tensor, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Flip, scale, shift, turn a little, change colours, blur, add noise; then normalise for the network.

    Args:
        photos: ``(n, h, w, 3)``, 8-bit, RGB.
        masks: ``(n, k, h, w)``, 0..1.
        side: of the square result.
        rng: the source of chance.

    Returns:
        ``(n, 3, side, side)`` normalised, and ``(n, k, side, side)`` in 0..1, on the same device.
    """
    count, device = photos.shape[0], photos.device
    pixels = photos.permute(0, 3, 1, 2).float() / 255

    def chance(low: float, high: float, *shape: int) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, *shape)).astype(np.float32)).to(device)

    angle, zoom = chance(-0.17, 0.17), torch.exp(chance(-0.25, 0.3))
    flip = torch.where(chance(0, 1) < 0.5, -1.0, 1.0)
    shift = chance(-0.12, 0.12, 2)
    rows = torch.stack((torch.cos(angle) * zoom * flip, -torch.sin(angle) * zoom, shift[:, 0]), 1)
    columns = torch.stack((torch.sin(angle) * zoom * flip, torch.cos(angle) * zoom, shift[:, 1]), 1)
    grid = functional.affine_grid(torch.stack((rows, columns), 1), [count, 3, side, side], align_corners=False)
    # Reflection keeps the frame filled; black bars would teach that subjects live in boxes.
    pixels = functional.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)
    masks = functional.grid_sample(masks, grid, padding_mode="reflection", align_corners=False)

    pixels = pixels.clamp(0, 1) ** torch.exp(chance(-0.35, 0.35, 1, 1, 1))
    grey = pixels.mean(1, keepdim=True)
    pixels = grey + (pixels - grey) * chance(0.4, 1.5, 1, 1, 1)
    pixels = pixels * chance(0.85, 1.15, 3, 1, 1) * chance(0.75, 1.25, 1, 1, 1) + chance(-0.05, 0.05, 1, 1, 1)
    if rng.random() < 0.15:
        pixels = functional.avg_pool2d(pixels, 3, stride=1, padding=1, count_include_pad=False)
    if rng.random() < 0.2:
        pixels = pixels + torch.randn_like(pixels) * float(rng.uniform(0.01, 0.06))
    pixels = pixels.clamp(0, 1)
    pixels = pixels / pixels.amax((1, 2, 3), keepdim=True).clamp_min(1e-6)
    mean, deviation = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    return (pixels - mean) / deviation, masks
