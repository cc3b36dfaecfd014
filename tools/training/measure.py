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
from dataclasses import dataclass
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


SIZES = {"small": 0.1, "middling": 0.3, "large": 1.0}
"""Names for how much of a photo its subject takes, and the most that it takes then."""
THUMBNAIL = 160


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


@dataclass(frozen=True)
class Judged:
    """How well one photo's subject was found."""

    name: str
    iou: float
    mae: float
    share: float
    strip: NDArray[np.uint8]
    """Photo, true mask and matte beside each other, small, (h, w, 3)."""

    @property
    def source(self) -> str:
        """Before the slash of its name."""
        return self.name.split("/")[0]

    @property
    def size(self) -> str:
        """How much of the photo the subject takes."""
        return next(name for name, limit in SIZES.items() if self.share <= limit)


def judge(path: Path, pairs: Iterable[Pair], *, antialias: bool) -> list[Judged]:
    """Every photo's figures with the IR at ``path``."""
    model = compiled(path)
    judged: list[Judged] = []
    for name, image, truth in pairs:
        alpha = alpha_of(model, image, antialias=antialias)
        found = alpha > 0.5
        overlap = float((found & truth).sum() / max(int((found | truth).sum()), 1))
        grey = np.hstack((truth.astype(np.float32), alpha)) * 255
        strip = np.hstack((image, np.repeat(grey.astype(np.uint8)[..., None], 3, 2)))
        strip = cv2.resize(strip, (3 * THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA).astype(np.uint8)
        judged.append(Judged(name, overlap, float(np.abs(alpha - truth).mean()), float(truth.mean()), strip))
    return judged


def segmentation(judged: list[Judged], sheet: Path | None) -> dict[str, float]:
    """Mean IoU at 0.5 by source, and over the general sources by size, IoU and MAE; the worst ones as a sheet."""
    for source in dict.fromkeys(each.source for each in judged):
        overlaps = [each.iou for each in judged if each.source == source]
        print(f"{source}: {len(overlaps)} photos, mean_iou {np.mean(overlaps):.4f}")
    general = [each for each in judged if each.source in (*GENERAL, "ecssd_val")]
    for size in SIZES:
        overlaps = [each.iou for each in general if each.size == size]
        print(f"{size} subjects: {len(overlaps)} photos, mean_iou {np.mean(overlaps):.4f}")
    worst = sorted(general, key=lambda each: each.iou)[:20]
    missed = float(np.mean([each.iou < 0.5 for each in general]))
    print(f"worst photos: {' '.join(each.name for each in worst)}; below 0.5: {missed:.3f}")
    if sheet is not None:
        halves = np.hstack([np.vstack([each.strip for each in worst[start::2]]) for start in (0, 1)])
        cv2.imwrite(str(sheet), halves[:, :, ::-1])
    return {
        "mean_iou": float(np.mean([each.iou for each in general])),
        "mae": float(np.mean([each.mae for each in general])),
    }


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
    parser.add_argument("--sheet", type=Path, help="image to write the 20 worst photos to, with their masks and mattes")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--no-antialias", action="store_true", help="resize as the official U2-Net script does")
    arguments = parser.parse_args()
    if arguments.what == "speed":
        speed(arguments.ir, arguments.rounds)
        return
    for path in arguments.ir:
        if arguments.what in {"segmentation", "held-out"}:
            pairs = ecssd() if arguments.what == "segmentation" else held_out(arguments.data)
            figures = segmentation(judge(path, pairs, antialias=not arguments.no_antialias), arguments.sheet)
        else:
            figures = super_resolution(path, int(arguments.what[1]))
        print(f"{path}: " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
