"""The figures of the model cards, measured from an exported IR with OpenVINO on the CPU.

``segmentation``: mean IoU at 0.5 and MAE on ECSSD 0201-0400; ``x2``, ``x4``: PSNR on Y on Set5; ``speed``: several
IRs in one interleaved run, so that whatever else the machine does falls on all of them alike.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
import openvino
from matte_data import DEVIATION, MEAN, read_mask
from numpy.typing import NDArray
from runs import data_root
from sr_data import psnr_y, read_rgb


def compiled(path: Path) -> openvino.CompiledModel:
    """The IR at ``path`` on the CPU, FP32 arithmetic, tuned for latency."""
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    return openvino.Core().compile_model(str(path), "CPU", settings)


def pillow_bilinear(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Bilinear, anti-aliased, as the contract of mattelite says."""
    from PIL import Image

    resized = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8)


def segmentation(path: Path, *, antialias: bool) -> dict[str, float]:
    """Mean IoU at 0.5 and MAE over ECSSD 0201-0400."""
    model = compiled(path)
    side = int(model.inputs[0].partial_shape[2].get_length())
    folder = data_root() / "segmentation/ecssd_val"
    overlaps, errors = [], []
    for photo in sorted((folder / "images").iterdir()):
        image, truth = read_rgb(photo), read_mask(folder / "masks" / f"{photo.stem}.png") > 127
        small = pillow_bilinear(image, side) if antialias else cv2.resize(image, (side, side))
        pixels = small.astype(np.float32) / max(float(small.max()), 1.0)
        pixels = (pixels - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)
        alpha = np.asarray(model(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]))[0])[0, 0]
        alpha = (alpha - alpha.min()) / max(float(alpha.max() - alpha.min()), 1e-6)
        alpha = cv2.resize(alpha, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
        found = alpha > 0.5
        overlaps.append(float((found & truth).sum() / max(int((found | truth).sum()), 1)))
        errors.append(float(np.abs(alpha - truth).mean()))
    worst = np.argsort(overlaps)[:10] + 201
    missed = float(np.mean(np.less(overlaps, 0.5)))
    print(f"worst photos: {' '.join(f'{number:04d}' for number in worst)}; below 0.5: {missed:.3f}")
    return {"mean_iou": float(np.mean(overlaps)), "mae": float(np.mean(errors))}


def super_resolution(path: Path, scale: int) -> dict[str, float]:
    """PSNR on Y over Set5, the border cropped by the scale."""
    model = compiled(path)
    folder = data_root() / "super_resolution/set5"
    figures: list[float] = []
    pairs = zip(sorted((folder / f"lr_x{scale}").iterdir()), sorted((folder / "hr").iterdir()), strict=True)
    for low, high in pairs:
        pixels = np.ascontiguousarray(read_rgb(low).transpose(2, 0, 1)[None], dtype=np.float32) / 255
        enlarged = np.asarray(model(pixels)[0])[0].transpose(1, 2, 0)
        image = np.rint(enlarged.clip(0, 1) * 255).astype(np.uint8)
        figures.append(psnr_y(image, read_rgb(high)[: image.shape[0], : image.shape[1]], scale))
    return {"psnr_y": float(np.mean(figures))}


def speed(paths: list[Path], rounds: int) -> None:
    """Median milliseconds of each IR with its own static input size, and the ratio of the first one's to it."""
    models = [compiled(path) for path in paths]
    inputs = [np.random.default_rng(0).random(tuple(model.inputs[0].shape), np.float32) for model in models]
    times: list[list[float]] = [[] for _ in paths]
    for turn in range(rounds + 3):
        for model, pixels, samples in zip(models, inputs, times, strict=True):
            start = time.perf_counter()
            model(pixels)
            # The first rounds warm up caches and threads.
            if turn >= 3:
                samples.append(time.perf_counter() - start)
    ratios = [statistics.median(a / b for a, b in zip(times[0], samples, strict=True)) for samples in times]
    for path, samples, ratio in zip(paths, times, ratios, strict=True):
        print(f"{path}: median {statistics.median(samples) * 1e3:.1f} ms, fastest {min(samples) * 1e3:.1f} ms; "
              f"{ratio:.2f}x the first")  # fmt: skip


def main() -> None:
    """Parse the command line and print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("segmentation", "x2", "x4", "speed"))
    parser.add_argument("ir", type=Path, nargs="+", help="model.xml; for speed several, the reference first")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--no-antialias", action="store_true", help="resize as the official U2-Net script does")
    arguments = parser.parse_args()
    if arguments.what == "speed":
        speed(arguments.ir, arguments.rounds)
        return
    for path in arguments.ir:
        if arguments.what == "segmentation":
            figures = segmentation(path, antialias=not arguments.no_antialias)
        else:
            figures = super_resolution(path, int(arguments.what[1]))
        print(f"{path}: " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
