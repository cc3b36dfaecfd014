"""Times that only go up, as every encoder wants them."""

from __future__ import annotations

from ...images import Image
from .frames import Frame

__all__ = ["Clock"]


class Clock:
    """Gives each frame its time; one that has none, or one that is not later than the last, follows by the next step.

    step: the usual distance of two frames, in units of the time base.
    """

    def __init__(self, step: int) -> None:
        self._step = step
        self._last: int | None = None
        self._duration = 0

    @property
    def end(self) -> int:
        """When the last frame so far ends."""
        return 0 if self._last is None else self._last + self._duration

    def shown(self, image: Image, pts: int | None, duration: int = 0) -> Frame:
        """Return a frame that can be shown."""
        return Frame(image, self._next(pts, duration), duration)

    def broken(self, pts: int | None) -> Frame:
        """Return a frame that must be concealed."""
        return Frame(None, self._next(pts, 0))

    def _next(self, pts: int | None, duration: int) -> int:
        if pts is None:
            pts = 0 if self._last is None else self._last + self._step
        elif self._last is not None and pts <= self._last:
            pts = self._last + 1
        self._last, self._duration = pts, duration
        return pts
