"""A model is data and one build function: `ModelSpec` is one entry of the zoo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core import Contract, ModelFormat, Task

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = [
    "OWN_LICENCE",
    "SAFE_SIDE",
    "Licence",
    "ModelSpec",
    "PublishedFigure",
    "TrainingData",
    "Weights",
    "enlarging_figures",
]

OWN_LICENCE = "not stated: weights given by the user"
"""What an IR says of the licence of weights that are not the publisher's."""

SAFE_SIDE = 16
"""Pixels: the least side of what a super-resolution network is given; smaller images are padded to it.

In bf16 on processors with AMX, convolutions of free sizes give wrong values at 1x1: a black pixel becomes white. From
16 on every one of the tile registers' 16 rows is filled. Networks that reduce their input inside need more.
"""


@dataclass(frozen=True)
class TrainingData:
    """Images that weights were trained on.

    Attributes:
        name: as its publishers call it.
        terms: under which it is given, in a few words.
        commercial: True where they allow commercial use, False where they forbid it, None where they don't say.
        source: where that is said.
    """

    name: str
    terms: str
    commercial: bool | None
    source: str


@dataclass(frozen=True)
class Licence:
    """Who may use it: SPDX identifiers, or a plain sentence where none exists.

    Attributes:
        code: of the network's code.
        weights: of the weights.
        granted: True where the publisher's own words let the weights be used commercially, False where they forbid it,
            None where there are none.
        source: where the publisher says so.
        data: what they were trained on, as far as its terms are known.
    """

    code: str
    weights: str
    granted: bool | None
    source: str = ""
    data: tuple[TrainingData, ...] = ()

    @property
    def commercial(self) -> bool | None:
        """Return whether commercial use is granted: True, False (forbidden), or None (not granted, so ask first).

        One rule for all: what the publisher of the weights says, unless the terms of a training set forbid what they
        grant.
        """
        if self.granted and any(each.commercial is False for each in self.data):
            return None
        return self.granted

    @property
    def reason(self) -> str:
        """Return why commercial use is not granted, in a sentence; empty where it is."""
        if self.commercial:
            return ""
        barred = [each for each in self.data if each.commercial is False]
        if barred:
            said = "" if self.granted is None else f"The publisher says {self.weights}, but "
            told = ", ".join(f"{each.name}: {each.terms} ({each.source})" for each in barred)
            return f"{said}{'it' if said else 'It'} was trained on {told}."
        if self.granted is False:
            return f"The publisher forbids it: {self.weights} ({self.source})."
        where = f" ({self.source})" if self.source else ""
        return f"The publisher states no licence of the weights that grants it{where}."


@dataclass(frozen=True)
class PublishedFigure:
    """What a publisher measured of its own weights.

    Attributes:
        data: the set of images, as the field calls it.
        metric: by its name in `mattekit.metrics`.
        value: with the digits that were published.
        source: where.
    """

    data: str
    metric: str
    value: str
    source: str


def enlarging_figures(source: str, *values: str) -> tuple[PublishedFigure, ...]:
    """Return the usual figures of super-resolution: PSNR and SSIM of the luminance, on Set5 and then on Set14."""
    names = [(data, metric) for data in ("Set5", "Set14") for metric in ("psnr_y", "ssim_y")]
    return tuple(PublishedFigure(*name, value, source) for name, value in zip(names, values, strict=True))


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

    @property
    def is_pinned(self) -> bool:
        """Return whether its publisher gives any hash by which it can be checked."""
        return any((self.sha256, self.md5, self.sha256_prefix))


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
        source: `torch` entries are built by `build` and filled by a checkpoint; `onnx` ones are ready-made ONNX files,
            and `openvino` ones ready-made IRs.
        own: it is a user's own network: what its file takes and gives stays as it is.
        build: makes a module in eval mode with random weights.
        adapt: turns a checkpoint's own habits (other keys) into the module's state dict; the loader has already
            removed what every family shares (`module.` prefixes and `params`, `params_ema`, `state_dict` wrappers).
        fine_tune: reads off a checkpoint's names and shapes, adapted, how its network differs from the entry's, in
            classes, channels or heads, and returns the entry of that network; None where it is another one.
        paper: where the network was published.
        homepage: of its publisher.
        memory: bytes that exporting it took at the most, where somebody measured it.
        undenoised: id of the entry of the same network whose weights keep the noise that these remove; the two can be
            mixed.
        proven: its published values were exported and measured by this project; for others, what is said here is the
            publisher's, and only names and shapes are tested.
        published: what its publisher measured, the most usual set first.
        notes: what a user should know, a sentence each.
    """

    id: str
    title: str
    task: Task
    contract: Contract
    weights: Weights
    licence: Licence
    source: ModelFormat = "torch"
    own: bool = False
    build: Callable[[], nn.Module] | None = None
    adapt: Callable[[dict[str, Tensor]], dict[str, Tensor]] | None = None
    fine_tune: Callable[[ModelSpec, Mapping[str, tuple[int, ...]]], ModelSpec | None] | None = None
    paper: str = ""
    homepage: str = ""
    memory: int | None = None
    undenoised: str = ""
    proven: bool = False
    published: tuple[PublishedFigure, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def scale(self) -> int:
        """Return the enlargement in each direction: 1 for segmentation."""
        return self.contract.output.scale
