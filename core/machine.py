"""Where a figure was measured."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["HARDWARE", "Machine"]

HARDWARE = ("cpu", "cpu_features", "cores", "accelerators")
"""The fields of a machine that make another machine of it: what times depend on, whatever the software."""


class Machine(BaseModel):
    """Processors, memory, system and the packages that decide a figure; `infer.machine` reads this one's.

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
