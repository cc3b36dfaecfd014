"""Stages that overlap: threads between bounded queues, the order kept, an error or an end passed on."""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ..runtimes.forking import require_same_process

__all__ = ["in_order", "in_thread"]

_In = TypeVar("_In")
_Out = TypeVar("_Out")

_POLL_S = 0.05


class _End:
    """The last thing in a queue: what the thread died of, if anything."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def in_thread(items: Iterable[_In], depth: int, *, drop: Callable[[], None] | None = None) -> Generator[_In]:
    """Yield the items, which are made in a thread of their own, at most `depth` of them ahead.

    An exception of theirs is raised here. When this generator is closed the thread ends after the item that it is at,
    and closes the items if they are a generator.

    Args:
        items: made in the thread.
        depth: of the queue.
        drop: called for an item that finds the queue full, and is then let go; None waits for room instead.
    """
    ahead: queue.Queue[_In | _End] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def put(item: _In | _End) -> None:
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
            require_same_process(process, "this video")
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


def in_order(items: Iterable[_In], function: Callable[[_In], _Out], workers: int, ahead: int) -> Generator[_Out]:
    """Yield `function` of each item, in their order, computed by `workers` threads, at most `ahead` items at a time.

    What `function` raises is raised here, at its item's place. When this generator is closed, items that were not begun
    are dropped, and those that were are waited for.
    """
    pending: deque[Future[_Out]] = deque()
    process = os.getpid()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            require_same_process(process, "this video")
            pending.append(pool.submit(function, item))
            if len(pending) >= ahead:
                yield pending.popleft().result()
        while pending:
            require_same_process(process, "this video")
            yield pending.popleft().result()
    finally:
        if os.getpid() == process:
            pool.shutdown(wait=True, cancel_futures=True)
            if isinstance(items, Generator):
                items.close()
