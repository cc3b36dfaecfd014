"""Contact sheets: many small images on one, and PNG files of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import ImageError, atomic_path
from .sample import AlphaMatte, Pixels, Sample

__all__ = ["contact_sheet", "grey", "sample_row", "write_png", "write_sheet"]

_MARGIN, _CAPTION = 6, 18


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
