"""Measure how mattes flicker on a clip with true masks, for several strengths of smoothing.

    python tools/measure_video.py CLIP MASKS MODEL

CLIP is a video, MASKS a folder with a mask for each of its frames, MODEL what `--model` takes. Prints a row for each
strength and one for a plain running average.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from mattekit import Remover, open_model, read_image
from mattekit.images import Pixels
from mattekit.infer.video.smooth import Smoother
from mattekit.infer.video.video_file import VideoFile
from mattekit.metrics.flicker import dtssd, still_flicker
from numpy.typing import NDArray

STRENGTHS = (0.0, 0.4, 0.6, 0.8, 0.9)


def row(
    name: str, mattes: Sequence[Pixels], truths: Sequence[NDArray[np.float32]], rgb: list[NDArray[np.uint8]]
) -> str:
    alphas = [matte.astype(np.float32) / 255 for matte in mattes]
    error = float(np.mean([np.abs(alpha - truth).mean() for alpha, truth in zip(alphas, truths, strict=True)]))
    overlap: list[float] = []
    for alpha, truth in zip(alphas, truths, strict=True):
        ours, theirs = alpha > 0.5, truth > 0.5
        overlap.append(float((ours & theirs).sum() / max(1, (ours | theirs).sum())))
    edges = np.mean([boundary_f(alpha > 0.5, truth > 0.5) for alpha, truth in zip(alphas, truths, strict=True)])
    figures = (dtssd(alphas, truths), still_flicker(alphas, rgb), error, float(np.mean(overlap)))
    shown = f"{name:>10}  dtSSD {figures[0]:.3f}  still {figures[1]:.3f}  MAE {figures[2]:.4f}  IoU {figures[3]:.4f}"
    return f"{shown}  F {edges:.4f}"


def boundary_f(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Return the boundary measure F of DAVIS (Perazzi et al., CVPR 2016): within 0.8% of the diagonal."""
    reach = math.ceil(0.008 * math.hypot(*truth.shape))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    masks = [mask.astype(np.uint8) for mask in (found, truth)]
    ours, theirs = [np.asarray(mask - cv2.erode(mask, np.ones((3, 3), np.uint8)), np.uint8) for mask in masks]
    precision = float((ours & np.asarray(cv2.dilate(theirs, disc), np.uint8)).sum()) / max(1, int(ours.sum()))
    recall = float((theirs & np.asarray(cv2.dilate(ours, disc), np.uint8)).sum()) / max(1, int(theirs.sum()))
    return 2 * precision * recall / max(1e-9, precision + recall)


def main(clip: str, masks: str, model: str) -> None:
    source = VideoFile(clip)
    frames = [item.frame.image for item in source.items() if item.frame and item.frame.image]
    files = sorted(Path(masks).glob("*.png"))
    truths = [np.asarray(read_image(file).rgb[..., 0] > 0, np.float32) for file in files]
    rgb = [np.asarray(frame.rgb, np.uint8) for frame in frames]
    remover = Remover(open_model(model, "segmentation"))
    mattes = [remover.matte(frame).alpha for frame in frames]
    for strength in STRENGTHS:
        smoother = Smoother(strength)
        given = [smoother.push(frame, matte) for frame, matte in zip(frames, mattes, strict=True)]
        smoothed = [alpha for alpha in given if alpha is not None] + smoother.flush()
        print(row(f"{strength}", smoothed, truths, rgb), flush=True)
    average: list[Pixels] = []
    last = mattes[0].astype(np.float32)
    for matte in mattes:
        last = 0.6 * last + np.float32(0.4) * matte
        average.append(np.rint(last).astype(np.uint8))
    print(row("average", average, truths, rgb))


if __name__ == "__main__":
    main(*sys.argv[1:4])
