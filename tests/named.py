"""What a run calls the results of files, which need not be there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mattekit.infer import ImageSource, Location, name_results

__all__ = ["output_names"]


def output_names(inputs: Sequence[Path], out: Path, suffix: str = "", extension: str = ".png") -> list[Path]:
    """Return the results' paths in the order of the inputs."""
    sources = [ImageSource(str(path), Location.parse(str(path)), single=True) for path in inputs]
    named = name_results(sources, Location.parse(str(out)), f"{suffix}{extension}")
    return [out / each.name for each in sorted(named, key=lambda each: each.index)]
