"""Video: how much a matte flickers from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core import InputError
from .arrays import Alpha, Pixels, check_pair

__all__ = ["dtssd", "still_flicker"]


def dtssd(predictions: Sequence[Alpha], truths: Sequence[Alpha]) -> float:
    """Return the temporal error dtSSD, times 100 as papers print it; lower is better.

    Erofeev et al., "Perceptually motivated benchmark for video matting", BMVC 2015, in the form of Lin et al., "Robust
    high-resolution video matting with temporal guidance", WACV 2022: the root of the mean, over a frame's pixels, of
    `((p_t - p_{t-1}) - (g_t - g_{t-1}))^2`, averaged over the pairs of neighbouring frames.

    Args:
        predictions: the mattes in order, (H, W) floating point, 0-1.
        truths: as many true mattes of the same size.

    Raises:
        InputError: fewer than two frames, unequal numbers of them, or frames that cannot be compared.
    """
    if len(predictions) != len(truths) or len(truths) < 2:
        raise InputError(
            f"{len(predictions)} predicted and {len(truths)} true frames: flicker needs two or more, as many of each"
        )
    steps: list[float] = []
    previous = None
    for prediction, truth in zip(predictions, truths, strict=True):
        check_pair(prediction, truth)
        error = prediction.astype(np.float64) - truth
        if previous is not None:
            if previous.shape != error.shape:
                raise InputError(f"frames of shape {previous.shape} and {error.shape} in one clip; give one size")
            steps.append(float(np.sqrt(np.mean(np.square(error - previous)))))
        previous = error
    return 100 * float(np.mean(steps))


def still_flicker(predictions: Sequence[Alpha], frames: Sequence[Pixels], tolerance: int = 2) -> float:
    """Return how much a matte changes where the image stands still: mean absolute change, in levels of 0-255.

    Needs no ground truth. A pixel stands still between two frames where none of its channels changes by more than
    `tolerance` levels. The mean is over all still pixels of all pairs of neighbouring frames; 0 where nothing is still.

    Args:
        predictions: the mattes in order, (H, W) floating point, 0-1.
        frames: as many images of the same size, (H, W, 3) uint8 RGB.
        tolerance: levels, 0-255.

    Raises:
        InputError: fewer than two frames, unequal numbers of them, or unequal sizes.
    """
    if len(predictions) != len(frames) or len(frames) < 2:
        raise InputError(
            f"{len(predictions)} mattes and {len(frames)} frames: flicker needs two or more, as many of each"
        )
    if len({frame.shape for frame in frames}) != 1 or any(p.shape != frames[0].shape[:2] for p in predictions):
        raise InputError("the mattes and frames of a clip are not of one size; give frames and mattes of the same size")
    total, count = 0.0, 0
    for index in range(1, len(frames)):
        moved = np.abs(frames[index].astype(np.int16) - frames[index - 1]).max(axis=2)
        still = moved <= tolerance
        change = np.abs(predictions[index].astype(np.float64) - predictions[index - 1])
        total += float(change[still].sum())
        count += int(np.count_nonzero(still))
    return 255 * total / count if count else 0.0
