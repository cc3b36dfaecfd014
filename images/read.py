"""Reading an image from a file or from bytes."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import resources
from io import BytesIO
from pathlib import Path

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image as PilImage,
    ImageCms,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    WebPImagePlugin,
)

from ..core import ImageError, needs_extra
from .decode import Opened, decode
from .image import Image
from .other_kinds import RawPhoto, open_heic, open_raw, raw_kind, raw_kind_of_tiff, what_else
from .pixels import DAMAGE, MAX_PIXELS, MAX_PIXELS_VARIABLE, NotReadError, pixel_limit
from .tiff import Tiff, open_tiff

__all__ = ["MAX_PIXELS", "MAX_PIXELS_VARIABLE", "pixel_limit", "read_file", "read_image", "sample_images"]


_DAMAGED = (*DAMAGE, PilImage.DecompressionBombError, ImageCms.PyCMSError)

_FORMATS: tuple[tuple[int, bytes, Callable[[BytesIO], ImageFile.ImageFile]], ...] = (
    (0, b"\xff\xd8\xff", JpegImagePlugin.JpegImageFile),
    (0, b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    (8, b"WEBP", WebPImagePlugin.WebPImageFile),
    (0, b"BM", BmpImagePlugin.BmpImageFile),
    (0, b"GIF87a", GifImagePlugin.GifImageFile),
    (0, b"GIF89a", GifImagePlugin.GifImageFile),
    (4, b"ftypavif", AvifImagePlugin.AvifImageFile),
    (4, b"ftypavis", AvifImagePlugin.AvifImageFile),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", Jpeg2KImagePlugin.Jpeg2KImageFile),
    (0, b"\xff\x4f\xff\x51", Jpeg2KImagePlugin.Jpeg2KImageFile),
    *((0, b"P%d" % digit, PpmImagePlugin.PpmImageFile) for digit in range(1, 7)),
)

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class _Quiet:
    """Silences Pillow's own warnings while any thread reads; `warnings.catch_warnings` alone serves one thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._saved = warnings.catch_warnings()
        if sys.platform != "win32":
            os.register_at_fork(after_in_child=self._alone)

    def _alone(self) -> None:
        """Forget readers in other threads, which a forked child doesn't have."""
        self._lock = threading.Lock()
        if self._readers:
            self._readers = 0
            self._saved.__exit__(None, None, None)

    @contextmanager
    def __call__(self) -> Generator[None]:
        with self._lock:
            if self._readers == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._readers += 1
        try:
            yield
        finally:
            with self._lock:
                self._readers -= 1
                if self._readers == 0:
                    self._saved.__exit__(None, None, None)


_quiet = _Quiet()


def read_image(
    source: str | Path | bytes,
    *,
    name: str | None = None,
    max_pixels: int | None = None,
    admit: Callable[[int, int], None] | None = None,
    profiles: bool = True,
) -> Image:
    """Read an image: upright, RGB, straight alpha.

    JPEG, PNG, TIFF, WebP, BMP, GIF, AVIF, JPEG 2000 and PNM files, and with the extras `raw` and `heic` a camera's raw
    files and HEIC photos, recognised by content, not by name. EXIF orientation
    is applied. Grey, palette, CMYK, YCCK, Lab and 1-bit files become RGB; transparency of any kind becomes alpha. Grey
    and CMYK profiles are applied and the image is sRGB then; an RGB profile stays with the image, and is made where a
    file names its colours otherwise (cICP, nclx, gAMA and cHRM, EXIF's Adobe RGB). Of an animation,
    the first frame is taken. What the owner should know (a damaged profile, lost depth) stands in `Image.notes`.

    Args:
        source: a file's path, or the bytes of a file.
        name: what messages and `Image.source` call it; by default the path, and nothing where bytes are given.
        max_pixels: the largest width times height that is decoded, checked before decoding; by default the environment
            variable MATTEKIT_MAX_PIXELS, or else 200 million.
        admit: called with the width and height before anything of that size is allocated; it may wait.
        profiles: apply grey and CMYK profiles. A mask's values are no colours, and stay as they are stored without.

    Returns:
        An `Image` with uint16 samples for 16-bit PNG, TIFF and PNM files, uint8 for all others.

    Raises:
        ImageError: the file can't be read, is damaged or cut off, is not an image, or is too large.

    Example:
        >>> import mattekit
        >>> image = mattekit.read_image("photo.jpg")
        >>> image
        Image(160x120, 8 bits, RGB, 'photo.jpg')
        >>> image.rgb.shape
        (120, 160, 3)
    """
    limit = pixel_limit(max_pixels)
    called = name or ("" if isinstance(source, bytes) else str(source))
    name, data = called or "the image in memory", source if isinstance(source, bytes) else read_file(Path(source))
    with _quiet():
        try:
            image = _open(data, name)
        except NotReadError as error:
            raise ImageError(f"{name}: {error}") from error
        except _DAMAGED as error:
            raise ImageError(
                f"{name}: the file's header is damaged ({_said(error)}); export the image again"
            ) from error
        width, height = image.size
        if width * height > limit:
            raise ImageError(
                f"{name}: {width}x{height} is {width * height / 1e6:.4g} megapixels, more than the limit of "
                f"{limit / 1e6:.4g}; shrink it, or set {MAX_PIXELS_VARIABLE} to a larger number of pixels"
            )
        if admit is not None:
            admit(width, height)
        try:
            decoded = decode(image, data, profiles=profiles)
            several = _holds_several(image)
        except NotReadError as error:
            raise ImageError(f"{name}: {error}") from error
        except MemoryError as error:
            raise ImageError(f"{name}: not enough memory for {width}x{height} pixels; shrink the image") from error
        except _DAMAGED as error:
            raise ImageError(
                f"{name}: the pixels can't be decoded ({_said(error)}); the file is damaged or cut off: copy it again"
            ) from error
    notes = decoded.notes
    if several:
        notes = (*notes, "it holds several frames; the first was taken")
    return Image(decoded.rgb, decoded.alpha, decoded.icc, decoded.grey, called, notes, decoded.metadata)


def _holds_several(image: Opened) -> bool:
    if isinstance(image, RawPhoto):
        return False
    if isinstance(image, Tiff):
        return image.pages > 1
    # Of a JPEG with several the others are previews, and of a HEIC photo parts of a burst.
    return image.format not in ("JPEG", "HEIF") and bool(getattr(image, "is_animated", False))


def read_file(path: Path) -> bytes:
    """Read a file's bytes; ImageError says what is in the way."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ImageError(
                f"{path}: this is a folder, not an image; name the files in it, or use it as an input folder"
            )
        if not stat.S_ISREG(mode):
            raise ImageError(f"{path}: this is a device or a pipe, not a file; save the image to a file first")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f"{path}: there is no such file; check the name and the folder") from error
    except PermissionError as error:
        raise ImageError(f"{path}: no permission to read it; change the file's permissions") from error
    except ValueError as error:
        raise ImageError(f"{str(path)!r}: not a valid file name ({error}); check the name") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        mend = "shorten the name" if error.errno == errno.ENAMETOOLONG else "check the disk and the path"
        raise ImageError(f"{path}: it can't be read ({reason}); {mend}") from error


def _open(data: bytes, name: str) -> Opened:
    """Parse the header, by the content's first bytes.

    Pillow's own `Image.open` would try every plugin it has, PostScript's interpreter among them, and apply a pixel
    limit that is global to the process.
    """
    if not data:
        raise ImageError(f"{name}: the file is empty; copy or export the image again")
    kind = raw_kind(data)
    if kind is not None:
        return open_raw(data, kind)
    if data.startswith(_TIFF):
        tiff = open_tiff(data)
        kind = raw_kind_of_tiff(tiff)
        if kind is not None:
            return open_raw(data, kind)
        tiff.refuse()
        return tiff
    for at, magic, opener in _FORMATS:
        if data.startswith(magic, at):
            return opener(BytesIO(data))
    if data.startswith(b"ftypmif1", 4) and b"avif" in data[8:64]:
        return AvifImagePlugin.AvifImageFile(BytesIO(data))
    heic = open_heic(data)
    if heic is not None:
        return heic
    raise ImageError(f"{name}: not an image of a known format; {what_else(data)}")


def _said(error: BaseException) -> str:
    """Return an error's text on one line, without what only confuses."""
    if isinstance(error, LookupError):
        return "a part of it is missing"
    return " ".join(str(error).split())[:200] or type(error).__name__


def sample_images() -> list[Image]:
    """Return three photos that come with scikit-image: a portrait, a cat, a cup.

    Raises:
        DependencyError: scikit-image is not installed.
    """
    with needs_extra("comparing the steps on its sample photos", "scikit-image", "export"):
        # Its own functions read them, too, but bring all of its reading and half of SciPy with them.
        folder = resources.files("skimage.data")
    images: list[Image] = []
    for name in ("astronaut", "chelsea", "coffee"):
        with resources.as_file(folder / f"{name}.png") as path:
            images.append(Image(rgb=read_image(path).rgb, source=f"scikit-image: {name}"))
    return images
