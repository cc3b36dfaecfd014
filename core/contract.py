"""The contract: what surrounds a network, so that its file alone is enough to run it correctly.

A contract travels inside the model: `Contract.to_json()` is written into the IR's `rt_info` (and into an ONNX file's
metadata) at export, and read back from there at run time.
"""

from __future__ import annotations

from math import lcm
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .documents import first_mistake
from .errors import ContractError

__all__ = ["CONTRACT_VERSION", "Contract", "InputContract", "OutputContract", "ResizeFilter", "Task", "least_tile"]

CONTRACT_VERSION = 1

Task = Literal["segmentation", "super_resolution"]

ResizeFilter = Literal["linear", "lanczos", "bilinear_antialias", "bicubic_antialias"]
"""How pixels are resampled.

`linear` is bilinear interpolation at half-pixel centres without anti-aliasing, as in the official U²-Net script; the
other three widen their kernel when they shrink, as Pillow does.
"""

_Positive = Annotated[int, Field(ge=1)]
_Triple = tuple[float, float, float]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InputContract(_Frozen):
    """What the network's input means: `(x / divide_by - mean) / std`, NCHW, float32.

    `x` has values 0-255. `height` and `width` are the size that the image is resized to. Both are None for a network
    that takes any size, which then must be a multiple of `multiple` and at least `min_side` (the image's border is
    repeated, and the output cropped). `divide_by="image_max"` divides by the largest value of the resized image, as
    U²-Net's official script does; on an all-black image the divisor is 1e-6, so that the result is 0 and never NaN.
    """

    height: _Positive | None = None
    width: _Positive | None = None
    multiple: _Positive = 1
    min_side: _Positive = 1
    colour_order: Literal["RGB", "BGR"] = "RGB"
    divide_by: Annotated[float, Field(gt=0)] | Literal["image_max"] = 255.0
    mean: _Triple = (0.0, 0.0, 0.0)
    std: tuple[
        Annotated[float, Field(gt=0)],
        Annotated[float, Field(gt=0)],
        Annotated[float, Field(gt=0)],
    ] = (1.0, 1.0, 1.0)
    resize: ResizeFilter = "linear"

    def fit(self, side: int, *, down: bool = False) -> tuple[int, int]:
        """Return the height and width, in pixels, that the network takes: its own, or those next to a free side.

        Args:
            side: rounded up to what the network takes.
            down: round down, as far as the network takes so little.
        """
        if self.height is not None and self.width is not None:
            return self.height, self.width
        multiples = side // self.multiple if down else -(-side // self.multiple)
        fitted = max(multiples, -(-self.min_side // self.multiple)) * self.multiple
        return fitted, fitted

    @model_validator(mode="after")
    def _size_is_whole(self) -> Self:
        if (self.height is None) != (self.width is None):
            raise ValueError("height and width must be given together, or neither")
        return self


class OutputContract(_Frozen):
    """What the network's output means.

    kind `alpha`: (N, 1, h, w); after `activation` and, where `min_max` is set, `(x - min) / (max - min)` per image
    (and `1 - x` where `invert` is set), an alpha of 0-1. kind `classes`: (N, len(labels), h, w) scores, the largest
    wins; `labels[0]` is the background. kind `image`: (N, 3, scale*H, scale*W), values 0 to `value_max`.
    `resize` brings a mask back to the image's size, in 8 bits for an 8-bit image; `rounding` says how it gets to
    8 bits: `down` cuts the fraction off, as the official U²-Net script and rembg do.
    """

    kind: Literal["alpha", "classes", "image"]
    activation: Literal["none", "sigmoid"] = "none"
    min_max: bool = False
    invert: bool = False
    labels: tuple[str, ...] = ()
    scale: _Positive = 1
    rounding: Literal["nearest", "down"] = "nearest"
    value_max: Annotated[float, Field(gt=0)] = 1.0
    resize: ResizeFilter = "linear"

    @model_validator(mode="after")
    def _fields_fit_the_kind(self) -> Self:
        if (self.kind == "classes") != (len(self.labels) > 1):
            raise ValueError("labels (two or more, the background first) belong to kind 'classes', and only to it")
        if self.kind != "image" and self.scale != 1:
            raise ValueError("scale belongs to kind 'image'")
        return self


class Contract(_Frozen):
    """Everything that a runtime must know to use a network: the task, its input and its output.

    For super-resolution: `halo` is how many input pixels around a tile influence the tile's output enough to be seen,
    by which tiles overlap on each side; `tile_step` is the grid, in pixels, on which the network samples its input, so
    that tiles start at multiples of it.
    """

    version: Literal[1] = CONTRACT_VERSION
    task: Task
    input: InputContract
    output: OutputContract
    halo: Annotated[int, Field(ge=0)] = 0
    tile_step: _Positive = 1

    @model_validator(mode="after")
    def _output_fits_the_task(self) -> Self:
        if (self.task == "super_resolution") != (self.output.kind == "image"):
            raise ValueError("super_resolution has an output of kind 'image', segmentation one of the others")
        if self.task == "segmentation" and self.input.height is None:
            raise ValueError("a segmentation network needs an input height and width")
        return self

    @property
    def step(self) -> int:
        """Return the grid on which tiles start, in pixels: the network's own, which its sizes keep to."""
        return lcm(self.tile_step, self.input.multiple)

    def with_size(self, height: int, width: int) -> Contract:
        """Return the same contract for another input size, in pixels."""
        return self.model_copy(update={"input": self.input.model_copy(update={"height": height, "width": width})})

    def to_json(self) -> str:
        """Return the contract as one line of JSON with a fixed order of keys."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str, *, source: str) -> Contract:
        """Read what `to_json` wrote; `source` names the file in the error.

        Raises:
            ContractError: the text is not a contract of a version that this mattekit knows.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ContractError(
                f"{source}: its contract cannot be used ({first_mistake(error, 'contract')}); export the model again"
            ) from error


def least_tile(contract: Contract) -> int:
    """Return the smallest side of a tile, in pixels, inside whose overlap something is left to keep."""
    return max(2 * contract.halo + 2 * contract.step, contract.input.min_side)
