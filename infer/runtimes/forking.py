"""What native libraries hold open, across a fork.

A forked child has its parent's memory but only one of its threads: a compiled model waits for ever for workers that
are not there, and so does whoever lets go of it. So a fork waits until no thread is inside a native call, and in the
child what the parent had open is never touched or freed again, but opened anew when it is first needed. What the child
opens isn't freed either: the pool of threads that OpenVINO shares between models counts on the parent's, and now and
then who lets go of a model in a child waits for one of them. A child that opens models one after another grows by each.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from ...core import DeviceError

__all__ = ["Native", "native_calls", "require_same_process"]

_T = TypeVar("_T")

_MEND = (
    "open models and begin runs after the fork: in gunicorn without --preload or in its post_fork hook, in "
    'multiprocessing with the start method "spawn", in celery at worker_process_init'
)
"""How to mend what can't be opened again, or gone on with, in a forked child."""


class _Gate:
    """Threads inside native calls: a fork waits until they have left, and lets none in meanwhile."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: dict[int, int] = {}
        self._forking = 0

    def enter(self) -> None:
        me = threading.get_ident()
        with self._changed:
            # Who is inside already may go deeper, because the fork waits for it to come out.
            self._changed.wait_for(lambda: not self._forking or me in self._inside)
            self._inside[me] = self._inside.get(me, 0) + 1

    def leave(self) -> None:
        me = threading.get_ident()
        with self._changed:
            left = self._inside.pop(me) - 1
            if left:
                self._inside[me] = left
            self._changed.notify_all()

    def close(self) -> None:
        """Wait until no other thread is inside, and keep the lock: it is held while the process is forked."""
        me = {threading.get_ident()}
        self._changed.acquire()
        self._forking += 1
        self._changed.wait_for(lambda: self._inside.keys() <= me)

    def open(self) -> None:
        """Let others in again, in the parent."""
        self._forking -= 1
        self._changed.notify_all()
        self._changed.release()

    def renew(self) -> None:
        """Forget the threads that a child doesn't have."""
        me = threading.get_ident()
        self._changed = threading.Condition()
        self._inside = {me: self._inside[me]} if me in self._inside else {}
        self._forking = 0


_GATE = _Gate()


@contextmanager
def native_calls() -> Generator[None]:
    """Keep a fork waiting while the block calls a native library; it must wait for no other thread than that does."""
    _GATE.enter()
    try:
        yield
    finally:
        _GATE.leave()


class Native(Generic[_T]):
    """What a native library has open in this process.

    Args:
        opens: opens it: now, and once more in each forked child that uses it.

    Raises:
        MattekitError: what `opens` raises, here or, in a forked child, from `use`.
    """

    def __init__(self, opens: Callable[[], _T]) -> None:
        self._opens = opens
        self._alone = threading.Lock()
        with native_calls():
            self._value: _T | None = _open(opens)
            _OPEN.add(self)

    @contextmanager
    def use(self) -> Generator[_T]:
        """Give what is open, in a forked child opened again; a fork waits until the block ends."""
        with native_calls():
            value = self._value
            if value is None:
                with self._alone:
                    value = self._value = _open(self._opens) if self._value is None else self._value
            yield value

    def take(self) -> _T | None:
        """Return what is open in this process, None where it was not opened again yet."""
        return self._value

    def forget(self) -> None:
        """Leave what the parent had open to it."""
        self._alone = threading.Lock()
        self._value = None


def _open(opens: Callable[[], _T]) -> _T:
    """Open, in a child of a process that had opened something for good."""
    global _opened
    value, _opened = opens(), True
    if _inherited:
        _never_free(value)
    return value


def _never_free(value: object) -> None:
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


_OPEN: weakref.WeakSet[Native[Any]] = weakref.WeakSet()
_opened = False
"""Whether this process, or one that it was forked from, has opened anything."""
_inherited = False
"""Whether this process was forked from one that had opened something."""
_kept: list[object] = []
"""What is open while the process is forked: a thread that the child doesn't have may hold the last reference."""


def _before_fork() -> None:
    _GATE.close()
    _kept.extend(value for native in _OPEN if (value := native.take()) is not None)


def _after_in_parent() -> None:
    _kept.clear()
    _GATE.open()


def _after_in_child() -> None:
    global _inherited  # noqa: PLW0603
    _inherited = _opened
    for value in _kept:
        # Not freed at the interpreter's end either: freeing would wait for threads that are not there.
        _never_free(value)
    _kept.clear()
    for native in _OPEN:
        native.forget()
    _GATE.renew()


if sys.platform != "win32":
    os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)


def require_same_process(pid: int, what: str) -> None:
    """Make sure that this is the process in which something was opened or begun.

    Args:
        pid: that process's number.
        what: was opened or begun there; the message's subject.

    Raises:
        DeviceError: this one was forked from it.
    """
    if os.getpid() != pid:
        raise DeviceError(f"{what} belongs to process {pid}, from which this one was forked meanwhile; {_MEND}")
