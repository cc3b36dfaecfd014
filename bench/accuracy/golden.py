"""Golden vectors: inputs and the answers to them, by which a deployed model can be told to be the one that was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from ...convert import ALPHA, SCORES, UPSCALED, OutputLimits, limits_from
from ...convert.servable import checker
from ...core import Arithmetic, ParityError
from ...datasets import Pixels, synthetic
from ...images import Image
from ...infer import LoadedModel, Remover, Upscaler

__all__ = ["AGREEMENT", "Golden", "golden_vectors"]

AGREEMENT = 2.0
"""How far a packaged graph may be from mattekit's own pixels on average, in levels of 0-255, before it is refused.

Pillow and the graph may round a pixel to neighbouring levels; where a network is in doubt, and in INT8 more, that
moves its mask. A step that is left out or done twice moves it much further. A network whose own mask moves further when
each pixel of the image may be one level off is allowed that much."""

_FLOATING = (("LP_TRANSFORMS_MODE", "NO"),)
"""What has OpenVINO's CPU compute quantized layers in floating point, whose sums are exact."""

_ATTEMPTS = 4
_SURE = 0.0005
"""Images that are drawn for one golden vector at most, and the doubt that is small enough to draw no further."""

Answers = Mapping[str, NDArray[Any]]
Distances = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Golden:
    """Inputs, the answers to each, and what judges a replay.

    Attributes:
        inputs: (1, H, W, 3) uint8 in the graph's colour order; of a network alone, what that takes.
        answers: to each input, by output.
        arithmetic: what the answers were made in.
        kernels: what they were made by.
        measured: how far other answers are, by what made them.
        limits: of a replay.
        images: (H, W, 3) RGB of which the inputs were made, where they are no images themselves.
    """

    inputs: tuple[NDArray[Any], ...]
    answers: tuple[Answers, ...]
    arithmetic: Literal["f32", "bf16", "f16"]
    kernels: str
    measured: dict[str, Distances]
    limits: dict[str, OutputLimits]
    images: tuple[NDArray[np.uint8], ...] = ()


def golden_vectors(
    model_file: Path,
    opened: LoadedModel,
    colour_order: Literal["RGB", "BGR"],
    arithmetic: Arithmetic = "f32",
    size: tuple[int, int] | None = None,
) -> Golden:
    """Run a packaged graph on drawn images, and compare with mattekit's own pixels.

    Args:
        model_file: the packaged graph.
        opened: the artifact that it was made from, in the same arithmetic.
        colour_order: of the packaged graph's pixels.
        arithmetic: that the graph is run in. What the others that this machine has move is measured.
        size: height and width of the images; several where the graph takes any.

    Raises:
        ParityError: the packaged graph's answers are not mattekit's.
    """
    import openvino

    core = openvino.Core()
    compiled, found = checker.compiled(core, model_file, "CPU", arithmetic)
    inputs: list[NDArray[np.uint8]] = []
    known: list[Answers] = []
    own: list[Distances] = []
    for drawn in _images(opened, size):
        rgb = drawn.rgb
        inputs.append(np.ascontiguousarray(rgb if colour_order == "RGB" else rgb[:, :, ::-1])[None])
        known.append(_answers(compiled, inputs[-1]))
        own.append(_compare(known[-1], drawn, opened, colour_order))
    measured = {"mattekit": _worst(own)}
    for other in ("f32", "bf16", "f16"):
        moved = _moved(core, model_file, other, inputs, known) if other != found else None
        if moved is not None:
            measured[other] = moved
    kernels = checker.kernels_of(core, "CPU", arithmetic)
    if opened.variant.precision == "int8" and kernels.endswith("saturating"):
        # Without 8-bit kernels the same sums are exact: what a processor with better ones answers.
        measured["exact"] = _moved(core, model_file, arithmetic, inputs, known, more=_FLOATING) or {}
    return Golden(
        inputs=tuple(inputs),
        answers=tuple(known),
        arithmetic=cast("Literal['f32', 'bf16', 'f16']", found),
        kernels=kernels,
        measured={name: far for name, far in measured.items() if far},
        limits=limits_from(opened.contract, known[0], found, measured),
    )


def _answers(compiled: Any, pixels: NDArray[np.uint8]) -> Answers:
    return {output.get_any_name(): np.array(value) for output, value in compiled(pixels).items()}


def _ask(core: Any, arithmetic: str) -> None:
    """Make sure that the CPU computes in an arithmetic, by one convolution: a whole graph takes seconds to compile."""
    import openvino
    from openvino import opset8 as ops

    given = ops.parameter([1, 16, 8, 8], np.float32)
    weights = ops.constant(np.ones((16, 16, 3, 3), np.float32))
    sums = ops.convolution(given, weights, [1, 1], [1, 1], [1, 1], [1, 1])
    graph = openvino.Model([ops.result(sums)], [given], "asked")  # pyright: ignore
    if checker.computed_in(core.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": arithmetic})) != arithmetic:
        raise checker.OtherArithmeticError(arithmetic)


def _moved(
    core: Any,
    model_file: Path,
    arithmetic: str,
    inputs: list[NDArray[np.uint8]],
    known: list[Answers],
    *,
    more: tuple[tuple[str, str], ...] = (),
) -> Distances | None:
    """Return how far the answers in another arithmetic, or by other properties, are; None where there are none."""
    try:
        if arithmetic != "device":
            _ask(core, arithmetic)
        compiled, _ = checker.compiled(core, model_file, "CPU", arithmetic, more)
    except RuntimeError:
        # Besides answering in another arithmetic, a CPU may fail to compile what it has no kernels for.
        return None
    far: list[Distances] = []
    for pixels, expected in zip(inputs, known, strict=True):
        answers = _answers(compiled, pixels)
        far.append({name: _far(name, value, answers[name]) for name, value in expected.items()})
    return _worst(far)


def _far(name: str, expected: NDArray[Any], answer: NDArray[Any]) -> dict[str, float]:
    return checker.distances(checker.levels(name, expected), checker.levels(name, answer))


def _worst(several: list[Distances]) -> Distances:
    return {
        name: {
            metric: (min if metric in checker.AT_LEAST else max)(each[name][metric] for each in several)
            for metric in several[0][name]
        }
        for name in several[0]
    }


def _images(opened: LoadedModel, size: tuple[int, int] | None) -> list[_Image]:
    """Three drawn images of odd sizes, or of the one that there is; small ones for super-resolution, which is slow.

    For segmentation those on which the model is sure of a subject: where it is in doubt, a rounding moves its mask far,
    and no replay could tell that from a model that was altered.
    """
    if opened.contract.task != "segmentation":
        sizes = [size] * 3 if size else [(48, 64), (61, 37), (40, 40)]
        return [_image(opened, 7 + index, each) for index, each in enumerate(sizes)]
    chosen: list[_Image] = []
    for index, each in enumerate([size] * 3 if size else [(181, 240), (320, 233), (97, 256)]):
        best: _Image | None = None
        for attempt in range(_ATTEMPTS):
            drawn = _image(opened, 7 + index + 3 * attempt, each)
            if best is None or drawn.doubt < best.doubt:
                best = drawn
            if best.doubt <= _SURE:
                break
        chosen += [best] if best else []
    return chosen


@dataclass(frozen=True)
class _Image:
    """A drawn image and what mattekit answers.

    Attributes:
        rgb: the image.
        own: mattekit's own answer.
        moved: how far that moves when each pixel may be one level off.
        doubt: the share of a mask's pixels that then change sides; more than all where there is no subject.
    """

    rgb: Pixels
    own: Pixels
    moved: dict[str, float]
    doubt: float


def _image(opened: LoadedModel, seed: int, size: tuple[int, int]) -> _Image:
    rgb = synthetic(1, seed=seed, height=size[0], width=size[1])[0].image
    near = rgb.astype(np.int16) + np.random.default_rng(seed).integers(-1, 2, rgb.shape)
    own, moved = _own(rgb, opened), _own(np.clip(near, 0, 255).astype(np.uint8), opened)
    far = checker.distances(own, moved)
    seen = float((own > 127).mean())
    return _Image(rgb, own, far, far.get("share", 0.0) if 0.02 <= seen <= 0.98 else 2.0)


def _compare(answers: Answers, drawn: _Image, opened: LoadedModel, colour_order: Literal["RGB", "BGR"]) -> Distances:
    name = next(name for name in (ALPHA, SCORES, UPSCALED) if name in answers)
    given = checker.levels(name, answers[name])[0]
    packaged = given[:, :, ::-1] if name == UPSCALED and colour_order == "BGR" else given
    far = checker.distances(drawn.own, packaged)
    if not far or far["mean"] > max(AGREEMENT, drawn.moved["mean"]):
        raise ParityError(
            f"{opened.path}: the packaged graph is {far.get('mean', np.nan):.2f}/255 off on average and "
            f"{far.get('max', np.nan):.0f} at the worst pixel, so it was not written; please report this with the "
            "model's name"
        )
    return {name: far}


def _own(rgb: Pixels, opened: LoadedModel) -> Pixels:
    image = Image(rgb=rgb, source="a drawn image")
    if opened.contract.task == "segmentation":
        return cast("Pixels", Remover(opened).matte(image).alpha[..., None])
    return cast("Pixels", Upscaler(opened, tile=0).upscale(image).rgb)
