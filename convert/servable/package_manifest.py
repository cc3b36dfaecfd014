"""What a package says about itself, `package.json`, and how far its answers may be from the recorded ones."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ...core import ARITHMETICS, Contract, InputError, Precision, Provenance, first_mistake

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "IMAGE",
    "MANIFEST_NAME",
    "SCORES",
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
SCORES = "scores"
"""Names of the outputs of a graph that takes images."""


Metric = Literal["mean", "max", "iou", "psnr", "share"]
Kind = Literal["exact", "saturating"]
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
    dtype: str
    meaning: str


class GoldenVector(_Frozen):
    """An input and what the model gave for it, as `.npy` files; outputs by name.

    Attributes:
        image: (H, W, 3) RGB of which the input was made, where it is no image itself.
    """

    input: _Name
    outputs: dict[str, _Name]
    image: _Name | None = None


OutputLimits = dict[str, dict[Metric, float]]
"""By output: what the distances of an answer from the recorded one are judged by, as `checker.distances` has them."""


class PackageManifest(_Frozen):
    """A deployable folder.

    Attributes:
        model: its id.
        precision: how its weights are stored.
        format: what it was made for; an archive is that of a folder.
        model_file: the graph.
        size: height and width of the images that the graph takes; None where it takes any.
        device: what the golden vectors are replayed on unless told otherwise, and a model server is told to run on.
        properties: what that device is asked for, as OpenVINO names it.
        colour_order: of the pixels in and out.
        inputs: of the graph.
        outputs: of the graph.
        contract: of the network inside, which the graph carries out by itself.
        provenance: of the network's weights.
        made_from: SHA-256 of the artifact's files.
        golden: inputs with the answers to them.
        arithmetic: what the golden answers were computed in, as `checker` finds it out.
        kernels: what they were computed by.
        right_on: the kinds of 8-bit dot products (`exact`, `saturating`) by which the answers are those of exact sums,
            within the limits; None where nothing is quantized, and any kind is right.
        measured: how far the graph's answers to the golden inputs are, by output, at the worst: from mattekit's own
            pixels (`mattekit`), from ONNX Runtime's answers (`onnxruntime`), and in each other arithmetic that the
            machine has, and by the other kind of 8-bit dot products, from the golden ones.
        limits: `same` for the golden arithmetic and kind of kernels, those of the measured arithmetics, `arithmetic`
            for any other, and `kernels` for INT8 models by another kind of kernels.
        files: SHA-256 by name, of all files but the manifest.
    """

    version: Literal[3] = 3
    model: str
    precision: Precision
    format: Literal["folder", "ovms", "triton", "model-api", "onnx"]
    model_file: _Name
    size: tuple[int, int] | None = None
    device: str = "CPU"
    properties: dict[str, str]
    colour_order: Literal["RGB", "BGR"]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    contract: Contract
    provenance: Provenance
    made_from: dict[str, str]
    golden: Annotated[tuple[GoldenVector, ...], Field(min_length=1)]
    arithmetic: Literal["f32", "bf16", "f16"]
    kernels: str
    right_on: tuple[Kind, ...] | None = None
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


def limits_from(
    contract: Contract, outputs: Collection[str], arithmetic: str, measured: dict[str, Distances]
) -> dict[str, OutputLimits]:
    """Return a manifest's limits.

    The golden arithmetic, on kernels of the golden kind: differences of levels; for class masks the share of pixels
    that differ. Anything else: the task's metric, for an arithmetic by how far it was measured to move it.

    Args:
        contract: the network's.
        outputs: of the graph.
        arithmetic: of the golden answers.
        measured: as a manifest has it.
    """
    metric = _judged(contract)
    output = next(name for name in (ALPHA, UPSCALED, SCORES) if name in outputs)
    sure = CONFIDENCE in outputs
    moved = {name: far for name, far in measured.items() if name in ARITHMETICS}
    limits = {name: _moved(far, output, metric) for name, far in moved.items()}
    widest = max if metric == "share" else min
    unmeasured = _limits(output, {metric: _UNMEASURED[metric]}, _OTHER_CONFIDENCE if sure else None)
    if moved:
        # The arithmetics of half the width differ in how many digits they keep; one of them tells of the other.
        unmeasured[output] = {metric: widest(limit[output][metric] for limit in limits.values())}
    own: dict[Metric, float] = {"mean": _SAME_MEAN, "max": _SAME_MAX}
    if contract.output.kind == "classes":
        own = {"share": _SAME_SHARE}
    same = _limits(output, own, _SAME_CONFIDENCE if sure else None)
    return {
        "same": same if arithmetic == "f32" else limits.get("f32", unmeasured),
        **limits,
        "arithmetic": unmeasured,
        "kernels": _limits(output, {metric: _KERNELS[metric]}, _OTHER_CONFIDENCE if sure else None),
    }


def _judged(contract: Contract) -> Metric:
    judged: dict[str, Metric] = {"alpha": "iou", "classes": "share", "image": "psnr"}
    return judged[contract.output.kind]


def _limits(output: str, own: dict[Metric, float], confidence: float | None) -> OutputLimits:
    """Return the output's own limits, and that of the confidence where the model gives one."""
    sure: OutputLimits = {} if confidence is None else {CONFIDENCE: {"max": confidence}}
    return {output: own, **sure}


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
