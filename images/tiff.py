"""TIFF: tags by tifffile, samples put together here, in memory that the header's size bounds.

Neither Pillow (no 16-bit colour, no 5 samples) nor OpenCV (planar samples of 16 bits are those of other memory) reads
every layout, and tifffile unpacks without a limit. Pillow reads what has a codec of its own: JPEG, CCITT's, YCbCr, Lab.
"""

from __future__ import annotations

import logging
import lzma
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage, TiffImagePlugin

from .image import Pixels
from .pixels import NotReadError, Samples

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = ["Tiff", "open_tiff"]

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4}
_NONE, _LZW, _DEFLATE, _OLD_DEFLATE, _LZMA = 1, 5, 8, 32946, 34925
_UNPACKED = frozenset({_NONE, _LZW, _DEFLATE, _OLD_DEFLATE, _LZMA, 32773, 50000})
_BY_PILLOW = {2: "CCITT", 3: "CCITT", 4: "CCITT", 6: "JPEG", 7: "JPEG"}
_MOST_SAMPLES = 16
_UNSPECIFIED, _ASSOCIATED = 0, 1
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_SILENT = logging.NullHandler()
_HEADER = struct.Struct("<2sHI")


@dataclass(frozen=True)
class Tiff:
    """A TIFF file's first image.

    Attributes:
        data: the file.
        page: its tags.
        pages: how many images it holds.
    """

    data: bytes
    page: TiffPage
    pages: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) as stored, in pixels."""
        return int(self.page.imagewidth), int(self.page.imagelength)

    def tag(self, number: int) -> Any:
        """Return a tag's value, or None."""
        return self.page.tags.valueof(number)

    @property
    def orientation(self) -> int:
        """1-8, as EXIF's."""
        found = self.tag(274)
        return found if isinstance(found, int) else 1

    @property
    def by_pillow(self) -> bool:
        """Whether Pillow reads it."""
        photometric, compression = int(self.page.photometric), int(self.page.compression)
        return compression in _BY_PILLOW or (compression in _UNPACKED and photometric in (_YCBCR, _LAB))

    def refuse(self) -> None:
        """Refuse a kind that is not read.

        Raises:
            NotReadError: it names the kind.
        """
        page = self.page
        photometric, compression = int(page.photometric), int(page.compression)
        if int(getattr(page, "imagedepth", 1)) != 1:
            raise NotReadError("it is a volume of several depths; save one of its slices as an image")
        if compression not in _UNPACKED and compression not in _BY_PILLOW:
            raise NotReadError(f"its compression {_named(page.compression)} is not read; save it with LZW or deflate")
        if photometric not in _COLOURS and photometric not in (_YCBCR, _LAB):
            raise NotReadError(f"its colours are {_named(page.photometric)}, which is not read; save it in RGB")
        bits, kind = _bits(page), int(page.sampleformat or 1)
        if kind in (3, 6):
            raise NotReadError("its samples are floating-point numbers; save it with 8 or 16 bits a sample")
        if kind in (2, 5):
            raise NotReadError("its samples are numbers with a sign; save it with 8 or 16 bits a sample")
        if len(set(bits)) > 1:
            raise NotReadError(f"its channels have different bits ({bits}); save it with 8 or 16 bits a sample")
        if not 1 <= bits[0] <= 16:
            raise NotReadError(f"its samples have {bits[0]} bits, more than 16; save it with 16 bits a sample")
        if self.by_pillow and bits[0] not in (1, 8):
            raise NotReadError(
                f"{_named(page.photometric)} with {bits[0]} bits in {_named(page.compression)} is not read; save it "
                "in RGB with 16 bits, and LZW or deflate"
            )
        count = int(page.samplesperpixel)
        colours = 3 if photometric in (_YCBCR, _LAB) else _COLOURS.get(photometric, 1)
        if not colours <= count <= _MOST_SAMPLES:
            raise NotReadError(f"it has {count} channels, where {_named(page.photometric)} has {colours}")
        if photometric == _CMYK and self.tag(332) not in (None, 1):
            raise NotReadError("its inks are others than cyan, magenta, yellow and black; save it in RGB")

    def samples(self) -> Samples:
        """Put the image's samples together.

        Raises:
            ValueError: the file is damaged or cut off.
        """
        page, notes = self.page, ()
        photometric, bits = int(page.photometric), _bits(page)[0]
        stored = self._stored()
        colours = _COLOURS[photometric]
        colour, extra = stored[..., :colours], stored[..., colours:]
        kinds = tuple(int(each) for each in page.extrasamples or ())
        # Without the tag, a fourth sample beside RGB, and a second one beside grey, is an alpha for all readers.
        at = next((number for number, kind in enumerate(kinds) if kind != _UNSPECIFIED), None if kinds else 0)
        alpha = None if at is None or at >= extra.shape[2] else np.ascontiguousarray(_widened(extra[..., at], bits))
        left_out = extra.shape[2] - (alpha is not None)
        if left_out:
            notes = (f"it has {left_out} more channel{'s' * (left_out > 1)} than its colours, which were left out",)
        if photometric == _PALETTE:
            rgb = _from_palette(colour[..., 0], self.tag(320))
            alpha = alpha if alpha is None or alpha.dtype == rgb.dtype else None
            return Samples(rgb, alpha, notes=notes)
        values = _widened(colour, bits)
        if photometric == _WHITE_IS_ZERO:
            values = np.iinfo(values.dtype).max - values
        if alpha is not None and at is not None and kinds[at : at + 1] == (_ASSOCIATED,):
            values = _divided(values, alpha)
        values = np.ascontiguousarray(values[..., 0] if colours == 1 else values)
        return Samples(values, alpha, inks=photometric == _CMYK, notes=notes)

    def _stored(self) -> NDArray[np.uint8 | np.uint16]:
        """Return the stored numbers as (H, W, samples)."""
        page = self.page
        width, height = self.size
        count, bits = int(page.samplesperpixel), _bits(page)[0]
        planar = int(page.planarconfig) == 2
        across, down = (page.tilewidth, page.tilelength) if page.is_tiled else (width, page.rowsperstrip or height)
        across, down = int(across), min(int(down), max(height, 1) if not page.is_tiled else int(down))
        each = 1 if planar else count
        per_row, per_column = -(-width // across), -(-height // down)
        needed = per_row * per_column * (count if planar else 1)
        # A tile may be larger than the image, but what is written is padded to a few hundred pixels at most.
        if across * down > 4 * width * height + (1 << 22):
            raise ValueError(f"its tiles of {across}x{down} are larger than the image")
        offsets, lengths = page.dataoffsets, page.databytecounts
        if len(offsets) < needed or len(lengths) < needed:
            raise ValueError(f"{needed - min(len(offsets), len(lengths))} of its {needed} strips or tiles are missing")
        out = np.zeros((height, width, count), np.uint16 if bits > 8 else np.uint8)
        for number in range(needed):
            plane, place = divmod(number, per_row * per_column) if planar else (0, number)
            top, left = (place // per_row) * down, (place % per_row) * across
            rows = down if page.is_tiled else min(down, height - top)
            raw = self.data[offsets[number] : offsets[number] + lengths[number]]
            part = self._segment(raw, rows, across, each)
            there = out[top : top + rows, left : left + across, plane : plane + each]
            there[...] = part[: there.shape[0], : there.shape[1]]
        return out

    def _segment(self, raw: bytes, rows: int, across: int, each: int) -> NDArray[np.uint8 | np.uint16]:
        page, bits = self.page, _bits(self.page)[0]
        in_row = -(-across * each * bits // 8)
        if int(page.fillorder or 1) == 2:
            raw = raw.translate(_REVERSED)
        unpacked = _unpacked(int(page.compression), raw, rows * in_row)
        if len(unpacked) < rows * in_row:
            raise ValueError("the file ends before its pixels do")
        bytes_ = np.frombuffer(unpacked, np.uint8, rows * in_row).reshape(rows, in_row)
        if bits == 8:
            values = bytes_
        elif bits == 16:
            order = ">" if page.parent.byteorder == ">" else "<"
            values = bytes_.view(f"{order}u2").astype(np.uint16)
        else:
            values = _from_bits(bytes_, across * each, bits)
        values = values.reshape(rows, across, each)
        if int(page.predictor or 1) == 2:
            values = np.add.accumulate(values, axis=1, dtype=values.dtype)
            if bits not in (8, 16):
                values &= np.array((1 << bits) - 1, values.dtype)
        elif int(page.predictor or 1) != 1:
            raise NotReadError(f"its predictor {_named(page.predictor)} is not read; save it with LZW or deflate")
        return cast("NDArray[np.uint8 | np.uint16]", values)


def open_tiff(data: bytes) -> Tiff:
    """Read a TIFF file's tags, classic or BigTIFF, in either order of bytes.

    Raises:
        NotReadError: it is of a kind that is not read.
        ValueError: it is damaged. tifffile raises others of `DAMAGE`, too.
    """
    import tifffile

    # It logs what it then raises, or what says nothing of the pixels; without a handler that goes to standard error.
    tifffile.logger().addHandler(_SILENT)
    try:
        file = tifffile.TiffFile(BytesIO(data))
        page = file.pages.first
    except tifffile.TiffFileError as error:
        raise ValueError(str(error)) from error
    if not (int(page.imagewidth) > 0 and int(page.imagelength) > 0):
        raise ValueError("it has no width or no height")
    # More than one is told; how many there are would be a walk through all of them.
    try:
        file.pages.get(1)
        pages = 2
    except (IndexError, tifffile.TiffFileError, ValueError, struct.error):
        pages = 1
    return Tiff(data, page, pages)


def _named(value: object) -> str:
    return str(getattr(value, "name", value))


def _bits(page: TiffPage) -> tuple[int, ...]:
    bits: object = page.bitspersample
    return tuple(int(each) for each in bits) if isinstance(bits, tuple) else (int(bits),)


def _unpacked(compression: int, raw: bytes, size: int) -> bytes:
    """Return the first `size` bytes of what a strip or tile holds: fewer where it is cut off, never more."""
    if compression == _NONE:
        return raw
    if compression in (_DEFLATE, _OLD_DEFLATE):
        return zlib.decompressobj().decompress(raw, size)
    if compression == _LZMA:
        return lzma.LZMADecompressor(memlimit=1 << 28).decompress(raw, size)
    # libtiff unpacks the rest as one row of so many bytes.
    tags = [(256, 4, size), (257, 3, 1), (258, 3, 8), (259, 3, compression), (262, 3, 1), (273, 4, 0)]
    tags += [(277, 3, 1), (278, 3, 1), (279, 4, len(raw))]
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value or start) for tag, kind, value in tags)
    small = _HEADER.pack(b"II", 42, 8) + struct.pack("<H", len(tags)) + entries + bytes(4) + raw
    image: PilImage.Image = TiffImagePlugin.TiffImageFile(BytesIO(small))
    return image.tobytes()


def _from_bits(rows: NDArray[np.uint8], count: int, bits: int) -> NDArray[np.uint8 | np.uint16]:
    """Unpack `count` numbers of 1 to 15 bits from each row of bytes, the highest bit first."""
    kind = np.uint8 if bits < 8 else np.uint16
    single = np.unpackbits(rows, axis=1)[:, : count * bits].reshape(len(rows), count, bits)
    values = np.zeros((len(rows), count), kind)
    for bit in range(bits):
        values = (values << kind(1)) | single[..., bit]
    return values


def _widened(values: NDArray[np.uint8 | np.uint16], bits: int) -> Pixels:
    """Return numbers of `bits` bits in the full range of 8 or 16, whichever holds them."""
    if bits in (8, 16):
        return values
    full = 65535 if bits > 8 else 255
    table = np.rint(np.arange(1 << bits) * (full / ((1 << bits) - 1))).astype(values.dtype)
    return table[values]


def _from_palette(indices: NDArray[np.uint8 | np.uint16], palette: object) -> NDArray[np.uint8]:
    entries = np.asarray(palette if palette is not None else [], np.uint16).reshape(3, -1)
    if not entries.size:
        raise ValueError("its palette is missing")
    if int(indices.max()) >= entries.shape[1]:
        raise ValueError("its palette is too short")
    # Old writers stored 8 bits.
    eight = entries >> 8 if int(entries.max()) > 255 else entries
    return np.ascontiguousarray(eight.T.astype(np.uint8)[indices])


def _divided(values: Pixels, alpha: Pixels) -> Pixels:
    """Undo a multiplication by alpha."""
    full = float(np.iinfo(values.dtype).max)
    straight = values * (full / np.maximum(alpha, 1)[..., None])
    return np.rint(np.minimum(straight, full)).astype(values.dtype)
