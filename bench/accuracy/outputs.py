"""What a validation leaves on disk: records, a CSV of all samples, and a contact sheet of the worst."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

import numpy as np

from ...core import InputError, Record, ValidateRecord, atomic_path, read_record
from ...datasets import Dataset, Pixels, Sample, contact_sheet, grey, sample_row, write_sheet
from .specimens import rows_to_show, write_specimens
from .subjects import Subject
from .tables import samples_table, worst_samples

__all__ = ["record_name", "record_names", "worst_sheet", "write_validation"]

_MOST_SHOWN = 8
_DIGITS = 8


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
    records: Sequence[ValidateRecord],
    subjects: Sequence[Subject],
    dataset: Dataset,
    folder: Path,
    *,
    by: str | None = None,
    worst: int = 12,
    replace: bool = False,
) -> list[Path]:
    """Write, for each record, `NAME.json`, `NAME.csv` (the worst sample first) and `NAME.worst.png` into a folder.

    Small images of the worst samples, the same ones for all records, go to `NAME.images/`, for reports.

    Args:
        records: what `validate` returned for the subjects, in their order.
        subjects: answer the worst samples once more, for the sheet.
        dataset: what was validated on.
        folder: made if need be; what an earlier call wrote of the same files is replaced, as `record_names` says.
        by: the metric that orders samples; the record's first unless given.
        worst: samples on the sheet; 0 writes none.
        replace: what an earlier call wrote of other files under the same names is replaced too.

    Returns:
        The records' paths.

    Raises:
        InputError: `by` was not measured, or a folder for images holds something that is not ours.
    """
    paths: list[Path] = []
    shown = rows_to_show(records, by=by, count=min(worst, _MOST_SHOWN)) if worst else []
    names = record_names(records, folder, replace=replace)
    for name, record in zip(names, records, strict=True):
        table = samples_table(record, by=by)
        with atomic_path(folder / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, errors="backslashreplace")
        record.write(folder / f"{name}.json")
        paths.append(folder / f"{name}.json")
    # Last, so that no measurement is lost where a folder for images holds something else.
    for record, subject, path in zip(records, subjects, paths, strict=True):
        if worst:
            write_sheet(path.with_suffix(".worst.png"), worst_sheet(record, subject, dataset, by=by, count=worst))
            write_specimens(path, subject, dataset, shown)
    return paths


def worst_sheet(
    record: ValidateRecord, subject: Subject, dataset: Dataset, *, by: str | None = None, count: int = 12
) -> Pixels:
    """Return a contact sheet of a record's worst samples, (H, W, 3) uint8 RGB: image, truth, answer, difference."""
    name = by or record.measurements[0].metric
    values = record.table.values[name]
    rows: list[tuple[str, list[Pixels]]] = []
    for row in worst_samples(record, by=name, count=count):
        sample = dataset[row]
        value = values[row]
        caption = f"{sample.id} {name}" + ("" if value is None else f" {value:.4g}")
        rows.append((caption, [*sample_row(sample), *_answer(subject, sample)]))
    return contact_sheet(rows, columns=2)


def _answer(subject: Subject, sample: Sample) -> list[Pixels]:
    if sample.alpha is not None and subject.alpha:
        alpha = subject.alpha(sample)
        return [grey(alpha), grey(np.abs(alpha - sample.alpha))]
    if sample.high_resolution is not None and subject.image:
        image = subject.image(sample)
        off = np.abs(image.astype(np.int16) - sample.high_resolution)
        return [image, np.minimum(4 * off, 255).astype(np.uint8)]
    return []
