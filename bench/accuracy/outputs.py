"""What an evaluation leaves: records, tables of samples, contact sheets of the worst, and small images of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ...core import InputError, Record, ValidateRecord, atomic_directory, atomic_path, read_record
from ...datasets import Dataset, Pixels, Sample, contact_sheet, grey, sample_row, write_png, write_sheet
from ..evaluation_settings import EvaluationSettings
from .predictors import Predictor
from .sample_choice import rows_to_show, worst_samples

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FOLDER_SUFFIX",
    "ROLES",
    "SIDE",
    "record_name",
    "record_names",
    "samples_table",
    "summary_table",
    "worst_sheet",
    "write_sample_images",
    "write_validation",
]

_MOST_SHOWN = 8
_DIGITS = 8

FOLDER_SUFFIX = ".images"
"""`NAME.json` has its images in the folder `NAME.images`, as `ROW-ROLE.png`; rows are those of the samples."""

ROLES = ("image", "truth", "answer")

SIDE = 320
"""Longest side in pixels. Masks are shrunk to it; of an enlarged image it is a window, where there is most detail."""


def record_name(record: ValidateRecord) -> str:
    """Return a file name, without suffix, that tells a validation record from others."""
    figure = record.measurements[0]
    parts = [figure.model, figure.precision, figure.device]
    # What everybody computes in needs no word in a name.
    parts += [figure.arithmetic] if figure.arithmetic not in {"", "f32"} else []
    parts.append(record.data.name)
    if record.data.reference != "truth":
        parts.append(f"vs-{record.data.reference}")
    return "-".join(re.sub(r"[^\w.]+", "_", part).strip("_") for part in parts if part) or record.kind


def record_names(records: Sequence[ValidateRecord], folder: Path, *, replace: bool = False) -> list[str]:
    """Return a file name, without suffix, for each of several records in a folder; no two are the same.

    Where `record_name` gives several records the same one, as for two fine-tunes of one model, each has a prefix of its
    files' hash behind it; so has a record whose name another one in the folder bears, of other files. The same records
    have the same names in every call.

    Args:
        records: of one call.
        folder: where they will be; need not be there.
        replace: leave out of account what lies in the folder.
    """
    plain = [record_name(record) for record in records]
    often = Counter(name.casefold() for name in plain)
    taken: set[str] = set()
    names: list[str] = []
    for name, record in zip(plain, records, strict=True):
        marked = f"{name}-{_digest(record)[:_DIGITS]}" if any(ref.sha256 for ref in record.variants) else name
        wanted = [name] if often[name.casefold()] == 1 else []
        further = (f"{marked}-{number}" for number in count(2))
        free = (each for each in chain(wanted, [marked], further) if each.casefold() not in taken)
        found = next(each for each in free if replace or _may_have(folder / f"{each}.json", record))
        taken.add(found.casefold())
        names.append(found)
    return names


def _may_have(path: Path, record: ValidateRecord) -> bool:
    """Tell whether a record may be written to a path: nothing is there, or a record of the same files."""
    if not path.exists():
        return True
    try:
        return _files(read_record(path)) == _files(record)
    except InputError:
        return False


def _files(record: Record) -> list[dict[str, str]]:
    return [ref.sha256 for ref in record.variants if ref.sha256]


def _digest(record: ValidateRecord) -> str:
    return hashlib.sha256(json.dumps(_files(record), sort_keys=True).encode()).hexdigest()


def write_validation(
    records: Sequence[ValidateRecord], predictors: Sequence[Predictor], dataset: Dataset, settings: EvaluationSettings
) -> list[Path]:
    """Write, for each record, `NAME.json`, `NAME.csv` (the worst sample first) and `NAME.worst.png` into a folder.

    Small images of the worst samples, the same ones for all records, go to `NAME.images/`, for reports.

    Args:
        records: what `validate` returned for the predictors, in their order.
        predictors: answer the worst samples once more, for the sheet.
        dataset: what was validated on.
        settings: the folder `out`, which is made if need be, and what is written there. What an earlier call wrote of
            the same files is replaced, as `record_names` says.

    Returns:
        The records' paths.

    Raises:
        InputError: the metric that orders samples was not measured, or a folder for images holds something that is not
            ours.
    """
    folder, order, worst = Path(settings.out or "."), settings.order, settings.worst
    paths: list[Path] = []
    shown = rows_to_show(records, order=order, count=min(worst, _MOST_SHOWN)) if worst else []
    names = record_names(records, folder, replace=settings.replace)
    for name, record in zip(names, records, strict=True):
        table = samples_table(record, order=order)
        with atomic_path(folder / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, errors="backslashreplace")
        record.write(folder / f"{name}.json")
        paths.append(folder / f"{name}.json")
    # Last, so that no measurement is lost where a folder for images holds something else.
    for record, predictor, path in zip(records, predictors, paths, strict=True):
        if worst:
            sheet = worst_sheet(record, predictor, dataset, order=order, count=worst)
            write_sheet(path.with_suffix(".worst.png"), sheet)
            write_sample_images(path, predictor, dataset, shown)
    return paths


def worst_sheet(
    record: ValidateRecord, predictor: Predictor, dataset: Dataset, *, order: str | None = None, count: int = 12
) -> Pixels:
    """Return a contact sheet of a record's worst samples, (H, W, 3) uint8 RGB: image, truth, answer, difference."""
    name = order or record.measurements[0].metric
    values = record.table.values[name]
    rows: list[tuple[str, list[Pixels]]] = []
    for row in worst_samples(record, order=name, count=count):
        sample = dataset[row]
        value = values[row]
        caption = f"{sample.id} {name}" + ("" if value is None else f" {value:.4g}")
        rows.append((caption, [*sample_row(sample), *_answer(predictor, sample)]))
    return contact_sheet(rows, columns=2)


def _answer(predictor: Predictor, sample: Sample) -> list[Pixels]:
    if sample.alpha is not None and predictor.alpha:
        alpha = predictor.alpha(sample)
        return [grey(alpha), grey(np.abs(alpha - sample.alpha))]
    if sample.high_resolution is not None and predictor.image:
        image = predictor.image(sample)
        off = np.abs(image.astype(np.int16) - sample.high_resolution)
        return [image, np.minimum(4 * off, 255).astype(np.uint8)]
    return []


def write_sample_images(path: Path, predictor: Predictor, dataset: Dataset, rows: Sequence[int]) -> None:
    """Let a predictor answer rows of a data set once more, and write small images of it beside its record.

    Args:
        path: of the record.
        predictor: answers.
        dataset: what was validated on.
        rows: which samples.

    Raises:
        MattekitError: a sample cannot be read or answered; an earlier folder is as it was then.
    """
    with atomic_directory(path.with_suffix(FOLDER_SUFFIX)) as folder:
        for row in rows:
            for role, pixels in _images(predictor, dataset[row]).items():
                write_png(folder / f"{row}-{role}.png", pixels)


def _images(predictor: Predictor, sample: Sample) -> dict[str, Pixels]:
    """Return small images of a sample by their roles; without the truth where there is none."""
    if predictor.alpha and sample.high_resolution is None:
        truth = {} if sample.alpha is None else {"truth": grey(sample.alpha)}
        found = {"image": sample.image, **truth, "answer": grey(predictor.alpha(sample))}
        return {role: _shrunk(pixels) for role, pixels in found.items()}
    if predictor.image is None:
        return {}
    answer, scale = predictor.image(sample), predictor.scale
    if sample.high_resolution is not None:
        scale = sample.high_resolution.shape[0] // sample.image.shape[0]
    side = SIDE // scale
    # The image decides, so that all answers show the same window.
    detail = cv2.blur(
        np.abs(cv2.Laplacian(sample.image.astype(np.float32), cv2.CV_32F)).mean(axis=2), (side // 2, side // 2)
    )
    row, column = np.unravel_index(int(detail.argmax()), detail.shape)
    top, left = (
        int(np.clip(middle - side // 2, 0, max(whole - side, 0)))
        for middle, whole in zip((int(row), int(column)), detail.shape, strict=True)
    )
    small = (slice(top, top + side), slice(left, left + side))
    window = (slice(top * scale, (top + side) * scale), slice(left * scale, (left + side) * scale))
    truth = {} if sample.high_resolution is None else {"truth": sample.high_resolution[window]}
    found = {"image": sample.image[small], **truth, "answer": answer[window]}
    return {role: np.ascontiguousarray(pixels) for role, pixels in found.items()}


def _shrunk(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    share = SIDE / max(height, width)
    if share >= 1:
        return pixels
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def summary_table(records: Sequence[ValidateRecord]) -> pd.DataFrame:
    """Return a row for each record: model, precision, device, dataset, samples, and each metric's mean over them."""
    import pandas as pd

    rows: list[dict[str, object]] = []
    for record in records:
        figures = [figure for figure in record.measurements if figure.is_whole]
        row: dict[str, object] = {}
        if figures:
            first = figures[0]
            row = {"model": first.model, "precision": first.precision, "device": first.device, "dataset": first.dataset}
        row["samples"] = len(record.table.ids)
        row |= {figure.metric: figure.value for figure in figures}
        rows.append(row)
    return pd.DataFrame(rows)


def samples_table(record: ValidateRecord, *, order: str | None = None) -> pd.DataFrame:
    """Return a row for each sample, the worst by the metric `order` first (the record's first metric unless given).

    Raises:
        InputError: the record has no column of that name.
    """
    import pandas as pd

    table = record.table
    rows = worst_samples(record, order=order, count=len(table.ids))
    columns: dict[str, Sequence[object]] = {"id": table.ids}
    columns |= {f"tag:{name}": values for name, values in table.tags.items()}
    columns |= table.values
    return pd.DataFrame(columns).iloc[rows].reset_index(drop=True)
