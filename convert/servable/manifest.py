"""What a package says about itself: `package.json`."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ...core.artifact import Precision, Provenance
from ...core.contract import Contract
from ...core.errors import InputError

__all__ = ["MANIFEST_NAME", "GoldenVector", "PackageManifest", "Port", "Tolerance"]

MANIFEST_NAME = "package.json"


def _stays_inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts:
        raise ValueError(f"{name!r} leads out of the folder")
    return name


_Name = Annotated[str, AfterValidator(_stays_inside)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Port(_Frozen):
    """An input or output of the packaged model; a length of -1 is free."""

    name: str
    shape: tuple[int, ...]
    dtype: Literal["uint8", "float32"]
    meaning: str


class GoldenVector(_Frozen):
    """An input and what the model gave for it, as `.npy` files; outputs by name."""

    input: _Name
    outputs: dict[str, _Name]


class Tolerance(_Frozen):
    """How far an answer may be from the recorded one, in levels of 0-255 (for confidences, of 0-1 times 255)."""

    mean: float
    max: float


class PackageManifest(_Frozen):
    """A deployable folder.

    contract: of the network inside, which the graph carries out by itself. made_from: SHA-256 of the artifact's files.
    tolerance: by the arithmetic of the device (`f32`), and `reduced` for any other. files: SHA-256 by name, of all
    files but the manifest.
    """

    version: Literal[1] = 1
    model: str
    precision: Precision
    layout: Literal["openvino", "ovms"]
    model_file: _Name
    colour_order: Literal["RGB", "BGR"]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    contract: Contract
    provenance: Provenance
    made_from: dict[str, str]
    golden: Annotated[tuple[GoldenVector, ...], Field(min_length=1)]
    tolerance: dict[str, Tolerance]
    files: dict[_Name, str]

    @classmethod
    def read(cls, folder: Path) -> PackageManifest:
        """Read the manifest of a package.

        Raises:
            InputError: there is none, or it is not one that this mattekit knows.
        """
        path = folder / MANIFEST_NAME
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise InputError(
                f"{path}: cannot be read ({error.strerror}); make a package with: mattekit package ARTIFACT -o DIR"
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "file"
            raise InputError(
                f"{path}: not a package's manifest ({where}: {first['msg']}); package the model again"
            ) from (error)
