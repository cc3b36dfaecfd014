"""The gallery: samples and results in pictures, the worst first, several precisions side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...bench.accuracy.specimens import FOLDER_SUFFIX
from ...bench.accuracy.tables import column, worst_samples
from ...core.errors import ImageError, InputError
from ...images import READABLE_EXTENSIONS, Picture
from ..document import Exhibit, Gallery, Section, Thumbnail
from ..evidence import Evidence, Point, Source, setting, texts
from ..numbers import number, title_of
from ..thumbnails import composite, cut_out, difference, enlarged, errors, is_inside, load, thumbnail

__all__ = ["gallery"]

_FILE = re.compile(r"(\d{1,9})-(picture|truth|answer)\.png")
_MOST = 12


@dataclass
class _Shelf:
    """What is found on the way: why a picture that a record names is not shown."""

    refused: int = 0
    unreadable: int = 0

    def load(self, path: Path, folders: Sequence[Path]) -> Picture | None:
        """Read a picture; None, and counted, where it lies elsewhere or cannot be read."""
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
            said.append(f"{self.refused} pictures lie outside of their record's folder and are not shown.")
        if self.unreadable:
            said.append(f"{self.unreadable} pictures cannot be read and are not shown.")
        return said


def gallery(evidence: Evidence, folders: Sequence[Path] = ()) -> list[Section]:
    """Return the pictures of validations and of runs; nothing where there are none.

    Args:
        evidence: the records. A validation's pictures lie in `NAME.pictures` beside its record; the inputs that a run
            names are shown if they lie in its record's folder, or in one of the next.
        folders: with pictures named as a run's inputs, such as its results; each is labelled by its folder's name.

    Raises:
        InputError: one of the folders does not exist.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: there is no such folder; give one with results of a run")
    shelf = _Shelf()
    groups: dict[tuple[str, ...], list[Source]] = {}
    for source in evidence.of_kind("validation"):
        if source.path.with_suffix(FOLDER_SUFFIX).is_dir():
            key = tuple(setting(source.record, name) for name in ("dataset", "dataset_hash", "reference", "samples"))
            groups.setdefault(key, []).append(source)
    galleries = [_validated(sources, shelf) for sources in groups.values()]
    galleries += [_results(source, folders, shelf) for source in evidence.of_kind("run")]
    kept = [one for one in galleries if one.exhibits]
    if not kept and not shelf.notes():
        return []
    notes = [Gallery((), " ".join(shelf.notes()))] if shelf.notes() else []
    return [Section("gallery", "Gallery", (*kept, *notes))]


def _validated(sources: list[Source], shelf: _Shelf) -> Gallery:
    first = sources[0].record
    metric = next((figure.name for figure in first.figures), "")
    folders = [source.path.with_suffix(FOLDER_SUFFIX) for source in sources]
    rows = {int(match[1]) for file in sorted(folders[0].iterdir()) if (match := _FILE.fullmatch(file.name))}
    order = [row for row in worst_samples(first, by=metric, count=10**9) if row in rows] if metric else sorted(rows)
    ids = texts(first.samples.get("id"))
    exhibits: list[Exhibit] = []
    for row in order[:_MOST]:
        pictures = {
            role: [shelf.load(folder / f"{row}-{role}.png", [folder.parent]) for folder in folders]
            for role in ("picture", "truth", "answer")
        }
        values = [(source, (column(source.record, metric) or [None] * (row + 1))[row : row + 1]) for source in sources]
        caption = ", ".join(f"{_short(source)} {number(value[0] if value else None)}" for source, value in values)
        name = ids[row] if row < len(ids) else str(row)
        exhibit = _exhibit(name, f"{title_of(metric)}: {caption}", pictures, sources)
        if exhibit:
            exhibits.append(exhibit)
    enlarging = first.settings.get("task") == "super_resolution"
    how = (
        "Errors are four times as bright as they are; a window where there is most detail."
        if enlarging
        else "In the error maps orange is what the mask adds, blue what it misses."
    )
    return Gallery(tuple(exhibits), f"{setting(first, 'dataset')}, the worst samples first. {how}")


def _exhibit(
    name: str, caption: str, pictures: dict[str, list[Picture | None]], sources: list[Source]
) -> Exhibit | None:
    original, truth = (next((one for one in pictures[role] if one), None) for role in ("picture", "truth"))
    answers = [(source, answer) for source, answer in zip(sources, pictures["answer"], strict=True) if answer]
    if original is None or not answers:
        return None
    shown: list[Thumbnail] = []
    if sources[0].record.settings.get("task") == "super_resolution":
        size = answers[0][1].size
        before = thumbnail(enlarged(original, size), "bicubic", f"{name}, enlarged without a network")
        after = thumbnail(answers[0][1], _short(answers[0][0]), f"{name}, enlarged by {_short(answers[0][0])}")
        if truth:
            shown.append(thumbnail(truth, "truth", f"{name}, the true picture"))
        for source, answer in answers:
            if len(answers) > 1:
                shown.append(thumbnail(answer, _short(source), f"{name}, enlarged by {_short(source)}"))
            off = difference(answer, truth) if truth else None
            if off:
                shown.append(thumbnail(off, f"error, {_short(source)}", f"{name}, error of {_short(source)}"))
        return Exhibit(name, caption, tuple(shown), before, after)
    before = thumbnail(original, "original", f"{name}, the original")
    cut = cut_out(original, answers[0][1])
    after = (
        thumbnail(composite(cut), f"composite, {_short(answers[0][0])}", f"{name} on a plain colour") if cut else None
    )
    if truth:
        shown.append(thumbnail(truth, "truth", f"{name}, the true mask"))
    for source, answer in answers:
        shown.append(thumbnail(answer, f"mask, {_short(source)}", f"{name}, mask of {_short(source)}"))
        off = errors(answer, truth) if truth else None
        if off:
            shown.append(thumbnail(off, f"error, {_short(source)}", f"{name}, error of {_short(source)}"))
    if cut:
        shown.append(thumbnail(cut, f"cut-out, {_short(answers[0][0])}", f"{name}, cut out"))
    return Exhibit(name, caption, tuple(shown), before, after)


def _results(source: Source, folders: Sequence[Path], shelf: _Shelf) -> Gallery:
    exhibits: list[Exhibit] = []
    home = source.path.absolute().parent
    by_stem = [{p.stem: p for p in sorted(f.iterdir()) if p.suffix.lower() in READABLE_EXTENSIONS} for f in folders]
    for text in texts(source.record.samples.get("input"))[:_MOST]:
        named = Path(text)
        places = [named, home / named, home / named.name]
        original = next((p for p in places if p.is_file() and is_inside(p, [home, *folders])), named)
        found: list[tuple[str, Picture]] = []
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
        small = [thumbnail(picture, label, f"{named.name}, {label}") for label, picture in found]
        pair = (small[0], small[-1]) if len(small) > 1 and _same_shape(small[0], small[-1]) else (None, None)
        rest = [one for one in small if one not in pair]
        exhibits.append(Exhibit(named.name, "", tuple(rest), *pair))
    models = " + ".join(ref.model for ref in source.record.artifacts)
    return Gallery(tuple(exhibits), f"Results of {models or source.name}.")


def _same_shape(first: Thumbnail, second: Thumbnail) -> bool:
    return abs(first.width / first.height - second.width / second.height) < 0.02 * first.width / first.height


def _short(source: Source) -> str:
    """Name a record's answers: the model in its precision."""
    figure = next(iter(source.record.figures), None)
    subject = Point(source, figure, None).subject if figure else None
    return f"{subject.name} {subject.precision} {subject.arithmetic}".strip() if subject else source.name
