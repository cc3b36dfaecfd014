"""What a run over pictures reads and where its results go; made before anything heavy is loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import InputError
from ..images.extensions import format_of
from .collect import collect_inputs, output_names

__all__ = ["Batch", "OutputSettings", "plan_batch"]


@dataclass(frozen=True)
class OutputSettings:
    """How results are written.

    extension: decides the format, `.png` or another one that can be written. only_mask: write the greyscale mask, not
    the picture. suffix: added to each name. quality: 1-100 for lossy formats.
    """

    extension: str = ".png"
    only_mask: bool = False
    suffix: str = ""
    quality: int | None = None


@dataclass(frozen=True)
class Batch:
    """What is read, and where each result goes."""

    inputs: tuple[Path, ...]
    targets: tuple[Path, ...]
    settings: OutputSettings

    @property
    def folder(self) -> Path:
        """Return the folder of the results."""
        return self.targets[0].parent


def plan_batch(inputs: Sequence[str | Path], out_dir: Path, settings: OutputSettings) -> Batch:
    """Find the inputs, name the results after them and make sure that they can be written: before a model is opened.

    Raises:
        InputError: there is nothing to read, the format is unknown, a result would overwrite an input, or `out_dir`
            cannot be written to.
    """
    format_of(Path(f"picture{settings.extension}"))
    files = collect_inputs(inputs)
    targets = output_names(files, out_dir, suffix=settings.suffix, extension=settings.extension)
    existing = next(folder for folder in (out_dir, *out_dir.absolute().parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise InputError(f"{out_dir}: results cannot be written there; choose another folder")
    return Batch(tuple(files), tuple(targets), settings)
