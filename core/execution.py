"""How a model is executed: what was asked for, and what really runs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from .arithmetic import Hint

__all__ = ["Execution", "FloatArithmetic"]

FloatArithmetic = Literal["f32", "bf16", "f16", ""]
"""What floating-point numbers are really computed in; empty where nobody tells."""


class Execution(BaseModel):
    """How a model is executed. What is read back from the runtime is what runs, not what was asked for.

    Attributes:
        runtime: what executes, such as `openvino`.
        device: asked for, such as `AUTO:GPU,CPU`; empty where the runtime leaves no choice.
        devices: that execute, read back.
        plugin: what executes on them: the device's full name with its plugin's version, or the runtime's own word.
        arithmetic: of the layers in floating point, read back.
        size: height and width of the input in pixels; None where the model takes any.
        batch: images in one query; None where the model takes any number.
        hint: asked for; empty where the runtime has none.
        streams: queries that the device computes side by side, read back; 0 where nobody tells.
        threads: of the processor, read back; 0 where nobody tells.
        requests: queries that are best in flight at a time: more of them wait for their turn.
        instruction_set: that oneDNN was told to go no further than, such as `AVX2`; empty where it was not.
    """

    model_config = ConfigDict(frozen=True)

    runtime: str
    device: str = ""
    devices: tuple[str, ...] = ()
    plugin: str = ""
    arithmetic: FloatArithmetic = "f32"
    size: tuple[int, int] | None = None
    batch: int | None = None
    hint: Hint | Literal[""] = ""
    streams: int = 1
    threads: int = 0
    requests: int = 1
    instruction_set: str = ""

    @property
    def size_text(self) -> str:
        """Return the input's size as `HEIGHTxWIDTH`; empty where the model takes any."""
        return f"{self.size[0]}x{self.size[1]}" if self.size else ""

    @property
    def name(self) -> str:
        """Return it as the commands take it: OpenVINO's device, or the runtime, with its device if it has others."""
        if self.runtime == "openvino":
            return self.device or "CPU"
        return self.runtime if self.device in {"", "CPU"} else f"{self.runtime}:{self.device}"
