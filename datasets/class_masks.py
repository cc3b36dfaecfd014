"""Masks of classes as people write them: numbers, a palette, or colours; and what a mask of the subject alone is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..core import InputError, did_you_mean, first_mistake, read_toml
from ..images import Image, Pixels, read_image
from .class_colours import CLASSES_FILE, LOSSY, VOID, by_colours, by_voc_colours

__all__ = [
    "ClassNames",
    "ClassTruth",
    "MaskTruth",
    "alpha_of",
    "levels_of",
    "read_classes",
    "read_mask",
]

_MOST_FAINT = 64
"""A mask whose values are below it and few holds numbers: nobody's subject is so faint everywhere."""

_MOST_LEVELS = 32

_EDGE = 0.05
"""Values between a mask's 0 and 255 that cover less of the image are soft edges."""

_Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]


class ClassNames(BaseModel):
    """What the classes of a data set are called, and how its masks show them; people write it as `classes.toml`.

    Attributes:
        labels: in the order of their numbers, the background first.
        colours: for masks in colours, one for each label, as #rrggbb.
        void: the number, or the colour, of pixels that don't count.
        foreground: labels that are the subject, for metrics of masks; all but the first where it is empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: Annotated[tuple[str, ...], Field(min_length=2, max_length=VOID)]
    colours: tuple[_Colour, ...] = ()
    void: Annotated[int, Field(ge=0, le=255)] | _Colour = VOID
    foreground: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels must differ from each other")
        if self.colours and len(self.colours) != len(self.labels):
            raise ValueError(f"colours has {len(self.colours)} entries for {len(self.labels)} labels")
        if len({each.lower() for each in self.colours}) < len(self.colours):
            raise ValueError("colours must differ from each other")
        if isinstance(self.void, int) and self.void < len(self.labels):
            raise ValueError(f"void {self.void} is the number of a label")
        unknown = [name for name in self.foreground if name not in self.labels]
        if unknown:
            raise ValueError(f"foreground names {unknown[0]!r}, which is none of the labels")
        return self


def read_classes(path: Path) -> ClassNames:
    """Read a `classes.toml`.

    Raises:
        InputError: the file cannot be read, is not TOML, or has a key or value that is not possible.
    """
    _, content = read_toml(path, "give a TOML file with labels = [...]")
    try:
        return ClassNames.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        known = ClassNames.model_fields
        near = did_you_mean(str(first["loc"][-1]), known) if first["type"] == "extra_forbidden" else ""
        raise InputError(f"{path}: {first_mistake(error, 'file')}{near}; it has {', '.join(known)}") from error


@dataclass(frozen=True)
class ClassTruth:
    """A mask's numbers.

    Attributes:
        numbers: (H, W) uint8; `VOID` for pixels that don't count.
        source: the file, for messages.
        names: of the classes, where the data set says them.
        certain: the mask is one of classes, whoever asks; else it may be a mask of the subject, in which 255 is full.
    """

    numbers: NDArray[np.uint8]
    source: str
    names: tuple[str, ...] = ()
    certain: bool = False

    def for_labels(self, labels: tuple[str, ...]) -> NDArray[np.uint8] | None:
        """Return the mask in the numbers of a model's labels; None where it tells the subject alone.

        Raises:
            InputError: it has a class that the model has not, or values that are neither classes nor a subject.
        """
        if self.names:
            return self._renamed(labels)
        counts = np.bincount(self.numbers.ravel(), minlength=VOID + 1)
        last = _last(np.flatnonzero(counts))
        if not self.certain and last == 0:
            return None
        if last < len(labels):
            return self.numbers
        soft = counts[VOID] and counts[len(labels) : VOID].sum() < _EDGE * self.numbers.size
        if not self.certain and (soft or np.count_nonzero(counts) > _MOST_LEVELS):
            return None
        raise InputError(
            f"{self.source}: its value {last} is no class of the model, which has {len(labels)} (0 to "
            f"{len(labels) - 1}, and 255 for what doesn't count); say in {CLASSES_FILE} beside the masks what they show"
        )

    def _renamed(self, labels: tuple[str, ...]) -> NDArray[np.uint8]:
        table = np.full(VOID + 1, VOID, dtype=np.uint8)
        for number in np.unique(self.numbers[self.numbers != VOID]):
            name = self.names[number]
            if name not in labels:
                raise InputError(
                    f"{self.source}: it has the class {name!r}, which the model has not{did_you_mean(name, labels)}; "
                    f"the model's classes: {', '.join(labels)}"
                )
            table[number] = labels.index(name)
        return table[self.numbers]


@dataclass(frozen=True)
class MaskTruth:
    """What a mask file says.

    Attributes:
        alpha: (H, W) float32, 0-1: the subject, which of classes is what the data set calls so, or all but the first.
        classes: its numbers, where it may be read as classes.
    """

    alpha: NDArray[np.float32]
    classes: ClassTruth | None = None


def read_mask(path: Path, names: ClassNames | None = None) -> MaskTruth:
    """Read a mask of 1, 8 or 16 bits: of the subject (0 to full, or 0 and 1), or of classes.

    Classes are: numbers in a grey file (few, and none above 63 but 255, which doesn't count), numbers of a palette
    whose colours are no greys (as PASCAL VOC writes them, 255 doesn't count), or colours: those that `names` gives, or
    those of PASCAL VOC.

    Args:
        path: the file; its profile is not applied.
        names: what the data set says of its classes.

    Raises:
        ImageError: the file cannot be read, or is not an image of 8 or 16 bits.
        InputError: it has a colour or a number that stands for no class, or shows classes as JPEG.
    """
    image = read_image(path, profiles=False)
    certain = _certain_numbers(image, path, names)
    if certain is not None:
        return _of_classes(certain, path, names)
    raw = levels_of(image)
    levels = np.unique(raw)
    faint = _last(levels) < _MOST_FAINT and len(levels) <= _MOST_LEVELS
    told = levels[-1] >= VOID
    if path.suffix.lower() in LOSSY:
        if faint and not told and levels[-1] > 1:
            raise InputError(
                f"{path}: its values reach {levels[-1]} of {image.full}; classes in a JPEG are not what was written, "
                "since it changes values; give the masks as PNG"
            )
        return MaskTruth(alpha_of(raw, image.full))
    classes = ClassTruth(raw.astype(np.uint8), str(path)) if levels[-1] <= VOID else None
    alpha = (raw > 0).astype(np.float32) if faint and not told else alpha_of(raw, image.full)
    return MaskTruth(alpha, classes)


def _certain_numbers(image: Image, path: Path, names: ClassNames | None) -> NDArray[np.uint8] | None:
    """Return the numbers of a mask that is one of classes, whoever asks; None where that can't be told."""
    if names is not None and names.colours:
        void = names.void if isinstance(names.void, str) else None
        return by_colours(image, names.colours, void, path)
    numbers = _palette_numbers(path)
    if numbers is None and not image.grey:
        numbers = by_voc_colours(image, path)
    if numbers is None and names is not None:
        raw = levels_of(image)
        if raw.max() > VOID:
            raise InputError(f"{path}: its value {raw.max()} is no class; give numbers of 0 to 254, and 255 for void")
        numbers = raw.astype(np.uint8)
    return numbers


def _last(levels: NDArray[np.integer]) -> int:
    """Return the largest value that is not void."""
    return int(levels[levels != VOID].max(initial=0))


def levels_of(image: Image) -> Pixels:
    """Return an image's grey levels, (H, W) of its own depth; colours are turned to grey."""
    return image.rgb[..., 0] if image.grey else cast("Pixels", cv2.cvtColor(image.rgb, cv2.COLOR_RGB2GRAY))


def alpha_of(raw: Pixels, full: int) -> NDArray[np.float32]:
    """Return grey levels as 0-1, (H, W) float32; no published set means 1/255 by a largest value of 1."""
    largest = 1 if raw.max() == 1 else full
    return (raw / np.float32(largest)).astype(np.float32)


def _of_classes(numbers: NDArray[np.uint8], path: Path, names: ClassNames | None) -> MaskTruth:
    labels = names.labels if names else ()
    if names and isinstance(names.void, int) and names.void != VOID:
        numbers = np.where(numbers == names.void, np.uint8(VOID), numbers)
    last = int(numbers[numbers != VOID].max(initial=0))
    if labels and last >= len(labels):
        raise InputError(
            f"{path}: its value {last} is no class; {CLASSES_FILE} names {len(labels)} (0 to {len(labels) - 1})"
        )
    subject = numbers > 0
    if names and names.foreground:
        subject = np.isin(numbers, [names.labels.index(name) for name in names.foreground])
    alpha = (subject & (numbers != VOID)).astype(np.float32)
    return MaskTruth(alpha, ClassTruth(numbers, str(path), labels, certain=True))


def _palette_numbers(path: Path) -> NDArray[np.uint8] | None:
    """Return the numbers of a file with a palette of colours; None for any other, and where all colours are greys."""
    with PilImage.open(path) as opened:
        if opened.mode != "P" or opened.getpalette() is None:
            return None
        numbers = np.asarray(opened, dtype=np.uint8)
        palette = np.array(opened.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
    used = palette[[number for number in np.unique(numbers) if number < len(palette)]]
    return None if (used == used[:, :1]).all() else numbers
