"""What comes of several verdicts together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ...core import Verdict

__all__ = ["GateOutcome", "gates_exit_code", "gates_outcome"]

GateOutcome = Literal["passed", "failed", "not enough evidence"]

_EXIT_CODES: dict[GateOutcome, int] = {"passed": 0, "failed": 3, "not enough evidence": 4}


def gates_outcome(verdicts: Sequence[Verdict]) -> GateOutcome:
    """Return what came of all: not enough evidence, too, where nothing was judged."""
    found = {verdict.status for verdict in verdicts}
    if "failed" in found:
        return "failed"
    return "passed" if found == {"passed"} else "not enough evidence"


def gates_exit_code(verdicts: Sequence[Verdict]) -> int:
    """Return 0 if all passed, 3 if one failed, 4 if none failed but evidence is missing, or nothing was judged."""
    return _EXIT_CODES[gates_outcome(verdicts)]
