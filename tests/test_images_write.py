"""Writing images: what is read back is what was written, and a file is there whole or not at all."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from mattekit.core import ImageError
from mattekit.images import (
    WRITABLE_EXTENSIONS,
    Image,
    clear_hidden,
    encode_image,
    encode_mask,
    format_of,
    read_image,
    to_depth,
    write_image,
    write_mask,
)
from mattekit.infer.cutting import cut_out
from PIL import Image as PilImage, ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def noise(*shape: int, dtype: type[np.uint8] | type[np.uint16] = np.uint8, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def smooth(height: int = 24, width: int = 36) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.dstack([x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)]).astype(np.uint8)


def opened(data: bytes) -> PilImage.Image:
    return PilImage.open(io.BytesIO(data))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("icc", [None, SRGB])
def test_lossless_formats_give_back_every_sample(
    kind: str, alpha: bool, dtype: type[np.uint8] | type[np.uint16], icc: bytes | None
) -> None:
    image = Image(noise(31, 17, 3, dtype=dtype), noise(31, 17, dtype=dtype, seed=4) if alpha else None, icc)
    data = encode_image(image, kind, keep_hidden=True)
    back = read_image(data)
    np.testing.assert_array_equal(back.rgb, image.rgb)
    if image.alpha is None:
        assert back.alpha is None
    else:
        np.testing.assert_array_equal(back.alpha, image.alpha)
    assert back.rgb.dtype == dtype
    assert back.icc == icc
    assert back.notes == ()
    # Two other decoders see the same; OpenCV multiplies the colours of an 8-bit TIFF by alpha.
    independent = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert independent is not None
    if not (kind == "tiff" and alpha and dtype == np.uint8):
        np.testing.assert_array_equal(independent[..., 2::-1], image.rgb)
    if dtype == np.uint8:
        np.testing.assert_array_equal(np.asarray(opened(data))[..., :3], image.rgb)
    assert opened(data).info.get("icc_profile") == icc
    assert encode_image(image, kind, keep_hidden=True) == data


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    with_alpha=st.booleans(),
    wide=st.booleans(),
    kind=st.sampled_from(["png", "tiff"]),
)
def test_any_shape_comes_back(height: int, width: int, with_alpha: bool, wide: bool, kind: str) -> None:
    samples = noise(height, width, 4, dtype=np.uint16 if wide else np.uint8, seed=height * 41 + width)
    image = Image(np.ascontiguousarray(samples[..., :3]), samples[..., 3] if with_alpha else None)
    data = encode_image(image, kind, keep_hidden=True)
    assert data == encode_image(image, kind, keep_hidden=True)
    back = read_image(data)
    np.testing.assert_array_equal(back.rgb, image.rgb)
    assert (back.alpha is None) == (image.alpha is None)
    if image.alpha is not None:
        np.testing.assert_array_equal(back.alpha, image.alpha)


@pytest.mark.parametrize("shape", [(1, 1), (1, 60000), (40000, 3)])
@pytest.mark.parametrize("kind", ["png", "tiff", "bmp", "jpeg"])
def test_extreme_shapes(shape: tuple[int, int], kind: str) -> None:
    image = Image(noise(*shape, 3))
    back = read_image(encode_image(image, kind))
    assert back.size == image.size
    if kind != "jpeg":
        np.testing.assert_array_equal(back.rgb, image.rgb)


def test_hidden_colours_are_cleared_unless_kept() -> None:
    alpha = (noise(20, 30) > 128).astype(np.uint8) * noise(20, 30, seed=9)
    for depth in (8, 16):
        image = Image(noise(20, 30, 3), alpha).with_depth(depth)
        for kind in ("png", "tiff"):
            back = read_image(encode_image(image, kind))
            assert image.alpha is not None
            assert not back.rgb[image.alpha == 0].any()
            np.testing.assert_array_equal(back.rgb[image.alpha > 0], image.rgb[image.alpha > 0])
            np.testing.assert_array_equal(back.alpha, image.alpha)
            np.testing.assert_array_equal(back.rgb, clear_hidden(image).rgb)
    webp = read_image(encode_image(Image(noise(20, 30, 3), alpha), "webp", quality=100))
    np.testing.assert_array_equal(webp.rgb, clear_hidden(Image(noise(20, 30, 3), alpha)).rgb)


@pytest.mark.parametrize("kind", ["jpeg", "bmp"])
@pytest.mark.parametrize("background", [(255, 255, 255), (10, 200, 90)])
def test_formats_without_alpha_get_a_background(kind: str, background: tuple[int, int, int]) -> None:
    x = np.arange(24 * 36).reshape(24, 36) % 36
    image = Image(smooth(), (x * 7).astype(np.uint8))
    weight = (x * 7 / 255)[..., None]
    expected = smooth() * weight + np.array(background) * (1 - weight)
    back = read_image(encode_image(image, kind, background=background, quality=100))
    assert back.alpha is None
    assert np.abs(back.rgb - expected).max() <= (0.51 if kind == "bmp" else 12)
    assert np.abs(back.rgb - expected).mean() <= 1.5


@pytest.mark.parametrize("depth", [8, 16])
def test_lossy_formats_come_near(depth: int) -> None:
    image = Image(smooth(), None, SRGB).with_depth(depth)
    for kind in ("jpeg", "webp"):
        data = encode_image(image, kind)
        back = read_image(data)
        assert np.abs(back.rgb.astype(int) - smooth()).mean() < 3
        assert back.icc == SRGB
        assert len(encode_image(image, kind, quality=30)) < len(data)
    exact = read_image(encode_image(image, "webp", quality=100))
    np.testing.assert_array_equal(exact.rgb, smooth())


def test_large_profile_takes_several_jpeg_segments() -> None:
    # Bytes behind the tags are allowed, and make the profile larger than one segment.
    icc = struct.pack(">I", len(SRGB) + 150_000) + SRGB[4:] + noise(150_000).tobytes()
    data = encode_image(Image(smooth(), None, icc), "jpeg")
    assert opened(data).info["icc_profile"] == icc
    assert read_image(data).size == (36, 24)


def test_the_extension_decides(tmp_path: Path) -> None:
    formats = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "tiff": "TIFF", "bmp": "BMP", "avif": "AVIF"}
    for extension, kind in WRITABLE_EXTENSIONS.items():
        path = tmp_path / "new folder" / f"image{extension.upper()}"
        write_image(Image(smooth()), path)
        with PilImage.open(path) as image:
            assert image.format == formats[kind]
        assert path.read_bytes() == encode_image(Image(smooth()), kind)
    for name in ("a.gif", "a", "a.png.txt"):
        with pytest.raises(ImageError, match=r"\.png, \.jpg"):
            write_image(Image(smooth()), tmp_path / name)
    assert format_of("x/Y.TIF") == "tiff"


def test_what_a_format_cannot_hold() -> None:
    wide = Image(np.zeros((1, 70_000, 3), np.uint8), source="wide.png")
    for kind in ("jpeg", "webp"):
        with pytest.raises(ImageError, match=r"wide\.png: 70000x1 is too large"):
            encode_image(wide, kind)
    with pytest.raises(ImageError, match="png, jpeg"):
        encode_image(wide, "gif")
    for quality in (0, 101):
        with pytest.raises(ImageError, match="1 to 100"):
            encode_image(wide, "png", quality=quality)
    with pytest.raises(ImageError, match="too large"):
        encode_mask(np.zeros((1, 70_000), np.uint8), "jpeg")


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.png"
    write_image(Image(smooth()), path)
    before = path.read_bytes()

    def full(_: Path, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(ImageError, match="No space left"):
            write_image(Image(noise(5, 5, 3)), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out.png"]
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ImageError, match="folder"):
        write_image(Image(smooth()), tmp_path / "folder.png")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ImageError, match="a file stands where a folder is needed"):
        write_image(Image(smooth()), tmp_path / "file" / "a.png")


def test_orientation_is_not_written_again(tmp_path: Path) -> None:
    exif = PilImage.Exif()
    exif[0x0112] = 6
    source = io.BytesIO()
    PilImage.fromarray(smooth()).save(source, "PNG", exif=exif)
    image = read_image(source.getvalue())
    for extension in WRITABLE_EXTENSIONS:
        write_image(image, tmp_path / f"a{extension}")
        assert read_image(tmp_path / f"a{extension}").size == image.size == (24, 36)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_masks(dtype: type[np.uint8] | type[np.uint16], tmp_path: Path) -> None:
    mask = noise(15, 22, dtype=dtype)
    write_mask(mask, tmp_path / "mask.png")
    with PilImage.open(tmp_path / "mask.png") as image:
        assert image.mode == ("L" if dtype == np.uint8 else "I;16")
        np.testing.assert_array_equal(np.asarray(image), mask)
    write_mask(mask, tmp_path / "mask.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "mask.tif").rgb[..., 1], mask)
    for extension in (".bmp", ".webp"):
        write_mask(mask, tmp_path / f"mask{extension}")
        np.testing.assert_array_equal(read_image(tmp_path / f"mask{extension}").rgb[..., 0], to_depth(mask, 8))
    write_mask(smooth()[..., 0], tmp_path / "mask.jpg")
    back = read_image(tmp_path / "mask.jpg")
    assert back.grey
    assert np.abs(back.rgb[..., 0].astype(int) - smooth()[..., 0]).max() < 5
    with pytest.raises(ValueError, match="mask must be"):
        encode_mask(noise(4, 4, 3))


def test_bmp_is_converted_to_srgb_because_it_holds_no_profile() -> None:
    # Red and green exchanged: a profile whose conversion nobody can overlook.
    swapped = SRGB.replace(b"rXYZ", b"tXYZ", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"tXYZ", b"gXYZ", 1)
    image = Image(smooth(), None, swapped)
    back = read_image(encode_image(image, "bmp"))
    assert np.abs(back.rgb.astype(int) - smooth()[..., [1, 0, 2]]).max() <= 3


def test_depths() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(to_depth(values, 8), np.rint(values / 257))
    eight = np.arange(256, dtype=np.uint8)[None]
    np.testing.assert_array_equal(to_depth(to_depth(eight, 16), 8), eight)
    assert to_depth(eight, 16)[0, -1] == 65535
    three = np.dstack([values, values.T, 65535 - values])
    np.testing.assert_array_equal(to_depth(three, 8), np.rint(three / 257))
    with pytest.raises(ValueError, match="8 or 16"):
        to_depth(eight, 12)


def test_an_image_of_the_wrong_shape_is_a_mistake() -> None:
    for rgb, alpha in (
        (np.zeros((4, 4), np.uint8), None),
        (np.zeros((0, 4, 3), np.uint8), None),
        (np.zeros((4, 4, 3), np.float32), None),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), np.uint8)),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint16)),
    ):
        with pytest.raises(ValueError, match="must"):
            Image(rgb, alpha)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_cut_out(depth: int, dtype: type[np.uint8 | np.uint16 | np.floating]) -> None:
    image = Image(noise(9, 7, 3), None, SRGB, source="a.jpg").with_depth(depth)
    share = np.linspace(0, 1, 63).reshape(9, 7)
    top = {"uint8": 255, "uint16": 65535}.get(dtype.__name__, 1)
    alpha = (share * top if top == 1 else np.rint(share * top)).astype(dtype)
    cut = cut_out(image, alpha)
    assert cut.alpha is not None
    assert cut.alpha.dtype == image.rgb.dtype
    assert np.abs(cut.alpha / image.full - alpha.astype(float) / top).max() <= 0.501 / image.full + 1e-7
    np.testing.assert_array_equal(cut.rgb, image.rgb)
    assert (cut.icc, cut.source) == (SRGB, "a.jpg")
    again = cut_out(cut, alpha)
    assert again.alpha is not None
    expected = (cut.alpha / cut.full) ** 2
    assert np.abs(again.alpha / image.full - expected).max() <= 0.51 / image.full + 1e-6


def test_cut_out_refuses_what_does_not_fit() -> None:
    image = Image(noise(9, 7, 3), source="a.jpg")
    with pytest.raises(ImageError, match=r"a\.jpg: .* resize"):
        cut_out(image, noise(7, 9))
    with pytest.raises(ImageError, match="not finite"):
        cut_out(image, np.full((9, 7), np.nan, np.float32))
    with pytest.raises(ImageError, match="int32"):
        cut_out(image, np.zeros((9, 7), np.int32))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ImageError, match="foreground"):
        cut_out(image, noise(9, 7), colours=noise(9, 8, 3))
    # Values beyond 0-1 are clipped.
    assert cut_out(image, np.full((9, 7), 1.5, np.float32)).alpha is not None
    colours = noise(9, 7, 3, seed=8)
    np.testing.assert_array_equal(cut_out(image, noise(9, 7), colours=colours).rgb, colours)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("layout", ["colour", "colour with alpha", "grey", "grey with alpha"])
def test_a_small_png_holds_the_same_pixels_in_no_more_bytes(
    layout: str, dtype: type[np.uint8] | type[np.uint16]
) -> None:
    grey = layout.startswith("grey")
    waves = np.add.outer(np.sin(np.arange(70) / 7), np.cos(np.arange(90) / 9))
    slope = (waves + 2) * 50 + np.random.default_rng(4).random(waves.shape) * 9
    rgb = np.dstack([slope, slope if grey else slope[::-1], slope if grey else slope[:, ::-1]]).astype(dtype)
    alpha = np.where(slope > 100, np.iinfo(dtype).max, 9).astype(dtype) if "alpha" in layout else None
    image = Image(rgb, alpha, grey=grey)
    fast, small = (encode_image(image, "png", png_compression=kind) for kind in ("fast", "small"))
    assert len(small) < len(fast)
    read = read_image(small)
    np.testing.assert_array_equal(read.rgb, rgb)
    if alpha is not None:
        np.testing.assert_array_equal(read.alpha, alpha)  # pyright: ignore[reportArgumentType]


def test_avif_keeps_alpha_and_looks_the_same() -> None:
    alpha = np.zeros((24, 36), np.uint8)
    alpha[5:15, 5:25] = 255
    image = read_image(encode_image(Image(smooth(), alpha), "avif", quality=95))
    assert image.alpha is not None
    assert np.abs(image.alpha.astype(int) - alpha).mean() < 3
    seen = alpha > 0
    assert np.abs(image.rgb.astype(int) - smooth())[seen].mean() < 8


def test_a_pillow_without_avif_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(feature: str) -> bool:
        assert feature == "avif"
        return False

    monkeypatch.setattr("PIL.features.check", check)
    with pytest.raises(ImageError, match=r"photo\.png: this build of Pillow writes no AVIF"):
        encode_image(Image(smooth(), source="photo.png"), "avif")
