"""Images in every layout that TIFF, PNG and JPEG have, each with the samples that a reader has to give."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tifffile
from PIL import Image as PilImage, ImageOps

HEIGHT, WIDTH = 37, 45


class Layout(NamedTuple):
    """A file, what it is, and what it holds.

    rgb and alpha are None where it is refused, and `refused` is then what must be said. `near` is how far off a sample
    may be.
    """

    name: str
    data: bytes
    rgb: np.ndarray | None = None
    alpha: np.ndarray | None = None
    refused: str = ""
    near: int = 0


def content(samples: int, dtype: type[Any]) -> np.ndarray:
    """Smooth in one half and noisy in the other, so that no strip is like another."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    rng = np.random.default_rng(samples)
    planes = [(y * (37 + 5 * at) + x * (11 + 9 * at)) % 251 / 250 for at in range(samples)]
    noise = rng.random((HEIGHT, WIDTH, samples))
    values = np.where((x > WIDTH // 2)[..., None], noise, np.stack(planes, axis=2))
    return (
        values.astype(dtype)
        if np.issubdtype(dtype, np.floating)
        else np.rint(values * np.iinfo(dtype).max).astype(dtype)
    )


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Upright, by the definition of each orientation: where the first row and the first column lie."""
    flipped = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.swapaxes(0, 1),
        6: pixels.swapaxes(0, 1)[:, ::-1],
        7: pixels.swapaxes(0, 1)[::-1, ::-1],
        8: pixels.swapaxes(0, 1)[::-1],
    }
    return flipped[orientation]


def _expected(
    stored: np.ndarray, photometric: str, extra: str, orientation: int
) -> tuple[np.ndarray, np.ndarray | None]:
    full = np.iinfo(stored.dtype).max
    count = {"minisblack": 1, "miniswhite": 1, "rgb": 3, "separated": 4}[photometric]
    colour = stored[..., :count]
    alpha = None if extra in ("", "unspecified") else stored[..., count]
    if photometric == "miniswhite":
        colour = full - colour
    if photometric == "separated":
        light = full - colour.astype(np.float64)
        colour = np.rint(light[..., :3] * light[..., 3:] / full)
    if extra == "assocalpha" and alpha is not None:
        colour = np.rint(np.minimum(colour * (full / np.maximum(alpha, 1)[..., None]), full))
    rgb = np.repeat(colour, 3, axis=2) if count == 1 else colour
    return turned(rgb.astype(stored.dtype), orientation), None if alpha is None else turned(alpha, orientation)


def _tiff(stored: np.ndarray, **options: Any) -> bytes:
    out = io.BytesIO()
    orientation = options.pop("orientation", 1)
    big, order = options.pop("bigtiff", False), options.pop("byteorder", "<")
    if options.get("planarconfig") == "separate":
        stored = np.moveaxis(stored, 2, 0)
    elif stored.shape[2] == 1:
        stored = stored[..., 0]
        options["planarconfig"] = None
    with tifffile.TiffWriter(out, bigtiff=big, byteorder=order) as writer:
        writer.write(stored, metadata=None, extratags=[(274, 3, 1, orientation, True)], **options)
    return out.getvalue()


COLOURS = (
    ("minisblack", 1, ""),
    ("minisblack", 2, "unassalpha"),
    ("minisblack", 2, "assocalpha"),
    ("minisblack", 2, "unspecified"),
    ("miniswhite", 1, ""),
    ("rgb", 3, ""),
    ("rgb", 4, "unassalpha"),
    ("rgb", 4, "assocalpha"),
    ("rgb", 4, "unspecified"),
    ("rgb", 5, "unassalpha"),
    ("separated", 4, ""),
    ("separated", 5, "unassalpha"),
)
WRITTEN = (
    {},
    {"rowsperstrip": 5},
    {"tile": (16, 32)},
    {"compression": "adobe_deflate"},
    {"compression": "adobe_deflate", "predictor": True, "rowsperstrip": 8},
    {"compression": "adobe_deflate", "predictor": True, "tile": (32, 16)},
)
REFUSED = {
    "uint32": (np.uint32, "32 bits"),
    "int16": (np.int16, "with a sign"),
    "float16": (np.float16, "floating-point"),
    "float32": (np.float32, "floating-point"),
    "float64": (np.float64, "floating-point"),
}


def tiffs(orientations: tuple[int, ...] = (1,), every: int = 1) -> Iterator[Layout]:
    """Colours x bits x planes x ways of writing x order of bytes x classic or big x orientation; one of `every`."""
    product = itertools.product(COLOURS, ("contig", "separate"), WRITTEN, "<>", (False, True), orientations)
    for (photometric, count, extra), planes, way, order, big, orientation in itertools.islice(product, 0, None, every):
        if planes == "separate" and count == 1:
            continue
        extras = [extra or "unspecified", *["unspecified"] * (count - 4)] if photometric == "rgb" and count > 3 else []
        extras = [extra] if photometric != "rgb" and extra else extras
        for kind in (np.uint8, np.uint16):
            stored = content(count, kind)
            if extra == "assocalpha":
                stored[..., -1] |= np.iinfo(kind).max // 2 + 1
                stored[..., :-1] = np.minimum(stored[..., :-1], stored[..., -1:])
            options = {"photometric": photometric, "planarconfig": planes, "extrasamples": extras, **way}
            data = _tiff(stored, byteorder=order, bigtiff=big, orientation=orientation, **options)
            rgb, alpha = _expected(stored, photometric, extra, orientation)
            name = (
                f"{photometric} {count} samples {extra} {8 * stored.itemsize} bits {planes} {_said(way)} {order} "
                f"{'big' if big else 'classic'} orientation {orientation}"
            )
            yield Layout(name, data, rgb, alpha, near=2 if photometric == "separated" or extra == "assocalpha" else 0)
    for name, (kind, refused) in REFUSED.items():
        for planes, count in (("contig", 1), ("contig", 3), ("separate", 3)):
            photometric = "minisblack" if count == 1 else "rgb"
            data = _tiff(content(count, kind), photometric=photometric, planarconfig=planes)
            yield Layout(f"{photometric} {count} samples {name} {planes}", data, refused=refused)
    yield from _tiffs_by_pillow()


def _said(way: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in way.items()) or "one strip"


def _tiffs_by_pillow() -> Iterator[Layout]:
    image = PilImage.fromarray(content(3, np.uint8))
    for mode, compression in itertools.product(
        ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"),
        (
            "raw",
            "tiff_lzw",
            "packbits",
            "tiff_adobe_deflate",
            "tiff_deflate",
            "jpeg",
            "group3",
            "group4",
            "zstd",
            "lzma",
        ),
    ):
        if ("group" in compression) != (mode == "1" and "group" in compression):
            continue
        if compression == "jpeg" and mode not in ("L", "RGB", "CMYK", "YCbCr"):
            continue
        source = (
            PilImage.fromarray(content(1, np.uint16)[..., 0]) if mode == "I;16"
            else image.quantize(16) if mode == "P"
            else image.convert(mode)
        )  # fmt: skip
        out = io.BytesIO()
        try:
            source.save(out, "TIFF", compression=compression)
        except (OSError, RuntimeError, KeyError):
            continue
        with PilImage.open(io.BytesIO(out.getvalue())) as opened:
            opened.load()
            alpha = np.asarray(opened.convert("RGBA"))[..., 3] if opened.has_transparency_data else None
            if mode == "I;16":
                rgb = np.repeat(np.asarray(opened)[..., None], 3, axis=2).astype(np.uint16)
            else:
                rgb = np.asarray(opened.convert("RGBA" if alpha is not None else "RGB"))[..., :3]
        yield Layout(f"Pillow's {mode} {compression}", out.getvalue(), rgb, alpha)


def png(
    samples: np.ndarray, colour_type: int, bits: int, *extra: tuple[bytes, bytes], interlaced: bool = False
) -> bytes:
    """A PNG of (H, W, samples), unfiltered."""
    height, width = samples.shape[:2]

    def rows(part: np.ndarray) -> bytes:
        if bits == 16:
            return b"".join(b"\0" + row.astype(">u2").tobytes() for row in part)
        if bits == 8:
            return b"".join(b"\0" + row.astype(np.uint8).tobytes() for row in part)
        single = (part[..., 0, None] >> np.arange(bits - 1, -1, -1)) & 1
        return b"".join(b"\0" + np.packbits(row.reshape(-1).astype(np.uint8)).tobytes() for row in single)

    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    parts = [samples[top::down, left::across] for left, top, across, down in passes] if interlaced else [samples]
    packed = zlib.compress(b"".join(rows(part) for part in parts if part.size))
    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, int(interlaced))
    chunks = [(b"IHDR", head), *extra, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def pngs() -> Iterator[Layout]:
    """Colour types x depths x interlacing x tRNS."""
    kinds = [(0, bits) for bits in (1, 2, 4, 8, 16)] + [(3, bits) for bits in (1, 2, 4, 8)]
    kinds += [(kind, bits) for kind in (2, 4, 6) for bits in (8, 16)]
    for (kind, bits), interlaced, keyed in itertools.product(kinds, (False, True), (False, True)):
        if keyed and kind in (4, 6):
            continue
        full, count = (1 << bits) - 1, {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
        stored = content(count, np.uint16) >> (16 - bits) if bits < 16 else content(count, np.uint16)
        dtype = np.uint16 if bits == 16 else np.uint8
        extra: list[tuple[bytes, bytes]] = []
        top = int(np.iinfo(dtype).max)
        if kind == 3:
            palette = np.random.default_rng(1).integers(0, 256, (full + 1, 3), np.uint8)
            extra = [(b"PLTE", palette.tobytes())]
            rgb, alpha = palette[stored[..., 0]], None
            if keyed:
                table = np.linspace(0, 255, full + 1).astype(np.uint8)
                extra.append((b"tRNS", table.tobytes()))
                alpha = table[stored[..., 0]]
        else:
            wide = np.rint(stored * (top / full)).astype(dtype)
            rgb = wide[..., :3] if count >= 3 else np.repeat(wide[..., :1], 3, axis=2)
            alpha = wide[..., -1] if kind in (4, 6) else None
            if keyed:
                key = stored[3, 4]
                extra = [(b"tRNS", key.astype(">u2").tobytes())]
                alpha = np.where((stored == key).all(axis=2), 0, top).astype(dtype)
        name = f"PNG colour type {kind} {bits} bits{' interlaced' * interlaced}{' tRNS' * keyed}"
        yield Layout(name, png(stored, kind, bits, *extra, interlaced=interlaced), rgb, alpha)


def jpegs() -> Iterator[Layout]:
    """Colours x subsampling x progressive x restart markers, and orientations, against Pillow's decoder."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    image = PilImage.fromarray(np.dstack([x * 5, y * 6, (x + y) * 3]).astype(np.uint8))
    cases = [
        (mode, {"subsampling": sampling, "progressive": progressive, "restart_marker_rows": rows})
        for mode, sampling, progressive, rows in itertools.product(
            ("L", "RGB", "CMYK"), (0, 1, 2), (False, True), (0, 1)
        )
    ]
    cases += [("RGB", {"orientation": orientation}) for orientation in range(1, 9)]
    for mode, options in cases:
        said = f"JPEG {mode} {_said(options)}"
        exif = PilImage.Exif()
        if "orientation" in options:
            exif[0x0112] = options.pop("orientation")
        out = io.BytesIO()
        image.convert(mode).save(out, "JPEG", exif=exif, **options)
        with PilImage.open(io.BytesIO(out.getvalue())) as opened:
            yield Layout(said, out.getvalue(), np.asarray(ImageOps.exif_transpose(opened).convert("RGB")))
