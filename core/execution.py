"""How a model is executed and where: what was asked for, what really runs, and the machine."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .arithmetic import Hint

__all__ = ["HARDWARE", "Execution", "FloatArithmetic", "Machine"]

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


HARDWARE = ("cpu", "cpu_features", "cores", "accelerators")
"""The fields of a machine that make another machine of it: what times depend on, whatever the software."""


class Machine(BaseModel):
    """Processors, memory, system and the packages that decide a figure; `infer.this_machine` reads this one's.

    Attributes:
        cpu: the processor's name.
        cpu_features: instruction sets that change how networks are computed, such as `amx_bf16`.
        cores: that a process may use, which a container's limit makes fewer than there are.
        accelerators: full names by OpenVINO's name of the device, such as `GPU.0`; the processor is not among them.
        memory_bytes: in all; None where the system does not say.
        system: name, release and architecture.
        python: its version.
        packages: versions by name; what is not installed is left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpu: str
    cpu_features: tuple[str, ...] = ()
    cores: int
    accelerators: dict[str, str] = Field(default_factory=dict)
    memory_bytes: int | None = None
    system: str = ""
    python: str = ""
    packages: dict[str, str] = Field(default_factory=dict)

    @property
    def hardware(self) -> tuple[object, ...]:
        """Return the values of `HARDWARE`: two machines that have the same ones are one."""
        values = (getattr(self, name) for name in HARDWARE)
        return tuple(tuple(sorted(each.items())) if isinstance(each, dict) else each for each in values)

    @property
    def label(self) -> str:
        """Return it in one line: the processor, its cores, accelerators and the system."""
        return ", ".join([self.cpu, f"{self.cores} cores", *self.accelerators.values(), self.system])
