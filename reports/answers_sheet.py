"""A sheet of several candidates' answers to the same samples, one sample a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..bench import FOLDER_SUFFIX
from ..core import InputError, ValidateRecord, read_record
from ..datasets import Pixels, contact_sheet
from ..images import Image, over_colour, read_image
from .evidence import number, title_of

__all__ = ["answers_sheet"]

_FILE = re.compile(r"(\d{1,9})-answer\.png")
_BEHIND = (0, 133, 119)
_HEIGHT = 200


def answers_sheet(folders: Sequence[Path]) -> Pixels:
    """Return the sheet, (H, W, 3) uint8 RGB: each sample, its truth where there is one, and every candidate's answer.

    A mask is shown as the cut-out on a colour. A line's caption names the candidates from left to right, each with its
    figure of the sample.

    Args:
        folders: of answers, as a comparison keeps them; the first one is shown.

    Raises:
        InputError: there is no answer.
    """
    paths = sorted(folders[0].glob("*.json"), key=lambda path: int(path.stem)) if folders else []
    records = [read_record(path, ValidateRecord) for path in paths]
    places = [path.with_suffix(FOLDER_SUFFIX) for path in paths]
    files = [found for place in places[:1] for file in place.iterdir() if (found := _FILE.fullmatch(file.name))]
    rows = sorted(int(found[1]) for found in files)
    if not rows:
        raise InputError("there are no answers to show on a sheet; compare with a folder for them (--answers FOLDER)")
    lines: list[tuple[str, list[Pixels]]] = []
    for row in rows:
        image = read_image(places[0] / f"{row}-image.png")
        truth = places[0] / f"{row}-truth.png"
        shown = [_pixels(image), *([_pixels(read_image(truth))] if truth.is_file() else [])]
        for place, record in zip(places, records, strict=True):
            shown.append(_answer(image, read_image(place / f"{row}-answer.png"), record))
        figures = "  |  ".join(_figure(record, row) for record in records)
        lines.append((f"{records[0].table.ids[row]}  |  {figures}", shown))
    return contact_sheet(lines, columns=1, height=_HEIGHT)


def _answer(image: Image, answer: Image, record: ValidateRecord) -> Pixels:
    if record.task == "super_resolution":
        return _pixels(answer)
    return _pixels(over_colour(Image(image.rgb, answer.rgb[..., 0].copy()), _BEHIND))


def _pixels(image: Image) -> Pixels:
    return image.rgb.astype(np.uint8)


def _figure(record: ValidateRecord, row: int) -> str:
    figure = record.measurements[0]
    value = record.table.values[figure.metric][row]
    arithmetic = "" if figure.arithmetic in {"", "f32"} else f" {figure.arithmetic}"
    return f"{figure.model} {figure.precision}{arithmetic}: {title_of(figure.metric)} {number(value)}"
