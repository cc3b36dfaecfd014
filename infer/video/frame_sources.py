"""Frames from a camera, by OpenCV, and from numbered images; and how a recording is ended."""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core import ImageError, VideoError
from ...images import Image, convert_rgb, read_image
from ..sizing import resampled
from .colour import VideoColour
from .frames import Clock, Ending, FrameItem, VideoInfo

__all__ = ["Camera", "Capture", "Stills", "ended_by_signals", "in_number_order", "open_camera"]

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


class Camera(Ending):
    """A camera's frames, each with the time at which it came, until it is stopped or unplugged.

    Args:
        name: in messages.
        capture: an open one.
        now: seconds from any point on.
    """

    def __init__(self, name: str, capture: Capture, *, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._capture = capture
        self._now = now
        self._info = VideoInfo(name, Fraction(1, _TICKS), VideoColour(), live=True)

    @property
    def info(self) -> VideoInfo:
        """Return what is known before the frames."""
        return self._info

    def items(self) -> Iterator[FrameItem]:
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
                yield FrameItem(clock.shown(Image(rgb, source=self._info.name), at))
                continue
            failures += 1
            self.tally.note_broken("the camera gave none")
            if failures >= _MOST_FAILURES:
                self.tally.note("the camera stopped giving frames; what came before was kept")
                return
            yield FrameItem(clock.broken(at))

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


class Stills(Ending):
    """Images of one size, one frame each.

    Args:
        name: what they are called together, in messages.
        files: in any order; sorted by the numbers in their names.
        fps: frames per second.
        max_pixels: of a frame; by default that of images.

    Raises:
        VideoError: there are none.
    """

    def __init__(self, name: str, files: Sequence[Path], fps: Fraction, *, max_pixels: int | None = None) -> None:
        super().__init__()
        if not files:
            raise VideoError(f"{name}: there are no images; give a folder or a pattern of numbered frames")
        self._name = name
        self._files = in_number_order(files)
        self._max_pixels = max_pixels
        gap = _first_gap(self._files)
        if gap is not None:
            self.tally.note(
                f"numbers are missing between {gap[0].name} and {gap[1].name}: what there is follows without a pause"
            )
        # Frame n is shown at n * denominator / numerator, exactly.
        self._step = fps.denominator
        self._depth = 0
        first = self._read(self._files[0])
        self._info = VideoInfo(
            name,
            Fraction(1, fps.numerator),
            VideoColour(),
            rate=fps,
            frames=len(self._files),
            alpha=first is not None and first.alpha is not None,
            bits=8 if first is None else first.depth,
        )

    @property
    def info(self) -> VideoInfo:
        """Return what is known before the frames."""
        return self._info

    def items(self) -> Iterator[FrameItem]:
        """Yield the frames, all of the first one's size; an image that can't be read has none."""
        clock, size = Clock(self._step), None
        for number, path in enumerate(self._files):
            if self._stopped.is_set():
                return
            image = self._read(path)
            if image is not None and size is not None and image.size != size:
                self.tally.note(f"{path}: {image.width}x{image.height} was scaled to the first's {size[0]}x{size[1]}")
                image = resampled(image, size, wrap=False)
            at = number * self._step
            if image is None:
                yield FrameItem(clock.broken(at))
                continue
            size = image.size
            yield FrameItem(clock.shown(image, at, self._step))

    def close(self) -> None:
        """Nothing is held open."""

    def _read(self, path: Path) -> Image | None:
        try:
            image = read_image(path, max_pixels=self._max_pixels)
        except ImageError as error:
            self.tally.note(str(error))
            self.tally.note_broken(str(error))
            return None
        self._depth = self._depth or image.depth
        if image.depth > self._depth:
            self.tally.note("some frames have more bits than the first, and were rounded to its 8")
        image = image.with_depth(self._depth)
        if image.icc is None:
            return image
        return image.with_changes(rgb=convert_rgb(image.rgb, image.icc, None), icc=None)


def _first_gap(files: Sequence[Path]) -> tuple[Path, Path] | None:
    """Return two files between which numbers are missing, whose names differ in their last number alone."""
    numbers = [re.split(r"([0-9]+)(?=[^0-9]*$)", path.stem) for path in files]
    pairs = zip(zip(files, numbers, strict=True), zip(files[1:], numbers[1:], strict=True), strict=False)
    for (before, one), (after, other) in pairs:
        if len(one) == len(other) == 3 and one[::2] == other[::2] and int(other[1]) > int(one[1]) + 1:
            return before, after
    return None


def in_number_order(files: Sequence[Path]) -> list[Path]:
    """Sort by name with the numbers in it taken as numbers: `frame-9` comes before `frame-10`."""

    def key(path: Path) -> list[tuple[int, int, str]]:
        parts = re.split(r"([0-9]+)", path.name)
        return [(1, int(part), part) if index % 2 else (0, 0, part) for index, part in enumerate(parts)]

    return sorted(files, key=key)


_SIGTERM_CODE = 128 + int(signal.SIGTERM)


@contextmanager
def ended_by_signals(stop: Callable[[], None], live: bool) -> Generator[None]:
    """While it lasts, the first Ctrl-C (or SIGTERM) ends a live recording well; anything else ends as errors do."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def end(number: int, _: FrameType | None) -> None:
        nonlocal asked
        if live and not asked:
            asked = True
            stop()
        elif number == signal.SIGTERM:
            # Not the system's own way to die, which would leave the temporary file.
            sys.exit(_SIGTERM_CODE)
        else:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
