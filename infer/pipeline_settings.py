"""All options of a run over images or a video, once; light, since the command line's help is made of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..core import Arithmetic, ContractSettings, InputError, option
from ..images import WRITABLE_EXTENSIONS, KeptMetadata, PngCompression
from .choices import (
    Blur,
    Colour,
    Crop,
    Fit,
    Place,
    Refine,
    Shadow,
    parse_canvas,
    parse_crop,
    parse_shadow,
    parse_within,
)

if TYPE_CHECKING:
    from pydantic import JsonValue

    from ..images import Image

__all__ = [
    "ModelLike",
    "PipelineSettings",
    "RunSettings",
    "described_background",
    "text_or_none",
]

ModelLike: TypeAlias = Any
"""A text as `ModelRef.parse` takes it, a path, a `ModelRef`, or a `LoadedModel` that is open already."""


def text_or_none(text: str) -> str | None:
    """Return what a user typed, None for `none`."""
    return None if text.strip().lower() == "none" else text


def described_background(background: Image | Colour | Blur) -> str:
    """Return a background as a record keeps it: a colour's or a blur's numbers, or the SHA-256 of an image's pixels."""
    if isinstance(background, Colour | Blur):
        return str(background)
    digest = hashlib.sha256(repr(background.rgb.shape).encode())
    for part in (background.rgb, background.alpha):
        if part is not None:
            digest.update(part.tobytes())
    digest.update(background.icc or b"")
    return f"image {digest.hexdigest()}"


_OF_MASKS = ("threshold", "largest", "fill_holes", "grow", "feather", "invert")


@dataclass(frozen=True, kw_only=True)
class PipelineSettings(ContractSettings):
    """What becomes of an image: its background is removed, its resolution improved, and what is left superimposed.

    A stage is left out where its model or background is None, which the text `none` stands for.

    Attributes:
        model: the segmentation model: an entry of the zoo (ID, or ID@CHECKPOINT), an .xml or .onnx file, an export's
            folder, or none.
        sr: the super-resolution model: an entry of the zoo (ID, or ID@CHECKPOINT), an .xml or .onnx file, an export's
            folder, or none.
        background: an image, a colour (white, '#336699'), blur, blur:RADIUS, or none for transparency.
        fit: how a background image takes the image's size.
        anchor: where the subject stands: center, top-left, bottom, …
        subject_scale: the subject's size; 1 is the largest at which all of it fits.
        offset: pixels right and down from the anchor.
        place: what anchor and scale act on: the whole cut-out, or the box of its subject.
        shadow: the subject's shadow: none, soft, or soft:angle=60,distance=20,blur=12,opacity=0.5.
        linear: mix half-transparent pixels in linear light.
        keep: a class that stays, for a model of classes; repeatable.
        refine: how the mask follows the photo's edges; matting is slow and needs an extra.
        decontaminate: take the old background out of half-transparent pixels.
        mask: masks of your own in place of the model's: an image, or a folder with one of each image's stem.
        threshold: what is less opaque than this, 0 to 1, becomes transparent, and all else opaque.
        largest: keep the subject's largest connected part alone.
        fill_holes: fill what the subject surrounds.
        grow: pixels by which the subject becomes larger, or smaller where negative.
        feather: pixels over which the mask's edge is softened.
        invert: cut the subject out of its background.
        crop: crop to the subject: content, content:MARGIN in pixels or, with %, of its longer side, or none.
        canvas: the result's size: subject (the cut-out's), background (the background image's), or WIDTHxHEIGHT.
        device: OpenVINO device: CPU, GPU.0, NPU, AUTO, …
        arithmetic: what the networks compute in; device: what the device does unless told.
        tile: side of a super-resolution tile in pixels; 0 never cuts.
        memory: MiB for the super-resolution network's values, which decides the tile.
        outscale: enlargement, such as 3 or 1.5.
        within: enlarge as far as the result fits in: WIDTHxHEIGHT, a width alone (1920), or a height alone (x1080).
        wrap: the image is a texture that goes on at its opposite edge.
        offline: never download.
    """

    model: str | Path | ModelLike | None = option("mattelite", parse=text_or_none)
    sr: str | Path | ModelLike | None = option("srlite-x2", parse=text_or_none)
    background: str | Path | Any | None = option(None, parse=text_or_none)
    fit: Fit = "fill"
    anchor: str = "center"
    subject_scale: float = option(1.0, least=0.01, most=100)
    offset: tuple[int, int] = (0, 0)
    place: Place = "frame"
    shadow: str | Shadow | None = option(None, parse=parse_shadow)
    linear: bool = False
    keep: tuple[str, ...] = ()
    refine: Refine = "none"
    decontaminate: bool | None = None
    mask: str | Path | None = option(None, parse=text_or_none)
    threshold: float | None = option(None, least=0, most=1)
    largest: bool = False
    fill_holes: bool = False
    grow: int = option(0, least=-1000, most=1000)
    feather: float = option(0.0, least=0, most=1000)
    invert: bool = False
    crop: str | Crop | None = option(None, parse=parse_crop)
    canvas: str | tuple[int, int] | None = option(None, parse=parse_canvas)
    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    tile: int = option(256, least=0)
    memory: int | None = option(None, least=1)
    outscale: float | None = option(None, least=1, most=16)
    within: tuple[int, int] | None = option(None, parse=parse_within)
    wrap: bool = False
    offline: bool = option(False, identity=False)

    def __post_init__(self) -> None:
        """Read texts, take a background image in, and refuse what doesn't go together."""
        super().__post_init__()
        if not isinstance(self.background, str | Path | Colour | Blur | None):
            from ..images import image_of

            # An open file can be read once only, and doesn't travel to other processes.
            object.__setattr__(self, "background", image_of(self.background))
        if self.mask is not None:
            object.__setattr__(self, "model", None)
        enlarging = {"an enlargement": self.outscale, "a size to fit in": self.within, "--wrap": self.wrap or None}
        unused = next((name for name, value in enlarging.items() if value is not None), None)
        if unused is not None and self.sr is None:
            raise InputError(f"{unused} needs a super-resolution model; give one with --sr")
        if self.outscale is not None and self.within is not None:
            raise InputError("an enlargement and a size to fit in contradict each other; give one of them")
        if self.model is None and self.mask is None and any(getattr(self, name) for name in _OF_MASKS):
            raise InputError(
                "there is no mask to be edited; give a segmentation model, or a mask of your own with --mask"
            )

    def described(self) -> dict[str, JsonValue]:
        """Return the options that results depend on; a model as it was named, a background image by its pixels."""
        found = super().described()
        for name in ("model", "sr"):
            given = getattr(self, name)
            if not isinstance(given, str | Path | None):
                found[name] = str(getattr(given, "text", None) or given.path)
        if not isinstance(self.background, str | Path | None):
            found["background"] = described_background(self.background)
        return found


@dataclass(frozen=True, kw_only=True)
class RunSettings(PipelineSettings):
    """A run over images.

    Attributes:
        format: the results' format: png, jpg, webp, tiff, bmp, avif, or auto: each input's own, if that can hold it.
        recursive: take what lies in folders inside a folder too.
        quality: quality of lossy formats.
        png_compression: how hard PNG is squeezed: fast, or small, a tenth less for many times the time.
        only_mask: write the greyscale mask.
        metadata: what is kept of each image's EXIF, IPTC, XMP, resolution and texts: all, its owner, or none.
        suffix: what is added to each result's name.
        jobs: images that are encoded at a time; 1 is one after another.
        resume: go on with a run that was stopped, by the manifest in the results' folder.
        engine: this machine, or a Ray cluster, which takes URLs of buckets too: docs/scale.md.
        address: address of the Ray cluster; auto finds a running one.
        actor_cpus: processors of each of Ray's actors.
        max_failures: so many inputs may fail before the exit code says so.
    """

    format: str = "png"
    quality: int | None = option(None, least=1, most=100)
    png_compression: PngCompression = "fast"
    only_mask: bool = False
    metadata: KeptMetadata = "keep"
    suffix: str = ""
    recursive: bool = option(True, identity=False)
    jobs: int | None = option(None, least=1, identity=False)
    resume: bool = option(False, identity=False)
    engine: Literal["local", "ray"] = option("local", identity=False)
    address: str | None = option(None, identity=False)
    actor_cpus: int = option(1, least=1, identity=False)
    max_failures: int = option(0, least=0, identity=False)

    def __post_init__(self) -> None:
        """Refuse options of the engine that does not run."""
        super().__post_init__()
        if self.engine == "ray" and self.jobs:
            raise InputError("--jobs is for --engine local; leave it out")
        if self.engine == "local" and (self.address or self.actor_cpus != 1):
            raise InputError("--address and --actor-cpus are for --engine ray; add that, or leave them out")

    @property
    def extension(self) -> str:
        """Return the results' extension with its dot; where it is each input's own, that of what has none."""
        return ".png" if self.format == "auto" else f".{self.format.lstrip('.')}"

    def extension_of(self, name: str) -> str:
        """Return the extension of a result, which decides how it is encoded, by the name of its input."""
        own = PurePath(name).suffix.lower()
        if self.format != "auto" or own not in WRITABLE_EXTENSIONS:
            return self.extension
        transparent = (self.model is not None or self.mask is not None) and self.background is None
        lossy = WRITABLE_EXTENSIONS[own] in ("jpeg", "bmp")
        return self.extension if lossy and (transparent or self.only_mask) else own

    @property
    def ending(self) -> str:
        """Return what follows the stem in a result's name, where all have the same."""
        return f"{self.suffix}{self.extension}"

    def ending_of(self, name: str) -> str:
        """Return what follows the stem in the name of a result, by the name of its input."""
        return f"{self.suffix}{self.extension_of(name)}"
