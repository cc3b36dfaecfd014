"""Open a data set by what a user types."""

from __future__ import annotations

from pathlib import Path

from ..core import InputError, Task
from .folders import images_folder, segmentation_folders, super_resolution_folders
from .layouts import LAYOUTS, open_layout
from .sample import Dataset
from .synthetic import synthetic

__all__ = ["DATASET_GRAMMAR", "open_dataset"]

DATASET_GRAMMAR = (
    "synthetic[:count=42,seed=0,size=384x288], LAYOUT:FOLDER (such as ecssd:data/ECSSD), "
    "images=FOLDER,masks=FOLDER[,foregrounds=FOLDER], hr=FOLDER[,lr=FOLDER], or a folder that has images/ and masks/ "
    "or hr/ in it, or high-resolution images"
)
"""What can be typed, in one sentence."""

_IMAGES = ("images", "image", "imgs", "im", "original", "JPEGImages")
_MASKS = ("masks", "mask", "gt", "GT", "matte", "alpha", "ground_truth_mask", "Annotations")


def open_dataset(text: str, *, scale: int = 1, task: Task | None = None) -> Dataset:
    """Open a data set by its description; `DATASET_GRAMMAR` says what can be typed.

    Args:
        text: the description. A folder with a comma in its name must be given as LAYOUT:FOLDER or as a plain folder.
        scale: for super-resolution, how much larger the truth is; ignored for segmentation.
        task: that it is opened for; for segmentation, a plain folder holds images without their truth.

    Raises:
        InputError: the description is not understood, or the data set cannot be opened.
    """
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
    parts = _options(text, text, ("images", "masks", "foregrounds", "hr", "lr"))
    at = {key: Path(value).expanduser() for key, value in parts.items()}
    if set(parts) in ({"images", "masks"}, {"images", "masks", "foregrounds"}):
        return segmentation_folders(at["images"], at["masks"], foregrounds=at.get("foregrounds"))
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
