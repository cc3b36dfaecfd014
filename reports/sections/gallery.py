"""The gallery: samples and results in images, typical ones and then the worst, several precisions side by side."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ...bench import FOLDER_SUFFIX, typical_samples, worst_samples
from ...core import ImageError, InputError, RunRecord, ValidateRecord
from ...images import READABLE_EXTENSIONS, Image, encode_image, over_colour, read_image, resize_straight
from ..document import Exhibit, Gallery, Section, Thumbnail
from ..evidence import Evidence, RecordSource, models_of, number, title_of

__all__ = ["gallery"]

_FILE = re.compile(r"(\d{1,9})-(image|truth|answer)\.png")
_MOST = 12
_SIDE = 320
"""Longest side of a thumbnail in pixels."""

_QUALITY = 82
_BEHIND = (0, 133, 119)
_ADDED, _MISSED = np.array([214, 69, 0]), np.array([17, 85, 204])
_GAIN = 4


@dataclass
class _ImageReader:
    """Reads the images that records name, and counts those that are not shown.

    Attributes:
        refused: how many lie elsewhere.
        unreadable: how many cannot be read.
    """

    refused: int = 0
    unreadable: int = 0

    def read(self, path: Path, folders: Sequence[Path]) -> Image | None:
        """Read an image; None, and counted, where it lies elsewhere or cannot be read."""
        if not path.is_file():
            return None
        if not _is_inside(path, folders):
            self.refused += 1
            return None
        try:
            # No larger than a thumbnail.
            return _fitted(read_image(path).with_depth(8))
        except ImageError:
            self.unreadable += 1
            return None

    def notes(self) -> list[str]:
        """Return what a reader has to know."""
        counts = {
            "lie outside of their record's folder": self.refused,
            "cannot be read": self.unreadable,
        }
        return [f"{count} images {why} and are not shown." for why, count in counts.items() if count]


@dataclass(frozen=True)
class _Shown:
    """A validation whose images are shown."""

    source: RecordSource
    record: ValidateRecord

    @property
    def short(self) -> str:
        """Name its answers: the model in its precision, and what else tells it from the report's others."""
        of = next((point.configuration for point in self.source.points), None)
        return replace(of, device="").label if of else self.source.name

    def value(self, metric: str, row: int) -> float | None:
        """Return the metric of the sample in a row."""
        return next(iter(self.record.table.values.get(metric, ())[row : row + 1]), None)


def gallery(evidence: Evidence, folders: Sequence[Path] = ()) -> Section | None:
    """Return the images of validations and of runs; None where there are none.

    Args:
        evidence: the records. A validation's images lie in `NAME.images` beside its record; the inputs that a run
            names are shown if they lie in its record's folder, or in one of the next.
        folders: with images named as a run's inputs, such as its results; each is labelled by its folder's name.

    Raises:
        InputError: one of the folders does not exist.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: there is no such folder; give one with results of a run")
    reader = _ImageReader()
    groups: dict[tuple[object, ...], list[_Shown]] = {}
    for source, record in evidence.of(ValidateRecord):
        if source.path.with_suffix(FOLDER_SUFFIX).is_dir():
            data = record.data
            groups.setdefault((data.name, data.sha256, data.reference, data.count), []).append(_Shown(source, record))
    galleries = [_validated(group, reader) for group in groups.values()]
    galleries += [_results(source, record, folders, reader) for source, record in evidence.of(RunRecord)]
    kept = [one for one in galleries if one.exhibits]
    notes = [Gallery((), " ".join(reader.notes()))] if reader.notes() else []
    return Section("gallery", "Gallery", (*kept, *notes)) if kept or notes else None


def _validated(group: list[_Shown], reader: _ImageReader) -> Gallery:
    first = group[0].record
    metric = next((figure.metric for figure in first.measurements), "")
    folders = [one.source.path.with_suffix(FOLDER_SUFFIX) for one in group]
    rows = {int(match[1]) for file in sorted(folders[0].iterdir()) if (match := _FILE.fullmatch(file.name))}
    order = _order(first, metric, rows) if metric else sorted(rows)
    ids = first.table.ids
    exhibits: list[Exhibit] = []
    for row in order[:_MOST]:
        images = {
            role: [reader.read(folder / f"{row}-{role}.png", [folder.parent]) for folder in folders]
            for role in ("image", "truth", "answer")
        }
        name = ids[row] if row < len(ids) else str(row)
        caption = ", ".join(f"{one.short} {number(one.value(metric, row))}" for one in group)
        exhibit = _exhibit(name, f"{title_of(metric)}: {caption}", images, group)
        if exhibit:
            exhibits.append(exhibit)
    enlarging = first.task == "super_resolution"
    how = (
        "Errors are four times as bright as they are; a window where there is most detail."
        if enlarging
        else "In the error maps orange is what the mask adds, blue what it misses."
    )
    return Gallery(tuple(exhibits), f"{first.data.name}, typical samples first, then the worst. {how}")


def _order(record: ValidateRecord, metric: str, rows: Collection[int]) -> list[int]:
    """Return the rows that have images: a quarter of them typical of the whole data set, then the worst first."""
    every = len(record.table.ids)
    typical = [row for row in typical_samples(record, order=metric, count=every) if row in rows]
    worst = [row for row in worst_samples(record, order=metric, count=every) if row in rows]
    return list(dict.fromkeys([*typical[: min(len(rows), _MOST) // 4], *worst]))


def _exhibit(name: str, caption: str, images: dict[str, list[Image | None]], group: list[_Shown]) -> Exhibit | None:
    original, truth = (next((one for one in images[role] if one), None) for role in ("image", "truth"))
    answers = [(one, answer) for one, answer in zip(group, images["answer"], strict=True) if answer]
    if original is None or not answers:
        return None
    enlarging = group[0].record.task == "super_resolution"
    best, first = answers[0]
    cut = None if enlarging else _cut_out(original, first)
    if enlarging:
        before = _thumbnail(_enlarged(original, first.size), "bicubic", f"{name}, enlarged without a network")
        after = _thumbnail(first, best.short, f"{name}, enlarged by {best.short}")
    else:
        before = _thumbnail(original, "original", f"{name}, the original")
        after = _thumbnail(_composite(cut), f"composite, {best.short}", f"{name} on a plain colour") if cut else None
    shown = [_thumbnail(truth, "truth", f"{name}, the true {'image' if enlarging else 'mask'}")] if truth else []
    for one, answer in answers:
        if not enlarging:
            shown.append(_thumbnail(answer, f"mask, {one.short}", f"{name}, mask of {one.short}"))
        elif len(answers) > 1:
            shown.append(_thumbnail(answer, one.short, f"{name}, enlarged by {one.short}"))
        off = (_difference if enlarging else _errors)(answer, truth) if truth else None
        if off:
            shown.append(_thumbnail(off, f"error, {one.short}", f"{name}, error of {one.short}"))
    if cut:
        shown.append(_thumbnail(cut, f"cut-out, {best.short}", f"{name}, cut out"))
    return Exhibit(name, caption, tuple(shown), before, after)


def _results(source: RecordSource, record: RunRecord, folders: Sequence[Path], reader: _ImageReader) -> Gallery:
    exhibits: list[Exhibit] = []
    home = source.path.absolute().parent
    by_stem = [{p.stem: p for p in sorted(f.iterdir()) if p.suffix.lower() in READABLE_EXTENSIONS} for f in folders]
    for text in record.inputs[:_MOST]:
        named = Path(text)
        places = [named, home / named, home / named.name]
        original = next((p for p in places if p.is_file() and _is_inside(p, [home, *folders])), named)
        found: list[tuple[str, Image]] = []
        loaded = reader.read(original, [home, *folders])
        if loaded:
            found.append(("original", loaded))
        for folder, files in zip(folders, by_stem, strict=True):
            path = files.get(named.stem)
            if path is None or path.resolve() == original.resolve():
                continue
            loaded = reader.read(path, [folder])
            if loaded:
                found.append((folder.resolve().name, loaded))
        if len(found) < 2 and not (found and folders):
            continue
        small = [_thumbnail(image, label, f"{named.name}, {label}") for label, image in found]
        pair = (small[0], small[-1]) if len(small) > 1 and _same_shape(small[0], small[-1]) else (None, None)
        rest = [one for one in small if one not in pair]
        exhibits.append(Exhibit(named.name, "", tuple(rest), *pair))
    models = " + ".join(models_of(record))
    return Gallery(tuple(exhibits), f"Results of {models or source.name}.")


def _same_shape(first: Thumbnail, second: Thumbnail) -> bool:
    return abs(first.width / first.height - second.width / second.height) < 0.02 * first.width / first.height


def _is_inside(path: Path, folders: Sequence[Path]) -> bool:
    """Tell whether a path lies in one of the folders, after all links."""
    real = path.resolve()
    return any(real.is_relative_to(folder.resolve()) for folder in folders)


def _thumbnail(image: Image, label: str, alt: str) -> Thumbnail:
    """Encode an image for the page."""
    fitted = _fitted(image)
    data = encode_image(Image(fitted.rgb, fitted.alpha), "webp", quality=_QUALITY)
    return Thumbnail(label, alt, data, fitted.width, fitted.height)


def _cut_out(image: Image, mask: Image) -> Image | None:
    """Return the image with the mask as its alpha; None where their sizes differ."""
    if image.size != mask.size:
        return None
    return Image(image.rgb, np.ascontiguousarray(mask.rgb[..., 0]))


def _composite(cut: Image) -> Image:
    """Return a cut-out on a colour that shows its edges."""
    return over_colour(cut, _BEHIND)


def _errors(answer: Image, truth: Image) -> Image | None:
    """Return where a mask is wrong, on white: orange where it adds, blue where it misses; None where sizes differ."""
    if answer.size != truth.size:
        return None
    off = (answer.rgb[..., :1].astype(np.float32) - truth.rgb[..., :1]) / 255
    colour = np.where(off > 0, _ADDED, _MISSED)
    rgb = 255 + np.abs(off) * (colour - 255)
    return Image(np.rint(rgb).astype(np.uint8))


def _difference(answer: Image, truth: Image) -> Image | None:
    """Return how far an enlarged image is from the truth, four times as bright; None where sizes differ."""
    if answer.size != truth.size:
        return None
    off = np.abs(answer.rgb.astype(np.int16) - truth.rgb)
    return Image(np.minimum(_GAIN * off, 255).astype(np.uint8))


def _enlarged(image: Image, size: tuple[int, int]) -> Image:
    """Return an image in another size (width, height), by bicubic interpolation."""
    return Image(np.asarray(cv2.resize(image.rgb, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8))


def _fitted(image: Image) -> Image:
    share = _SIDE / max(image.width, image.height)
    if share >= 1:
        return image
    width, height = max(1, round(image.width * share)), max(1, round(image.height * share))
    rgb, alpha = resize_straight(image.rgb, image.alpha, width, height)
    return Image(rgb, alpha)
