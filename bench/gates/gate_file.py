"""Files of gates, which people keep beside their models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationError, model_validator

from ...core import UsageError, did_you_mean, first_mistake, read_toml
from ...metrics import METRICS
from .agreement import AgreementGate
from .gate import LIMITS, Gate, Strict
from .identity import IdentityGate

__all__ = ["AnyGate", "GateFile", "gate_lines", "is_metric", "read_gates"]

AnyGate = Gate | IdentityGate | AgreementGate
"""What may stand in a file of gates: a limit on a figure, what a model must be, and how it must answer."""

_MEASURED = frozenset(
    {
        *("compile_time", "compile_time_cached", "first_inference", "idle_cpu", "int8_time_share", "latency"),
        *("latency_mean", "load", "loop_overhead", "other_load", "peak_memory", "process_memory", "queries", "size"),
        *("throughput", "images", "failed", "skipped", "frames", "broken", "dropped", "empty", "seconds"),
        *("after", "before", "independent_samples", "p_value", "snr", "speedup"),
        *("peak_bandwidth", "peak_compute", "peak_compute_i8", "ignored_layers"),
    }
)
_OF_MANY = re.compile(r"latency_p\d+|difference_\w+|\w+_drop")
"""Names of what is measured besides a data set's metrics."""


class GateFile(Strict):
    """A file of gates: a table `[[gate]]`, `[[identity]]` or `[[agreement]]` for each."""

    version: Literal[1] = 1
    gate: tuple[Gate, ...] = ()
    identity: tuple[IdentityGate, ...] = ()
    agreement: tuple[AgreementGate, ...] = ()

    @model_validator(mode="after")
    def _has_a_gate(self) -> Self:
        if not self.gates:
            raise ValueError("it has no gate: add a [[gate]], an [[identity]] or an [[agreement]]")
        return self

    @property
    def gates(self) -> tuple[AnyGate, ...]:
        """Return all, those that need least evidence first."""
        return (*self.identity, *self.agreement, *self.gate)


_TABLES: dict[str, type[Strict]] = {"gate": Gate, "identity": IdentityGate, "agreement": AgreementGate}


def is_metric(name: str) -> bool:
    """Tell whether a figure of this name can be in a record."""
    return name in METRICS or name in _MEASURED or _OF_MANY.fullmatch(name) is not None


def read_gates(path: str | Path) -> tuple[AnyGate, ...]:
    """Read a file of gates.

    Raises:
        InputError: the file cannot be read or is not TOML.
        UsageError: it has no gate, or a key, value or metric that is not possible; the message names the gate, counted
            from 1, the key, and what may be meant.
    """
    _, content = read_toml(Path(path), "give a TOML file of gates")
    try:
        gates = GateFile.model_validate(content).gates
    except ValidationError as error:
        raise UsageError(f"{path}: {first_mistake(error, 'file', between=' ')}{_meant(error)}") from error
    for number, gate in enumerate((each for each in gates if isinstance(each, Gate)), start=1):
        if not is_metric(gate.metric):
            near = did_you_mean(gate.metric, sorted(METRICS.keys() | _MEASURED | {"latency_p50", "latency_p90"}))
            raise UsageError(
                f"{path}: gate {number} metric: there is no {gate.metric!r}{near or '; name one of a record'}"
            )
    return gates


def gate_lines(path: str | Path) -> tuple[int, ...]:
    """Return the line of each gate that `read_gates` returns, in its order, counted from 1.

    A gate that does not begin with a line of its own, such as `gate = [{…}]`, has the file's first.
    """
    found: dict[str, list[int]] = {}
    text = Path(path).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[\s*(\w+)\s*\]\]", line)
        if header:
            found.setdefault(header[1], []).append(number)
    lines: list[int] = []
    for gate in read_gates(path):
        name = next(name for name, kind in _TABLES.items() if isinstance(gate, kind))
        lines.append(found[name].pop(0) if found.get(name) else 1)
    return tuple(lines)


def _meant(error: ValidationError) -> str:
    """Return what may be meant by a key, and what a table of its kind needs."""
    first: Any = error.errors()[0]
    where = first["loc"]
    table = _TABLES.get(str(where[0])) if where else None
    if table is None:
        return did_you_mean(str(where[0]), _TABLES) if where else ""
    near = ""
    if first["type"] == "extra_forbidden":
        near = did_you_mean(str(where[-1]), (field.alias or name for name, field in table.model_fields.items()))
    return f"{near}; a gate is a [[gate]] table with metric and one of {', '.join(LIMITS)}" if table is Gate else near
