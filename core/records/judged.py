"""Records of verdicts: gates, and packages whose answers were replayed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..measurement import Frozen, Interval
from ..record import Record

__all__ = ["GateRecord", "OutputCheck", "PackageCheck", "Verdict", "VerifyRecord"]


class Verdict(Frozen, frozen=True):
    """What came of one limit of one gate on one figure.

    Attributes:
        gate: in words, without its limit.
        metric: that it is for.
        limit: its kind, such as `max_drop`.
        bound: its value; None where the limit is no number.
        status: what came of it.
        reason: why, in a sentence.
        figure: that was judged; None where there was none.
        baseline: what it was compared with.
        amount: what the limit bounds: the figure itself, the drop, or the ratio.
        interval: of the amount.
        samples: how many the figure was made of.
        needed: about how many more would decide it, where there is not enough evidence, but more of them would be.
        place: of the gate, as `FILE:LINE`; empty where it is of no file.
    """

    gate: str
    metric: str
    limit: str
    bound: float | None = None
    status: Literal["passed", "failed", "not enough evidence"]
    reason: str
    labels: dict[str, str] = Field(default_factory=dict)
    value: float | None = None
    baseline: float | None = None
    amount: float | None = None
    interval: Interval | None = None
    samples: int | None = None
    needed: int | None = None
    place: str = ""

    @property
    def limit_text(self) -> str:
        """Return the limit with its bound, such as `max_drop 0.01`."""
        return self.limit if self.bound is None else f"{self.limit} {self.bound:g}"


class GateRecord(Record, frozen=True):
    """Gates' verdicts.

    Attributes:
        outcome: of all of them.
        verdicts: each.
    """

    kind: Literal["gate"] = "gate"
    outcome: Literal["passed", "failed", "not enough evidence"]
    verdicts: tuple[Verdict, ...] = ()


class OutputCheck(Frozen, frozen=True):
    """A golden output, replayed: how far it is from what was recorded, by metric, and how far it may be."""

    input: str
    output: str
    distances: dict[str, float] = Field(default_factory=dict)
    limits: dict[str, float] = Field(default_factory=dict)
    passed: bool


class PackageCheck(Frozen, frozen=True):
    """A package whose golden answers were replayed.

    Attributes:
        package: its folder.
        model: id.
        precision: of the stored weights.
        device: that answered.
        arithmetic: that it computed in.
        kernels: the kind that it has.
        golden_arithmetic: that the golden answers were computed in.
        golden_kernels: the kind that computed them.
        signed_by: SHA-256 of the public key by whose partner it is signed; empty where that was not asked for.
        outputs: each golden output.
    """

    package: str
    model: str
    precision: str
    device: str
    arithmetic: str
    kernels: str
    golden_arithmetic: str
    golden_kernels: str
    signed_by: str = ""
    outputs: tuple[OutputCheck, ...]

    @property
    def passed(self) -> bool:
        """Tell whether all outputs are within their limits."""
        return all(output.passed for output in self.outputs)


class VerifyRecord(Record, frozen=True):
    """Packages, checked."""

    kind: Literal["verify"] = "verify"
    packages: tuple[PackageCheck, ...]

    @property
    def passed(self) -> bool:
        """Tell whether all packages answer as recorded."""
        return all(package.passed for package in self.packages)
