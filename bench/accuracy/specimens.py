"""Small images of a validation's worst samples, beside its records, so that a report can show them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import cv2
import numpy as np

from ...core import ValidateRecord, atomic_directory
from ...datasets import Dataset, Pixels, Sample, grey, write_png
from .subjects import Subject
from .tables import worst_samples

__all__ = ["FOLDER_SUFFIX", "ROLES", "SIDE", "rows_to_show", "write_specimens"]

FOLDER_SUFFIX = ".images"
"""`NAME.json` has its images in the folder `NAME.images`, as `ROW-ROLE.png`; rows are those of the samples."""

ROLES = ("image", "truth", "answer")

SIDE = 320
"""Longest side in pixels. Masks are shrunk to it; of an enlarged image it is a window, where there is most detail."""


def rows_to_show(records: Sequence[ValidateRecord], *, by: str | None = None, count: int = 8) -> list[int]:
    """Return rows that are among the worst of one record or another, each record's in turn, the worst first."""
    turns = zip_longest(*(worst_samples(record, by=by, count=count) for record in records))
    return list(dict.fromkeys(row for turn in turns for row in turn if row is not None))[:count]


def write_specimens(path: Path, subject: Subject, dataset: Dataset, rows: Sequence[int]) -> None:
    """Let a subject answer rows of a data set once more, and write small images of it beside its record.

    Args:
        path: of the record.
        subject: answers.
        dataset: what was validated on.
        rows: which samples.

    Raises:
        MattekitError: a sample cannot be read or answered; an earlier folder is as it was then.
    """
    with atomic_directory(path.with_suffix(FOLDER_SUFFIX)) as folder:
        for row in rows:
            for role, pixels in zip(ROLES, _images(subject, dataset[row]), strict=False):
                write_png(folder / f"{row}-{role}.png", pixels)


def _images(subject: Subject, sample: Sample) -> list[Pixels]:
    if sample.alpha is not None and subject.alpha:
        return [_shrunk(pixels) for pixels in (sample.image, grey(sample.alpha), grey(subject.alpha(sample)))]
    truth = sample.high_resolution
    if truth is None or subject.image is None:
        return []
    answer = subject.image(sample)
    scale = truth.shape[0] // sample.image.shape[0]
    side = SIDE // scale * scale
    # The truth decides, so that all answers show the same window.
    detail = cv2.blur(np.abs(cv2.Laplacian(truth.astype(np.float32), cv2.CV_32F)).mean(axis=2), (side // 2, side // 2))
    row, column = np.unravel_index(int(detail.argmax()), detail.shape)
    top, left = (
        int(np.clip(middle - side // 2, 0, max(whole - side, 0))) // scale * scale
        for middle, whole in zip((int(row), int(column)), detail.shape, strict=True)
    )
    window = (slice(top, top + side), slice(left, left + side))
    small = (slice(top // scale, (top + side) // scale), slice(left // scale, (left + side) // scale))
    return [np.ascontiguousarray(pixels) for pixels in (sample.image[small], truth[window], answer[window])]


def _shrunk(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    share = SIDE / max(height, width)
    if share >= 1:
        return pixels
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
