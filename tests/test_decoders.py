"""Every layout of a format is read as what it holds, or refused by its true name."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import tifffile
from layouts import Layout, content, jpegs, png, pngs, tiffs
from mattekit.core import ImageError
from mattekit.images import read_image
from PIL import Image as PilImage


def check(layout: Layout) -> str:
    """Return how a file was read: equal, refused as it must be, or what is wrong."""
    try:
        image = read_image(layout.data)
    except ImageError as error:
        return "refused" if layout.refused and layout.refused in str(error) else f"refused: {error}"
    if layout.rgb is None:
        return "read, but should be refused"
    if image.rgb.shape != layout.rgb.shape or image.rgb.dtype != layout.rgb.dtype:
        return f"shape {image.rgb.shape} {image.rgb.dtype}"
    if (image.alpha is None) != (layout.alpha is None):
        return "alpha"
    for found, expected in ((image.rgb, layout.rgb), (image.alpha, layout.alpha)):
        if (
            found is not None
            and expected is not None
            and np.abs(found.astype(int) - expected.astype(int)).max() > layout.near
        ):
            return "other samples"
    return "equal"


def wrong(layouts: list[Layout]) -> dict[str, str]:
    return {each.name: said for each in layouts if (said := check(each)) not in ("equal", "refused")}


def test_each_kind_of_tiff_is_read_or_refused_by_its_name() -> None:
    few = list(tiffs(every=13))
    assert wrong(few) == {}
    assert len(few) > 60


@pytest.mark.slow
def test_every_tiff_layout_is_read_or_refused_by_its_name() -> None:
    assert wrong(list(tiffs(orientations=tuple(range(1, 9))))) == {}


def test_every_kind_of_png_is_read() -> None:
    assert wrong(list(pngs())) == {}


def test_every_kind_of_jpeg_is_read_as_pillow_reads_it() -> None:
    assert wrong(list(jpegs())) == {}


def test_a_tiff_of_planes_gives_the_same_bytes_each_time() -> None:
    planar = next(each for each in tiffs() if "rgb 3 samples  16 bits separate" in each.name)
    first = read_image(planar.data).rgb.tobytes()
    assert all(read_image(planar.data).rgb.tobytes() == first for _ in range(5))


def test_a_tiff_that_unpacks_to_more_than_it_says_takes_no_memory() -> None:
    out = io.BytesIO()
    tifffile.imwrite(out, np.zeros((8, 8), np.uint16), compression="adobe_deflate", metadata=None, rowsperstrip=8)
    data = out.getvalue()
    page = tifffile.TiffFile(io.BytesIO(data)).pages.first
    bomb = zlib.compress(bytes(64 << 20))
    tags = page.tags
    patched = bytearray(data + bomb)
    for tag, value in ((tags[273], len(data)), (tags[279], len(bomb))):
        patched[tag.offset + 2 : tag.offset + 12] = struct.pack("<HII", 4, 1, value)
    read_image(data)
    tracemalloc.start()
    image = read_image(bytes(patched))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert image.size == (8, 8)
    assert most < 20 << 20


def test_a_tile_larger_than_its_image_is_refused() -> None:
    out = io.BytesIO()
    tifffile.imwrite(out, np.zeros((8, 8), np.uint8), tile=(16, 16), metadata=None)
    data = bytearray(out.getvalue())
    tags = tifffile.TiffFile(io.BytesIO(bytes(data))).pages.first.tags
    for tag in (tags[322], tags[323]):
        data[tag.offset + 2 : tag.offset + 12] = struct.pack("<HII", 4, 1, 1 << 20)
    with pytest.raises(ImageError, match="larger than the image"):
        read_image(bytes(data))


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    y, x = np.mgrid[:96, :120]
    image = PilImage.fromarray(np.dstack([x * 2, y * 2, x + y, np.full_like(x, 200)]).astype(np.uint8)).convert("RGB")
    options = {"AVIF": {"quality": 80}, "TIFF": {"compression": "tiff_lzw"}}.get(kind, {})
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "GIF", "AVIF", "JPEG", "BMP", "PPM", "JPEG2000"])
def test_a_file_that_is_cut_off_anywhere_is_refused(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    data = encoded(kind)
    taken = []
    for part in np.linspace(0.02, 0.97, 24):
        try:
            read_image(data[: int(len(data) * part)])
        except ImageError:
            continue
        taken.append(round(float(part), 2))
    assert taken == []
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_that_lost_a_part_is_refused_even_with_an_end_marker() -> None:
    out = io.BytesIO()
    PilImage.fromarray(content(3, np.uint8)).resize((200, 160)).save(out, "JPEG", restart_marker_rows=1)
    data = out.getvalue()
    scan = data.index(b"\xff\xda")
    for part in (0.3, 0.6, 0.9):
        with pytest.raises(ImageError, match="cut off"):
            read_image(data[: scan + int((len(data) - scan) * part)] + b"\xff\xd9")
    third, fourth = data.index(b"\xff\xd3", scan), data.index(b"\xff\xd4", scan)
    for damaged in (data[:third] + data[fourth:], data[:third] + data[third + 2 :]):
        with pytest.raises(ImageError, match="damaged"):
            read_image(damaged)


def test_what_a_decoder_only_warns_of_is_a_note(capfd: pytest.CaptureFixture[str]) -> None:
    data = encoded("JPEG")
    padded = read_image(data[:-2] + b"\x12\x34\x56" * 40 + b"\xff\xd9")
    assert any("decoder says" in note for note in padded.notes)
    endless = read_image(data[:-2])
    assert any("end marker" in note for note in endless.notes)
    np.testing.assert_array_equal(endless.rgb, read_image(data).rgb)
    assert capfd.readouterr() == ("", "")


def test_a_png_with_fewer_rows_than_it_says_is_refused() -> None:
    data = png(content(3, np.uint8)[:20], 2, 8)
    taller = data[:20] + (37).to_bytes(4, "big") + data[24:]
    mended = taller[:29] + zlib.crc32(taller[12:29]).to_bytes(4, "big") + taller[33:]
    with pytest.raises(ImageError, match="54% of its pixels"):
        read_image(mended)
