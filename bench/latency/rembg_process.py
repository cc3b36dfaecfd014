"""rembg as a candidate: its code and its ONNX Runtime in an environment of its own, beside mattekit in one run."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import numpy as np

from ...convert import zoo
from ...core import Execution, InputError, Precision, Variant
from ...datasets import AlphaMatte, Pixels
from ...infer import this_machine
from ..benchmark_settings import Scenario
from .candidates import FREE_SIDE, REMBG, Candidate
from .process import Burst, Executed, Memory, Opened, WorkerProcess
from .worker import machine_busy

__all__ = ["RembgProcess", "rembg_candidate"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_ENTRY = "rembg-"
_PRECISION: Precision = "fp32"


def rembg_candidate(
    session: str, interpreter: str | Path, *, file: Path | None = None, threads: int | None = None
) -> Candidate:
    """Return rembg's session of a network as a candidate.

    Args:
        session: rembg's name of the network.
        interpreter: of the environment that rembg is installed in.
        file: the network; the one that rembg has downloaded unless given.
        threads: processor threads, as all candidates'.

    Raises:
        InputError: there is no such interpreter, session or file.
    """
    if not shutil.which(interpreter):
        raise InputError(f"--against rembg={interpreter}: there is no such interpreter; give the environment's python")
    entries = {spec.id: spec for spec in zoo.list_models()}
    entry = entries.get(f"{_ENTRY}{session}")
    if entry is None:
        known = ", ".join(name.removeprefix(_ENTRY) for name in entries if name.startswith(_ENTRY))
        raise InputError(f"--against rembg:{session}: its network is not known; give rembg:SESSION=PYTHON of {known}")
    path = file or _home() / f"{session}.onnx"
    if not path.is_file():
        raise InputError(
            f"--against rembg: {path} is not there; run `rembg d {session}` in its environment, or compare "
            f"{_ENTRY}{session}@FILE, whose file it gets"
        )
    height, width = entry.contract.input.fit(FREE_SIDE)
    return Candidate(
        variant=Variant(id=entry.id, precision=_PRECISION, path=path, contract=entry.contract),
        runtime=REMBG,
        height=height,
        width=width,
        threads=threads or this_machine().cores,
        interpreter=Path(interpreter),
    )


def _home() -> Path:
    """Return the folder that rembg downloads into."""
    own = os.environ.get("U2NET_HOME") or Path(os.environ.get("XDG_DATA_HOME", "~")) / ".u2net"
    return Path(own).expanduser()


class RembgProcess(WorkerProcess):
    """A session of rembg in its own environment's process; it is called as any worker."""

    def __init__(self, candidate: Candidate) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._session = candidate.variant.id.removeprefix(_ENTRY)
        shutil.copyfile(candidate.variant.path, Path(self._folder.name) / f"{self._session}.onnx")
        super().__init__(candidate)

    def mask(self, rgb: Pixels) -> AlphaMatte:
        """Return rembg's mask of an image, (H, W) float32, 0-1."""
        height, width = rgb.shape[:2]
        data = self._ask("mask", height, width, np.ascontiguousarray(rgb).tobytes())
        return (np.frombuffer(data, np.uint8).reshape(height, width) / np.float32(255)).astype(np.float32)

    def call(self, method: Callable[Concatenate[Any, _P], _R], *arguments: _P.args, **named: _P.kwargs) -> _R:
        """Do in rembg what the method of `Worker` does in mattekit."""
        ways: dict[str, Callable[..., object]] = {
            "open": self._open,
            "burst": self._burst,
            "stages": self._stages,
            "memory": lambda: Memory(*self._ask("memory")),
        }
        return cast("_R", ways[method.__name__](*arguments, **named))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._folder.cleanup()

    @property
    def _command(self) -> list[str]:
        # As text, so that no folder of ours is a place to import from.
        code = resources.files(__package__ or "").joinpath("rembg_peer.py").read_text(encoding="utf-8")
        return [str(self.candidate.interpreter), "-c", code, self._session]

    @property
    def _environment(self) -> dict[str, str]:
        return {**super()._environment, "U2NET_HOME": self._folder.name, "MODEL_CHECKSUM_DISABLED": "1"}

    def _greet(self) -> None:
        """Send nothing: what it is to run stands in its command."""

    def _ask(self, name: str, *arguments: object) -> Any:
        self._send((name, arguments))
        return self._receive()

    def _open(self, warm_up: int) -> Opened:
        told = self._ask("open", warm_up)
        info = Execution(runtime=REMBG, devices=("CPU",), plugin=told["plugin"], threads=self.candidate.threads)
        return Opened(told["compile_ms"], told["first_ms"], Executed(**info.model_dump()))

    def _burst(self, scenario: Scenario, iterations: int | None, seconds: float, seed: int = 0) -> Burst:
        """Run a burst; queries come one after another, whatever the scenario."""
        del scenario, seed
        busy, began = machine_busy(), time.perf_counter()
        told = self._ask("burst", iterations, seconds)
        after, wall, others = machine_busy(), time.perf_counter() - began, None
        if busy is not None and after is not None:
            others = max(0.0, (after - busy - told["spent"]) / (wall * (os.cpu_count() or 1)))
        return Burst(told["latencies_ms"], told["wall_ms"], others)

    def _stages(self, images: list[Path]) -> dict[str, list[float]]:
        return self._ask("stages", [str(path.resolve()) for path in images])
