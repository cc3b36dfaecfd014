"""What a package says about itself, `package.json`, and how far its answers may be from the recorded ones."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ...core import Contract, InputError, Precision, Provenance, first_mistake

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "IMAGE",
    "MANIFEST_NAME",
    "UPSCALED",
    "GoldenVector",
    "OutputLimits",
    "PackageManifest",
    "Port",
    "limits_from",
]

MANIFEST_NAME = "package.json"

IMAGE = "image"
"""Name of the input."""

ALPHA = "alpha"
CONFIDENCE = "confidence"
UPSCALED = "upscaled"
"""Names of the outputs."""


Metric = Literal["mean", "max", "iou", "psnr", "share"]
Distances = dict[str, dict[str, float]]

_MARGIN = 2.0
"""Other processors of one arithmetic round at other places: twice what was measured is still the same."""

_SAME_MEAN, _SAME_MAX = 0.02, 4.0
"""Levels of 0-255. In f32 the reference models' masks and enlargements are the same to the level on AVX2 and AVX-512,
in INT8 too (class masks: a pixel on an edge); this much is left to processors that sum up in other orders."""

_SAME_SHARE = 0.001
_SAME_CONFIDENCE = 0.002

_KERNELS: dict[Metric, float] = {"iou": 0.97, "psnr": 35.0, "share": 0.03}
_UNMEASURED: dict[Metric, float] = {"iou": 0.9, "psnr": 35.0, "share": 0.05}
_OTHER_CONFIDENCE = 0.1

_LEAST: dict[Metric, float] = {"iou": 0.99, "psnr": 50.0, "share": 0.005}
"""The tightest limits of another arithmetic, where next to nothing was measured."""


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


OutputLimits = dict[str, dict[Metric, float]]
"""By output: what the distances of an answer from the recorded one are judged by, as `checker.distances` has them."""


class PackageManifest(_Frozen):
    """A deployable folder.

    Attributes:
        model: its id.
        precision: how its weights are stored.
        layout: of the folder.
        model_file: the graph.
        colour_order: of the pixels in and out.
        inputs: of the graph.
        outputs: of the graph.
        contract: of the network inside, which the graph carries out by itself.
        provenance: of the network's weights.
        made_from: SHA-256 of the artifact's files.
        golden: inputs with the answers to them.
        arithmetic: what the golden answers were computed in, as `checker` finds it out.
        kernels: what they were computed by.
        measured: how far the graph's answers to the golden inputs are, by output, at the worst: from mattekit's own
            pixels (`mattekit`), and in each other arithmetic that the machine has from the golden ones.
        limits: `same` for the golden arithmetic and kind of kernels, those of the measured arithmetics, `arithmetic`
            for any other, and `kernels` for INT8 models by another kind of kernels.
        files: SHA-256 by name, of all files but the manifest.
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


def limits_from(contract: Contract, arithmetic: str, measured: dict[str, Distances]) -> dict[str, OutputLimits]:
    """Return a manifest's limits.

    The golden arithmetic, on kernels of the golden kind: differences of levels; for class masks the share of pixels
    that differ. Anything else: the task's metric, for an arithmetic by how far it was measured to move it.

    Args:
        contract: the network's.
        arithmetic: of the golden answers.
        measured: as a manifest has it.
    """
    metric, output = _judged(contract)
    moved = {name: far for name, far in measured.items() if name != "mattekit"}
    limits = {name: _moved(far, output, metric) for name, far in moved.items()}
    widest = max if metric == "share" else min
    unmeasured = _limits(contract, output, {metric: _UNMEASURED[metric]}, _OTHER_CONFIDENCE)
    if moved:
        # The arithmetics of half the width differ in how many digits they keep; one of them tells of the other.
        unmeasured[output] = {metric: widest(limit[output][metric] for limit in limits.values())}
    same = _same(contract, output)
    return {
        "same": same if arithmetic == "f32" else limits.get("f32", unmeasured),
        **limits,
        "arithmetic": unmeasured,
        "kernels": _limits(contract, output, {metric: _KERNELS[metric]}, _OTHER_CONFIDENCE),
    }


def _judged(contract: Contract) -> tuple[Metric, str]:
    match contract.output.kind:
        case "alpha":
            return "iou", ALPHA
        case "classes":
            return "share", ALPHA
        case "image":
            return "psnr", UPSCALED


def _limits(contract: Contract, output: str, own: dict[Metric, float], confidence: float) -> OutputLimits:
    """Return the output's own limits, and that of the confidence where the model gives one."""
    limits: OutputLimits = {output: own}
    if contract.output.kind != "image":
        limits[CONFIDENCE] = {"max": confidence}
    return limits


def _same(contract: Contract, output: str) -> OutputLimits:
    own: dict[Metric, float] = {"mean": _SAME_MEAN, "max": _SAME_MAX}
    if contract.output.kind == "classes":
        own = {"share": _SAME_SHARE}
    return _limits(contract, output, own, _SAME_CONFIDENCE)


def _moved(far: Distances, output: str, metric: Metric) -> OutputLimits:
    found = far[output][metric]
    match metric:
        case "iou":
            limit = min(_LEAST[metric], 1 - _MARGIN * (1 - found))
        case "psnr":
            # Twice the error is 6 dB less.
            limit = min(_LEAST[metric], found - 6.0)
        case _:
            limit = max(_LEAST[metric], _MARGIN * found)
    limits: OutputLimits = {output: {metric: limit}}
    if CONFIDENCE in far:
        limits[CONFIDENCE] = {"max": max(0.01, _MARGIN * far[CONFIDENCE]["max"])}
    return limits
