"""What a run over images reads, and where each result goes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core import InputError
from ..images import format_of
from .collect import find_sources, name_results, require_local
from .destination import is_file_name, require_folder_name
from .inputs import ImageSource
from .location import STANDARD, Location
from .pipeline_settings import RunSettings

__all__ = ["Batch", "plan_batch"]


@dataclass(frozen=True)
class Batch:
    """What is read, and where each result goes.

    Attributes:
        inputs: in their order.
        targets: of each.
        settings: of the run.
        folder: of the results, which lie in it or in folders inside it.
        left_out: how many files of each extension the folders hold that are not read.
    """

    inputs: tuple[Path, ...]
    targets: tuple[Path, ...]
    settings: RunSettings
    folder: Path
    left_out: dict[str, int] = field(default_factory=dict[str, int])


def plan_batch(inputs: Sequence[str | Path], out: str | Path, settings: RunSettings) -> Batch:
    """Find the inputs, name the results after them and make sure that they can be written: before a model is opened.

    Args:
        inputs: files, folders and patterns; `-` is the standard input.
        out: the folder of the results, or the file of a single image's; `-` is the standard output.
        settings: of the run.

    Raises:
        InputError: there is nothing to read, the format is unknown, an input is refused by `find_sources` or a result
            by `name_results`, or `out` cannot be written to.
    """
    if is_file_name(str(out)):
        return _plan_one(inputs, Path(out), settings)
    if STANDARD in map(str, inputs):
        raise InputError("the standard input gives one image: name the file of its result, or - for the output")
    require_folder_name(str(out), inputs)
    out_dir = Path(out)
    format_of(Path(f"image{settings.extension}"))
    require_local(inputs)
    place = Location.parse(str(out_dir))
    sources = find_sources([str(each) for each in inputs], place, recursive=settings.recursive)
    named = sorted(name_results(sources, place, settings.ending_of), key=lambda each: each.order)
    _require_writable(out_dir)
    files, targets = (each.source.path_of(each.item) for each in named), (out_dir / each.name for each in named)
    left_out = Counter(extension for source in sources for extension in source.left_out())
    return Batch(tuple(files), tuple(targets), settings, out_dir, dict(sorted(left_out.items())))


def _plan_one(inputs: Sequence[str | Path], out: Path, settings: RunSettings) -> Batch:
    """Plan a run of one image into one file, whose extension says its format."""
    require_local(inputs)
    if len(inputs) != 1:
        raise InputError(f"{out}: it names one file, and there are {len(inputs)} inputs; name a folder")
    standard_input, standard_output = (str(each) == STANDARD for each in (inputs[0], out))
    if settings.resume and (standard_input or standard_output):
        raise InputError("--resume goes on with files; leave it out, or name a file in place of -")
    if not standard_input:
        source = ImageSource.of(str(inputs[0]))
        if not source.single:
            raise InputError(f"{out}: it names one file, and {source.text} stands for several; name a folder")
        if not standard_output and source.place.real == Location.parse(str(out)).real:
            raise InputError(f"{out}: the result would overwrite the input; choose another name")
    written = format_of(f"image{settings.extension_of(str(inputs[0]))}" if standard_output else out)
    asked = format_of(f"image{settings.extension}")
    if settings.format not in ("auto", RunSettings.format) and written != asked:
        raise InputError(f"{out}: its name says {written}, and --format {asked}; leave one of them out")
    _require_writable(out.parent)
    return Batch((Path(inputs[0]),), (out,), settings, out.parent)


def _require_writable(out_dir: Path) -> None:
    existing = next(folder for folder in (out_dir, *out_dir.absolute().parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise InputError(f"{out_dir}: results cannot be written there; choose another folder")
