"""Measure refined masks and estimated colours, for docs/edges.md.

python tools/measure_edges.py [--data FOLDER]: the synthetic set, and with a folder of `ccp/` and `davis/` (photos and
masks of one stem side by side) those too. A perfect network's mask is the truth, averaged over 4x4
pixels and rounded to 8 bits.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from mattekit import Sample, read_image
from mattekit.datasets import synthetic
from mattekit.infer import Refine
from mattekit.infer.edges import refine_mask
from mattekit.infer.foreground import estimate_foreground
from mattekit.metrics import composite_error
from mattekit.metrics.mattes import gradient, halo, sad
from numpy.typing import NDArray

TIMES = 4
COUNT = 42


def photos(folder: Path) -> Iterator[Sample]:
    every = sorted(folder.glob("*.jpg"))
    for path in every[:: max(1, len(every) // COUNT)]:
        mask = read_image(path.with_suffix(".png")).rgb[..., 0]
        image = np.asarray(read_image(path).rgb, dtype=np.uint8)
        yield Sample(path.stem, image, alpha=(mask > 127).astype(np.float32), tags={"kind": folder.name})


def refined(sample: Sample, how: Refine) -> NDArray[np.uint8]:
    assert sample.alpha is not None
    height, width = sample.alpha.shape
    mask = cv2.resize(sample.alpha, (width // TIMES, height // TIMES), interpolation=cv2.INTER_AREA)
    mask = np.rint(mask * 255).astype(np.float32) / np.float32(255)
    base = np.rint(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR) * 255).astype(np.uint8)
    refine_mask(how, mask, sample.image, base)
    return base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--matting", action="store_true", help="closed-form matting too, which is slow")
    options = parser.parse_args()
    samples = [s for s in synthetic(COUNT, height=480, width=640) if s.tags["kind"] != "empty"]
    for name in ("ccp", "davis"):
        samples += list(photos(options.data / name)) if options.data else []
    ways: tuple[Refine, ...] = ("none", "guided", "matting") if options.matting else ("none", "guided")
    for kind in dict.fromkeys(sample.tags["kind"] for sample in samples):
        chosen = [sample for sample in samples if sample.tags["kind"] == kind]
        rows: dict[str, list[float]] = {}
        for sample in chosen:
            truth = sample.alpha
            assert truth is not None
            for how in ways:
                alpha = refined(sample, how) / 255
                rows.setdefault(f"sad {how}", []).append(sad(alpha, truth))
                rows.setdefault(f"gradient {how}", []).append(gradient(alpha, truth))
                rows.setdefault(f"halo {how}", []).append(halo(alpha, truth))
            if sample.foreground is None:
                continue
            for how in ways:
                mask = refined(sample, how)
                for colours in ("photo", "estimated"):
                    own = estimate_foreground(sample.image, mask) if colours == "estimated" else sample.image
                    error = composite_error(
                        mask / 255,
                        truth,
                        sample.image,
                        predicted_foreground=np.asarray(own, np.uint8),
                        true_foreground=sample.foreground,
                    )
                    rows.setdefault(f"composite {how} {colours}", []).append(error)
        print(kind, len(chosen), {name: round(float(np.mean(values)), 2) for name, values in rows.items()})


if __name__ == "__main__":
    main()
