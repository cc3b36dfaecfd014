"""Writing an image or a mask to a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import ImageError, InputError, atomic_path
from .blend import over_colour
from .extensions import WRITABLE_EXTENSIONS, PngCompression, format_of
from .image import Image, Pixels, to_depth
from .image_kinds import ImageLike, image_of
from .kept_metadata import KeptMetadata
from .metadata import Metadata
from .metadata_writing import jpeg_with, png_parts, tiff_exif, tiff_tags
from .png import encode_png
from .profiles import convert_rgb
from .write_by_pillow import encode_avif, encode_webp

__all__ = [
    "FORMATS_WITH_ALPHA",
    "WRITABLE_EXTENSIONS",
    "clear_hidden",
    "encode_image",
    "encode_mask",
    "save",
    "write_image",
    "write_mask",
]

FORMATS_WITH_ALPHA = frozenset({"avif", "png", "tiff", "webp"})

_LONGEST_SIDE = {"avif": 65_536, "jpeg": 65_535, "webp": 16_383}
_DEFAULT_QUALITY = {"avif": 80, "jpeg": 92, "webp": 90}
_WHITE = (255, 255, 255)
_TIFF_ROWS = 128


def clear_hidden(image: Image) -> Image:
    """Return the image with black wherever alpha is 0; `image` itself where it has no alpha.

    What a transparent pixel looked like can be brought back from a file by anyone, and takes room in it.
    """
    if image.alpha is None:
        return image
    mask = (image.alpha != 0).astype(np.uint8)
    return replace(image, rgb=np.asarray(cv2.copyTo(image.rgb, mask), dtype=image.rgb.dtype))


def encode_image(
    image: Image,
    format: str,  # noqa: A002 - the word that every library of images uses
    *,
    quality: int | None = None,
    background: tuple[int, int, int] = _WHITE,
    keep_hidden: bool = False,
    metadata: KeptMetadata = "keep",
    png_compression: PngCompression = "fast",
) -> bytes:
    """Encode an image.

    PNG and TIFF keep 16 bits; the others get 8, rounded. A grey image is written in grey. The ICC profile is embedded;
    a BMP, which has no place for it here, is converted to sRGB. Formats without alpha (JPEG, BMP) get the image
    composited on `background`.

    Args:
        image: what to write.
        format: png, jpeg, webp, avif, tiff or bmp.
        quality: 1-100 for JPEG (92), AVIF (80) and WebP (90; 100 is lossless); ignored by the lossless formats.
        background: RGB, 0-255, in the image's own colour space.
        keep_hidden: keep the colours under alpha 0; by default they are written black.
        metadata: what is written of the image's metadata, as far as the format has a place for it.
        png_compression: `small` makes a PNG as small as other writers do, in many times the time.

    Returns:
        The file's bytes; the same image gives the same bytes.

    Raises:
        ImageError: an unknown format, a quality out of range, or an image too large for the format.
    """
    name = image.source or "the image"
    if format not in WRITABLE_EXTENSIONS.values():
        known = ", ".join(dict.fromkeys(WRITABLE_EXTENSIONS.values()))
        raise ImageError(f"{name}: can't write the format {format!r}; use one of {known}")
    chosen = _DEFAULT_QUALITY.get(format, 100) if quality is None else quality
    if not 1 <= chosen <= 100:
        raise ImageError(f"{name}: the quality is {chosen}; use a number from 1 to 100")
    longest = _LONGEST_SIDE.get(format)
    if longest is not None and max(image.size) > longest:
        raise ImageError(
            f"{name}: {image.width}x{image.height} is too large for {format.upper()}, whose sides end at "
            f"{longest} pixels; write a PNG or TIFF"
        )
    said = (image.metadata or Metadata()).kept(metadata)
    if format == "png":
        return encode_png(
            _samples(image),
            image.alpha,
            image.icc,
            keep_hidden=keep_hidden,
            said=png_parts(said),
            compression=png_compression,
        )
    if format in FORMATS_WITH_ALPHA:
        shown = image if keep_hidden else clear_hidden(image)
    else:
        shown = over_colour(image, background)
    if format == "tiff":
        return _encode_tiff(shown, said)
    shown = shown.with_depth(8)
    if format == "jpeg":
        return _encode_jpeg(shown, chosen, said)
    if format == "bmp":
        return _imencode(".bmp", replace(shown, rgb=convert_rgb(shown.rgb, shown.icc, None), icc=None), [])
    if format == "avif":
        return encode_avif(shown, chosen, said)
    return encode_webp(shown, chosen, keep_hidden, said)


def write_image(
    image: ImageLike,
    path: str | Path,
    *,
    quality: int | None = None,
    background: tuple[int, int, int] = _WHITE,
    keep_hidden: bool = False,
    metadata: KeptMetadata = "keep",
    png_compression: PngCompression = "fast",
) -> None:
    """Write an image to a file, in the format that its extension stands for; see `encode_image` for the options.

    The file appears under its name only when it is complete; a missing folder is made. Pixels are written upright and
    without an EXIF orientation; the metadata that is kept says so too.

    Args:
        image: of any kind: a path, bytes, an open file, a Pillow image, an array or an `Image`.
        path: of the file, such as `result.png`.
        quality: of lossy formats, 1-100; the format's own where None.
        background: the colour, RGB 0-255, that an image with an alpha is laid on in a format without one.
        keep_hidden: keep the colours of pixels that are fully transparent.
        metadata: what is kept of the file's metadata: all (`keep`), who made it (`copyright`), or `none`.
        png_compression: `fast`, or `small`, which takes many times the time.

    Raises:
        ImageError: the format, the image's size, or the file system doesn't allow it.

    Example:
        >>> import mattekit
        >>> mattekit.write_image("photo.jpg", "copies/photo.webp", quality=90)
    """
    target = Path(path)
    chosen = format_of(target)
    data = encode_image(
        image_of(image),
        chosen,
        quality=quality,
        background=background,
        keep_hidden=keep_hidden,
        metadata=metadata,
        png_compression=png_compression,
    )
    save(target, data)


def encode_mask(
    alpha: NDArray[np.uint8 | np.uint16],
    format: str = "png",  # noqa: A002 - as above
    png_compression: PngCompression = "fast",
) -> bytes:
    """Encode an alpha channel as a grey image: (H, W), uint8 or uint16, 0 background to full subject.

    PNG and TIFF keep 16 bits, the others get 8. JPEG and WebP are lossy, and a mask
    in them is only near.

    Raises:
        ImageError: an unknown format, or a mask too large for the format.
    """
    if alpha.ndim != 2 or 0 in alpha.shape or alpha.dtype.name not in ("uint8", "uint16"):
        raise ValueError(f"a mask must be (H, W) uint8 or uint16, not {alpha.shape} {alpha.dtype}")
    if format == "png":
        return encode_png(alpha, compression=png_compression)
    if format == "jpeg" and max(alpha.shape) <= _LONGEST_SIDE["jpeg"]:
        done, data = cv2.imencode(".jpg", to_depth(alpha, 8), [cv2.IMWRITE_JPEG_QUALITY, 95])
        if done:
            return data.tobytes()
    if format == "tiff":
        return _tiff(alpha, photometric="minisblack")
    rgb = np.asarray(cv2.cvtColor(np.ascontiguousarray(alpha), cv2.COLOR_GRAY2RGB), dtype=alpha.dtype)
    return encode_image(Image(rgb, grey=True), format, quality=95 if format == "jpeg" else 100)


def write_mask(alpha: NDArray[np.uint8 | np.uint16], path: str | Path) -> None:
    """Write an alpha channel as a grey image, atomically; see `encode_mask` and `write_image`."""
    target = Path(path)
    save(target, encode_mask(alpha, format_of(target)))


def save(target: Path, data: bytes) -> None:
    """Write an encoded image under a temporary name and rename; a missing folder is made.

    Raises:
        ImageError: the file system doesn't allow it.
    """
    try:
        if target.is_dir():
            raise ImageError(f"{target}: this is a folder; give the name of a file in it")
        with atomic_path(target) as temporary:
            temporary.write_bytes(data)
    except InputError as error:
        raise ImageError(str(error)) from error
    except PermissionError as error:
        raise ImageError(f"{target}: no permission to write there; choose another folder") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ImageError(f"{target}: it can't be written ({reason}); check the folder and the space left") from error


def _samples(image: Image) -> Pixels:
    """Return (H, W, 3) RGB, or (H, W) of a grey image."""
    return np.ascontiguousarray(image.rgb[..., 1]) if _is_grey(image) else image.rgb


def _is_grey(image: Image) -> bool:
    # A profile for RGB has no place beside grey samples, and grey on a coloured background is none.
    return image.grey and image.icc is None


def _imencode(extension: str, image: Image, parameters: Sequence[int]) -> bytes:
    """Encode RGB or grey of 8 bits with OpenCV."""
    samples = _samples(image)
    pixels = samples if samples.ndim == 2 else cv2.cvtColor(samples, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(extension, pixels, parameters)
    if not done:
        raise ImageError(f"{image.source or 'the image'}: OpenCV can't encode it as {extension}; write another format")
    return data.tobytes()


def _encode_tiff(image: Image, said: Metadata) -> bytes:
    samples = _samples(image)
    photometric = "minisblack" if samples.ndim == 2 else "rgb"
    if image.alpha is not None:
        samples = np.dstack([samples, image.alpha])
    return _tiff(samples, photometric=photometric, alpha=image.alpha is not None, icc=image.icc, said=said)


def _tiff(
    samples: Pixels, *, photometric: str, alpha: bool = False, icc: bytes | None = None, said: Metadata | None = None
) -> bytes:
    """Encode with tifffile: Pillow has no 16-bit colour, and OpenCV no profiles in a TIFF."""
    import tifffile

    out = BytesIO()
    metadata = said or Metadata()
    tifffile.imwrite(
        out,
        samples,
        byteorder="<",
        photometric=photometric,
        planarconfig="contig" if samples.ndim == 3 else None,
        extrasamples=["unassalpha"] if alpha else [],
        compression="adobe_deflate",
        predictor=True,
        iccprofile=icc,
        resolution=metadata.dpi,
        resolutionunit="INCH" if metadata.dpi else None,
        software=False,
        metadata=None,
        rowsperstrip=_TIFF_ROWS,
        extratags=tiff_tags(metadata),
    )
    return tiff_exif(out.getvalue(), metadata)


def _encode_jpeg(image: Image, quality: int, said: Metadata) -> bytes:
    """Encode with OpenCV; the profile and the metadata go into segments of their own."""
    data = _imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    try:
        return jpeg_with(data, image.icc, said)
    except ValueError as error:
        name = image.source or "the image"
        raise ImageError(f"{name}: its ICC profile doesn't fit into a JPEG ({error}); write a PNG") from error
