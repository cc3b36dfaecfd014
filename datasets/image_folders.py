"""Data sets in folders: images with masks, or images to be enlarged.

Where there are no small images to enlarge, they are made as the field makes them, by MATLAB's antialiased bicubic
reduction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core import InputError
from ..images import READABLE_EXTENSIONS, read_image
from .class_colours import CLASSES_FILE
from .class_masks import ClassNames, alpha_of, levels_of, read_classes, read_mask
from .sample import AlphaMatte, Dataset, LazySample, Pixels, Sample

__all__ = ["images_folder", "images_in", "read_alpha", "read_rgb", "segmentation_folders", "super_resolution_folders"]


def read_rgb(path: Path) -> Pixels:
    """Read an image as (H, W, 3) uint8 RGB, as every run reads it; an alpha channel is dropped.

    Raises:
        ImageError: the file cannot be read, or is not an image.
    """
    return read_image(path).with_depth(8).rgb.astype(np.uint8, copy=False)


def read_alpha(path: Path) -> AlphaMatte:
    """Read a mask as (H, W) float32, 0-1, from 1, 8 or 16 bits; colours are turned to grey, profiles are not applied.

    A mask with no values but 0 and 1 is read as binary: no published set means 1/255 by it.

    Raises:
        ImageError: the file cannot be read, or is not an image of 8 or 16 bits.
    """
    image = read_image(path, profiles=False)
    return alpha_of(levels_of(image), image.full)


def images_in(folder: Path) -> dict[str, Path]:
    """Return the images in a folder and the folders below it, by their path without suffix, in order of names.

    Hidden files are left out. A slash separates folders on every system.

    Raises:
        InputError: there is no such folder, there are no images in it, or two differ only in their suffix.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give one with images in it")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.suffix.lower() not in READABLE_EXTENSIONS or any(part.startswith(".") for part in inside.parts):
            continue
        stem = inside.with_suffix("").as_posix()
        if stem in found:
            raise InputError(f"{folder}: {found[stem].name} and {path.name} have one stem; keep one of them")
        found[stem] = path
    if not found:
        raise InputError(f"{folder} has no images; give a folder with {', '.join(sorted(READABLE_EXTENSIONS))} files")
    return found


def segmentation_folders(
    images: Path,
    masks: Path,
    *,
    name: str = "",
    foregrounds: Path | None = None,
    classes: Path | None = None,
    tag_folders: str = "",
) -> Dataset:
    """Open a folder of images and a folder of masks, matched by stem, whatever their suffixes.

    Args:
        images: images, in the folder or below it.
        masks: a mask for each, in the same places.
        name: of the data set; the name of the folder around `images` unless given.
        foregrounds: for exact composites, the subjects' own colours, matched likewise.
        classes: the file that names the masks' classes; one that lies in `masks` or around it unless given.
        tag_folders: a tag that gets the name of the folder below `images` that an image lies in, such as `clip`.

    Raises:
        InputError: a folder is missing or empty, or an image has no mask, or a mask no image. Sizes are compared
            when a sample is loaded: one that differs from its mask is an InputError too.
    """
    found, truths = images_in(images), images_in(masks)
    _no_orphans(found, truths, images, masks, "mask")
    colours = images_in(foregrounds) if foregrounds else {}
    if foregrounds:
        _no_orphans(found, colours, images, foregrounds, "foreground")
    beside = (folder / CLASSES_FILE for folder in (masks, masks.parent))
    described = classes or next((path for path in beside if path.is_file()), None)
    names = read_classes(described) if described else None
    recipe = f"classes {names.model_dump_json()}" if names else ""
    entries: list[LazySample] = []
    for stem, path in found.items():
        tags = {tag_folders: stem.rpartition("/")[0] or images.name} if tag_folders else {}
        load = partial(_load_segmentation, stem, path, truths[stem], colours.get(stem), names=names, tags=tags)
        files = (path, truths[stem], *([colours[stem]] if stem in colours else []))
        entries.append(LazySample(stem, load, files, recipe))
    return Dataset(name or images.resolve().parent.name, "segmentation", tuple(entries), source=str(images))


def images_folder(folder: Path) -> Dataset:
    """Open a folder of images for segmentation without their truth, to compare models' answers with each other.

    Raises:
        InputError: the folder is missing or empty.
    """
    entries = tuple(
        LazySample(stem, partial(_load_image, stem, path), (path,)) for stem, path in images_in(folder).items()
    )
    return Dataset(folder.resolve().name, "segmentation", entries, source=str(folder))


def super_resolution_folders(high: Path, scale: int, *, low: Path | None = None, name: str = "") -> Dataset:
    """Open a folder of images to be matched by enlargement.

    Args:
        high: high-resolution images; each is cut to a multiple of the scale at the bottom and the right.
        scale: 1 or more.
        low: low-resolution images of the same stems, or of stems with `x2` (the scale) added; made from `high` by
            MATLAB's bicubic reduction unless given.
        name: of the data set; the name of `high`, or of the folder around it where that is called `hr`, unless given.

    Raises:
        InputError: a folder is missing or empty, or an image has no partner. Sizes are compared when a sample is
            loaded: low-resolution images of another size than the scale implies are an InputError too.
    """
    if scale < 1:
        raise InputError(f"a scale of {scale} is not possible; give 1 or more")
    images = images_in(high)
    partners = {_without_scale(stem, scale): path for stem, path in images_in(low).items()} if low else {}
    if low:
        _no_orphans(images, partners, high, low, f"low-resolution image (x{scale})")
    entries: list[LazySample] = []
    for stem, path in images.items():
        partner = partners.get(stem)
        load: Callable[[], Sample] = partial(_load_super_resolution, stem, path, partner, scale)
        entries.append(LazySample(stem, load, (path, *([partner] if partner else []))))
    folder = high.resolve()
    label = name or (folder.parent.name if folder.name.lower() == "hr" else folder.name)
    return Dataset(label, "super_resolution", tuple(entries), scale=scale, source=str(high))


def _without_scale(stem: str, scale: int) -> str:
    return stem.removesuffix(f"x{scale}").removesuffix("_") if stem.endswith(f"x{scale}") else stem


def _no_orphans(images: Iterable[str], partners: Iterable[str], here: Path, there: Path, what: str) -> None:
    alone, unused = sorted(set(images) - set(partners)), sorted(set(partners) - set(images))
    if alone:
        raise InputError(f"{here}: {_some(alone)} without a {what} of the same stem in {there}; add or remove them")
    if unused:
        raise InputError(f"{there}: {_some(unused)} without an image of the same stem in {here}; add or remove them")


def _some(stems: list[str]) -> str:
    shown = ", ".join(stems[:3]) + (", ..." if len(stems) > 3 else "")
    return f"{len(stems)} file{'s' if len(stems) > 1 else ''} ({shown})"


def _load_image(stem: str, image: Path) -> Sample:
    return Sample(stem, read_rgb(image))


def _load_segmentation(
    stem: str, path: Path, mask: Path, foreground: Path | None, *, names: ClassNames | None, tags: dict[str, str]
) -> Sample:
    image, truth = read_rgb(path), read_mask(mask, names)
    colours = read_rgb(foreground) if foreground else None
    for other, array in ((mask, truth.alpha), (foreground, colours)):
        if array is not None and array.shape[:2] != image.shape[:2]:
            raise InputError(
                f"{other} is {array.shape[1]}x{array.shape[0]}, but {path} is {image.shape[1]}x{image.shape[0]}; "
                "an image and its truth must have one size"
            )
    return Sample(stem, image, alpha=truth.alpha, classes=truth.classes, foreground=colours, tags=tags)


def _load_super_resolution(stem: str, high: Path, low: Path | None, scale: int) -> Sample:
    truth = crop_to_multiple(read_rgb(high), scale)
    small = reduce_bicubic(truth, scale) if low is None else read_rgb(low)
    height, width = truth.shape[0] // scale, truth.shape[1] // scale
    if small.shape[:2] != (height, width):
        raise InputError(
            f"{low} is {small.shape[1]}x{small.shape[0]}, but {high} reduced by {scale} is {width}x{height}; "
            "give pairs of the right scale"
        )
    return Sample(stem, small, high_resolution=truth)


def crop_to_multiple(image: Pixels, scale: int) -> Pixels:
    """Cut rows and columns off the bottom and the right until both sides are multiples of `scale`.

    Raises:
        InputError: nothing would be left.
    """
    height, width = (side // scale * scale for side in image.shape[:2])
    if scale < 1 or not height or not width:
        raise InputError(f"an image of {image.shape[1]}x{image.shape[0]} cannot be reduced by {scale}")
    return image[:height, :width]


def reduce_bicubic(image: Pixels, scale: int) -> Pixels:
    """Reduce an image as MATLAB's `imresize(image, 1/scale, "bicubic")` does: (H, W, 3) to (H/scale, W/scale, 3).

    Keys' kernel with a = -0.5, widened by the scale, weights normalised to 1, the border mirrored; first along the
    rows, rounded to 8 bits (halves up), then along the columns, rounded again, as MATLAB does for uint8. Bit-exact
    with the published low-resolution images of Set5.

    Args:
        image: (H, W, 3) uint8; the sides are multiples of `scale` (see `crop_to_multiple`).
        scale: a whole number of at least 1; 1 returns the image.

    Raises:
        InputError: a side is not a multiple of the scale.
    """
    height, width = image.shape[:2]
    if scale < 1 or height % scale or width % scale or not image.size:
        raise InputError(f"an image of {width}x{height} cannot be reduced by {scale}; crop it to multiples of {scale}")
    if scale == 1:
        return image
    down = _reduce_rows(image, scale)
    return np.ascontiguousarray(_reduce_rows(down.transpose(1, 0, 2), scale).transpose(1, 0, 2))


def _reduce_rows(image: Pixels, scale: int) -> Pixels:
    indices, weights = _contributions(image.shape[0], scale)
    total = np.zeros((indices.shape[0], *image.shape[1:]))
    for tap in range(indices.shape[1]):
        total += weights[:, tap, None, None] * image[indices[:, tap]]
    return np.floor(np.clip(total, 0, 255) + 0.5).astype(np.uint8)


def _contributions(length: int, scale: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return, for each output position, the input positions that it is made of, and their weights."""
    reach = 2 * scale
    centre = (np.arange(length // scale) + 0.5) * scale - 0.5
    first = np.floor(centre - reach).astype(np.intp)
    indices = first[:, None] + np.arange(2 * reach + 2)
    weights = _keys((centre[:, None] - indices) / scale)
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(length), np.arange(length)[::-1]])
    return mirrored[indices % (2 * length)], weights


def _keys(x: NDArray[np.float64]) -> NDArray[np.float64]:
    a = np.abs(x)
    near, far = 1.5 * a**3 - 2.5 * a**2 + 1, -0.5 * a**3 + 2.5 * a**2 - 4 * a + 2
    return np.where(a <= 1, near, np.where(a <= 2, far, 0))
