"""The gallery: samples and results in images, the worst first, several precisions side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...bench import FOLDER_SUFFIX, worst_samples
from ...core import ImageError, InputError, RunRecord, ValidateRecord
from ...images import READABLE_EXTENSIONS, Image
from ..document import Exhibit, Gallery, Section, Thumbnail
from ..evidence import Evidence, Source, models_of
from ..numbers import number, title_of
from ..thumbnails import composite, cut_out, difference, enlarged, errors, is_inside, load, thumbnail

__all__ = ["gallery"]

_FILE = re.compile(r"(\d{1,9})-(image|truth|answer)\.png")
_MOST = 12


@dataclass
class _Shelf:
    """What is found on the way: why an image that a record names is not shown."""

    refused: int = 0
    unreadable: int = 0

    def load(self, path: Path, folders: Sequence[Path]) -> Image | None:
        """Read an image; None, and counted, where it lies elsewhere or cannot be read."""
        if not path.is_file():
            return None
        if not is_inside(path, folders):
            self.refused += 1
            return None
        try:
            return load(path)
        except ImageError:
            self.unreadable += 1
            return None

    def notes(self) -> list[str]:
        """Return what a reader has to know."""
        said: list[str] = []
        if self.refused:
            said.append(f"{self.refused} images lie outside of their record's folder and are not shown.")
        if self.unreadable:
            said.append(f"{self.unreadable} images cannot be read and are not shown.")
        return said


@dataclass(frozen=True)
class _Shown:
    """A validation whose images are shown."""

    source: Source
    record: ValidateRecord

    @property
    def short(self) -> str:
        """Name its answers: the model in its precision, and what else tells it from the report's others."""
        subject = next((point.subject for point in self.source.points), None)
        return replace(subject, device="").label if subject else self.source.name

    def value(self, metric: str, row: int) -> float | None:
        """Return the metric of the sample in a row."""
        return next(iter(self.record.table.values.get(metric, ())[row : row + 1]), None)


def gallery(evidence: Evidence, folders: Sequence[Path] = ()) -> list[Section]:
    """Return the images of validations and of runs; nothing where there are none.

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
    shelf = _Shelf()
    groups: dict[tuple[object, ...], list[_Shown]] = {}
    for source, record in evidence.of(ValidateRecord):
        if source.path.with_suffix(FOLDER_SUFFIX).is_dir():
            data = record.data
            groups.setdefault((data.name, data.sha256, data.reference, data.count), []).append(_Shown(source, record))
    galleries = [_validated(group, shelf) for group in groups.values()]
    galleries += [_results(source, record, folders, shelf) for source, record in evidence.of(RunRecord)]
    kept = [one for one in galleries if one.exhibits]
    if not kept and not shelf.notes():
        return []
    notes = [Gallery((), " ".join(shelf.notes()))] if shelf.notes() else []
    return [Section("gallery", "Gallery", (*kept, *notes))]


def _validated(group: list[_Shown], shelf: _Shelf) -> Gallery:
    first = group[0].record
    metric = next((figure.metric for figure in first.measurements), "")
    folders = [one.source.path.with_suffix(FOLDER_SUFFIX) for one in group]
    rows = {int(match[1]) for file in sorted(folders[0].iterdir()) if (match := _FILE.fullmatch(file.name))}
    order = [row for row in worst_samples(first, order=metric, count=10**9) if row in rows] if metric else sorted(rows)
    ids = first.table.ids
    exhibits: list[Exhibit] = []
    for row in order[:_MOST]:
        images = {
            role: [shelf.load(folder / f"{row}-{role}.png", [folder.parent]) for folder in folders]
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
    return Gallery(tuple(exhibits), f"{first.data.name}, the worst samples first. {how}")


def _exhibit(name: str, caption: str, images: dict[str, list[Image | None]], group: list[_Shown]) -> Exhibit | None:
    original, truth = (next((one for one in images[role] if one), None) for role in ("image", "truth"))
    answers = [(one, answer) for one, answer in zip(group, images["answer"], strict=True) if answer]
    if original is None or not answers:
        return None
    shown: list[Thumbnail] = []
    if group[0].record.task == "super_resolution":
        size = answers[0][1].size
        before = thumbnail(enlarged(original, size), "bicubic", f"{name}, enlarged without a network")
        after = thumbnail(answers[0][1], answers[0][0].short, f"{name}, enlarged by {answers[0][0].short}")
        if truth:
            shown.append(thumbnail(truth, "truth", f"{name}, the true image"))
        for one, answer in answers:
            if len(answers) > 1:
                shown.append(thumbnail(answer, one.short, f"{name}, enlarged by {one.short}"))
            off = difference(answer, truth) if truth else None
            if off:
                shown.append(thumbnail(off, f"error, {one.short}", f"{name}, error of {one.short}"))
        return Exhibit(name, caption, tuple(shown), before, after)
    before = thumbnail(original, "original", f"{name}, the original")
    cut = cut_out(original, answers[0][1])
    after = thumbnail(composite(cut), f"composite, {answers[0][0].short}", f"{name} on a plain colour") if cut else None
    if truth:
        shown.append(thumbnail(truth, "truth", f"{name}, the true mask"))
    for one, answer in answers:
        shown.append(thumbnail(answer, f"mask, {one.short}", f"{name}, mask of {one.short}"))
        off = errors(answer, truth) if truth else None
        if off:
            shown.append(thumbnail(off, f"error, {one.short}", f"{name}, error of {one.short}"))
    if cut:
        shown.append(thumbnail(cut, f"cut-out, {answers[0][0].short}", f"{name}, cut out"))
    return Exhibit(name, caption, tuple(shown), before, after)


def _results(source: Source, record: RunRecord, folders: Sequence[Path], shelf: _Shelf) -> Gallery:
    exhibits: list[Exhibit] = []
    home = source.path.absolute().parent
    by_stem = [{p.stem: p for p in sorted(f.iterdir()) if p.suffix.lower() in READABLE_EXTENSIONS} for f in folders]
    for text in record.inputs[:_MOST]:
        named = Path(text)
        places = [named, home / named, home / named.name]
        original = next((p for p in places if p.is_file() and is_inside(p, [home, *folders])), named)
        found: list[tuple[str, Image]] = []
        loaded = shelf.load(original, [home, *folders])
        if loaded:
            found.append(("original", loaded))
        for folder, files in zip(folders, by_stem, strict=True):
            path = files.get(named.stem)
            if path is None or path.resolve() == original.resolve():
                continue
            loaded = shelf.load(path, [folder])
            if loaded:
                found.append((folder.resolve().name, loaded))
        if len(found) < 2 and not (found and folders):
            continue
        small = [thumbnail(image, label, f"{named.name}, {label}") for label, image in found]
        pair = (small[0], small[-1]) if len(small) > 1 and _same_shape(small[0], small[-1]) else (None, None)
        rest = [one for one in small if one not in pair]
        exhibits.append(Exhibit(named.name, "", tuple(rest), *pair))
    models = " + ".join(models_of(record))
    return Gallery(tuple(exhibits), f"Results of {models or source.name}.")


def _same_shape(first: Thumbnail, second: Thumbnail) -> bool:
    return abs(first.width / first.height - second.width / second.height) < 0.02 * first.width / first.height
