"""Records: what one stage measured, as immutable, versioned JSON; all that is printed, plotted or gated is in them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from .environment import Environment
from .errors import InputError
from .files import atomic_path
from .foreign import first_mistake
from .text import written_out

__all__ = ["RECORD_VERSION", "ArtifactRef", "Figure", "Record", "record_files"]

RECORD_VERSION = 1

_TIMES = frozenset({"ms", "s", "µs", "us", "fps"})

_FROM_TIMES = frozenset(
    {
        *("load", "bottleneck", "other_load", "int8_time_share", "speedup", "speed_ratio", "ratio"),
        *("p_value", "independent_samples", "queries", "dropped"),
    }
)
"""Figures without a unit that are made from times: shares and ratios of them, and what comes about in a given time."""

_MEMORY = frozenset({"peak_memory", "process_memory"})
"""What a process takes follows the processors' number and kind; the size of a file, in bytes too, does not."""


class _Frozen(BaseModel):
    # "strings" writes an infinite PSNR as "Infinity", which every JSON reader can parse, and reads it back.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    @model_validator(mode="before")
    @classmethod
    def _write_out(cls, data: object) -> object:
        """Take names of files that are no UTF-8, which no JSON could hold, with their bytes written out."""
        return written_out(data)


class ArtifactRef(_Frozen):
    """A model that took part: its zoo id, format, precision, and the SHA-256 of its files by file name.

    weights: SHA-256 of the checkpoint that it was made from, whatever its format and precision; empty where unknown.
    """

    model: str
    format: Literal["torch", "onnx", "openvino"]
    precision: str
    sha256: dict[str, str]
    weights: str = ""


class Figure(_Frozen):
    """One figure: what was measured, its value and unit, and the labels that tell it from others of its name.

    `value` is None where the measurement was asked for and did not come about; a gate never passes on it.
    """

    name: str
    value: float | None
    unit: str = ""
    higher_is_better: bool | None = None
    labels: dict[str, str] = Field(default_factory=dict)

    @property
    def is_time(self) -> bool:
        """Tell whether it is a time, or how much is done in one: a rate of whatever, such as `frames/s`."""
        return self.unit in _TIMES or self.unit.endswith("/s")

    @property
    def is_of_machine(self) -> bool:
        """Tell whether it depends on the machine: a time, a rate, what is made from them, or a process's memory."""
        name = self.name.removesuffix("_low").removesuffix("_high")
        return self.is_time or name in _MEMORY or (not self.unit and name in _FROM_TIMES)


class Record(_Frozen):
    r"""What one stage measured.

    samples: raw values, one list per name (all of equal length where they are rows of one table). settings: what the
    stage was asked to do. In any text, bytes of a file's name that are no UTF-8 are written out as `\udcff`.
    """

    version: Literal[1] = RECORD_VERSION
    kind: str
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    environment: Environment = Field(default_factory=Environment.current)
    artifacts: tuple[ArtifactRef, ...] = ()
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    samples: dict[str, list[JsonValue]] = Field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the record as JSON; the file appears whole or not at all."""
        with atomic_path(path) as temporary:
            temporary.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Record:
        """Read a record.

        Raises:
            InputError: the file cannot be read, or is not a record of a version that this mattekit knows.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); give a record that mattekit wrote") from error
        except ValidationError as error:
            raise InputError(f"{path}: not a mattekit record ({first_mistake(error, 'file')})") from error


def record_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the records' files: those that are given, and of a folder all records in it and below, by their names.

    Raises:
        InputError: there is no record in a folder.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        below = [each for each in sorted(path.rglob("*.json")) if each.is_file() and _looks_like_a_record(each)]
        if not below:
            raise InputError(f"{path}: there is no record in the folder; give one that mattekit wrote")
        found += below
    return tuple(dict.fromkeys(found))


def _looks_like_a_record(path: Path) -> bool:
    try:
        content: object = json.loads(path.read_bytes())
    except ValueError:
        return False
    return isinstance(content, dict) and {"version", "kind", "figures"} <= content.keys()
