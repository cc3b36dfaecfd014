"""Golden vectors: inputs and the answers to them, by which a deployed model can be told to be the one that was made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..convert.servable.manifest import GoldenVector
from ..convert.servable.surround import ALPHA, IMAGE, UPSCALED
from ..core.errors import ParityError
from ..datasets.sample import Pixels
from ..datasets.synthetic import synthetic
from ..infer.images.picture import Picture
from ..infer.remove import Remover
from ..infer.runtimes import LoadedModel
from ..infer.upscale import Upscaler

__all__ = ["AGREEMENT", "golden_vectors"]

AGREEMENT = 2.0
"""How far a packaged graph may be from mattekit's own pixels on average, in levels of 0-255, before it is refused.

Pillow and the graph may round a pixel to neighbouring levels; where a network is in doubt, and in INT8 more, that
moves its mask. A step that is left out or done twice moves it much further."""


def golden_vectors(
    folder: Path, model_file: Path, opened: LoadedModel, colour_order: Literal["RGB", "BGR"]
) -> tuple[GoldenVector, ...]:
    """Run a packaged graph on drawn pictures, compare with mattekit's own pixels, and write both sides.

    Args:
        folder: of the package; gets a folder `golden`.
        model_file: the packaged graph.
        opened: the artifact that it was made from, in float32 arithmetic.
        colour_order: of the packaged graph's pixels.

    Raises:
        ParityError: the packaged graph's answers are not mattekit's.
    """
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model_file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    (folder / "golden").mkdir()
    vectors: list[GoldenVector] = []
    for number, rgb in enumerate(_pictures(opened)):
        pixels = np.ascontiguousarray(rgb if colour_order == "RGB" else rgb[:, :, ::-1])
        answers: Mapping[str, NDArray[Any]] = {
            output.get_any_name(): np.array(value) for output, value in compiled(pixels[None]).items()
        }
        _compare(answers, rgb, opened, colour_order)
        name = f"golden/{number}-{IMAGE}.npy"
        np.save(folder / name, pixels[None])
        outputs: dict[str, str] = {}
        for port, value in answers.items():
            outputs[port] = f"golden/{number}-expected-{port}.npy"
            np.save(folder / outputs[port], value)
        vectors.append(GoldenVector(input=name, outputs=outputs))
    return tuple(vectors)


def _pictures(opened: LoadedModel) -> list[Pixels]:
    """Three drawn pictures of odd sizes; small ones for super-resolution, which is slow."""
    sizes = (
        [(181, 240), (320, 233), (97, 256)]
        if opened.contract.task == "segmentation"
        else [(48, 64), (61, 37), (40, 40)]
    )
    return [synthetic(1, seed=7 + index, height=size[0], width=size[1])[0].image for index, size in enumerate(sizes)]


def _compare(
    answers: Mapping[str, NDArray[Any]], rgb: Pixels, opened: LoadedModel, colour_order: Literal["RGB", "BGR"]
) -> None:
    picture = Picture(rgb=rgb, source="a drawn picture")
    if opened.contract.task == "segmentation":
        own, packaged = Remover(opened).matte(picture).alpha, answers[ALPHA][0, :, :, 0]
    else:
        own, packaged = Upscaler(opened, tile=0).upscale(picture).rgb, answers[UPSCALED][0]
        packaged = packaged if colour_order == "RGB" else packaged[:, :, ::-1]
    difference = np.abs(own.astype(np.int32) - packaged)
    if difference.mean() > AGREEMENT:
        raise ParityError(
            f"{opened.path}: the packaged graph is {difference.mean():.2f}/255 off on average and {difference.max()} "
            "at the worst pixel, so it was not written; please report this with the model's name"
        )
