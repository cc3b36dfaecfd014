"""The words of this room: a sample, and a data set of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core import InputError, Task, sha256_of

__all__ = ["AlphaMatte", "Dataset", "LazySample", "Pixels", "Sample"]

Pixels = NDArray[np.uint8]
"""An image, (H, W, 3), RGB, uint8."""

AlphaMatte = NDArray[np.float32]
"""A mask or matte, (H, W), values 0-1."""


@dataclass(frozen=True)
class Sample:
    """An image with its ground truth, in memory.

    Attributes:
        id: tells it from others of its data set.
        image: what the network gets, (H, W, 3) uint8 RGB.
        alpha: (H, W) float32, 0-1, for segmentation.
        foreground: the subject's own colours, where they are known, (H, W, 3) uint8 RGB.
        high_resolution: for super-resolution, (scale*H, scale*W, 3) uint8 RGB.
        tags: what slices are made of, such as `{"kind": "hair"}`; the tag `clip` names the video that a frame belongs
            to.
    """

    id: str
    image: Pixels
    alpha: AlphaMatte | None = None
    foreground: Pixels | None = None
    high_resolution: Pixels | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


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
