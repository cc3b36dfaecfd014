"""The words of this room: a sample, a data set of them, and the sheets of small images that show them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import ImageError, InputError, Task, atomic_path, sha256_of
from .class_colours import VOID
from .class_masks import ClassTruth

__all__ = [
    "AlphaMatte",
    "Dataset",
    "LazySample",
    "Pixels",
    "Sample",
    "contact_sheet",
    "grey",
    "sample_row",
    "write_png",
    "write_sheet",
]

Pixels = NDArray[np.uint8]
"""An image, (H, W, 3), RGB, uint8."""

AlphaMatte = NDArray[np.float32]
"""A mask or matte, (H, W), values 0-1."""

_MARGIN, _CAPTION = 6, 18


@dataclass(frozen=True)
class Sample:
    """An image with its ground truth, in memory.

    Attributes:
        id: tells it from others of its data set.
        image: what the network gets, (H, W, 3) uint8 RGB.
        alpha: (H, W) float32, 0-1, for segmentation.
        classes: what the mask says of classes, where it may say so.
        foreground: the subject's own colours, where they are known, (H, W, 3) uint8 RGB.
        high_resolution: for super-resolution, (scale*H, scale*W, 3) uint8 RGB.
        tags: what slices are made of, such as `{"kind": "hair"}`; the tag `clip` names the video that a frame belongs
            to.
    """

    id: str
    image: Pixels
    alpha: AlphaMatte | None = None
    classes: ClassTruth | None = None
    foreground: Pixels | None = None
    high_resolution: Pixels | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def has_truth(self) -> bool:
        """Tell whether there is something to compare an answer with."""
        return self.alpha is not None or self.high_resolution is not None

    @property
    def void(self) -> NDArray[np.bool_] | None:
        """Return which pixels of a mask of classes don't count, (H, W); None where all do."""
        if self.classes is None or not self.classes.certain:
            return None
        found = self.classes.numbers == VOID
        return found if found.any() else None


@dataclass(frozen=True)
class LazySample:
    """A sample that is not loaded yet.

    Attributes:
        id: of the sample.
        load: makes it.
        files: what it is read from, hashed by content.
        recipe: for a sample that is made and not read, all that it is made from, in words.
    """

    id: str
    load: Callable[[], Sample]
    files: tuple[Path, ...] = ()
    recipe: str = ""


@dataclass(frozen=True)
class Dataset:
    """A sized iterable of samples in a fixed order; each is loaded when it is reached, and not kept.

    Attributes:
        name: in tables and records.
        task: that it is for.
        entries: its samples, not loaded yet.
        scale: how much larger the truth is than the image: 1 for segmentation.
        source: where it was opened from, for messages.

    Raises:
        InputError: there is no entry, or two have one id.
    """

    name: str
    task: Task
    entries: tuple[LazySample, ...]
    scale: int = 1
    source: str = ""

    def __post_init__(self) -> None:
        if not self.entries:
            raise InputError(f"the data set {self.name} ({self.source}) has no samples; give a folder with images")
        seen: set[str] = set()
        for entry in self.entries:
            if entry.id in seen:
                raise InputError(f"the data set {self.name} has two samples {entry.id!r}; rename or remove one of them")
            seen.add(entry.id)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Sample]:
        for entry in self.entries:
            yield entry.load()

    def __getitem__(self, index: int) -> Sample:
        return self.entries[index].load()

    @cached_property
    def content_hash(self) -> str:
        """SHA-256, 64 hex digits, over the task, the scale, and each sample's id and content, in order.

        Files count by their bytes, not by their names or places, so that a copy of the data has the same hash.
        """
        total = hashlib.sha256(f"{self.task} x{self.scale}\n".encode())
        for entry in self.entries:
            total.update(f"{entry.id}\n{entry.recipe}\n".encode("utf-8", "surrogateescape"))
            for path in entry.files:
                total.update(f"{sha256_of(path)}\n".encode())
        return total.hexdigest()

    def take(self, count: int) -> Dataset:
        """Return a data set of `count` samples, spread evenly over this one; all of them where it has no more.

        Raises:
            InputError: `count` is less than 1.
        """
        if count < 1:
            raise InputError(f"a data set of {count} samples cannot be taken; ask for 1 or more")
        if count >= len(self):
            return self
        return replace(self, entries=tuple(self.entries[index * len(self) // count] for index in range(count)))


def grey(alpha: AlphaMatte) -> Pixels:
    """Return a mask, (H, W) 0-1, as a grey image, (H, W, 3) uint8."""
    return np.repeat(np.rint(alpha * 255).astype(np.uint8)[..., None], 3, axis=2)


def sample_row(sample: Sample) -> list[Pixels]:
    """Return the images that show a sample: its image and its truth."""
    row = [sample.image]
    if sample.alpha is not None:
        row.append(grey(sample.alpha))
    if sample.high_resolution is not None:
        row.append(sample.high_resolution)
    return row


def contact_sheet(rows: Sequence[tuple[str, Sequence[Pixels]]], *, columns: int = 4, height: int = 120) -> Pixels:
    """Lay out groups of images with a caption above each group, `columns` groups in a line.

    Args:
        rows: caption and images, (H, W, 3) uint8 RGB, of each group; at least one group with one image.
        columns: groups in a line.
        height: of each image on the sheet, in pixels; widths follow, so that nothing is distorted.

    Returns:
        The sheet, (H, W, 3) uint8 RGB, on white.
    """
    cells = [_cell(caption, images, height) for caption, images in rows]
    width = max(cell.shape[1] for cell in cells)
    lines: list[Pixels] = []
    for start in range(0, len(cells), columns):
        line = np.full((height + _CAPTION + _MARGIN, columns * width, 3), 255, dtype=np.uint8)
        for place, cell in enumerate(cells[start : start + columns]):
            line[: cell.shape[0], place * width : place * width + cell.shape[1]] = cell
        lines.append(line)
    return np.concatenate(lines)


def _cell(caption: str, images: Sequence[Pixels], height: int) -> Pixels:
    scaled: list[Pixels] = []
    for image in images:
        width = max(1, round(image.shape[1] * height / image.shape[0]))
        way = cv2.INTER_AREA if image.shape[0] > height else cv2.INTER_NEAREST
        scaled.append(cv2.resize(image, (width, height), interpolation=way).astype(np.uint8))
    row = np.concatenate(scaled, axis=1)
    cell = np.full((height + _CAPTION, row.shape[1] + _MARGIN, 3), 255, dtype=np.uint8)
    cell[_CAPTION:, : row.shape[1]] = row
    plain = caption.encode("ascii", "replace").decode()
    cv2.putText(cell, plain, (2, _CAPTION - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return cell


def write_png(path: Path, array: NDArray[np.uint8]) -> None:
    """Write (H, W) or (H, W, 3) RGB uint8 as PNG; the folder must exist.

    Raises:
        ImageError: it cannot be encoded.
    """
    bgr = np.ascontiguousarray(array[..., ::-1] if array.ndim == 3 else array)
    done, data = cv2.imencode(".png", bgr)
    if not done:
        raise ImageError(f"{path}: an image of shape {array.shape} cannot be written as PNG")
    path.write_bytes(data.tobytes())


def write_sheet(path: Path, sheet: Pixels) -> None:
    """Write a contact sheet as PNG; the file appears whole or not at all."""
    with atomic_path(path) as temporary:
        write_png(temporary, sheet)
