"""A model is data and one build function: `ModelSpec` is one entry of the zoo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..core import Contract, Task

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["SAFE_SIDE", "Licence", "ModelSpec", "Weights"]

SAFE_SIDE = 16
"""Pixels: the least side of what a super-resolution network is given; smaller images are padded to it.

In bf16 on processors with AMX, convolutions of free sizes give wrong values at 1x1: a black pixel becomes white. From
16 on every one of the tile registers' 16 rows is filled. Networks that reduce their input inside need more.
"""


@dataclass(frozen=True)
class Licence:
    """Who may use it: SPDX identifiers, or a plain sentence where none exists.

    Attributes:
        code: of the network's code.
        weights: of the weights.
        commercial: True where the weights' licence allows commercial use, False where it forbids it, None where the
            publisher states nothing (which is to be read as "ask first").
    """

    code: str
    weights: str
    commercial: bool | None


@dataclass(frozen=True)
class Weights:
    """Where an entry's weights are.

    Attributes:
        filename: name in the cache.
        urls: mirrors of the same bytes, the first one first tried; empty where the publisher has no direct download.
        sha256: 64 hex digits, None where nobody published one (then `md5` or `sha256_prefix`, where that exists, or the
            hash printed on first use is all there is).
        md5: 32 hex digits, None where nobody published one.
        sha256_prefix: the first hex digits of the SHA-256, where the publisher gives no more of it.
        size: bytes, None where unknown.
        bundled: file name inside the package's own `convert/weights/`, for weights that mattekit carries itself.
    """

    filename: str
    urls: tuple[str, ...] = ()
    sha256: str | None = None
    md5: str | None = None
    sha256_prefix: str | None = None
    size: int | None = None
    bundled: str | None = None


@dataclass(frozen=True)
class ModelSpec:
    """One entry of the zoo.

    Attributes:
        id: what the user types.
        title: in a few words, for lists.
        task: what it is for.
        contract: what surrounds the network.
        weights: where they are.
        licence: who may use it.
        source: `torch` entries are built by `build` and filled by a checkpoint; `onnx` ones are ready-made ONNX files.
        build: makes a module in eval mode with random weights.
        adapt: turns a checkpoint's own habits (other keys) into the module's state dict; the loader has already
            removed what every family shares (`module.` prefixes and `params`, `params_ema`, `state_dict` wrappers).
        fine_tune: reads off a checkpoint's names and shapes, adapted, how its network differs from the entry's, in
            classes, channels or heads, and returns the entry of that network; None where it is another one.
        paper: where the network was published.
        homepage: of its publisher.
        notes: what a user should know, a sentence each.
    """

    id: str
    title: str
    task: Task
    contract: Contract
    weights: Weights
    licence: Licence
    source: Literal["torch", "onnx"] = "torch"
    build: Callable[[], nn.Module] | None = None
    adapt: Callable[[dict[str, Tensor]], dict[str, Tensor]] | None = None
    fine_tune: Callable[[ModelSpec, Mapping[str, tuple[int, ...]]], ModelSpec | None] | None = None
    paper: str = ""
    homepage: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def scale(self) -> int:
        """Return the enlargement in each direction: 1 for segmentation."""
        return self.contract.output.scale
