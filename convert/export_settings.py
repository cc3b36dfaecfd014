"""All options of an export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..core import ContractSettings, InputError, option, parse_name

__all__ = ["ExportSettings", "ExportStep", "Exporter", "Heads", "JudgedFigure", "parse_batch", "parse_size"]

Exporter = Literal["torchscript", "dynamo"]
Heads = Literal["fused", "all"]


def parse_size(text: str) -> tuple[int, int]:
    """Read `N` or `HEIGHTxWIDTH`.

    Raises:
        InputError: it is neither.
    """
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        raise InputError(f"--size {text}: give one number, or HEIGHTxWIDTH such as 240x320")
    return int(parts[0]), int(parts[-1])


def parse_batch(text: str) -> int:
    """Read a batch size; `dynamic` is -1.

    Raises:
        InputError: it is neither.
    """
    if text == "dynamic":
        return -1
    if not text.isdecimal():
        raise InputError(f"--batch {text}: give a number, or dynamic")
    return int(text)


@dataclass(frozen=True)
class JudgedFigure:
    """A figure beside its limit.

    Attributes:
        name: of the figure, such as `psnr`.
        value: that was measured.
        limit: that it is judged by.
        at_least: it must not be less than the limit; otherwise, not more.
    """

    name: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def passed(self) -> bool:
        """Tell whether it is within its limit; what is not a number never is."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        """Return it with its limit."""
        return f"{self.name} is {self.value:.4g} ({'at least' if self.at_least else 'at most'} {self.limit:g})"


@dataclass(frozen=True)
class ExportStep:
    """A step of an export, which begins or is done.

    Attributes:
        name: of the step, such as `torch → onnx`.
        seconds: that it took; None where it begins.
        judged: how far it moved the outputs; nothing of the first step, which has none before it.
        broken: what is beyond its limit, in words; empty where nothing is.
        unproven: why its masks are not enough evidence, in words; empty where they are.
    """

    name: str
    seconds: float | None = None
    judged: tuple[JudgedFigure, ...] = ()
    broken: str = ""
    unproven: str = ""


@dataclass(frozen=True, kw_only=True)
class ExportSettings(ContractSettings):
    """How to export a checkpoint.

    Attributes:
        weights: a checkpoint of yours in place of the zoo's, or a network of your own, an .onnx or .xml file, under any
            name.
        denoise: how strongly to denoise, 0 to 1, by mixing the published weights of two networks, as
            realesr-general-x4v3 and its partner that keeps the noise; 1 where it is left out.
        torch: a network of your own code, which is imported and run: package.module:factory from the current folder, or
            path/to/file.py:factory; the factory takes no arguments and returns the network that --weights fill.
        precision: precision of the stored weights; mattekit quantize makes int8.
        route: PyTorch → ONNX → IR, which keeps both files, or PyTorch → IR.
        exporter: PyTorch's ONNX exporter: torchscript takes seconds and names layers after their modules; dynamo, its
            successor, takes 10 to 20 times as long, for networks that only it can trace.
        size: fixed input size, N or HEIGHTxWIDTH; the model's own where it is left out.
        dynamic: leave height and width free.
        batch: number of images in one inference, or dynamic.
        heads: a U²-Net's fused output, or all seven.
        images: images for the comparison of the steps: files, folders or globs; repeatable.
        name: name of the variant, to tell it from others of its model, such as fine-tunes.
        offline: never download.
        tell: called with each step when it begins, and when it is done.
    """

    weights: str | Path | None = option(None, identity=False)
    denoise: float | None = option(None, least=0, most=1)
    torch: str | None = None
    precision: Literal["fp32", "fp16"] = "fp32"
    route: Literal["onnx", "direct"] = "onnx"
    exporter: Exporter = "torchscript"
    size: tuple[int, int] | None = option(None, parse=parse_size)
    dynamic: bool = False
    batch: int = option(1, parse=parse_batch)
    heads: Heads = "fused"
    images: Sequence[str | Path] = option((), identity=False)
    name: str | None = option(None, parse=parse_name)
    offline: bool = option(False, identity=False)
    tell: Callable[[ExportStep], None] | None = field(
        default=None, repr=False, compare=False, metadata={"identity": False}
    )

    def __post_init__(self) -> None:
        """Refuse settings that exclude each other with an InputError."""
        if str(self.precision) == "int8":
            raise InputError("export writes fp32 or fp16; int8 is made from those by quantization")
        super().__post_init__()
        if self.size and self.dynamic:
            raise InputError("--size fixes what --dynamic leaves free; give one of them")
        if self.batch != -1 and self.batch < 1:
            raise InputError(f"a batch of {self.batch} makes no sense; give 1 or more, or 'dynamic'")
