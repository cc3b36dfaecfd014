"""Ctrl-C and termination while a video runs: a recording ends well, anything else leaves nothing."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

__all__ = ["ended_by_signals"]

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
