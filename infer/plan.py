"""What a run over images reads and where its results go; made before anything heavy is loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core import InputError
from ..images import format_of
from .collect import find_sources, name_results, require_local
from .location import Location

__all__ = ["Batch", "OutputSettings", "plan_batch"]


@dataclass(frozen=True)
class OutputSettings:
    """How results are written.

    extension: decides the format, `.png` or another one that can be written. only_mask: write the greyscale mask, not
    the image. suffix: added to each name. quality: 1-100 for lossy formats.
    """

    extension: str = ".png"
    only_mask: bool = False
    suffix: str = ""
    quality: int | None = None

    @property
    def ending(self) -> str:
        """Return what follows the stem in a result's name."""
        return f"{self.suffix}{self.extension}"


@dataclass(frozen=True)
class Batch:
    """What is read, and where each result goes, in `folder` or in folders inside it."""

    inputs: tuple[Path, ...]
    targets: tuple[Path, ...]
    settings: OutputSettings
    folder: Path


def plan_batch(inputs: Sequence[str | Path], out_dir: Path, settings: OutputSettings) -> Batch:
    """Find the inputs, name the results after them and make sure that they can be written: before a model is opened.

    Raises:
        InputError: there is nothing to read, the format is unknown, an input is refused by `find_sources` or a result
            by `name_results`, or `out_dir` cannot be written to.
    """
    format_of(Path(f"image{settings.extension}"))
    require_local(inputs)
    out = Location.parse(str(out_dir))
    sources = find_sources([str(each) for each in inputs], out)
    named = sorted(name_results(sources, out, settings.ending), key=lambda each: each.order)
    existing = next(folder for folder in (out_dir, *out_dir.absolute().parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise InputError(f"{out_dir}: results cannot be written there; choose another folder")
    files, targets = (each.source.path_of(each.item) for each in named), (out_dir / each.name for each in named)
    return Batch(tuple(files), tuple(targets), settings, out_dir)
