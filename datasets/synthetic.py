"""The synthetic set: images whose matte and foreground are known exactly, made from a seed, without a download."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ..core import InputError, atomic_directory
from .images import write_png
from .rendered import TEXTURES, palette, render_texture
from .sample import Dataset, Entry, Sample
from .subjects import KINDS, render_alpha

__all__ = ["RENDERING", "synthetic", "write_synthetic"]

RENDERING = 1
"""Version of the images; it enters the content hash, and grows whenever the same seed gives other images."""


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
    entries: list[Entry] = []
    for index in range(count):
        kind = kinds[index % len(kinds)]
        name = f"{index:04d}-{kind}"
        recipe = f"synthetic {RENDERING} seed={seed} index={index} kind={kind} size={width}x{height}"
        entries.append(
            Entry(name, partial(_render, name, kind, (height, width), [RENDERING, seed, index]), recipe=recipe)
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
    alpha = render_alpha(height, width, kind, rng)
    texture = TEXTURES[int(rng.integers(len(TEXTURES)))]
    colours = palette(rng)
    background = render_texture(height, width, texture, colours, rng)
    if kind == "confusing":
        # The same texture and nearly the same colours: only its own, finer pattern tells the subject apart.
        foreground = render_texture(height, width, texture, np.clip(colours * 0.8 + 35, 0, 255), rng)
    else:
        other = TEXTURES[int(rng.integers(len(TEXTURES)))]
        foreground = render_texture(height, width, other, palette(rng), rng)
    share = alpha[..., None].astype(np.float64)
    image = np.rint(share * foreground + (1 - share) * background).astype(np.uint8)
    return Sample(name, image, alpha=alpha, foreground=foreground, tags={"kind": kind})
