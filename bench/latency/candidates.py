"""What is measured: one artifact on one runtime and device with one set of settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...core import Arithmetic, Hint, Variant
from ...infer import RuntimeSettings

__all__ = ["Candidate", "Status"]

Status = Literal["measured", "missing device", "not on this device", "failed", "fallback"]
"""What came of a candidate.

`not on this device`: the device does not compute in the arithmetic that was asked for. `fallback`: it ran, but not on
the device or in the precision that was asked for.
"""

_Count = Annotated[int, Field(ge=1)]


class Candidate(BaseModel):
    """One row of a benchmark.

    variant: what is executed. runtime: its name, as `open_runtime` takes it. arithmetic: asked for; what `device`
    means is found out. hint and streams: of OpenVINO; None leaves the streams to the hint. threads: for the CPU, the
    same for all candidates. number: 2 and up where several candidates are the same but for their file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: Variant
    runtime: str
    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    hint: Hint | None = None
    streams: _Count | None = None
    batch: _Count = 1
    height: _Count
    width: _Count
    threads: _Count
    number: _Count = 1

    @property
    def labels(self) -> dict[str, str]:
        """Return what tells its figures from others; `candidate` is its key. Empty: a setting without a meaning."""
        openvino = self.runtime == "openvino"
        return {
            "candidate": self.key,
            "model": self.variant.id,
            "precision": self.variant.precision,
            "runtime": self.runtime,
            "device": self.device,
            "arithmetic": self.arithmetic,
            "hint": self.hint or "",
            "streams": str(self.streams or "auto") if openvino else "",
            "batch": str(self.batch),
            "size": f"{self.height}x{self.width}",
        }

    @property
    def key(self) -> str:
        """Return its name in the record: the same settings give the same key in every run."""
        parts = [self.variant.id, self.variant.precision, f"{self.runtime}:{self.device}", self.arithmetic]
        parts += [self.hint] if self.hint else []
        parts += [f"s{self.streams}"] if self.streams else []
        parts += [f"b{self.batch}", f"{self.height}x{self.width}"]
        parts += [f"#{self.number}"] if self.number > 1 else []
        return " ".join(part for part in parts if part)

    @property
    def settings(self) -> RuntimeSettings:
        """Return how its runtime opens it; it has the machine to itself."""
        return RuntimeSettings(
            device=self.device,
            arithmetic=self.arithmetic,
            hint=self.hint or "latency",
            streams=self.streams,
            threads=self.threads,
            pinned=True,
            shape=self.shape,
            model=self.variant.id,
        )

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return the shape of the input."""
        return (self.batch, 3, self.height, self.width)
