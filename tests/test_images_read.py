"""Reading images: every kind of file comes out as Pillow's own conversions say, or with one clear sentence."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import PIL
import pytest
from hypothesis import given, settings, strategies as st
from mattekit.core import ImageError
from mattekit.datasets import read_alpha
from mattekit.images import read_image
from packaging.version import Version
from PIL import Image as PilImage, ImageCms, ImageOps


def noise(*shape: int, dtype: type[np.uint8] | type[np.uint16] = np.uint8) -> np.ndarray:
    return np.random.default_rng(7).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def smooth(height: int = 24, width: int = 36) -> np.ndarray:
    """Colours that survive a JPEG."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)]).astype(np.uint8)


def saved(image: PilImage.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def profile(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """An ICC profile of version 2.4."""
    tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I", 2) + b"t\0" + bytes(78), **tags}
    tags[b"wtpt"] = xyz(0.9642, 1.0, 0.8249)
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    rest = struct.pack(">I", len(tags)) + table + body
    head = struct.pack(">I4sI4s4s4s12s4s", 128 + len(rest), b"", 0x02400000, b"prtr", space, pcs, bytes(12), b"acsp")
    return (head + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)).ljust(128, b"\0") + rest


def xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in (x, y, z)))


def gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256))


def wide_rgb() -> bytes:
    curves = {name: gamma(1.8) for name in (b"rTRC", b"gTRC", b"bTRC")}
    primaries = {b"rXYZ": xyz(0.7977, 0.288, 0), b"gXYZ": xyz(0.1352, 0.7119, 0), b"bXYZ": xyz(0.0313, 0.0001, 0.8249)}
    return profile(b"RGB ", {**primaries, **curves})


def grey_profile() -> bytes:
    return profile(b"GRAY", {b"kTRC": gamma(1.4)})


def cmyk_profile() -> bytes:
    """A table of two points on each of the four axes to Lab."""
    corners = bytearray()
    for index in range(16):
        c, m, y, k = (index >> 3) & 1, (index >> 2) & 1, (index >> 1) & 1, index & 1
        light = 255 * (1 - 0.3 * c) * (1 - 0.4 * m) * (1 - 0.1 * y) * (1 - 0.85 * k)
        corners += bytes([round(light), round(128 - 50 * c + 70 * m), round(128 - 45 * c + 85 * y)])
    matrix = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + bytes(range(256)) * 4 + corners + bytes(range(256)) * 3
    return profile(b"CMYK", {b"A2B0": lut, b"A2B1": lut}, b"Lab ")


def to_srgb(image: PilImage.Image, icc: bytes) -> np.ndarray:
    return np.asarray(
        ImageCms.profileToProfile(
            image,
            io.BytesIO(icc),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    )


def png16(samples: np.ndarray, colour_type: int, *extra: tuple[bytes, bytes], behind: bool = False) -> bytes:
    """A 16-bit PNG, written here because Pillow writes none of colour."""
    height, width = samples.shape[:2]
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines)),
    ]
    chunks = [*chunks, *extra] if behind else [chunks[0], *extra, chunks[1]]
    chunks.append((b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def tiff16(samples: np.ndarray, photometric: int = 2, extra: int | None = None, orientation: int = 1) -> bytes:
    height, width, count = np.atleast_3d(samples).shape
    pixels = samples.astype("<u2").tobytes()
    shorts = {258: [16] * count, 259: [1], 262: [photometric], 274: [orientation], 277: [count]}
    if extra is not None:
        shorts[338] = [extra]
    longs = {256: width, 257: height, 273: 8 + 2 * count, 278: height, 279: len(pixels)}
    ifd_at = 8 + 2 * count + len(pixels)
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in longs.items()]
    for tag, values in shorts.items():
        field = struct.pack("<I", 8) if len(values) > 2 else struct.pack(f"<{len(values)}H", *values).ljust(4, b"\0")
        entries.append(struct.pack("<HHI", tag, 3, len(values)) + field)
    entries.sort(key=lambda entry: struct.unpack("<H", entry[:2]))
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return struct.pack("<2sHI", b"II", 42, ifd_at) + struct.pack(f"<{count}H", *[16] * count) + pixels + directory


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "grey JPEG", "RGBA PNG"])
def test_exif_orientation_is_applied_as_pillow_applies_it(kind: str, orientation: int) -> None:
    mode = {"grey JPEG": "L", "RGBA PNG": "RGBA"}.get(kind, "RGB")
    exif = PilImage.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(PilImage.fromarray(smooth()).convert(mode), kind.rsplit(maxsplit=1)[-1], exif=exif, **options)
    expected = ImageOps.exif_transpose(PilImage.open(io.BytesIO(data)))
    image = read_image(data)
    assert image.rgb.shape[:2] == ((36, 24) if orientation > 4 else (24, 36))
    np.testing.assert_array_equal(image.rgb, np.asarray(expected.convert("RGB")))
    assert image.rgb.flags.c_contiguous
    assert image.grey == (mode == "L")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "PNG, orientation behind the pixels", "TIFF"])
def test_exif_orientation_of_16_bits(kind: str, orientation: int) -> None:
    samples = noise(5, 7, 3, dtype=np.uint16)
    if kind == "TIFF":
        data = tiff16(samples, orientation=orientation)
    else:
        exif = PilImage.Exif()
        exif[0x0112] = orientation
        data = png16(samples, 2, (b"eXIf", exif.tobytes()[6:]), behind="behind" in kind)
    marker = PilImage.fromarray(samples[..., 0] >> 8).convert("L")
    exif = PilImage.Exif()
    exif[0x0112] = orientation
    expected = ImageOps.exif_transpose(PilImage.open(io.BytesIO(saved(marker, "PNG", exif=exif))))
    image = read_image(data)
    assert image.rgb.dtype == np.uint16
    np.testing.assert_array_equal(image.rgb[..., 0] >> 8, np.asarray(expected))
    assert sorted(image.rgb[..., 1].ravel()) == sorted(samples[..., 1].ravel())


def palette_image() -> PilImage.Image:
    paletted = PilImage.fromarray(noise(9, 11) % 4)
    paletted.putpalette([10, 20, 30, 200, 100, 0, 0, 255, 7, 90, 90, 90])
    return paletted


CASES = {
    "grey": (PilImage.fromarray(noise(9, 11)), "PNG", {}),
    "grey with a transparent value": (PilImage.fromarray(noise(9, 11) % 8), "PNG", {"transparency": 3}),
    "grey and alpha": (PilImage.fromarray(noise(9, 11, 2)), "PNG", {}),
    "one bit": (PilImage.fromarray(noise(9, 11)).convert("1"), "PNG", {}),
    "palette": (palette_image(), "PNG", {}),
    "palette with one transparent entry": (palette_image(), "PNG", {"transparency": 2}),
    "palette with alpha": (palette_image(), "PNG", {"transparency": bytes([0, 100, 200, 255])}),
    "RGB": (PilImage.fromarray(noise(9, 11, 3)), "PNG", {}),
    "RGB with a transparent colour": (PilImage.fromarray(noise(9, 11, 3) % 2), "PNG", {"transparency": (1, 0, 1)}),
    "RGBA": (PilImage.fromarray(noise(9, 11, 4)), "PNG", {}),
    "one pixel": (PilImage.fromarray(noise(1, 1, 3)), "PNG", {}),
    "one pixel JPEG": (PilImage.fromarray(noise(1, 1, 3)), "JPEG", {}),
    "long": (PilImage.fromarray(noise(1, 60000, 3)), "PNG", {}),
    "long JPEG": (PilImage.fromarray(noise(3, 40000, 3)), "JPEG", {}),
    "high JPEG": (PilImage.fromarray(noise(40000, 3)), "JPEG", {}),
    "JPEG": (PilImage.fromarray(smooth()), "JPEG", {"quality": 90}),
    "JPEG, subsampled and progressive": (PilImage.fromarray(smooth()), "JPEG", {"subsampling": 2, "progressive": True}),
    "JPEG that stores RGB": (PilImage.fromarray(smooth()), "JPEG", {"keep_rgb": True}),
    "grey JPEG": (PilImage.fromarray(smooth()).convert("L"), "JPEG", {}),
    "BMP": (PilImage.fromarray(noise(9, 11, 3)), "BMP", {}),
    "palette BMP": (palette_image(), "BMP", {}),
    "WebP": (PilImage.fromarray(noise(9, 11, 4)), "WEBP", {"lossless": True, "exact": True}),
    "lossy WebP": (PilImage.fromarray(smooth()), "WEBP", {}),
    "GIF": (palette_image(), "GIF", {}),
    "AVIF": (PilImage.fromarray(smooth()), "AVIF", {}),
    "TIFF": (PilImage.fromarray(noise(9, 11, 4)), "TIFF", {"compression": "tiff_lzw"}),
    "one-bit TIFF": (PilImage.fromarray(noise(9, 11)).convert("1"), "TIFF", {"compression": "group4"}),
    "YCbCr TIFF, which Pillow reads since 13.0": (PilImage.fromarray(smooth()).convert("YCbCr"), "TIFF", {}),
    "PPM": (PilImage.fromarray(noise(9, 11, 3)), "PPM", {}),
    "JPEG 2000": (PilImage.fromarray(noise(9, 11, 3)), "JPEG2000", {}),
}


@pytest.mark.parametrize("case", CASES)
def test_8_bit_pixels_are_those_of_pillow(case: str, tmp_path: Path) -> None:
    if "since 13.0" in case and Version(PIL.__version__) < Version("13"):
        pytest.skip("this Pillow cannot read what it wrote")
    pil, kind, options = CASES[case]
    path = tmp_path / "image.dat"
    path.write_bytes(saved(pil, kind, **options))
    with PilImage.open(path) as opened:
        has_alpha = opened.has_transparency_data
        expected = np.asarray(opened.convert("RGBA"))
    image = read_image(path)
    assert image.rgb.dtype == np.uint8
    np.testing.assert_array_equal(image.rgb, expected[..., :3])
    assert (image.alpha is not None) == has_alpha
    if image.alpha is not None:
        np.testing.assert_array_equal(image.alpha, expected[..., 3])
    assert image.source == str(path)
    assert image.icc is None
    assert image.notes == ()
    assert image.grey == (case.split(maxsplit=1)[0] in ("grey", "one-bit") or case in ("one bit", "high JPEG"))


def test_16_bits_are_kept() -> None:
    colour, alpha = noise(6, 5, 3, dtype=np.uint16), noise(6, 5, dtype=np.uint16)
    both = np.dstack([colour, alpha])
    for data in (png16(colour, 2), tiff16(colour)):
        image = read_image(data)
        np.testing.assert_array_equal(image.rgb, colour)
        assert image.alpha is None
    for data in (png16(both, 6), tiff16(both, extra=2)):
        image = read_image(data)
        np.testing.assert_array_equal(image.rgb, colour)
        np.testing.assert_array_equal(image.alpha, alpha)
    grey = colour[..., 0]
    for data in (png16(grey, 0), tiff16(grey, photometric=1), tiff16(65535 - grey, photometric=0)):
        image = read_image(data)
        np.testing.assert_array_equal(image.rgb, np.dstack([grey] * 3))
        assert image.grey
    image = read_image(png16(np.dstack([grey, alpha]), 4))
    np.testing.assert_array_equal(image.rgb, np.dstack([grey] * 3))
    np.testing.assert_array_equal(image.alpha, alpha)
    assert image.grey
    pgm = b"P5 5 6 65535\n" + grey.astype(">u2").tobytes()
    np.testing.assert_array_equal(read_image(pgm).rgb[..., 2], grey)


def test_16_bit_transparent_colour_becomes_alpha() -> None:
    colour = noise(6, 5, 3, dtype=np.uint16)
    colour[2, 3] = (1, 2, 3)
    image = read_image(png16(colour, 2, (b"tRNS", struct.pack(">3H", 1, 2, 3))))
    np.testing.assert_array_equal(image.rgb, colour)
    assert image.alpha is not None
    assert image.alpha.tolist() == (65535 * (colour != (1, 2, 3)).any(axis=2)).tolist()
    grey = colour[..., 1]
    image = read_image(png16(grey, 0, (b"tRNS", struct.pack(">H", 2))))
    assert image.alpha is not None
    assert image.alpha.tolist() == (65535 * (grey != 2)).tolist()


def test_premultiplied_16_bit_tiff_becomes_straight() -> None:
    colour, alpha = noise(6, 5, 3, dtype=np.uint16), noise(6, 5, dtype=np.uint16) | 0x8000
    stored = np.rint(colour * (alpha[..., None] / 65535)).astype(np.uint16)
    image = read_image(tiff16(np.dstack([stored, alpha]), extra=1))
    assert np.abs(image.rgb.astype(int) - colour).max() <= 2
    np.testing.assert_array_equal(image.alpha, alpha)


def test_cmyk_jpeg_without_profile() -> None:
    inks = PilImage.fromarray(smooth()).convert("CMYK")
    data = saved(inks, "JPEG", quality=95)
    expected = np.asarray(PilImage.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(read_image(data).rgb, expected)
    assert np.abs(expected.astype(int) - smooth()).mean() < 6
    # Without Adobe's marker the values are not inverted.
    at = data.index(b"\xff\xee")
    bare = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
    stored = 255 - np.asarray(PilImage.open(io.BytesIO(data)))
    np.testing.assert_array_equal(read_image(bare).rgb, np.asarray(PilImage.fromarray(stored, "CMYK").convert("RGB")))


def test_ycck_jpeg() -> None:
    # Marking the CMYK file's transform as 2 makes libjpeg read the same samples as YCCK.
    data = bytearray(saved(PilImage.fromarray(smooth()).convert("CMYK"), "JPEG", quality=95))
    at = data.index(b"Adobe")
    data[at + 11] = 2
    expected = np.asarray(PilImage.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(read_image(bytes(data)).rgb, expected)
    assert np.asarray(PilImage.open(io.BytesIO(data))).shape == (24, 36, 4)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_profile_is_applied(kind: str) -> None:
    icc = cmyk_profile()
    data = saved(PilImage.fromarray(smooth()).convert("CMYK"), kind, icc_profile=icc)
    image = read_image(data)
    np.testing.assert_array_equal(image.rgb, to_srgb(PilImage.open(io.BytesIO(data)), icc))
    naive = np.asarray(PilImage.open(io.BytesIO(data)).convert("RGB"))
    assert np.abs(image.rgb.astype(int) - naive).mean() > 10
    assert image.icc is None
    assert image.notes == ()


def test_grey_profile_is_applied() -> None:
    icc = grey_profile()
    ramp = np.tile(np.arange(256, dtype=np.uint8), (2, 1))
    image = read_image(saved(PilImage.fromarray(ramp), "PNG", icc_profile=icc))
    np.testing.assert_array_equal(image.rgb, to_srgb(PilImage.fromarray(ramp), icc))
    assert np.abs(image.rgb[..., 0].astype(int) - ramp).max() > 20
    assert (image.icc, image.grey, image.notes) == (None, True, ())
    two = read_image(saved(PilImage.fromarray(np.dstack([ramp, ramp])), "PNG", icc_profile=icc))
    np.testing.assert_array_equal(two.rgb, image.rgb)
    np.testing.assert_array_equal(two.alpha, ramp)
    wide = np.tile(np.arange(0, 65536, 16, dtype=np.uint16), (2, 1))
    deep = read_image(png16(wide, 0, (b"iCCP", b"g\0\0" + zlib.compress(icc))))
    # The formula itself: linear light by the profile's curve, then sRGB's.
    linear = (wide / 65535) ** (round(1.4 * 256) / 256)
    exact = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(deep.rgb[..., 0] / 65535 - exact).max() < 2 / 255


def test_a_masks_values_are_not_changed_by_a_profile(tmp_path: Path) -> None:
    """A mask's values mean opacity, and no brightness that a profile could correct."""
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    data = saved(PilImage.fromarray(ramp), "PNG", icc_profile=grey_profile())
    (tmp_path / "mask.png").write_bytes(data)
    assert np.abs(read_image(data).rgb[..., 0].astype(int) - ramp).max() > 8
    np.testing.assert_array_equal(np.rint(read_alpha(tmp_path / "mask.png") * 255), ramp)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_rgb_profile_stays(kind: str) -> None:
    icc = wide_rgb()
    image = read_image(saved(PilImage.fromarray(smooth()), kind, icc_profile=icc))
    assert image.icc == icc
    assert image.notes == ()
    if kind in ("PNG", "TIFF"):
        np.testing.assert_array_equal(image.rgb, smooth())


def test_palette_with_profile_keeps_it() -> None:
    icc = wide_rgb()
    assert read_image(saved(palette_image(), "PNG", icc_profile=icc)).icc == icc


def test_16_bit_profile_stays() -> None:
    icc = wide_rgb()
    image = read_image(png16(noise(4, 4, 3, dtype=np.uint16), 2, (b"iCCP", b"x\0\0" + zlib.compress(icc))))
    assert image.icc == icc


@pytest.mark.parametrize("damage", ["cut", "junk", "zeroed tags", "unknown space", "empty tags"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_damaged_profile_is_named_and_left_out(mode: str, damage: str) -> None:
    good = {"RGB": wide_rgb, "L": grey_profile, "CMYK": cmyk_profile}[mode]()
    bad = {
        "cut": good[:140],
        "junk": noise(3000).tobytes(),
        "zeroed tags": good[:128] + bytes(len(good) - 128),
        "unknown space": good[:16] + b"ABCD" + good[20:],
        "empty tags": struct.pack(">I", 132) + good[4:128] + bytes(4),
    }[damage]
    plain = saved(PilImage.fromarray(smooth()).convert(mode), "JPEG")
    image = read_image(saved(PilImage.fromarray(smooth()).convert(mode), "JPEG", icc_profile=bad))
    assert image.icc is None
    assert len(image.notes) == 1
    assert "ICC profile" in image.notes[0]
    np.testing.assert_array_equal(image.rgb, read_image(plain).rgb)


def test_profile_that_cannot_be_unpacked_is_named() -> None:
    data = png16(noise(4, 4, 3, dtype=np.uint16), 2, (b"iCCP", b"x\0\0" + b"not deflate"))
    assert "ICC profile" in read_image(data).notes[0]


def test_profile_for_another_kind_of_image_is_named() -> None:
    image = read_image(saved(PilImage.fromarray(smooth()), "JPEG", icc_profile=cmyk_profile()))
    assert image.icc is None
    assert "CMYK" in image.notes[0]
    grey = read_image(saved(PilImage.fromarray(smooth()).convert("L"), "JPEG", icc_profile=wide_rgb()))
    assert grey.icc == wide_rgb()


def test_lab_tiff() -> None:
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    pil = to_lab.apply(PilImage.fromarray(smooth()))
    image = read_image(saved(pil, "TIFF"))
    assert np.abs(image.rgb.astype(int) - smooth()).mean() < 2
    assert image.notes == ()


def test_first_frame_of_an_animation() -> None:
    frames = [PilImage.fromarray(np.full((5, 6, 3), v, np.uint8)) for v in (10, 200)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        image = read_image(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert np.abs(image.rgb.astype(int) - 10).max() <= 6, kind
        assert any("first" in note for note in image.notes), kind


@pytest.mark.parametrize("pillows_limit", [500, 100])
def test_pillows_own_limit_does_not_count(pillows_limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Pillow warns above its limit, 89 megapixels, and refuses above twice that.
    data = saved(PilImage.fromarray(smooth()), "PNG")
    monkeypatch.setattr(PilImage, "MAX_IMAGE_PIXELS", pillows_limit)
    assert read_image(data).size == (36, 24)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "RGBA PNG", "WEBP", "TIFF", "GIF", "BMP", "PNG of 16 bits"])
def test_cut_off_files_are_refused(kind: str) -> None:
    if kind == "PNG of 16 bits":
        data = png16(noise(40, 50, 3, dtype=np.uint16), 2)
    else:
        image = PilImage.fromarray(noise(40, 50, 4 if "RGBA" in kind else 3))
        data = saved(image, kind.rsplit(maxsplit=1)[-1])
    for part in (0.3, 0.6, 0.9):
        with pytest.raises(ImageError, match=r"damaged|cut off"):
            read_image(data[: int(len(data) * part)])


SEEDS = [
    saved(PilImage.fromarray(smooth()), "JPEG", icc_profile=wide_rgb()),
    saved(PilImage.fromarray(smooth()).convert("CMYK"), "JPEG"),
    saved(PilImage.fromarray(smooth()), "PNG", icc_profile=wide_rgb()),
    saved(palette_image(), "PNG", transparency=bytes([0, 100, 200, 255])),
    saved(PilImage.fromarray(smooth()), "TIFF", compression="tiff_lzw"),
    saved(PilImage.fromarray(smooth()), "WEBP"),
    saved(palette_image(), "GIF"),
    saved(PilImage.fromarray(smooth()), "BMP"),
    png16(noise(5, 5, 3, dtype=np.uint16), 2),
    tiff16(noise(5, 5, 3, dtype=np.uint16)),
    saved(PilImage.fromarray(smooth()), "JPEG2000"),
]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damaged_bytes_give_an_image_or_one_sentence(seed: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(seed)
    for at, value in changes:
        data[at % len(data)] = value
    with contextlib.suppress(ImageError):
        assert read_image(bytes(data), max_pixels=10_000_000).rgb.ndim == 3


def test_pillows_warnings_stay_inside() -> None:
    # Pillow warns about the first file's EXIF block and the second one's transparency.
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"
    data = saved(PilImage.fromarray(smooth()), "JPEG", exif=exif)
    odd = saved(palette_image(), "PNG", transparency=bytes([0, 100, 200, 255]))
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(read_image, [data, odd] * 20))
    assert len(images) == 40
    assert warnings.filters == before


@pytest.mark.slow
def test_12_megapixel_photo() -> None:
    rgb = cv2.resize(smooth(), (4000, 3000))
    done, data = cv2.imencode(".jpg", rgb)
    assert done
    image = read_image(data.tobytes())
    assert image.size == (4000, 3000)
    np.testing.assert_array_equal(image.rgb, np.asarray(PilImage.open(io.BytesIO(data.tobytes()))))


@pytest.mark.parametrize("extension", [".jp2", ".ppm"])
def test_colour_of_which_pillow_keeps_8_bits_alone_is_noted(extension: str) -> None:
    wide = np.random.default_rng(3).integers(0, 65536, (64, 80, 3)).astype(np.uint16)
    for samples, noted in ((wide, True), ((wide >> 8).astype(np.uint8), False)):
        image = read_image(cv2.imencode(extension, samples)[1].tobytes())
        assert image.rgb.dtype == np.uint8
        assert any("16-bit samples were read as 8-bit" in note for note in image.notes) == noted


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        (b"\0\0\1\0\1\0\x10\x10", "an icon"),
        (b"qoif", "a QOI image"),
    ],
)
def test_what_is_no_image_is_called_by_its_name(start: bytes, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        read_image(start + bytes(60))
