"""Models' names → the pipeline of them, ready to run; a background taken away in one call."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, overload

from ..core import Arithmetic, Contract, Hint, InputError, ModelError, Task, with_settings
from ..infer import LoadedModel, PipelineSettings, Refine, RuntimeSettings, import_lean
from .loading import open_at
from .reference import ModelRef

if TYPE_CHECKING:
    from io import BytesIO

    from numpy.typing import NDArray
    from PIL import Image as PilImage

    from ..images import Image
    from ..infer import Background, Pipeline, Placement

__all__ = ["load_pipeline", "open_pipeline", "remove"]

KindT = TypeVar("KindT", bytes, "PilImage.Image", "NDArray[Any]", "Image")
"""What comes back in the kind in which it is given; a path gives our own image, an open file one in memory."""


def load_pipeline(
    settings: PipelineSettings, *, many: bool = False, threads: int | None = None, lean: bool = False
) -> Pipeline:
    """Open the pipeline that settings describe.

    Args:
        settings: what becomes of an image.
        many: several images will be processed at a time. On a CPU a segmentation model that runs alone then gets
            several requests of few threads each, which don't wait for each other. Its answers differ by rounding
            (1e-6), so the choice must not depend on anything that results are promised not to depend on.
        threads: of a CPU, for each model; as many as it has cores where None.
        lean: start faster, for a process that does nothing else: see `import_lean`.

    Raises:
        MattekitError: as its message says.
    """
    # Cheap mistakes are found before a model is compiled, and a first export is made by this thread alone.
    behind = None if settings.background is None else _background_of(settings)
    opens: list[Callable[[], LoadedModel]] = []
    several: Hint = "throughput" if many and settings.sr is None and settings.device == "CPU" else "latency"
    named: tuple[tuple[Any, Task, Hint], ...] = (
        (settings.model, "segmentation", several),
        (settings.sr, "super_resolution", "latency"),
    )
    for model, task, hint in named:
        if model is not None:
            how = RuntimeSettings(settings.device, settings.arithmetic, hint, threads=threads)
            opens.append(_opens(model, task, how, settings, single=None in (settings.model, settings.sr)))
    if lean:
        import_lean()
    # One after another: the first use of OpenVINO by two threads at once is not safe.
    with ThreadPoolExecutor(1) as pool:
        opening = [pool.submit(each) for each in opens]
        from ..infer import GivenMasks, Pipeline, Remover, Upscaler, edits_of, parse_crop

        background, placement = behind or _background_of(settings)
        opened = [future.result() for future in opening]
    remover = upscaler = None
    if settings.model is not None or settings.mask is not None:
        own_colours = settings.decontaminate
        if own_colours is None:
            # A mere cut-out keeps the photo's colours.
            own_colours = settings.sr is not None or background is not None
        edits = edits_of(settings)
        if settings.mask is not None:
            remover = GivenMasks(Path(settings.mask), edits=edits, decontaminate=own_colours)
        else:
            remover = Remover(
                opened[0], keep=settings.keep, refine=settings.refine, edits=edits, decontaminate=own_colours
            )
    if settings.sr is not None:
        memory = None if settings.memory is None else settings.memory << 20
        upscaler = Upscaler(
            opened[-1],
            tile=settings.tile,
            memory=memory,
            outscale=settings.outscale,
            within=settings.within,
            wrap=settings.wrap,
        )
    crop = parse_crop(settings.crop) if isinstance(settings.crop, str) else settings.crop
    return Pipeline(remover, upscaler, background, placement, crop)


def _opens(
    model: Any, task: Task, how: RuntimeSettings, settings: PipelineSettings, *, single: bool
) -> Callable[[], LoadedModel]:
    """Find a model, and return what opens it."""
    if isinstance(model, LoadedModel):
        if model.contract.task != task:
            raise ModelError(f"{model.path}: this is a {model.contract.task} model; a {task} model is needed here")
        return lambda: model
    own = (settings.given_contract, None) if single else (None, settings.given_contract)
    ref = model if isinstance(model, ModelRef) else ModelRef.parse(model, *own)
    path = ref.path_of_one(task=task, offline=settings.offline, progress=settings.progress)
    return partial(open_at, ref, path, how)


def _background_of(settings: PipelineSettings) -> tuple[Background | None, Placement]:
    from ..images import Image
    from ..infer import Colour, Placement, load_background, placement_of

    chosen, where = load_background(settings.background), placement_of(settings)
    if chosen is None and where != Placement():
        # A placement on nothing is one on a transparent canvas.
        chosen = Colour(255, 255, 255, alpha=0)
    if where.size == "background" and not isinstance(chosen, Image):
        raise InputError("the canvas can take the background's size only where the background is an image; give a size")
    return chosen, where


@with_settings(PipelineSettings)
def open_pipeline(settings: PipelineSettings) -> Pipeline:
    """Open the main job: remove the background, improve the resolution, superimpose on a new background.

    The keywords and their defaults are those of `mattekit run`. A stage is left out where its model or the background
    is None. The pipeline takes an image of any kind and returns one of that kind; sent to another process, it opens its
    models there again.

    Args:
        settings: what becomes of an image. A model may be a `ModelRef` or a `LoadedModel` too, a background an image of
            any kind, a `Colour` or a `Blur`.

    Returns:
        The pipeline, ready to run.

    Raises:
        MattekitError: as its message says.

    Example:
        >>> import mattekit, numpy
        >>> pipeline = mattekit.open_pipeline(background="white")
        >>> pipeline(numpy.zeros((64, 48, 3), numpy.uint8)).shape
        (128, 96, 3)
    """
    return load_pipeline(settings)


class _RemoveOptions(TypedDict, total=False):
    """The keywords of `remove`, for its overloads."""

    model: str | Path
    refine: Refine
    decontaminate: bool | None
    device: str
    arithmetic: Arithmetic
    offline: bool


@overload
def remove(image: str | os.PathLike[str], **options: Unpack[_RemoveOptions]) -> Image: ...
@overload
def remove(image: KindT, **options: Unpack[_RemoveOptions]) -> KindT: ...
@overload
def remove(image: IO[bytes], **options: Unpack[_RemoveOptions]) -> BytesIO: ...
@overload
def remove(
    image: list[str] | list[Path] | tuple[str | Path, ...], **options: Unpack[_RemoveOptions]
) -> list[Image]: ...
@overload
def remove(image: list[KindT] | tuple[KindT, ...], **options: Unpack[_RemoveOptions]) -> list[KindT]: ...
def remove(
    image: Any,
    *,
    model: str | Path = "mattelite",
    refine: Refine = "none",
    decontaminate: bool | None = None,
    device: str = "CPU",
    arithmetic: Arithmetic = "f32",
    contract: str | Path | Contract | None = None,
    offline: bool = False,
) -> Any:
    """Take an image's background away; what is given comes back in the same kind, with an alpha.

    The model is opened by the first call, and stays open for those that ask for the same.

    Args:
        image: a path, bytes, an open file, a Pillow image, an array (H, W), (H, W, 3) or (H, W, 4) of uint8 or uint16,
            our own `Image`, or a list of these. A path gives an `Image`, which `write_image` writes.
        model: a segmentation model, as `open_model` takes it.
        refine: how a mask comes back to the image's size; `none` gives the masks of the model's publisher.
        decontaminate: give half-transparent pixels the subject's own colours; None leaves them the photo's.
        device: an OpenVINO device.
        arithmetic: of floating-point numbers.
        contract: what surrounds a network of your own: a TOML file, or a `Contract`.
        offline: never download.

    Returns:
        The cut-out, of the image's size and depth: bytes and open files of a PNG, a Pillow image in RGBA, an array
        (H, W, 4), or an `Image`; of a list, a list.

    Raises:
        MattekitError: as its message says.

    Example:
        >>> import mattekit, numpy
        >>> mattekit.remove(numpy.zeros((64, 48, 3), numpy.uint8)).shape
        (64, 48, 4)
    """
    settings = PipelineSettings(
        model=model,
        sr=None,
        refine=refine,
        decontaminate=decontaminate,
        device=device,
        arithmetic=arithmetic,
        contract=contract,
        offline=offline,
    )
    return _opened(os.getpid(), settings)(image)


@lru_cache(maxsize=2)
def _opened(process: int, settings: PipelineSettings) -> Pipeline:
    """Open a pipeline; what a process opened serves no other that is forked from it."""
    del process
    return load_pipeline(settings)
