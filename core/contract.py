"""The contract: what surrounds a network, so that its file alone is enough to run it correctly.

A contract travels inside the model: `Contract.to_json()` is written into the IR's `rt_info` (and into an ONNX file's
metadata) at export, and read back from there at run time.
"""

from __future__ import annotations

from math import lcm
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer, model_validator

from .contract_parts import ConstantContract, ContractPart, StateContract
from .documents import first_mistake
from .errors import ContractError

__all__ = [
    "CONTRACT_VERSION",
    "ColourOrder",
    "Contract",
    "InputContract",
    "InputType",
    "Layout",
    "OutputContract",
    "ResizeFilter",
    "Task",
    "least_tile",
]

CONTRACT_VERSION = 1

Task = Literal["segmentation", "super_resolution"]

ResizeFilter = Literal["linear", "lanczos", "bilinear_antialias", "bicubic_antialias"]
"""How pixels are resampled.

`linear` is bilinear interpolation at half-pixel centres without anti-aliasing, as in the official U²-Net script; the
other three widen their kernel when they shrink, as Pillow does.
"""

ColourOrder = Literal["RGB", "BGR", "RGBA", "BGRA", "Y"]
"""The channels that a network takes, in their order.

`Y` is one channel: luma (ITU-R BT.601), with `luma` either `full`, 0.299 R + 0.587 G + 0.114 B, or `studio`, that
brought to 16-235. A segmentation network of it sees a grey image; one of super-resolution enlarges the luma alone, and
the colour is enlarged by bicubic interpolation. The fourth channel of `RGBA` and `BGRA` is the image's alpha, 255 where
it has none.
"""

Layout = Literal["NCHW", "NHWC"]

InputType = Literal["f32", "f16", "u8"]

_Positive = Annotated[int, Field(ge=1)]
_Level = Annotated[float, Field(ge=0, le=255)]


class InputContract(ContractPart):
    """What the network's input means: `(x / divide_by - mean) / std`.

    `x` has values 0-255, in the channels of `colour_order`; `mean` and `std` have one number for each of them, or one
    for all. The tensor is of `dtype` (u8: rounded, so that `divide_by` is 1 and there is no mean or std) and lies in
    memory as `layout` says; `name` says which of the file's inputs it is, where that has several. `height` and
    `width` are the size that the image is resized to. Both are None for a network that takes any size, which then
    must be a multiple of `multiple` and at least `min_side` (the image's border is repeated, and the output cropped).
    `divide_by="image_max"` divides by the largest value of the resized image, as U²-Net's official script does; on an
    all-black image the divisor is 1e-6, so that the result is 0 and never NaN.

    `aspect` says how an image comes to a fixed size: `stretch` changes its proportions; `letterbox` keeps them, and
    fills the rest with `pad_value` (levels of 0-255, one for each channel or one for all), half of it on either side.
    A segmentation network that takes any size gets the image at its own, scaled so that the shorter side has
    `short_side` pixels where that is given, each side then rounded to a multiple.
    """

    name: str | None = None
    layout: Layout = "NCHW"
    dtype: InputType = "f32"
    height: _Positive | None = None
    width: _Positive | None = None
    multiple: _Positive = 1
    min_side: _Positive = 1
    short_side: _Positive | None = None
    aspect: Literal["stretch", "letterbox"] = "stretch"
    pad_value: tuple[_Level, ...] = (0.0,)
    colour_order: ColourOrder = "RGB"
    luma: Literal["full", "studio"] = "full"
    divide_by: Annotated[float, Field(gt=0)] | Literal["image_max"] = 255.0
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[Annotated[float, Field(gt=0)], ...] = (1.0, 1.0, 1.0)
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

    @property
    def channels(self) -> int:
        """Return how many channels the network takes: 1, 3 or 4."""
        return 1 if self.colour_order == "Y" else len(self.colour_order)

    def nearest(self, side: float) -> int:
        """Return the side, in pixels, nearest to a wanted one that a network of any size takes."""
        multiples = max(round(side / self.multiple), -(-self.min_side // self.multiple), 1)
        return multiples * self.multiple

    def shape(self, batch: int, height: int, width: int) -> tuple[int, int, int, int]:
        """Return the shape of a tensor as the file takes it."""
        if self.layout == "NHWC":
            return batch, height, width, self.channels
        return batch, self.channels, height, width

    def per_channel(self, values: tuple[float, ...]) -> tuple[float, ...]:
        """Return a number for each channel, of a field that may hold one for all."""
        return values * self.channels if len(values) == 1 else values

    @model_validator(mode="before")
    @classmethod
    def _defaults_fit_the_channels(cls, given: Any) -> Any:
        if isinstance(given, dict):
            order = given.get("colour_order", "RGB")
            if order in {"Y", "RGBA", "BGRA"}:
                return {"mean": (0.0,), "std": (1.0,)} | given
        return given

    @model_validator(mode="after")
    def _size_is_whole(self) -> Self:
        if (self.height is None) != (self.width is None):
            raise ValueError("height and width must be given together, or neither")
        if self.height is not None and self.short_side is not None:
            raise ValueError("short_side is for a network that takes any size; give it, or height and width")
        if self.height is None and self.aspect == "letterbox":
            raise ValueError("aspect 'letterbox' needs a height and width")
        return self

    @model_validator(mode="after")
    def _numbers_fit_the_channels(self) -> Self:
        for name in ("mean", "std", "pad_value"):
            numbers = len(getattr(self, name))
            if numbers not in {1, self.channels}:
                wanted = f"1 or {self.channels}" if self.channels > 1 else "1"
                raise ValueError(f"{name} has {numbers} numbers; colour_order {self.colour_order} needs {wanted}")
        if self.dtype == "u8" and (self.divide_by, set(self.mean), set(self.std)) != (1.0, {0.0}, {1.0}):
            raise ValueError("dtype 'u8' takes levels of 0-255 as they are: divide_by must be 1, without mean and std")
        return self


class OutputContract(ContractPart):
    """What the network's output means.

    kind `alpha`: (N, C, h, w), of whose channels `channel` counts (the only one, where it is not given); after
    `activation` (`softmax` over the channels) and, where `min_max` is set, `(x - min) / (max - min)` per image
    (and `1 - x` where `invert` is set), divided by `value_max`, an alpha of 0-1. kind `classes`: (N, len(labels), h, w)
    scores, the largest wins; where `indices` is set, the graph has chosen already and the output is (N, h, w) or
    (N, 1, h, w), the winner's number. `labels[0]` is the background, and the subject is what `foreground` names (all
    others, where it is empty). kind `image`: (N, channels, scale*H, scale*W) in the input's channels, values 0 to
    `value_max`.

    `name` says which of the file's outputs it is (the first, where it is not given), and `layout` how its axes lie.
    `resize` brings a mask back to the image's size, in 8 bits for an 8-bit image; `rounding` says how it gets to
    8 bits: `down` cuts the fraction off, as the official U²-Net script and rembg do.
    """

    kind: Literal["alpha", "classes", "image"]
    name: str | None = None
    layout: Layout = "NCHW"
    activation: Literal["none", "sigmoid", "softmax"] = "none"
    channel: Annotated[int, Field(ge=0)] | None = None
    min_max: bool = False
    invert: bool = False
    indices: bool = False
    labels: tuple[str, ...] = ()
    foreground: tuple[str, ...] = ()
    scale: _Positive = 1
    rounding: Literal["nearest", "down"] = "nearest"
    value_max: Annotated[float, Field(gt=0)] = 1.0
    resize: ResizeFilter = "linear"

    @model_validator(mode="after")
    def _fields_fit_the_kind(self) -> Self:
        if (self.kind == "classes") != (len(self.labels) > 1):
            raise ValueError("labels (two or more, the background first) belong to kind 'classes', and only to it")
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels must differ from each other")
        unknown = [name for name in self.foreground if name not in self.labels]
        if unknown:
            raise ValueError(f"foreground names {unknown[0]!r}, which is none of the labels")
        if self.kind != "image" and self.scale != 1:
            raise ValueError("scale belongs to kind 'image'")
        if self.indices and self.kind != "classes":
            raise ValueError("indices belongs to kind 'classes'")
        if self.kind != "alpha" and self.channel is not None:
            raise ValueError("channel belongs to kind 'alpha'")
        if self.activation == "softmax" and self.kind == "alpha" and self.channel is None:
            raise ValueError("activation 'softmax' of kind 'alpha' needs the channel that is the subject")
        return self


class Contract(ContractPart):
    """Everything that a runtime must know to use a network: the task, its input and its output.

    For super-resolution: `halo` is how many input pixels around a tile influence the tile's output enough to be seen,
    by which tiles overlap on each side; `tile_step` is the grid, in pixels, on which the network samples its input, so
    that tiles start at multiples of it.

    A recurrent segmentation network has `states`; `constants` are for further inputs that take one number.
    """

    version: Literal[1] = CONTRACT_VERSION
    task: Task
    input: InputContract
    output: OutputContract
    halo: Annotated[int, Field(ge=0)] = 0
    tile_step: _Positive = 1
    states: tuple[StateContract, ...] = ()
    constants: tuple[ConstantContract, ...] = ()

    @model_serializer(mode="wrap")
    def _without_what_is_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what few networks have, so that the others' contracts are as they were."""
        told: dict[str, Any] = handler(self)
        return {name: value for name, value in told.items() if value or name not in {"states", "constants"}}

    @model_validator(mode="after")
    def _inputs_differ(self) -> Self:
        if self.states and self.task != "segmentation":
            raise ValueError("states are for segmentation: an enlargement is made of tiles of one image")
        names = [each.input for each in (*self.states, *self.constants)]
        names += [self.input.name] if self.input.name else []
        for several in (names, [each.output for each in self.states]):
            twice = next((name for name in several if several.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"{twice!r} is named twice among the image, the states and the constants")
        return self

    @model_validator(mode="after")
    def _output_fits_the_task(self) -> Self:
        if (self.task == "super_resolution") != (self.output.kind == "image"):
            raise ValueError("super_resolution has an output of kind 'image', segmentation one of the others")
        if self.task == "super_resolution" and (self.input.aspect, self.input.short_side) != ("stretch", None):
            raise ValueError("super_resolution takes images as they are: neither letterbox nor short_side")
        if self.task == "super_resolution" and self.input.channels == 4:
            raise ValueError("super_resolution takes RGB, BGR or Y: an image's alpha is enlarged apart")
        return self

    @property
    def meaning(self) -> Contract:
        """Return what it says of images and answers, whatever names, layout and type they have in the file."""
        wanted = self.input.model_copy(update={"name": None, "layout": "NCHW", "dtype": "f32"})
        return self.model_copy(
            update={"input": wanted, "output": self.output.model_copy(update={"name": None, "layout": "NCHW"})}
        )

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
