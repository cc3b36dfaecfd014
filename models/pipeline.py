"""Models' names → the pipeline of them, ready to run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import Arithmetic, Hint, InputError, Progress, Task
from ..infer import RuntimeSettings, import_lean
from .opening import open_at
from .reference import ModelRef

if TYPE_CHECKING:
    from ..images import ImageLike
    from ..infer import Background, LoadedModel, Pipeline, Placement, Refine

__all__ = ["open_pipeline"]


def open_pipeline(
    *,
    model: str | Path | None = None,
    sr: str | Path | None = None,
    background: Background | ImageLike | None = None,
    placement: Placement | None = None,
    keep: tuple[str, ...] = (),
    refine: Refine = "none",
    decontaminate: bool | None = None,
    device: str = "CPU",
    arithmetic: Arithmetic = "f32",
    tile: int | None = None,
    memory: int | None = None,
    times: float | None = None,
    many: bool = False,
    threads: int | None = None,
    lean: bool = False,
    offline: bool = False,
    progress: Progress | None = None,
) -> Pipeline:
    """Open the main job: remove the background, improve the resolution, superimpose; each is left out where it is None.

    Args:
        model: a segmentation model, as `ModelRef.parse` takes it.
        sr: a super-resolution model, likewise.
        background: a colour, a blur, the words that `load_background` reads, or an image of any kind.
        placement: where and how large the subject stands on the background.
        keep: for a segmentation model of classes, the labels that stay.
        refine: how a mask comes back to the image's size; `none` gives the masks of the model's publisher.
        decontaminate: give half-transparent pixels the subject's own colours; None does so where the cut-out is
            enlarged or laid on something, and leaves a mere cut-out the photo's colours.
        device: an OpenVINO device for both models.
        arithmetic: what both compute in: the same answers on every device, or what the device does fastest.
        tile: side of a super-resolution tile in input pixels, 0 never cuts; the upscaler's own choice where None.
        memory: MiB that the super-resolution network's values may take, which decides the tile in place of `tile`.
        times: enlargement; the super-resolution network's own where None.
        many: several images will be processed at a time. On a CPU a segmentation model that runs alone then gets
            several requests of few threads each, which don't wait for each other. Its answers differ by rounding
            (1e-6), so the choice must not depend on anything that results are promised not to depend on.
        threads: of a CPU, for each model; as many as it has cores where None.
        lean: start faster, for a process that does nothing else: see `import_lean`.
        offline: never download.
        progress: called during a download.

    Raises:
        MattekitError: as its message says.
    """
    if times is not None and sr is None:
        raise InputError("an enlargement needs a super-resolution model; give one with --sr")
    # Cheap mistakes are found before a model is compiled, and a first export is made by this thread alone.
    drop = None if background is None and placement is None else _backdrop(background, placement)
    opens: list[Callable[[], LoadedModel]] = []
    several: Hint = "throughput" if many and sr is None and device == "CPU" else "latency"
    named: tuple[tuple[str | Path | None, Task, Hint], ...] = (
        (model, "segmentation", several),
        (sr, "super_resolution", "latency"),
    )
    for text, task, hint in named:
        if text is not None:
            ref = ModelRef.parse(text)
            path = ref.path_of_one(task=task, offline=offline, progress=progress)
            opens.append(partial(open_at, ref, path, RuntimeSettings(device, arithmetic, hint, threads=threads)))
    if lean:
        import_lean()
    # One after another: the first use of OpenVINO by two threads at once is not safe.
    with ThreadPoolExecutor(1) as pool:
        opening = [pool.submit(each) for each in opens]
        from ..infer import Pipeline, Remover, Upscaler

        chosen, where = drop or _backdrop(None, None)
        opened = [future.result() for future in opening]
    remover = upscaler = None
    if model is not None:
        own_colours = sr is not None or chosen is not None if decontaminate is None else decontaminate
        remover = Remover(opened[0], keep=keep, refine=refine, decontaminate=own_colours)
    if sr is not None:
        upscaler = Upscaler(opened[-1], tile=tile, memory=None if memory is None else memory << 20, times=times)
    return Pipeline(remover, upscaler, chosen, where)


def _backdrop(
    background: Background | ImageLike | None, placement: Placement | None
) -> tuple[Background | None, Placement]:
    from ..images import image_of
    from ..infer import Blur, Colour, Placement, load_background

    if background is None or isinstance(background, Blur | Colour):
        chosen = background
    else:
        chosen = load_background(str(background)) if isinstance(background, str | Path) else image_of(background)
    where = placement or Placement()
    if chosen is None and where != Placement():
        # A placement on nothing is one on a transparent canvas.
        chosen = Colour(255, 255, 255, alpha=0)
    return chosen, where
