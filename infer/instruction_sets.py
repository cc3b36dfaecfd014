"""The generations of processors whose kernels this one can run: oneDNN goes no further than it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..core import Machine

__all__ = ["INSTRUCTION_SETS", "ISA_VARIABLE", "InstructionSet", "playable_sets"]

ISA_VARIABLE = "ONEDNN_MAX_CPU_ISA"
"""The variable of the environment that oneDNN reads once, when a process first uses it."""


class InstructionSet(NamedTuple):
    """A generation of processors.

    Attributes:
        cap: the variable's value for it.
        features: of a processor that can run its kernels.
        title: what it is, for people.
    """

    cap: str
    features: tuple[str, ...]
    title: str


INSTRUCTION_SETS: dict[str, InstructionSet] = {
    "avx2": InstructionSet("AVX2", ("avx2",), "AVX2: 2013 to 2020, and most AMD processors before Zen 4"),
    "avx2_vnni": InstructionSet("AVX2_VNNI", ("avx2", "avx_vnni"), "AVX2 with VNNI: client processors since 2021"),
    "avx512": InstructionSet("AVX512_CORE", ("avx512f",), "AVX-512: servers since 2017"),
    "vnni": InstructionSet("AVX512_CORE_VNNI", ("avx512f", "avx512_vnni"), "AVX-512 with VNNI: servers since 2019"),
    "amx": InstructionSet("AVX512_CORE_AMX", ("avx512f", "amx_int8", "amx_bf16"), "AMX: servers since 2023"),
}
"""By the name that the commands take, the oldest first."""


def playable_sets(machine: Machine) -> tuple[str, ...]:
    """Return the instruction sets whose kernels a machine can run, by their names."""
    has = set(machine.cpu_features)
    return tuple(name for name, each in INSTRUCTION_SETS.items() if has.issuperset(each.features))
