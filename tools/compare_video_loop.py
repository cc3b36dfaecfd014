"""How fast a video goes through mattekit, and through a plain loop of OpenCV and OpenVINO: the same clip and network.

    python tools/compare_video_loop.py CLIP [--model mattelite] [--rounds 3] [--frames 50]

The loop reads with cv2.VideoCapture, resizes, infers with one request, lays the subject on a colour and writes with
cv2.VideoWriter, one after another, without sound. The two take turns; what is printed is each round's frames per second
(models opened before), and the ratio of the medians, which counts: frames per second depend on what else runs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import mattekit
import numpy as np
import openvino
from mattekit.core import Contract
from mattekit.infer import VideoSettings, plan_video, process_video
from numpy.typing import NDArray

COLOUR = (0x99, 0x66, 0x33)
"""Blue, green and red of #336699."""


def by_loop(clip: str, out: str, compiled: openvino.CompiledModel, contract: Contract, most: int) -> float:
    """Return frames per second of the plain loop."""
    wanted = contract.input
    divisor = 255.0 if wanted.divide_by == "image_max" else wanted.divide_by
    mean, std = (np.array(wanted.per_channel(each), np.float32) for each in (wanted.mean, wanted.std))
    capture, writer, count = cv2.VideoCapture(clip), None, 0
    request = compiled.create_infer_request()
    started = time.perf_counter()
    while count < most:
        good, frame = capture.read()
        if not good:
            break
        size = (frame.shape[1], frame.shape[0])
        if writer is None:
            writer = cv2.VideoWriter(out, cv2.VideoWriter.fourcc(*"mp4v"), capture.get(cv2.CAP_PROP_FPS), size)
        small = cv2.resize(frame, (wanted.width or 320, wanted.height or 320))
        pixels = cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.float32)
        tensor = ((pixels / divisor - mean) / std).transpose(2, 0, 1)[None]
        answer: NDArray[np.float32] = np.asarray(request.infer([np.ascontiguousarray(tensor)])[0])[0, 0]
        mask = answer if contract.output.activation == "none" else 1 / (1 + np.exp(-answer))
        alpha = cv2.resize(mask, size)[..., None]
        writer.write((frame * alpha + np.array(COLOUR, np.float32) * (1 - alpha)).astype(np.uint8))
        count += 1
    if writer is not None:
        writer.release()
    return count / (time.perf_counter() - started)


def by_mattekit(clip: str, out: Path, pipeline: mattekit.Pipeline, settings: VideoSettings) -> float:
    """Return frames per second of ours, opening and closing the files included."""
    started = time.perf_counter()
    frames = process_video(plan_video(clip, out, settings), pipeline).frames
    return frames / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip")
    parser.add_argument("--model", default="mattelite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=50)
    given = parser.parse_args()
    model = mattekit.open_model(given.model, "segmentation")
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(model.path, "CPU", config)
    own: dict[str, Any] = {"model": given.model, "background": "#336699", "decontaminate": False}
    pipeline = mattekit.open_pipeline(sr=None, **own)
    settings = VideoSettings(**own, frames=given.frames)
    ours: list[float] = []
    plain: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.rounds + 1):
            plain.append(by_loop(given.clip, f"{folder}/plain.mp4", compiled, model.contract, given.frames))
            ours.append(by_mattekit(given.clip, Path(folder) / "ours.mp4", pipeline, settings))
            if number:
                print(f"round {number}: mattekit {ours[-1]:.2f}, plain loop {plain[-1]:.2f} frames/s", flush=True)
    # The first of each warms up.
    ratio = statistics.median(ours[1:]) / statistics.median(plain[1:])
    print(f"mattekit is {ratio:.2f} times as fast as the plain loop")


if __name__ == "__main__":
    main()
