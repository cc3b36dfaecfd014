"""What a package says about itself: `package.json`."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ...core import Contract, InputError, Precision, Provenance, first_mistake

__all__ = ["MANIFEST_NAME", "GoldenVector", "OutputLimits", "PackageManifest", "Port"]

MANIFEST_NAME = "package.json"


def _stays_inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts:
        raise ValueError(f"{name!r} leads out of the folder")
    return name


_Name = Annotated[str, AfterValidator(_stays_inside)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Versioned(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = 1


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


OutputLimits = dict[str, dict[Literal["mean", "max", "iou", "psnr", "share"], float]]
"""By output: what the distances of an answer from the recorded one are judged by, as `checker.distances` has them."""


class PackageManifest(_Frozen):
    """A deployable folder.

    contract: of the network inside, which the graph carries out by itself. made_from: SHA-256 of the artifact's files.
    arithmetic, kernels: what the golden answers were computed in and by, as `checker` finds them out. measured: how far
    the graph's answers to the golden inputs are, by output, at the worst: from mattekit's own pixels (`mattekit`), and
    in each other arithmetic that the machine has from the golden ones. limits: `same` for the golden arithmetic and
    kind of kernels, those of the measured arithmetics, `arithmetic` for any other, and `kernels` for INT8 models by
    another kind of kernels. files: SHA-256 by name, of all files but the manifest.
    """

    version: Literal[2] = 2
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
    arithmetic: Literal["f32", "bf16", "f16"]
    kernels: str
    measured: dict[str, dict[str, dict[str, float]]]
    limits: dict[str, OutputLimits]
    files: dict[_Name, str]

    @classmethod
    def read(cls, folder: Path) -> PackageManifest:
        """Read the manifest of a package.

        Raises:
            InputError: there is none, or it is not one that this mattekit knows.
        """
        path = folder / MANIFEST_NAME
        try:
            text = path.read_bytes()
            version = _Versioned.model_validate_json(text).version
            if version != cls.model_fields["version"].default:
                raise InputError(
                    f"{path}: the package is of version {version}, and this mattekit reads version "
                    f"{cls.model_fields['version'].default}; make it again with: mattekit package ARTIFACT -o DIR"
                )
            return cls.model_validate_json(text)
        except OSError as error:
            raise InputError(
                f"{path}: cannot be read ({error.strerror}); make a package with: mattekit package ARTIFACT -o DIR"
            ) from error
        except ValidationError as error:
            raise InputError(
                f"{path}: not a package's manifest ({first_mistake(error, 'file')}); package the model again"
            ) from error
