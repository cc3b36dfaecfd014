"""Run `mattekit video` on a long clip, and see whether its memory grows with the length.

    python tools/soak_video.py [--seconds 90] [--rate 10] [--size 1920x1080] [-- OPTIONS OF mattekit video]

The clip is drawn: a texture that moves, with sound. Resident memory of the command is read every second; what is
printed is its largest value in each tenth of the run, and how much the second half's median is above the first's. Ends
with 1 where that is more than 5%. The first tenth is left out: queues fill, and models are opened.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil

MOST_GROWTH = 0.05


def draw_clip(path: Path, seconds: float, rate: int, size: tuple[int, int]) -> None:
    width, height = size
    noise = np.random.default_rng(0).integers(0, 256, (height // 16 + 1, width // 8 + 1, 3)).astype(np.uint8)
    wide = np.kron(noise, np.ones((16, 16, 1), np.uint8))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        sound = out.add_stream("aac", rate=48_000)
        for number in range(round(seconds * rate)):
            shown = np.ascontiguousarray(wide[:height, (number * 3) % width :][:, :width])
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
        for number in range(round(seconds * 48_000 / 1024)):
            heard = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            heard.sample_rate, heard.pts, heard.time_base = 48_000, 1024 * number, Fraction(1, 48_000)
            out.mux(sound.encode(heard))
        out.mux(sound.encode())


def watched(command: list[str]) -> list[float]:
    """Run a command, and return its resident memory in MiB every second."""
    process = psutil.Popen(command)
    found: list[float] = []
    while process.poll() is None:
        try:
            found.append(process.memory_info().rss / 2**20)
        except psutil.NoSuchProcess:
            break
        time.sleep(1)
    if process.wait() != 0:
        sys.exit(f"the command ended with {process.returncode}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--rate", type=int, default=10)
    parser.add_argument("--size", default="1920x1080")
    own, options = sys.argv[1:], []
    if "--" in own:
        place = own.index("--")
        own, options = own[:place], own[place + 1 :]
    given = parser.parse_args(own)
    width, height = map(int, given.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        draw_clip(clip, given.seconds, given.rate, (width, height))
        started = time.monotonic()
        video = [sys.executable, "-m", "mattekit", "video", str(clip), "-o", str(Path(folder) / "out.mp4")]
        found = watched([*video, *(options or ["--background", "white"])])
    tenths = [part.max() for part in np.array_split(np.array(found), 10) if len(part)]
    rest = np.array(found[len(found) // 10 :])
    first, second = (float(np.median(half)) for half in np.array_split(rest, 2))
    print(f"{given.seconds:g} s of {given.size} at {given.rate} frames/s in {time.monotonic() - started:.0f} s")
    print("MiB, the most in each tenth of the run:", " ".join(f"{value:.0f}" for value in tenths))
    print(f"median of the first half {first:.0f} MiB, of the second {second:.0f}: {100 * (second / first - 1):+.1f}%")
    return int(second > first * (1 + MOST_GROWTH))


if __name__ == "__main__":
    sys.exit(main())
