"""How many bytes of images are under way at a time."""

from __future__ import annotations

import threading
import time

__all__ = ["Budget", "Ticket"]


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
