"""The figures of the model cards, measured from an exported IR with OpenVINO on the CPU.

``segmentation``: mean IoU at 0.5 and MAE on ECSSD 0201-0400; ``held-out``: the same on the training photos that were
kept back, by source, to choose by; ``x2``, ``x4``: PSNR on Y on Set5; ``speed``: several
IRs in one interleaved run, so that whatever else the machine does falls on all of them alike.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import openvino
from matte_augment import as_input
from matte_data import read_mask
from matte_photos import GENERAL, Photos
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


Pair = tuple[str, NDArray[np.uint8], NDArray[np.bool_]]
"""The photo's source and stem, the photo (h, w, 3), its true mask (h, w)."""


def ecssd() -> Iterator[Pair]:
    """ECSSD 0201-0400."""
    folder = data_root() / "segmentation/ecssd_val"
    for photo in sorted((folder / "images").iterdir()):
        yield f"ecssd_val/{photo.stem}", read_rgb(photo), read_mask(folder / "masks" / f"{photo.stem}.png") > 127


def held_out(data: Path) -> Iterator[Pair]:
    """The photos of the packed training set that no network was trained on."""
    packed = Photos(data)
    for index in packed.kept_back:
        entry = packed.entries[index]
        yield f"{entry.source}/{entry.stem}", np.asarray(packed.photos[index]), packed.masks[index] > 127


def alpha_of(model: openvino.CompiledModel, image: NDArray[np.uint8], *, antialias: bool) -> NDArray[np.float32]:
    """The matte of ``image`` (h, w), 0..1, stretched to its whole range."""
    side = int(model.inputs[0].partial_shape[2].get_length())
    small = pillow_bilinear(image, side) if antialias else cv2.resize(image, (side, side))
    alpha = np.asarray(model(as_input(small.astype(np.uint8))[None])[0])[0, 0]
    alpha = (alpha - alpha.min()) / max(float(alpha.max() - alpha.min()), 1e-6)
    return cv2.resize(alpha, image.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32)


def segmentation(path: Path, pairs: Iterable[Pair], *, antialias: bool) -> dict[str, float]:
    """Mean IoU at 0.5 by source, and over the general sources IoU and MAE."""
    model = compiled(path)
    figures: dict[str, tuple[float, float]] = {}
    for name, image, truth in pairs:
        alpha = alpha_of(model, image, antialias=antialias)
        found = alpha > 0.5
        overlap = float((found & truth).sum() / max(int((found | truth).sum()), 1))
        figures[name] = (overlap, float(np.abs(alpha - truth).mean()))
    by_source: dict[str, list[tuple[float, float]]] = {}
    for name, pair in figures.items():
        by_source.setdefault(name.split("/")[0], []).append(pair)
    for source, values in by_source.items():
        print(f"{source}: {len(values)} photos, mean_iou {np.mean([iou for iou, _ in values]):.4f}")
    general = {name: pair for name, pair in figures.items() if name.split("/")[0] in (*GENERAL, "ecssd_val")}
    worst = sorted(general, key=lambda name: general[name][0])[:10]
    missed = float(np.mean([iou < 0.5 for iou, _ in general.values()]))
    print(f"worst photos: {' '.join(worst)}; below 0.5: {missed:.3f}")
    mean_iou, mae = np.mean(list(general.values()), 0)
    return {"mean_iou": float(mean_iou), "mae": float(mae)}


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
    parser.add_argument("what", choices=("segmentation", "held-out", "x2", "x4", "speed"))
    parser.add_argument("ir", type=Path, nargs="+", help="model.xml; for speed several, the reference first")
    parser.add_argument("--data", type=Path, help="for held-out, the folder that matte_data.py wrote")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--no-antialias", action="store_true", help="resize as the official U2-Net script does")
    arguments = parser.parse_args()
    if arguments.what == "speed":
        speed(arguments.ir, arguments.rounds)
        return
    for path in arguments.ir:
        if arguments.what == "segmentation":
            figures = segmentation(path, ecssd(), antialias=not arguments.no_antialias)
        elif arguments.what == "held-out":
            figures = segmentation(path, held_out(arguments.data), antialias=not arguments.no_antialias)
        else:
            figures = super_resolution(path, int(arguments.what[1]))
        print(f"{path}: " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
