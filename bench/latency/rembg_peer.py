"""rembg in an environment of its own, which has nothing of mattekit: executed as text by that interpreter.

It reads pickled requests from its standard input, a method's name and its arguments, and writes what came of each.
What goes wrong ends the process, whose last line says why.
"""

# Whatever version of Python rembg is installed for: nothing here is newer than it takes.
from __future__ import annotations

import os
import pickle
import sys
import time
from importlib import import_module, metadata
from io import BytesIO
from typing import Any

__all__ = ["main"]


class _Network:
    """A session's network, whose calls are timed and whose last input is kept."""

    def __init__(self, whole: Any) -> None:
        self.whole = whole
        self.calls: list[tuple[float, float]] = []
        self.fed: Any = None

    def __getattr__(self, name: str) -> Any:
        """Be the network in all else."""
        return getattr(self.whole, name)

    def run(self, names: Any, fed: Any) -> Any:
        """Execute it."""
        began = time.perf_counter()
        answer = self.whole.run(names, fed)
        self.calls.append((began, time.perf_counter()))
        self.fed = fed
        return answer


class _Peer:
    """What is asked of rembg: a session of one network."""

    def __init__(self, name: str) -> None:
        self.base = _peak_memory()
        self.rembg = import_module("rembg")
        self.pil = import_module("PIL.Image")
        began = time.perf_counter()
        self.session: Any = self.rembg.new_session(name)
        self.compile_ms = (time.perf_counter() - began) * 1000
        self.network = _Network(self.session.inner_session)
        self.session.inner_session = self.network

    def open(self, warm_up: int) -> dict[str, object]:
        """Run once, warm up, and tell what is executed."""
        self.session.predict(self.pil.new("RGB", (320, 240), (90, 120, 60)))
        began, ended = self.network.calls[0]
        for _ in range(warm_up):
            self.network.run(None, self.network.fed)
        providers = self.network.whole.get_providers()
        versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("rembg", _providing()))
        return {
            "compile_ms": self.compile_ms,
            "first_ms": (ended - began) * 1000,
            "plugin": f"{versions} ({providers[0].replace('ExecutionProvider', '')})",
        }

    def burst(self, iterations: int | None, seconds: float) -> dict[str, object]:
        """Execute the network alone, one query after another; the first one warms the caches up and is not measured."""
        own = time.process_time()
        self.network.run(None, self.network.fed)
        self.network.calls.clear()
        began = time.perf_counter()
        while True:
            self.network.run(None, self.network.fed)
            done = len(self.network.calls)
            if done >= iterations if iterations is not None else time.perf_counter() - began >= seconds:
                break
        return {
            "latencies_ms": [(ended - started) * 1000 for started, ended in self.network.calls],
            "wall_ms": (time.perf_counter() - began) * 1000,
            "spent": time.process_time() - own,
        }

    def stages(self, paths: list[str]) -> dict[str, list[float]]:
        """Bring images from file to encoded PNG one after another, as rembg's documentation does; milliseconds."""
        found: dict[str, list[float]] = {}
        for path in paths:
            self.network.calls.clear()
            began = time.perf_counter()
            image = self.pil.open(path)
            image.load()
            decoded = time.perf_counter()
            result = self.rembg.remove(image, session=self.session)
            worked = time.perf_counter()
            result.save(BytesIO(), "PNG")
            ended = time.perf_counter()
            pre = self.network.calls[0][0] - decoded
            inferred = sum(end - start for start, end in self.network.calls)
            for stage, spent in (
                ("decode", decoded - began),
                ("pre", pre),
                ("infer", inferred),
                ("post", worked - decoded - pre - inferred),
                ("encode", ended - worked),
                ("total", ended - began),
            ):
                found.setdefault(stage, []).append(spent * 1000)
        return found

    def memory(self) -> tuple[int | None, int | None]:
        """Tell the peak of this process's memory, and what it took before rembg was imported."""
        return _peak_memory(), self.base

    def mask(self, height: int, width: int, rgb: bytes) -> bytes:
        """Return rembg's mask of an image, a byte for each pixel."""
        image = self.pil.frombytes("RGB", (width, height), rgb)
        return self.rembg.remove(image, session=self.session, only_mask=True).convert("L").tobytes()


def _peak_memory() -> int | None:
    """Return the peak of this process's memory in bytes; None where the system does not tell."""
    if not os.path.isfile("/proc/self/status"):  # noqa: PTH113 - it runs where nothing of ours is
        return None
    with open("/proc/self/status", encoding="ascii", errors="replace") as stream:  # noqa: PTH123
        return next((int(line.split()[1]) * 1024 for line in stream if line.startswith("VmHWM:")), None)


def _providing() -> str:
    """Return which of its packages ONNX Runtime came with."""
    names = ("onnxruntime", "onnxruntime-openvino", "onnxruntime-gpu")
    installed = {str(each.metadata["Name"]).lower() for each in metadata.distributions()}
    return next((name for name in names if name in installed), "onnxruntime")


def main() -> None:
    """Answer requests until there are none."""
    # Answers go out by a descriptor of their own, so that a library's print cannot be taken for one.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    peer = _Peer(sys.argv[1])
    while True:
        try:
            name, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
        except EOFError:
            return
        pickle.dump(getattr(peer, name)(*arguments), replies, protocol=4)
        replies.flush()


if __name__ == "__main__":
    main()
