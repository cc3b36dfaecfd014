"""A candidate as a model that takes images, timed from file to encoded result."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...images import Image, encode_image, read_image
from ...infer import Feed, LoadedModel, Remover, Runtime, SerialRuntime, Tensor, Upscaler
from .candidates import Candidate
from .trials import STAGES, TOTAL

__all__ = ["as_model", "time_stages"]


def time_stages(candidate: Candidate, runtime: Runtime, images: Sequence[Path]) -> dict[str, list[float]]:
    """Bring images from file to encoded PNG one after another; milliseconds by stage and image.

    `pre` ends with the first call of the network, `infer` is the time inside it, `post` all else up to the encoding:
    of a super-resolution image that is cut into tiles, `post` includes the preparation of the tiles after the first.
    Nothing is written to a disk, whose speed is not the model's. `total` is measured, not summed.

    Raises:
        MattekitError: an image cannot be read, or its result is too large.
    """
    calls: list[float] = []

    def run(tensor: Feed) -> tuple[Tensor]:
        calls.append(time.perf_counter())
        return (runtime.run(tensor),)

    clocked = SerialRuntime(runtime.info, run)
    model = as_model(candidate, clocked)
    if candidate.variant.contract.task == "segmentation":
        remover = Remover(model)

        def work(image: Image) -> Image:
            return remover.remove(image)[0]
    else:
        work = Upscaler(model, tile=max(candidate.height, candidate.width)).upscale
    times: dict[str, list[float]] = {stage: [] for stage in (*STAGES, TOTAL)}
    for path in images:
        calls.clear()
        before, began = clocked.spent.working, time.perf_counter()
        image = read_image(path)
        decoded = time.perf_counter()
        result = work(image)
        worked = time.perf_counter()
        encode_image(result, "png")
        ended = time.perf_counter()
        pre, inferred = min(calls, default=decoded) - decoded, clocked.spent.working - before
        for stage, seconds in (
            ("decode", decoded - began),
            ("pre", pre),
            ("infer", inferred),
            ("post", worked - decoded - pre - inferred),
            ("encode", ended - worked),
            (TOTAL, ended - began),
        ):
            times[stage].append(seconds * 1000)
    return times


def as_model(candidate: Candidate, runtime: Runtime) -> LoadedModel:
    """Return the candidate as a model that takes images, in windows of its size alone."""
    contract = candidate.variant.contract.with_size(candidate.height, candidate.width)
    return LoadedModel(replace(candidate.variant, contract=contract), runtime)
