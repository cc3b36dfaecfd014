"""Augmentation for segmentation: scenes put together from subjects and grounds, geometry, light, and what cameras do.

Photos are ``(h, w, 3)`` 8-bit RGB. Targets are ``(h, w, 2)`` in 0..1: the true matte, and what to learn, which may
lean to the teacher's.
"""

from __future__ import annotations

import cv2
import numpy as np
from matte_data import DEVIATION, MEAN
from numpy.typing import NDArray

Photo = NDArray[np.uint8]
Matte = NDArray[np.float32]
Subject = tuple[Photo, Matte]
"""A photo and the matte ``(h, w)`` of what is to be taken from it."""

FEATHER = (0.5, 1.2)
"""Pixels by which a pasted subject's edge is softened, or the cut would show."""


def compose(subjects: list[Subject], ground: Photo, rng: np.random.Generator) -> Subject:
    """The subjects at places and in sizes of their own before the ground, the later ones in front."""
    height, width = ground.shape[:2]
    canvas: NDArray[np.float32] = ground.astype(np.float32)
    matte: Matte = np.zeros((height, width), np.float32)
    for photo, alpha in subjects:
        rows, columns = np.flatnonzero(alpha.max(1) > 0.5), np.flatnonzero(alpha.max(0) > 0.5)
        if len(rows) < 8 or len(columns) < 8:
            continue
        tall, wide = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
        share = float(rng.uniform(0.35, 0.95)) / len(subjects) ** 0.5
        zoom = min(share * max(height, width) / max(tall, wide), 2.0)
        # Cut off by the frame now and then.
        loose = 0.25 if rng.random() < 0.25 else 0.0
        x = float(rng.uniform(-loose * wide * zoom, max(width - (1 - loose) * wide * zoom, 1)))
        y = float(rng.uniform(-loose * tall * zoom, max(height - (1 - loose) * tall * zoom, 1)))
        flip = -1.0 if rng.random() < 0.5 else 1.0
        start = columns[0] if flip > 0 else columns[-1]
        matrix = np.array([[zoom * flip, 0, x - zoom * flip * start], [0, zoom, y - zoom * rows[0]]])
        moved = cv2.warpAffine(photo, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        cut = cv2.warpAffine(alpha, matrix, (width, height), borderMode=cv2.BORDER_CONSTANT).astype(np.float32)
        cut = cv2.GaussianBlur(cut, (0, 0), float(rng.uniform(*FEATHER))).astype(np.float32)
        # In the light of the ground, more or less.
        pull = float(rng.uniform(0, 0.5))
        moved += pull * (canvas.mean((0, 1)) - (moved * cut[..., None]).sum((0, 1)) / max(float(cut.sum()), 1.0))
        canvas = (canvas + cut[..., None] * (moved - canvas)).astype(np.float32)
        matte = (matte + cut * (1 - matte)).astype(np.float32)
    return canvas.clip(0, 255).round().astype(np.uint8), matte


def drawn_matte(side: int, rng: np.random.Generator) -> Matte:
    """The matte of a drawn thing: a lump, a few strokes or rings, with holes, a soft edge or translucent at times."""
    fine = 2 * side
    canvas = np.zeros((fine, fine), np.uint8)
    kind = rng.random()
    centre = rng.uniform(0.3, 0.7, 2) * fine
    if kind < 0.5:
        angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
        radius = np.ones(90)
        for wave in range(1, int(rng.integers(3, 9))):
            radius += float(rng.uniform(0, 0.5)) / wave * np.cos(wave * angle + float(rng.uniform(0, 6.3)))
        reach = rng.uniform(0.1, 0.36, 2) * fine
        points = centre + np.stack((np.cos(angle), np.sin(angle)), 1) * radius[:, None] * reach
        cv2.fillPoly(canvas, [points.round().astype(np.int32)], 255)
    if kind > 0.3:
        for _ in range(int(rng.integers(1, 40))):
            start = centre + rng.normal(0, 0.06, 2) * fine
            ends = start + np.cumsum(rng.normal(0, 0.04, (7, 2)) + rng.normal(0, 0.03, 2), 0) * fine
            cv2.polylines(canvas, [ends.round().astype(np.int32)], False, 255, int(rng.integers(2, 14)), cv2.LINE_AA)
    if rng.random() < 0.35:
        for _ in range(int(rng.integers(1, 6))):
            middle, axes = centre + rng.normal(0, 0.1, 2) * fine, rng.uniform(0.02, 0.12, 2) * fine
            turn = float(rng.uniform(0, 180))
            hole = (middle.round().astype(int).tolist(), axes.round().astype(int).tolist(), turn, 0, 360, 0, -1)
            cv2.ellipse(canvas, *hole)
    matte = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    if rng.random() < 0.3:
        matte = cv2.GaussianBlur(matte, (0, 0), float(rng.uniform(1, 6)))
    if rng.random() < 0.2:
        inner = cv2.GaussianBlur(matte, (0, 0), 8.0)
        matte = matte * (1 - float(rng.uniform(0.1, 0.6)) * inner)
    return matte.astype(np.float32)


def plain_ground(side: int, rng: np.random.Generator) -> Photo:
    """A shade, a gradient, or soft clouds, with grain at times."""
    kind = rng.random()
    if kind < 0.25:
        ground = np.broadcast_to(rng.uniform(0, 255, 3), (side, side, 3))
    elif kind < 0.6:
        ends, way = rng.uniform(0, 255, (2, 3)), rng.normal(0, 1, 2)
        y, x = np.mgrid[:side, :side] / side - 0.5
        ramp = np.clip(0.5 + (way[0] * y + way[1] * x) / max(float(np.abs(way).sum()), 1e-6), 0, 1)[..., None]
        ground = ends[0] + ramp * (ends[1] - ends[0])
    else:
        cells = int(rng.integers(2, 24))
        grid = rng.uniform(0, 255, 3) + rng.normal(0, float(rng.uniform(10, 60)), (cells, cells, 3))
        ground = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.5:
        ground = ground + rng.normal(0, float(rng.uniform(1, 10)), (side, side, 1))
    return np.clip(ground, 0, 255).round().astype(np.uint8)


def soften(ground: Photo, rng: np.random.Generator) -> Photo:
    """As a lens renders what is out of focus."""
    return cv2.GaussianBlur(ground, (0, 0), float(rng.uniform(2, 12))).astype(np.uint8)


def warp(photo: Photo, target: Matte, side: int, rng: np.random.Generator) -> tuple[Photo, Matte]:
    """Flipped, turned a little, stretched, enlarged or shrunk and shifted, into ``side`` x ``side``."""
    height, width = photo.shape[:2]
    angle = float(rng.normal(0, 0.1))
    zoom = float(np.exp(rng.uniform(-0.3, 0.35)))
    stretch = float(np.exp(rng.uniform(-0.15, 0.15)))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([flip * zoom * stretch * side / width, zoom / stretch * side / height])
    # What is enlarged beyond the frame is cut; what is smaller is continued by its mirror image.
    shift = rng.uniform(-0.5, 0.5, 2) * side * max(abs(zoom - 1), 0.1)
    offset = side / 2 + shift - linear @ np.array([width / 2, height / 2])
    matrix = np.column_stack((linear, offset))
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_REFLECT_101
    moved = cv2.warpAffine(photo, matrix, (side, side), flags=flags, borderMode=border)
    kept = cv2.warpAffine(target, matrix, (side, side), flags=flags, borderMode=border)
    return moved.astype(np.uint8), kept.astype(np.float32)


def camera(photo: Photo, rng: np.random.Generator) -> Photo:
    """Exposure, white balance, saturation, haze, blur, noise and JPEG, each at times."""
    pixels = photo.astype(np.float32) / 255
    if rng.random() < 0.8:
        pixels = pixels ** float(np.exp(rng.normal(0, 0.25)))
        pixels = pixels * float(np.exp(rng.normal(0, 0.15))) + float(rng.normal(0, 0.03))
    if rng.random() < 0.6:
        grey = pixels.mean(2, keepdims=True)
        saturation = 0.0 if rng.random() < 0.08 else float(rng.uniform(0.4, 1.5))
        pixels = (grey + (pixels - grey) * saturation) * rng.uniform(0.88, 1.12, 3)
    if rng.random() < 0.15:
        veil = float(rng.uniform(0.1, 0.5))
        pixels = pixels * (1 - veil) + veil * rng.uniform(0.2, 0.9)
    if rng.random() < 0.15:
        pixels = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.5, 1.8)))
    elif rng.random() < 0.05:
        length = int(rng.integers(3, 9))
        kernel = np.zeros((length, length), np.float32)
        cv2.line(kernel, (0, int(rng.integers(length))), (length - 1, int(rng.integers(length))), 1.0)
        pixels = cv2.filter2D(pixels, -1, kernel / kernel.sum())
    if rng.random() < 0.2:
        pixels = pixels + rng.normal(0, float(rng.uniform(0.01, 0.06)), pixels.shape)
    shot = (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)
    if rng.random() < 0.25:
        encoded = cv2.imencode(".jpg", shot, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])[1]
        shot = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return shot


def as_input(photo: Photo) -> NDArray[np.float32]:
    """Normalised for the network, ``(3, h, w)``."""
    pixels = photo.astype(np.float32) / max(float(photo.max()), 1.0)
    return np.ascontiguousarray(
        ((pixels - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)).transpose(2, 0, 1)
    )
