"""Records: what one stage measured, as immutable, versioned JSON; all that is printed, plotted or gated is in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from .environment import Environment
from .errors import InputError
from .files import atomic_path

__all__ = ["RECORD_VERSION", "ArtifactRef", "Figure", "Record"]

RECORD_VERSION = 1


class _Frozen(BaseModel):
    # "strings" writes an infinite PSNR as "Infinity", which every JSON reader can parse, and reads it back.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class ArtifactRef(_Frozen):
    """A model that took part: its zoo id, format, precision, and the SHA-256 of its files by file name."""

    model: str
    format: Literal["torch", "onnx", "openvino"]
    precision: str
    sha256: dict[str, str]


class Figure(_Frozen):
    """One figure: what was measured, its value and unit, and the labels that tell it from others of its name.

    `value` is None where the measurement was asked for and did not come about; a gate never passes on it.
    """

    name: str
    value: float | None
    unit: str = ""
    higher_is_better: bool | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class Record(_Frozen):
    """What one stage measured.

    samples: raw values, one list per name (all of equal length where they are rows of one table). settings: what the
    stage was asked to do.
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
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "file"
            raise InputError(f"{path}: not a mattekit record ({where}: {first['msg']})") from error
