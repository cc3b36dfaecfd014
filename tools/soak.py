"""Put thousands of small images through the real engine in one process, and see whether anything grows.

python tools/soak.py -o docs/soak

Resident memory, open file descriptors and threads are read every 100 images (--every). Each run over a part of the
images opens and closes the engine anew, and one of the images between two readings is broken. Writes OUT.csv, OUT.json
and OUT.svg, and ends with 1 where something grew. Needs Linux, and the extras `bench` and `report`.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np


@dataclass(frozen=True)
class Sample:
    """What the process holds after so many images."""

    part: str
    images: int
    failed: int
    seconds: float
    rss_mb: float
    descriptors: int
    threads: int


@dataclass(frozen=True)
class Slope:
    """How a count grows: by 1,000 images, with the bounds of its 95% interval."""

    slope: float
    low: float
    high: float


def write_images(folder: Path, count: int, every: int) -> list[Path]:
    """Draw images of about 100 pixels in several formats, depths and sizes; the last of each `every` is cut off."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    paths: list[Path] = []
    suffixes = ("jpg", "png", "webp", "bmp", "tiff")
    for number in range(count):
        height, width = (int(side) for side in rng.integers(48, 129, 2))
        blobs = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3)).astype(np.uint8)
        image = cv2.resize(blobs, (width, height), interpolation=cv2.INTER_CUBIC)
        cv2.circle(image, (width // 2, height // 2), min(height, width) // 3, (40, 50, 220), thickness=-1)
        suffix = suffixes[number % len(suffixes)]
        path = folder / f"{number:05}.{suffix}"
        deep = suffix == "png" and number % 2
        assert cv2.imwrite(str(path), image.astype(np.uint16) * 257 if deep else image)
        if number % every == every - 1:
            path.write_bytes(path.read_bytes()[:40])
        paths.append(path)
    return paths


def sample(part: str, images: int, failed: int, began: float) -> Sample:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    # The listing itself holds one descriptor.
    descriptors = len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - the names vanish before they could be paths
    rss = int(status["VmRSS"].split()[0]) / 1024
    return Sample(part, images, failed, time.perf_counter() - began, round(rss, 2), descriptors, int(status["Threads"]))


def soak(
    part: str, paths: Sequence[Path], out: Path, runs: int, every: int, model: str | None, sr: str | None
) -> list[Sample]:
    """Run the images in so many runs with one pipeline, and take a sample after each `every`."""
    from mattekit import PipelineSettings, RunSettings
    from mattekit.infer import plan_batch, run_batch
    from mattekit.models import load_pipeline

    pipeline = load_pipeline(PipelineSettings(model=model, sr=sr, background="#336699"), many=True)
    began, done, failed = time.perf_counter(), 0, 0
    found = [sample(part, 0, 0, began)]
    for run in range(runs):
        mine = paths[run * len(paths) // runs : (run + 1) * len(paths) // runs]
        batch = plan_batch(mine, out / part, RunSettings(format="jpg"))
        for outcome in run_batch(batch, pipeline):
            done += 1
            failed += outcome.error is not None
            if done % every == 0:
                gc.collect()
                found.append(sample(part, done, failed, began))
                last = found[-1]
                print(
                    f"{part} {done}: {last.rss_mb:.1f} MB, {last.descriptors} files, {last.threads} threads", flush=True
                )
    return found


def slope_of(samples: Sequence[Sample], name: str) -> Slope:
    """Fit a line. Neighbours resemble each other: the samples count for as many as are independent among them."""
    from mattekit.bench.significance import autocorrelation_time
    from scipy import stats

    at = np.array([each.images / 1000 for each in samples])
    values = np.array([float(getattr(each, name)) for each in samples])
    if np.ptp(values) == 0:
        return Slope(0.0, 0.0, 0.0)
    spread = float(((at - at.mean()) ** 2).sum())
    slope = float(((at - at.mean()) * (values - values.mean())).sum()) / spread
    residuals = values - values.mean() - slope * (at - at.mean())
    time_ = autocorrelation_time(residuals.tolist()) if np.ptp(residuals) > 0 else 1.0
    freedom = max(len(samples) / time_ - 2, 1.0)
    deviation = np.sqrt(float((residuals**2).sum()) / max(len(samples) - 2, 1) / spread * time_)
    half = float(stats.t.ppf(0.975, freedom) * deviation)
    return Slope(slope, slope - half, slope + half)


def draw(samples: Sequence[Sample], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    with mpl.rc_context({"svg.hashsalt": "mattekit", "font.size": 9}):
        figure, axes = plt.subplots(3, 1, figsize=(7, 5), sharex=True, layout="constrained")
        columns = (("rss_mb", "resident memory, MB"), ("descriptors", "open files"), ("threads", "threads"))
        for axis, (name, label) in zip(axes, columns, strict=True):
            start = 0
            for part in dict.fromkeys(each.part for each in samples):
                own = [each for each in samples if each.part == part]
                axis.plot([start + each.images for each in own], [getattr(each, name) for each in own], label=part)
                start += own[-1].images
            axis.set_ylim(bottom=0)
            axis.set_ylabel(label)
        axes[0].legend(loc="lower right")
        axes[-1].set_xlabel("images")
        figure.savefig(path, metadata={"Date": None})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--sr-images", type=int, default=300, help="of these, enlarged as well, after the others")
    parser.add_argument("--every", type=int, default=100, help="images between two samples")
    parser.add_argument("--runs", type=int, default=10, help="the images are shared between so many runs")
    parser.add_argument("--model", default="mattelite")
    parser.add_argument("--sr", default="srlite-x2")
    parser.add_argument("--settled", type=int, default=1000, help="slopes begin after so many images")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the results' name, without its suffix")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = write_images(Path(folder) / "in", asked.images, asked.every)
        samples = soak("cut out", paths, Path(folder) / "out", asked.runs, asked.every, asked.model, None)
        if asked.sr_images:
            enlarged = paths[: asked.sr_images]
            samples += soak(
                "cut out and enlarge", enlarged, Path(folder) / "out", 3, asked.every, asked.model, asked.sr
            )
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    with asked.out.with_suffix(".csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [each.name for each in fields(Sample)], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**asdict(each), "seconds": f"{each.seconds:.1f}"} for each in samples)
    draw(samples, asked.out.with_suffix(".svg"))
    long = [each for each in samples if each.part == "cut out" and each.images >= asked.settled]
    slopes = {name: slope_of(long, name) for name in ("rss_mb", "descriptors", "threads")}
    for name, slope in slopes.items():
        print(f"{name}: {slope.slope:+.3f} a thousand images ({slope.low:+.3f} to {slope.high:+.3f})")
    # A quarter of a megabyte in a thousand images is what reading the memory to the page can't tell from none.
    allowed = {"rss_mb": 0.25, "descriptors": 0.0, "threads": 0.0}
    grown = sorted(name for name, slope in slopes.items() if slope.low > allowed[name])
    facts = {"images": asked.images, "failed": max(each.failed for each in samples), "seconds": long[-1].seconds}
    result = {**facts, "slopes": {name: asdict(slope) for name, slope in slopes.items()}, "grown": grown}
    asked.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"grew: {', '.join(grown)}" if grown else "nothing grew")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
