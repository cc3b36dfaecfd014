"""What a file says beside its pixels: kept, thinned out or dropped, and its colours taken as it names them."""

from __future__ import annotations

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from layouts import png
from mattekit import read_image
from mattekit.images import Image, convert_rgb, encode_image
from mattekit.images.metadata import Metadata
from PIL import Image as PilImage

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>6</tiff:Orientation><dc:rights>mine</dc:rights></x:xmpmeta>'
)
IPTC = b"\x1c\x02\x74\0\x04mine" + b"\x1c\x02\x78\0\x03hat"


def photo(orientation: int = 6) -> bytes:
    exif = PilImage.Exif()
    exif[0x0112], exif[0x010F], exif[0x8298] = orientation, "maker", "(c) somebody"
    exif.get_ifd(0x8769)[0x829A] = 0.01
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    PilImage.new("RGB", (40, 30), (200, 40, 30)).save(out, "JPEG", exif=exif, dpi=(300, 300), xmp=XMP, comment="hello")
    data = out.getvalue()
    block = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + len(IPTC).to_bytes(4, "big") + IPTC + bytes(len(IPTC) % 2)
    return data[:2] + b"\xff\xed" + (len(block) + 2).to_bytes(2, "big") + block + data[2:]


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff"])
def test_metadata_is_kept_as_each_format_can(kind: str) -> None:
    image = read_image(photo())
    assert image.size == (30, 40)
    again = read_image(encode_image(image, kind))
    assert again.size == (30, 40)
    said = again.metadata
    assert said is not None
    with PilImage.open(io.BytesIO(encode_image(image, kind))) as opened:
        exif = opened.getexif()
        assert exif.get(0x0112, 1) == 1
        assert exif[0x8298] == "(c) somebody"
        assert float(exif.get_ifd(0x8769)[0x829A]) == pytest.approx(0.01)
        assert exif.get_ifd(0x8825)[1] == "N"
        assert opened.info.get("dpi", (exif.get(0x011A), 0))[0] == pytest.approx(300, abs=0.01)
    assert said.xmp is not None
    assert b"<tiff:Orientation>1<" in said.xmp
    if kind != "webp":
        assert said.iptc == IPTC
    if kind in ("png", "jpeg"):
        assert dict(said.texts)["Comment"] == "hello"


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff"])
def test_the_owner_alone_or_nothing_is_kept_where_that_is_asked_for(kind: str) -> None:
    image = read_image(photo())
    owner = read_image(encode_image(image, kind, metadata="copyright")).metadata
    assert owner is not None
    exif = PilImage.Exif()
    exif.load(b"Exif\0\0" + (owner.exif or b""))
    assert {tag: exif[tag] for tag in exif if tag < 0x8769} == {0x8298: "(c) somebody"}
    assert not exif.get_ifd(0x8769)
    assert owner.dpi is None
    assert b"rights" in (owner.xmp or b"")
    assert b"Orientation" not in (owner.xmp or b"")
    if kind != "webp":
        assert owner.iptc == IPTC[:9]
    assert read_image(encode_image(image, kind, metadata="none")).metadata is None


def test_a_thumbnail_and_the_size_of_the_original_are_dropped() -> None:
    thumbnail = photo()
    tiff = bytearray(
        b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x010F, 2, 4, 0x6D, 0, 0)[:14] + struct.pack("<I", 26)
    )
    tiff += (
        struct.pack("<H", 2)
        + struct.pack("<HHII", 0x0201, 4, 1, 56)
        + struct.pack("<HHII", 0x0202, 4, 1, len(thumbnail))
    )
    tiff += bytes(4) + thumbnail
    out = io.BytesIO()
    PilImage.new("RGB", (8, 8)).save(out, "JPEG", exif=b"Exif\0\0" + bytes(tiff))
    assert thumbnail[:40] in out.getvalue()
    assert thumbnail[:40] not in encode_image(read_image(out.getvalue()), "jpeg")


def in_srgb(data: bytes) -> list[int]:
    image = read_image(data)
    return convert_rgb(image.with_depth(8).rgb, image.icc, None)[0, 0].tolist()


def flat(*chunks: tuple[bytes, bytes]) -> bytes:
    return png(np.full((4, 4, 3), (200, 40, 30), np.uint8), 2, 8, *chunks)


def near(found: list[int], expected: tuple[int, int, int]) -> bool:
    return bool(np.abs(np.subtract(found, expected)).max() <= 2)


def test_colours_that_a_png_names_are_kept_by_a_profile() -> None:
    assert near(in_srgb(flat((b"cICP", bytes([12, 13, 0, 1])))), (218, 0, 4))
    assert near(in_srgb(flat((b"cICP", bytes([1, 13, 0, 1])))), (200, 40, 30))
    adobe = struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
    assert near(in_srgb(flat((b"cHRM", adobe), (b"gAMA", struct.pack(">I", 45470)))), (233, 35, 23))
    srgb = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    assert read_image(flat((b"cHRM", srgb), (b"gAMA", struct.pack(">I", 45455)))).icc is None
    linear = in_srgb(flat((b"gAMA", struct.pack(">I", 100_000))))
    assert near(linear, (229, 110, 95))
    hdr = read_image(flat((b"cICP", bytes([9, 16, 0, 1]))))
    assert any("HDR image (PQ)" in note for note in hdr.notes)


@pytest.mark.parametrize("by", ["R03", "colour space 2"])
def test_adobe_rgb_by_exif_is_kept_by_a_profile(by: str) -> None:
    exif = PilImage.Exif()
    details = exif.get_ifd(0x8769)
    details[0xA001] = 0xFFFF if by == "R03" else 2
    if by == "R03":
        details[0xA005] = {1: "R03"}
    out = io.BytesIO()
    PilImage.new("RGB", (16, 16), (200, 40, 30)).save(out, "JPEG", exif=exif, quality=100, subsampling=0)
    assert near(in_srgb(out.getvalue()), (233, 35, 23))


def test_avifs_nclx_is_kept_by_a_profile() -> None:
    out = io.BytesIO()
    PilImage.new("RGB", (64, 64), (200, 40, 30)).save(out, "AVIF", quality=100, subsampling="4:4:4")
    data = out.getvalue()
    at = data.index(b"colrnclx") + 8
    wide = data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :]
    assert np.abs(np.subtract(in_srgb(wide), (218, 0, 4))).max() <= 6


def test_grey_stays_grey(tmp_path: Path) -> None:
    del tmp_path
    grey = np.repeat(np.arange(64, dtype=np.uint16).reshape(8, 8, 1) * 1000, 3, axis=2)
    alpha = np.full((8, 8), 65535, np.uint16)
    for depth, modes in ((8, {"png": "LA", "tiff": "LA"}), (16, {"png": 4, "tiff": 2})):
        image = Image(grey, alpha, grey=True).with_depth(depth)
        for kind, mode in modes.items():
            data = encode_image(image, kind)
            again = read_image(data)
            assert (again.grey, again.depth) == (True, depth)
            np.testing.assert_array_equal(again.rgb, image.rgb)
            np.testing.assert_array_equal(again.alpha, image.alpha)
            if depth == 8:
                assert PilImage.open(io.BytesIO(data)).mode == mode
            elif kind == "png":
                assert data[25] == mode
    plain = Image(grey, grey=True).with_depth(8)
    for kind in ("png", "jpeg", "tiff", "bmp"):
        with PilImage.open(io.BytesIO(encode_image(plain, kind))) as opened:
            assert opened.mode in ("L", "P"), kind


def test_a_text_in_any_script_is_kept_in_a_png() -> None:
    image = Image(np.zeros((2, 2, 3), np.uint8), metadata=Metadata(texts=(("Title", "äöü"), ("Comment", "写真"))))
    data = encode_image(image, "png")
    assert PilImage.open(io.BytesIO(data)).info == {"Title": "äöü", "Comment": "写真"}
    names = re.findall(rb"(?:tEXt|iTXt)", data)
    assert zlib.crc32(b"".join(names)) == zlib.crc32(b"tEXtiTXt")
