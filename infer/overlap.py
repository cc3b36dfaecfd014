"""Stages that overlap: several items on their way through threads, in bounded memory, their order kept."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from .runtimes.forking import require_same_process

__all__ = ["Budget", "Stages", "Ticket", "in_order", "in_series", "in_thread", "overlapped"]


class Budget:
    """A number of bytes that tickets share; who asks for more than is left waits.

    What is larger than the whole budget is let in when nothing else is: it is processed alone, not refused.

    Args:
        size: in bytes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._used = 0
        self._changed = threading.Condition()
        self._closed = False
        self.most = 0

    def ticket(self) -> Ticket:
        """Return a ticket that holds nothing yet."""
        return Ticket(self)

    def close(self) -> None:
        """Let everybody in who waits: the run is over, and what they do is thrown away."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, size: int) -> None:
        """Wait until `size` bytes are free, and take them."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._used or self._used + size <= self._size)
            self._used += size
            self.most = max(self.most, self._used)

    def give_back(self, size: int) -> None:
        """Free `size` bytes for others."""
        with self._changed:
            self._used -= size
            self._changed.notify_all()


class Ticket:
    """One image's part of a budget, from before it is decoded until it is written.

    waited: seconds that it waited for its bytes.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held = 0
        self.waited = 0.0

    def take(self, size: int) -> None:
        """Wait for `size` bytes."""
        asked = time.perf_counter()
        self._budget.take(size)
        self.waited += time.perf_counter() - asked
        self._held += size

    def release(self) -> None:
        """Give back what is held; a second call does nothing."""
        held, self._held = self._held, 0
        if held:
            self._budget.give_back(held)


_Item = TypeVar("_Item")
_Read = TypeVar("_Read")
_Processed = TypeVar("_Processed")
_Written = TypeVar("_Written")
_Out = TypeVar("_Out")

_POLL_S = 0.05


@dataclass(frozen=True)
class Stages(Generic[_Item, _Read, _Processed, _Written]):
    """What is done to each item, in order.

    Attributes:
        read: comes first.
        process: takes what `read` gives.
        write: takes what `process` gives.
        readers: how many items are read at a time.
        processors: how many are processed.
        writers: how many are written.
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
    """Run every item through the stages, several at a time; who is done with a stage goes on, whoever came before it.

    Yields:
        Each item, in order, with a function that waits for its result and returns it, or raises what a stage raised.

    When the generator is closed, or the caller is interrupted, no item begins a further stage, `stop` is called to wake
    stages that wait, and what is in a stage is waited for: what is being written is finished.

    Raises:
        DeviceError: a process that was forked meanwhile goes on with it.
    """
    steps = (
        _Step(stages.read, stages.readers, "read"),
        _Step(stages.process, stages.processors, "process"),
        _Step(stages.write, stages.writers, "write"),
    )
    return _under_way(items, steps, stages.window, stop)


def in_series(
    items: Iterable[_Item], stages: Stages[_Item, _Read, _Processed, _Written]
) -> Generator[tuple[_Item, Callable[[], _Written]]]:
    """Yield as `overlapped` does, but begin an item only when its result is asked for."""
    for item in items:
        yield item, lambda item=item: stages.write(stages.process(stages.read(item)))


def in_order(items: Iterable[_Item], function: Callable[[_Item], _Out], workers: int, ahead: int) -> Generator[_Out]:
    """Yield `function` of each item, in their order, computed by `workers` threads, at most `ahead` items at a time.

    What `function` raises is raised here, at its item's place. When this generator is closed, items that were not begun
    are dropped, those that were are waited for, and the items are closed if they are a generator.

    Raises:
        DeviceError: a process that was forked meanwhile goes on with it.
    """
    steps = (_Step(function, workers, "compute"),)
    under_way = _under_way(items, steps, ahead, lambda: None)
    try:
        for _, result in under_way:
            yield result()
    finally:
        under_way.close()


def in_thread(items: Iterable[_Item], depth: int, *, drop: Callable[[], None] | None = None) -> Generator[_Item]:
    """Yield the items, which are made in a thread of their own, at most `depth` of them ahead.

    An exception of theirs is raised here. When this generator is closed the thread ends after the item that it is at,
    and closes the items if they are a generator.

    Args:
        items: made in the thread.
        depth: of the queue.
        drop: called for an item that finds the queue full, and is then let go; None waits for room instead.
    """
    ahead: queue.Queue[_Item | _End] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def put(item: _Item | _End) -> None:
        while not stopped.is_set():
            try:
                ahead.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return

    def work() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if drop is not None and ahead.full():
                    drop()
                else:
                    put(item)
                if stopped.is_set():
                    break
        except BaseException as caught:  # noqa: BLE001 - raised again where the items are taken
            error = caught
        finally:
            if isinstance(items, Generator):
                items.close()
            put(_End(error))

    process = os.getpid()
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            require_same_process(process, "this run")
            item = ahead.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        if os.getpid() == process:
            stopped.set()
            thread.join()


class _End:
    """The last thing in a queue: what the thread died of, if anything."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@dataclass(frozen=True)
class _Step:
    """What a stage does to what comes from the one before, and in how many threads; name: of the threads."""

    function: Callable[[Any], Any]
    workers: int
    name: str


def _under_way(
    items: Iterable[_Item], steps: Sequence[_Step], window: int, stop: Callable[[], None]
) -> Generator[tuple[_Item, Callable[[], Any]]]:
    """Run the items through the steps, at most `window` at a time, and give them in order; `overlapped` says the rest.

    The items are taken in the caller's thread.
    """
    pools = [ThreadPoolExecutor(step.workers, step.name) for step in steps]
    stopped = threading.Event()

    # A step's thread hands its result on itself, so that only the work's own threads hold it.
    def do(number: int, value: Any) -> Any:
        if stopped.is_set():
            raise CancelledError
        done = steps[number].function(value)
        return done if number + 1 == len(steps) else pools[number + 1].submit(do, number + 1, done)

    def wait(future: Any) -> Any:
        for _ in steps:
            future = future.result()
        return future

    pid = os.getpid()
    waiting = iter(items)
    under_way: deque[tuple[_Item, Future[Any]]] = deque()
    try:
        while True:
            require_same_process(pid, "this run")
            for item in islice(waiting, window - len(under_way)):
                under_way.append((item, pools[0].submit(do, 0, item)))
            if not under_way:
                return
            first, future = under_way.popleft()
            yield first, lambda future=future: wait(future)
    finally:
        # A forked child has none of the threads, and maybe locks that they held.
        if os.getpid() == pid:
            stopped.set()
            stop()
            for pool in pools:
                pool.shutdown(wait=True, cancel_futures=True)
            if isinstance(items, Generator):
                items.close()
