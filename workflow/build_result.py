"""The stages of a build, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from ..core import BuildRecord, Measurement, Result, StageResult
from ..infer import this_machine

__all__ = ["VERDICTS", "BuildResult", "BuildStage", "StageData", "StageOutcome", "StageStart"]

VERDICTS = frozenset({3, 4})
"""Exit codes of a check that was carried out and not passed."""


class StageData(NamedTuple):
    """A data set that a stage reads.

    Attributes:
        key: what it is for, whatever it is called and wherever it lies, such as `u2netp quantize data`.
        text: as `open_dataset` takes it.
        scale: of its truth.
    """

    key: str
    text: str
    scale: int


@dataclass(frozen=True)
class BuildStage:
    """One step of a build: a command of mattekit's, what it reads and what it leaves.

    Attributes:
        name: unique in the build, such as `export-fp32 u2netp`.
        command: what comes after `mattekit`.
        files: that it reads, or folders, of which every file counts.
        datasets: that it reads.
        outputs: files or folders that it leaves.
        after: names of the stages that must be done before.
        alone: nothing else may run meanwhile, since it measures time.
        verdict: its exit codes 3 and 4 are a result, and no accident: its outputs are there.
        always: it runs also where a stage before it did not succeed, with what there is.
        facts: what else decides what it leaves, by name.
    """

    name: str
    command: tuple[str, ...]
    files: tuple[Path, ...] = ()
    datasets: tuple[StageData, ...] = ()
    outputs: tuple[Path, ...] = ()
    after: tuple[str, ...] = ()
    alone: bool = False
    verdict: bool = False
    always: bool = False
    facts: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def slug(self) -> str:
        """Return the name as a file name."""
        return self.name.replace(" ", "--")


class StageStart(NamedTuple):
    """A stage that begins, and which of how many it is."""

    stage: BuildStage
    number: int
    total: int


@dataclass(frozen=True)
class StageOutcome:
    """What became of a stage.

    Attributes:
        stage: which.
        state: it ran, what it left before is kept, it failed, it was skipped, or it would have to run.
        reason: why; of a check that was not passed, what it said.
        exit_code: its command's; 0 where it did not run.
        seconds: that it took; None where it did not run.
    """

    stage: BuildStage
    state: Literal["ran", "kept", "failed", "skipped", "due"]
    reason: str
    exit_code: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class BuildResult(Result[BuildRecord]):
    """What became of a build.

    Attributes:
        records: one, which says how long each stage took that ran.
        outcomes: what became of each stage, in their order.
    """

    outcomes: tuple[StageOutcome, ...]

    @classmethod
    def of(cls, recipe: str, outcomes: Iterable[StageOutcome]) -> BuildResult:
        """Put together what became of the stages of the recipe of this name."""
        found = tuple(outcomes)
        nothing = Measurement(metric="", value=None)
        record = BuildRecord(
            machine=this_machine(),
            recipe=recipe,
            stages=tuple(
                StageResult(name=one.stage.name, state=one.state, reason=one.reason, exit_code=one.exit_code)
                for one in found
            ),
            measurements=tuple(
                nothing.measured("seconds", one.seconds, "s", higher_is_better=False, stage=one.stage.name)
                for one in found
                if one.seconds is not None
            ),
        )
        return cls((record,), found)

    @property
    def exit_code(self) -> int:
        """Return 0, a failed stage's exit code, or that of a check which was not passed (3 before 4)."""
        failed = [outcome.exit_code for outcome in self.outcomes if outcome.state == "failed"]
        verdicts = [outcome.exit_code for outcome in self.outcomes if outcome.exit_code in VERDICTS]
        return failed[0] if failed else min(verdicts, default=0)
