"""Data sets by what a user types: opened, checked, fetched and made."""

from __future__ import annotations

import re
from pathlib import Path

from ..core import (
    MAX_UNKNOWN_SIZE,
    FetchError,
    HashMismatchError,
    InputError,
    Task,
    atomic_directory,
    download,
    sha256_of,
    unpack,
)
from .image_folders import images_folder, segmentation_folders, super_resolution_folders
from .layouts import LAYOUTS, Layout
from .sample import Dataset, contact_sheet, sample_row, write_sheet
from .synthetic import synthetic, write_synthetic

__all__ = [
    "DATASET_GRAMMAR",
    "check_dataset",
    "draw_dataset",
    "fetch_layout",
    "make_dataset",
    "open_dataset",
    "open_layout",
]

DATASET_GRAMMAR = (
    "synthetic[:count=42,seed=0,size=384x288], LAYOUT:FOLDER (such as ecssd:data/ECSSD), "
    "images=FOLDER,masks=FOLDER[,foregrounds=FOLDER][,classes=FILE], hr=FOLDER[,lr=FOLDER], or a folder that has "
    "images/ and masks/ or hr/ in it, or high-resolution images"
)
"""What can be typed, in one sentence."""

_IMAGES = ("images", "image", "imgs", "im", "original", "JPEGImages")
_MASKS = ("masks", "mask", "gt", "GT", "matte", "alpha", "ground_truth_mask", "Annotations")


def open_dataset(data: str | Path, *, scale: int = 1, task: Task | None = None) -> Dataset:
    """Open a data set by its description; `DATASET_GRAMMAR` says what can be typed.

    Args:
        data: the description. A folder with a comma in its name must be given as LAYOUT:FOLDER or as a plain folder.
        scale: for super-resolution, how much larger the truth is; ignored for segmentation.
        task: that it is opened for; for segmentation, a plain folder holds images without their truth.

    Raises:
        InputError: the description is not understood, or the data set cannot be opened.
    """
    text = str(data)
    head, colon, rest = text.partition(":")
    if head == "synthetic":
        return _synthetic(text, rest if colon else "")
    if colon and head in LAYOUTS:
        return open_layout(head, Path(rest).expanduser(), scale=scale)
    if text.startswith(("images=", "masks=", "hr=", "lr=")):
        return _from_parts(text, scale)
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise InputError(f"{text!r} is neither a folder nor a known data set; give {DATASET_GRAMMAR}")
    return _from_folder(folder, scale, task)


def open_layout(name: str, folder: Path, *, scale: int = 1) -> Dataset:
    """Open a published set that lies unpacked in `folder`, and check that it is all there.

    Args:
        name: one of `LAYOUTS`.
        folder: the set's own folder, as it is unpacked.
        scale: for super-resolution; low-resolution images are made by MATLAB's bicubic reduction.

    Raises:
        InputError: the name is unknown, the folders are not there, or there are more or fewer images than published,
            or images of other names.
    """
    layout = _layout(name)
    place = next((p for p in layout.places if all((folder / part).is_dir() for part in p)), None)
    if place is None:
        expected = " and ".join(f"{part}/" for part in layout.places[0])
        raise InputError(f"{folder}: {layout.title} needs {expected} in it; get it from {layout.homepage}")
    if layout.task == "segmentation":
        dataset = segmentation_folders(
            folder / place[0], folder / place[1], name=name, tag_folders="clip" if layout.clips else ""
        )
    else:
        dataset = super_resolution_folders(folder / place[0], scale, name=name)
    strange = [entry.id for entry in dataset.entries if not re.fullmatch(layout.names, entry.id)]
    if strange:
        raise InputError(f"{folder}: {strange[0]!r} is no image of {layout.title}; remove what does not belong to it")
    if len(dataset) != layout.count:
        raise InputError(
            f"{folder}: {len(dataset)} images, but {layout.title} has {layout.count}; complete it, or open it as "
            "plain folders if you want a part"
        )
    return dataset


def fetch_layout(name: str, folder: str | Path) -> None:
    """Download and unpack a published set into a new folder, which appears whole or not at all.

    Args:
        name: one of `LAYOUTS`.
        folder: new or empty.

    Raises:
        InputError: the name is unknown, the set has no direct download with a known hash (the error says where to get
            it), the folder is there already with something in it, or the archive is none that `unpack` takes.
        FetchError: the download did not succeed.
        HashMismatchError: what came is not what was published.
    """
    layout, folder = _layout(name), Path(folder)
    if not layout.url:
        raise InputError(f"{layout.title} has no direct download with a known hash; get it from {layout.homepage}")
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder} has something in it; give a new or an empty folder")
    with atomic_directory(folder) as temporary:
        archive = temporary / "archive.zip"
        try:
            download(layout.url, archive, limit=MAX_UNKNOWN_SIZE)
        except FetchError as error:
            raise FetchError(f"{layout.url}: the download did not succeed ({error}); try again later") from error
        found = sha256_of(archive)
        if found != layout.sha256:
            raise HashMismatchError(
                f"{layout.url}: its SHA-256 is {found}, but {layout.sha256} was published; it was not unpacked"
            )
        unpack(archive, temporary)
        archive.unlink()


def make_dataset(out: str | Path, *, count: int = 42, seed: int = 0, size: str = "384x288") -> Dataset:
    """Write the synthetic set with its exact mattes and foregrounds as PNG files.

    Args:
        out: a new folder, or one that an earlier call wrote, which is replaced as a whole.
        count: of images.
        seed: of the drawings: the same seed gives the same images.
        size: WIDTHxHEIGHT in pixels.

    Returns:
        The set.

    Raises:
        InputError: an argument is out of range, or `out` has something in it that mattekit did not write.

    Example:
        >>> import mattekit
        >>> len(mattekit.make_dataset("synthetic", count=2, size="64x48"))
        2
    """
    dataset = open_dataset(f"synthetic:count={count},seed={seed},size={size}")
    write_synthetic(dataset, Path(out))
    return dataset


def check_dataset(data: str | Path, *, scale: int = 2) -> Dataset:
    """Load every sample once: partners, sizes, and for published sets their number and names.

    Args:
        data: as `open_dataset` takes it.
        scale: for super-resolution, how much larger the truth is.

    Returns:
        The set; its `content_hash` tells it from any other.

    Raises:
        MattekitError: the set cannot be opened, or a sample cannot be read.

    Example:
        >>> import mattekit
        >>> mattekit.check_dataset("synthetic:count=2,size=64x48").task
        'segmentation'
    """
    dataset = open_dataset(data, scale=scale)
    for _ in dataset:
        pass
    return dataset


def draw_dataset(data: str | Path, out: str | Path, *, scale: int = 2, limit: int = 24) -> tuple[Dataset, Dataset]:
    """Write a contact sheet of samples with their truths.

    Args:
        data: as `open_dataset` takes it.
        out: the sheet, a PNG file.
        scale: for super-resolution, how much larger the truth is.
        limit: at most so many samples, spread evenly.

    Returns:
        The samples that are shown, and all of them.

    Raises:
        MattekitError: the set cannot be opened, or a sample cannot be read.
    """
    dataset = open_dataset(data, scale=scale)
    shown = dataset.take(limit)
    write_sheet(Path(out), contact_sheet([(sample.id, sample_row(sample)) for sample in shown]))
    return shown, dataset


def _layout(name: str) -> Layout:
    layout = LAYOUTS.get(name)
    if layout is None:
        raise InputError(f"there is no layout {name!r}; choose from {', '.join(sorted(LAYOUTS))}")
    return layout


def _options(text: str, options: str, known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, options.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not value or key not in known or key in found:
            raise InputError(f"{text!r}: {part!r} is not understood; give {', '.join(f'{k}=...' for k in known)}")
        found[key] = value
    return found


def _synthetic(text: str, options: str) -> Dataset:
    found = _options(text, options, ("count", "seed", "size"))
    width, _, height = found.get("size", "384x288").partition("x")
    try:
        return synthetic(
            int(found.get("count", "42")), seed=int(found.get("seed", "0")), width=int(width), height=int(height)
        )
    except ValueError as error:
        raise InputError(f"{text!r}: count, seed and size are whole numbers, such as count=42,size=384x288") from error


def _from_parts(text: str, scale: int) -> Dataset:
    parts = _options(text, text, ("images", "masks", "foregrounds", "classes", "hr", "lr"))
    at = {key: Path(value).expanduser() for key, value in parts.items()}
    if {"images", "masks"} <= set(parts) <= {"images", "masks", "foregrounds", "classes"}:
        return segmentation_folders(
            at["images"], at["masks"], foregrounds=at.get("foregrounds"), classes=at.get("classes")
        )
    if set(parts) in ({"hr"}, {"hr", "lr"}):
        return super_resolution_folders(at["hr"], scale, low=at.get("lr"))
    raise InputError(f"{text!r}: give images= and masks=, or hr= and perhaps lr=")


def _from_folder(folder: Path, scale: int, task: Task | None) -> Dataset:
    images = next((folder / name for name in _IMAGES if (folder / name).is_dir()), None)
    masks = next((folder / name for name in _MASKS if (folder / name).is_dir()), None)
    if images and masks:
        foregrounds = folder / "foregrounds"
        return segmentation_folders(images, masks, foregrounds=foregrounds if foregrounds.is_dir() else None)
    if images or masks:
        raise InputError(f"{folder} has {(images or masks)} but no folder of {'masks' if images else 'images'}")
    for name in ("hr", "HR"):
        if (folder / name).is_dir():
            low = next((p for p in (folder / f"lr_x{scale}", folder / f"LR_x{scale}") if p.is_dir()), None)
            return super_resolution_folders(folder / name, scale, low=low)
    return images_folder(folder) if task == "segmentation" else super_resolution_folders(folder, scale)
