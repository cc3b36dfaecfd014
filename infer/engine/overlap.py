"""Three stages that overlap: while one item is processed, the next is read and the last is written."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..runtimes.forking import require_same_process

__all__ = ["Stages", "in_series", "overlapped"]

_Item = TypeVar("_Item")
_Read = TypeVar("_Read")
_Processed = TypeVar("_Processed")
_Written = TypeVar("_Written")


@dataclass(frozen=True)
class Stages(Generic[_Item, _Read, _Processed, _Written]):
    """What is done to each item, in order.

    readers, processors, writers: how many items are in each stage at a time.
    """

    read: Callable[[_Item], _Read]
    process: Callable[[_Read], _Processed]
    write: Callable[[_Processed], _Written]
    readers: int = 1
    processors: int = 1
    writers: int = 1

    @property
    def window(self) -> int:
        """Return how many items are under way at a time: those in a stage, and one before each of the later stages."""
        return self.readers + self.processors + self.writers + 2


def overlapped(
    items: Iterable[_Item], stages: Stages[_Item, _Read, _Processed, _Written], stop: Callable[[], None]
) -> Generator[tuple[_Item, Callable[[], _Written]]]:
    """Run every item through the stages, several at a time.

    Yields:
        Each item, in order, with a function that waits for its result and returns it, or raises what a stage raised.

    When the generator is closed, or the caller is interrupted, nothing new is begun, `stop` is called to wake stages
    that wait, and what is being written is finished.

    Raises:
        DeviceError: a process that was forked meanwhile goes on with it.
    """
    reading = ThreadPoolExecutor(stages.readers, "read")
    processing = ThreadPoolExecutor(stages.processors, "process")
    writing = ThreadPoolExecutor(stages.writers, "write")

    # A stage's thread hands its result on itself, so that only the work's own threads hold pictures.
    def process(read: _Read) -> Future[_Written]:
        return writing.submit(stages.write, stages.process(read))

    def read(item: _Item) -> Future[Future[_Written]]:
        return processing.submit(process, stages.read(item))

    pid = os.getpid()
    waiting = iter(items)
    under_way: deque[tuple[_Item, Future[Future[Future[_Written]]]]] = deque()
    try:
        while True:
            require_same_process(pid, "this run")
            while len(under_way) < stages.window and (item := next(waiting, None)) is not None:
                under_way.append((item, reading.submit(read, item)))
            if not under_way:
                return
            first, future = under_way.popleft()
            yield first, lambda future=future: future.result().result().result()
    finally:
        # A forked child has none of the threads, and maybe locks that they held.
        if os.getpid() == pid:
            stop()
            for pool in (reading, processing, writing):
                pool.shutdown(wait=True, cancel_futures=True)


def in_series(
    items: Iterable[_Item], stages: Stages[_Item, _Read, _Processed, _Written]
) -> Generator[tuple[_Item, Callable[[], _Written]]]:
    """Yield as `overlapped` does, but begin an item only when its result is asked for."""
    for item in items:
        yield item, lambda item=item: stages.write(stages.process(stages.read(item)))
