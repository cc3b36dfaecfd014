"""What a network answers by each way to prepare photos and to read it, and how well that fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core import Contract, ModelError
from ...datasets import Sample
from ...infer import LoadedModel, Tensor, load, matte_from, normalise, pixels_from, tensor_from
from ...metrics import iou, psnr
from .ways import Way

__all__ = ["TriedNetwork", "enlarged", "mask_of", "psnr_of"]

_MOST_PSNR = 78.0
"""dB that stand for the infinite PSNR of identical images, so that means of them are numbers."""

_SIDE = 64
"""Of what is enlarged, in pixels."""


class TriedNetwork:
    """The network, opened once for each of its outputs; each way to prepare a photo is computed once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._models: dict[str | None, LoadedModel] = {}

    def answers(self, sample: Sample, ways: Sequence[Way]) -> Iterator[Tensor]:
        """Give what it answers to a photo by each way."""
        said: dict[tuple[str, str | None], Tensor] = {}
        for way in ways:
            key = (way.prepared, way.contract.output.name)
            if key not in said:
                said[key] = self._run(sample, way.contract)
            yield said[key]

    def _run(self, sample: Sample, contract: Contract) -> Tensor:
        name = contract.output.name
        if name not in self._models:
            self._models[name] = load(self._path, contract=contract)
        if contract.task == "segmentation":
            tensor = tensor_from(sample.image, contract)
        else:
            tensor = normalise(_reduced(sample.image, contract)[0], contract)
        return self._models[name].runtime.run(tensor)


def _reduced(image: NDArray[np.uint8], contract: Contract) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return a part of a photo, reduced by the contract's factor, and the part itself."""
    scale, wanted = contract.output.scale, contract.input
    height, width = (wanted.height, wanted.width) if wanted.height and wanted.width else wanted.fit(_SIDE)
    rows, columns = image.shape[:2]
    missing = max(0, height * scale - rows), max(0, width * scale - columns)
    mode = "reflect" if max(missing) < min(rows, columns) else "edge"
    whole = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode=mode)
    top = (rows + missing[0] - height * scale) // 2
    left = (columns + missing[1] - width * scale) // 2
    part = np.ascontiguousarray(whole[top : top + height * scale, left : left + width * scale])
    small = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32), part


def mask_of(answer: Tensor, sample: Sample, contract: Contract) -> tuple[float, NDArray[Any]]:
    """Return a mask's IoU with the truth, and the mask."""
    mask: NDArray[Any]
    try:
        mask = (matte_from(answer, contract).alpha > 0.5).astype(np.float32)
    except ModelError:
        # Values that are not finite, or no class numbers: such photos are not for this network.
        mask = np.zeros(answer.shape[2:], dtype=np.float32)
    truth = sample.alpha if sample.alpha is not None else np.zeros(sample.image.shape[:2], np.float32)
    height, width = answer.shape[2:]
    expected = cv2.resize(truth, (width, height), interpolation=cv2.INTER_AREA) > 0.5
    return iou(mask, expected.astype(np.float32)), mask


def enlarged(answer: Tensor, sample: Sample, contract: Contract) -> tuple[float, NDArray[Any]]:
    """Return an enlargement's PSNR with the photo, and the enlargement."""
    small, part = _reduced(sample.image, contract)
    if not np.isfinite(answer).all():
        return 0.0, np.zeros_like(part)
    pixels = pixels_from(answer, contract, np.uint8, small)
    return psnr_of(pixels, part), pixels


def psnr_of(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the PSNR of two images in dB, finite for identical ones too."""
    return min(psnr(one, other), _MOST_PSNR)
