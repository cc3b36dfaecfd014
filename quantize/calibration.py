"""Calibration: samples through a model's own contract, and the proof that none of them is validated on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..core import Contract, InputError
from ..datasets import Dataset, Pixels, Sample
from ..infer import Tensor, normalise, tensor_from

__all__ = ["calibration_tensor", "content_of", "require_disjoint", "require_fit", "split", "tensors"]

_HELD_OUT = 5
"""Without a validation set, each fifth sample is kept back from calibration."""


def require_fit(dataset: Dataset, contract: Contract) -> None:
    """Refuse a data set of another task than the model's with an InputError."""
    if dataset.task != contract.task:
        raise InputError(
            f"the data set {dataset.name} is for {dataset.task}, but the model is for {contract.task}; "
            f"give --data of the model's task"
        )


def split(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Split into calibration and validation: each fifth sample is validated on.

    Raises:
        InputError: there are fewer than five samples.
    """
    if len(dataset) < _HELD_OUT:
        raise InputError(
            f"the data set {dataset.name} has {len(dataset)} samples, too few to keep some back for validation; "
            f"give --validation another set, or one with {_HELD_OUT} samples or more"
        )
    kept = [entry for number, entry in enumerate(dataset.entries) if number % _HELD_OUT != _HELD_OUT - 1]
    held = [entry for number, entry in enumerate(dataset.entries) if number % _HELD_OUT == _HELD_OUT - 1]
    return replace(dataset, entries=tuple(kept)), replace(dataset, entries=tuple(held))


def content_of(sample: Sample) -> str:
    """Return the SHA-256 of a sample's pixels: of the high-resolution image where there is one.

    The same image has the same hash in another folder, under another name or in another lossless format.
    """
    pixels = sample.image if sample.high_resolution is None else sample.high_resolution
    total = hashlib.sha256(f"{pixels.shape}".encode())
    total.update(np.ascontiguousarray(pixels).tobytes())
    return total.hexdigest()


def require_disjoint(calibration: Dataset, validation: Dataset) -> None:
    """Refuse data sets that share an image.

    Raises:
        InputError: at least one sample's content is in both; the message names it in both.
    """
    seen = {content_of(sample): sample.id for sample in calibration}
    shared = [(seen[content], sample.id) for sample in validation if (content := content_of(sample)) in seen]
    if shared:
        first, second = shared[0]
        raise InputError(
            f"{len(shared)} of the {len(validation)} validation samples are calibrated on too ({second!r} of "
            f"{validation.name} is {first!r} of {calibration.name}), so the accuracy would be flattered; "
            f"give --validation a set without them"
        )


def tensors(dataset: Dataset, contract: Contract, patch: int) -> Iterator[Tensor]:
    """Give the network's input for each sample; one is in memory at a time."""
    for number, sample in enumerate(dataset):
        yield calibration_tensor(sample, contract, patch, number)


def calibration_tensor(sample: Sample, contract: Contract, patch: int, number: int) -> Tensor:
    """Return the network's input (1, 3, h, w) for a sample.

    Segmentation resizes the image. Super-resolution, and any network without a fixed size, takes a patch of it at a
    place that `number` decides, so that memory does not depend on the image; a fixed input size is the patch's size.
    """
    if contract.task == "segmentation":
        return tensor_from(sample.image, contract)
    height, width = contract.input.fit(patch)
    return normalise(_patch(sample.image, height, width, number).astype(np.float32), contract)


def _patch(image: Pixels, height: int, width: int, number: int) -> Pixels:
    rng = np.random.default_rng(number)
    rows, columns = image.shape[:2]
    top = int(rng.integers(max(rows - height, 0) + 1))
    left = int(rng.integers(max(columns - width, 0) + 1))
    cut = image[top : top + height, left : left + width]
    down, across = height - cut.shape[0], width - cut.shape[1]
    return np.pad(cut, ((0, down), (0, across), (0, 0)), mode="edge") if down or across else cut
