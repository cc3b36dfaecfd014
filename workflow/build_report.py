"""What became of a build, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..core import BuildRecord, Measurement, StageResult
from ..infer import this_machine
from .stage import Stage

__all__ = ["VERDICTS", "BuildReport", "StageOutcome"]

VERDICTS = frozenset({3, 4})
"""Exit codes of a check that was carried out and not passed."""

State = Literal["ran", "kept", "failed", "skipped", "due"]


@dataclass(frozen=True)
class StageOutcome:
    """What became of a stage, and why; `exit_code` is its command's, 0 where it did not run; `seconds` it took."""

    stage: Stage
    state: State
    reason: str
    exit_code: int = 0
    seconds: float | None = None


@dataclass
class BuildReport:
    """What became of a build, stage by stage; `report` files are named by the stage of that name."""

    recipe: str
    outcomes: list[StageOutcome] = field(default_factory=list[StageOutcome])

    @property
    def exit_code(self) -> int:
        """Return 0, a failed stage's exit code, or that of a check which was not passed (3 before 4)."""
        failed = [outcome.exit_code for outcome in self.outcomes if outcome.state == "failed"]
        verdicts = [outcome.exit_code for outcome in self.outcomes if outcome.exit_code in VERDICTS]
        return failed[0] if failed else min(verdicts, default=0)

    @property
    def record(self) -> BuildRecord:
        """Return it as a record, which measures how long each stage took that ran."""
        nothing = Measurement(metric="", value=None)
        return BuildRecord(
            machine=this_machine(),
            recipe=self.recipe,
            stages=tuple(
                StageResult(name=one.stage.name, state=one.state, reason=one.reason, exit_code=one.exit_code)
                for one in self.outcomes
            ),
            measurements=tuple(
                nothing.measured("seconds", one.seconds, "s", higher_is_better=False, stage=one.stage.name)
                for one in self.outcomes
                if one.seconds is not None
            ),
        )
