"""The record of a recipe that was built."""

from __future__ import annotations

from typing import Literal

from ..measurement import Frozen
from ..record import Record

__all__ = ["BuildRecord", "StageResult"]


class StageResult(Frozen, frozen=True):
    """What became of a stage.

    Attributes:
        name: of the stage, such as `export-fp32 u2netp`.
        state: what became of it.
        reason: why, in words.
        exit_code: of its command; 0 where it did not run.
    """

    name: str
    state: Literal["ran", "kept", "failed", "skipped", "due"]
    reason: str
    exit_code: int = 0


class BuildRecord(Record, frozen=True):
    """A recipe, built: what became of each stage, and how long those took that ran."""

    kind: Literal["build"] = "build"
    recipe: str
    stages: tuple[StageResult, ...]
