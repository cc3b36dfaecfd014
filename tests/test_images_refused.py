"""What is no image, or too large a one: refused in a sentence, before anything is decoded."""

from __future__ import annotations

import io
import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from mattekit.core import ImageError
from mattekit.images import MAX_PIXELS, read_image
from PIL import Image as PilImage


def saved(image: PilImage.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def test_the_limit_is_checked_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    vast = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", vast), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    )
    with pytest.raises(ImageError, match=r"100000x100000 .* MATTEKIT_MAX_PIXELS"):
        read_image(data)
    small = saved(PilImage.new("RGB", (36, 24), (90, 120, 200)), "PNG")
    with pytest.raises(ImageError, match="36x24"):
        read_image(small, max_pixels=36 * 24 - 1)
    assert read_image(small, max_pixels=36 * 24).size == (36, 24)
    monkeypatch.setenv("MATTEKIT_MAX_PIXELS", "100")
    with pytest.raises(ImageError, match="MATTEKIT_MAX_PIXELS"):
        read_image(small)
    monkeypatch.setenv("MATTEKIT_MAX_PIXELS", "many")
    with pytest.raises(ImageError, match="'many'"):
        read_image(small)
    monkeypatch.setenv("MATTEKIT_MAX_PIXELS", "")
    assert read_image(small).size == (36, 24)
    assert MAX_PIXELS == 200_000_000


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.jpg", b"", "empty"),
        ("text.jpg", b"hello, this is no image at all", "not an image"),
        ("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        ("paper.pdf", b"%PDF-1.7 ...", "PDF"),
        ("drawing.svg", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ("header.png", b"\x89PNG\r\n\x1a\n", "header"),
        ("header.tif", b"II*\0\xff\xff\xff\xff", "header"),
        ("header.webp", b"RIFF\x10\0\0\0WEBPVP8 ", "damaged"),
        ("header.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", "damaged"),
    ],
)
def test_files_that_are_no_images(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImageError, match=says) as caught:
        read_image(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_paths_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match="no such file"):
        read_image(tmp_path / "missing.png")
    with pytest.raises(ImageError, match="folder"):
        read_image(tmp_path)
    with pytest.raises(ImageError, match="not a valid file name"):
        read_image("a\0b.png")
    with pytest.raises(ImageError, match="shorten"):
        read_image(tmp_path / ("x" * 5000))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(ImageError, match="pipe"):
            read_image(tmp_path / "pipe.png")
    path = tmp_path / "locked.png"
    path.write_bytes(b"x")

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ImageError, match="permission"):
        read_image(path)


RAW = [
    (b"IIRO\x08\0\0\0", "ORF"),
    (b"IIU\0\x18\0\0\0", "RW2"),
    (b"FUJIFILMCCD-RAW 0201", "RAF"),
    (b"\0\0\0\x18ftypcrx ", "CR3"),
    (b"II*\0\x10\0\0\0CR\x02\0", "CR2"),
]


def camera_raw(maker: str, photometric: int = 32803) -> bytes:
    """What begins like a TIFF: a preview, and the sensor's values in a directory below."""
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        preview = np.full((20, 30, 3), 90, np.uint8)
        tags = [(271, 2, 0, maker, True)]
        writer.write(preview, photometric="rgb", subfiletype=1, subifds=1, extratags=tags, metadata=None)
        writer.write(np.zeros((40, 60), np.uint16), photometric=photometric, metadata=None)
    return out.getvalue()


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize(
    ("data", "kind"),
    [*RAW, (camera_raw("NIKON CORPORATION"), "NEF"), (camera_raw("SONY"), "ARW"), (camera_raw("Somebody"), "raw")],
)
def test_a_cameras_raw_file_is_told_apart(
    data: bytes, kind: str, installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installed:
        pytest.importorskip("rawpy")
    else:
        monkeypatch.setitem(sys.modules, "rawpy", None)
    if installed and len(data) > 1000:
        # LibRaw takes it: what is developed are the sensor's values, and not the preview.
        image = read_image(data)
        assert image.size == (60, 40)
        assert f"camera's raw file ({kind})" in image.notes[0]
        return
    with pytest.raises(ImageError, match=rf"camera's raw file \({kind}\)") as caught:
        read_image(data)
    assert ("LibRaw" if installed else "mattekit[raw]") in str(caught.value)


def test_a_heic_photo_is_read_with_its_extra_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    heif = pytest.importorskip("pillow_heif")
    y, x = np.mgrid[:64, :80]
    rgb = np.dstack([x * 3, y * 3, x + y]).astype(np.uint8)
    out = io.BytesIO()
    heif.from_bytes("RGB", (80, 64), rgb.tobytes()).save(out, quality=95)
    image = read_image(out.getvalue())
    assert image.size == (80, 64)
    assert np.abs(image.rgb.astype(int) - rgb).mean() < 4
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageError, match=r"HEIC photo.*mattekit\[heic\]"):
        read_image(out.getvalue())


def test_wide_and_floating_point_samples_are_refused() -> None:
    with pytest.raises(ImageError, match="floating-point"):
        read_image(saved(PilImage.fromarray(np.ones((3, 3), np.float32)), "TIFF"))
    with pytest.raises(ImageError, match="16 bits"):
        read_image(saved(PilImage.fromarray(np.full((3, 3), 70000, np.int32)), "TIFF"))
