"""The main job on the bundled models, command by command, offline: what `make demo` runs.

Everything lands in `out/demo/`; the last lines name the files to look at.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from mattekit import Image, read_image, write_image
from mattekit.datasets.synthetic import render_background
from skimage import data

PHOTO, BACKGROUND = "astronaut.png", "background.png"


def mattekit(*arguments: object) -> None:
    """Run one command as a user would type it, and show it first; stop where it fails."""
    command = [str(argument) for argument in arguments]
    print(f"\n$ mattekit {shlex.join(command)}", flush=True)
    done = subprocess.run([sys.executable, "-m", "mattekit", *command], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def sheet(photo: Path, cut: Path, composite: Path, target: Path, height: int = 360) -> None:
    """Put the photo, its mask and the result side by side."""
    mask = read_image(cut).alpha
    assert mask is not None
    shown = [read_image(photo).rgb, np.dstack([mask] * 3), read_image(composite).rgb]
    cells = [
        cv2.resize(cell, (round(height * cell.shape[1] / cell.shape[0]), height), interpolation=cv2.INTER_AREA)
        for cell in shown
    ]
    write_image(Image(np.ascontiguousarray(np.hstack(cells).astype(np.uint8))), target, quality=88)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out") / "demo")
    out: Path = parser.parse_args().out
    started = time.monotonic()

    # A portrait that comes with scikit-image (NASA, public domain), on a background drawn here.
    write_image(Image(data.astronaut(), source="scikit-image: astronaut"), out / PHOTO)
    write_image(Image(render_background(768, 1024, seed=7)), out / BACKGROUND)

    models, remover, upscaler = out / "models", out / "models/mattelite/fp32", out / "models/srlite-x2/fp32"
    mattekit("export", "mattelite", "-o", models)
    mattekit("export", "srlite-x2", "-o", models)
    mattekit(
        *("quantize", remover, "--data", "synthetic:count=40,seed=1", "--max-drop", "iou=0.02", "--verdict"),
        *("-o", models),
    )
    mattekit(
        "validate",
        remover,
        models / "mattelite" / "int8",
        "--data",
        "synthetic:count=14,seed=0",
        "-o",
        out / "validation",
    )
    mattekit(
        *("bench", models / "mattelite", "--runtime", "openvino,onnxruntime", "--iterations", 12, "--rounds", 12),
        *("--end-to-end", out / PHOTO, "--record", out / "bench.json"),
    )
    mattekit("remove", out / PHOTO, "--model", remover, "-o", out / "cut-out")
    mattekit(
        *("run", out / PHOTO, "--model", remover, "--sr", upscaler, "--background", out / BACKGROUND),
        *("-o", out / "composite", "--record", out / "run.json"),
    )
    sheet(out / PHOTO, out / "cut-out" / PHOTO, out / "composite" / PHOTO, out / "demo.jpg")
    records = [out / "run.json", out / "bench.json", *sorted(models.glob("*/*/*.json"))]
    mattekit(
        *("report", *records, *sorted((out / "validation").glob("*.json")), "--title", "The bundled models"),
        *("--images", out / "cut-out", "--images", out / "composite", "-o", out / "report.html"),
    )

    print(f"\nDone in {time.monotonic() - started:.0f} s. Look at:")
    for path, what in (
        (out / "demo.jpg", "photo, mask and result side by side"),
        (out / "report.html", "all that was measured, with plots and images, on one page"),
        (out / "cut-out" / PHOTO, "the subject alone, with alpha"),
        (out / "composite" / PHOTO, "twice as large, on the new background"),
        (out / "run.json", "how long each stage took, and on what machine"),
        (models / "mattelite" / "fp32" / "export.json", "how far each conversion step moved the outputs"),
        (models / "mattelite" / "int8" / "bench.json", "size, accuracy and latency of FP32, FP16 and INT8"),
        (out / "bench.json", "latency, model alone and end to end, interleaved, with what was really executed"),
        (out / "validation", "figures on synthetic images with exact masks, the worst first"),
    ):
        print(f"  {path}  {what}")


if __name__ == "__main__":
    main()
