"""All options of a build."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..core import Settings, option

__all__ = ["BuildSettings"]


@dataclass(frozen=True, kw_only=True)
class BuildSettings(Settings):
    """How to build a recipe.

    Attributes:
        check: only say what would run, and why.
        update: accept weights and data sets that changed since the lock file.
        jobs: stages at once; benchmarks always run alone.
        out: folder for the results, in place of the recipe's.
        tell: called with each stage that starts (`StageStart`), and with what became of each (`StageOutcome`).
    """

    check: bool = False
    update: bool = False
    jobs: int = option(1, least=1)
    out: str | Path | None = None
    tell: Callable[[object], None] | None = field(default=None, repr=False, compare=False, metadata={"identity": False})
