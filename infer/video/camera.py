"""Frames from a camera, by OpenCV."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core import VideoError
from ...images import Image
from .clock import Clock
from .colour import VideoColour
from .frames import Item, Tally, VideoInfo

__all__ = ["Camera", "Capture", "open_camera"]

_TICKS = 90_000

# A camera that gives so many broken frames in a row is gone.
_MOST_FAILURES = 30


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """Wait for the next frame, (H, W, 3) uint8 BGR."""
        ...

    def release(self) -> None:
        """Let go of the device."""
        ...


class Camera:
    """A camera's frames, each with the time at which it came, until it is stopped or unplugged.

    Args:
        name: in messages.
        capture: an open one.
        now: seconds from any point on.
    """

    def __init__(self, name: str, capture: Capture, *, now: Callable[[], float] = time.monotonic) -> None:
        self._capture = capture
        self._now = now
        self._stopped = threading.Event()
        self.tally = Tally()
        self._info = VideoInfo(name, Fraction(1, _TICKS), VideoColour(), live=True)

    @property
    def info(self) -> VideoInfo:
        """Return what is known before the frames."""
        return self._info

    def items(self) -> Iterator[Item]:
        """Yield the frames; one that the camera could not give has no image."""
        clock, started, failures = Clock(_TICKS // 30), None, 0
        while not self._stopped.is_set():
            good, pixels = self._capture.read()
            now = self._now()
            started = now if started is None else started
            at = round((now - started) * _TICKS)
            if good and pixels is not None:
                failures = 0
                rgb = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)
                yield Item(clock.shown(Image(rgb, source=self._info.name), at))
                continue
            failures += 1
            if failures >= _MOST_FAILURES:
                self.tally.note("the camera stopped giving frames; what came before was kept")
                return
            yield Item(clock.broken(at))

    @property
    def truncated(self) -> bool:
        """Return False: a camera has no length."""
        return False

    def stop(self) -> None:
        """End the frames soon, from any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()


def open_camera(index: int) -> Camera:
    """Open a camera by its number, 0 being the first.

    Raises:
        VideoError: there is no such camera, or something else has it.
    """
    capture = cv2.VideoCapture(index)
    if not capture.isOpened():
        raise VideoError(
            f"camera {index} can't be opened; check that it is plugged in, that no other program has it, and its number"
        )
    return Camera(f"camera {index}", cast("Capture", capture))
