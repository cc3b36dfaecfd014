"""An image enters in any kind in which a caller may have it, and what is done with it comes back in that kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import mattekit
import numpy as np
import pytest
from mattekit.core import ImageError
from mattekit.images import Image, clear_hidden, image_of
from mattekit.infer import Remover, Upscaler, load
from PIL import Image as PilImage

RGB = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
RGBA = np.dstack([RGB, np.full(RGB.shape[:2], 200, np.uint8)])
GREY = RGB[..., 0]


def png(array: Any = RGB) -> bytes:
    stream = BytesIO()
    PilImage.fromarray(array).save(stream, "PNG")
    return stream.getvalue()


def file_of(folder: Path) -> Path:
    (folder / "given.png").write_bytes(png())
    return folder / "given.png"


KINDS: dict[str, tuple[Callable[[Path], Any], type]] = {
    "path": (file_of, Image),
    "text": (lambda folder: str(file_of(folder)), Image),
    "bytes": (lambda _: png(), bytes),
    "open file": (lambda _: BytesIO(png()), BytesIO),
    "Pillow RGB": (lambda _: PilImage.fromarray(RGB), PilImage.Image),
    "Pillow RGBA": (lambda _: PilImage.fromarray(RGBA), PilImage.Image),
    "Pillow palette": (lambda _: PilImage.fromarray(RGB).convert("P"), PilImage.Image),
    "Pillow CMYK": (lambda _: PilImage.fromarray(RGB).convert("CMYK"), PilImage.Image),
    "Pillow 16 bits": (lambda _: PilImage.fromarray(GREY.astype(np.uint16) * 257), PilImage.Image),
    "array (H, W)": (lambda _: GREY, np.ndarray),
    "array (H, W, 3)": (lambda _: RGB, np.ndarray),
    "array (H, W, 4)": (lambda _: RGBA, np.ndarray),
    "array of 16 bits": (lambda _: RGB.astype(np.uint16) * 257, np.ndarray),
    "array, every other column": (lambda _: RGB[:, ::2], np.ndarray),
    "our own": (lambda _: Image(RGB), Image),
}


def _removed(model: Path, image: Any) -> Any:
    return mattekit.remove(image, model=model)


@pytest.fixture(scope="module")
def functions(light_ir: Path, super_resolution_ir: Path) -> dict[str, Callable[[Any], Any]]:
    """Every function that takes an image, and gives one."""
    remover = Remover(load(light_ir / "model.xml"))
    return {
        "remove": partial(_removed, light_ir),
        "pipeline": mattekit.open_pipeline(sr=None, model=light_ir, background="white"),
        "remover": remover,
        "upscaler": Upscaler(load(super_resolution_ir / "model.xml")),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_goes_through_every_function_and_comes_back(
    kind: str, functions: dict[str, Callable[[Any], Any]], tmp_path: Path
) -> None:
    make, back = KINDS[kind]
    for name, function in functions.items():
        image = image_of(make(tmp_path))
        expected = image_of(function(image))
        result = function(make(tmp_path))
        assert isinstance(result, back), name
        found = image_of(result)
        if back is PilImage.Image:
            # Pillow has no colour of 16 bits.
            expected = expected.with_depth(8)
        if back in {bytes, BytesIO}:
            # A file does not keep what a transparent pixel looked like.
            expected = clear_hidden(expected)
        assert np.array_equal(np.asarray(found), np.asarray(expected)), name
        assert (found.alpha is not None) == (
            name in {"remove", "remover"} or (image.alpha is not None and name == "upscaler")
        )


def test_a_list_gives_a_list_each_in_its_own_kind(functions: dict[str, Callable[[Any], Any]]) -> None:
    found = functions["remove"]([RGB, png(), PilImage.fromarray(RGB)])
    assert [type(one) for one in found] == [np.ndarray, bytes, PilImage.Image]
    assert np.array_equal(found[0], np.asarray(found[2]))
    assert functions["remove"]([]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_written_and_is_a_background(kind: str, light_ir: Path, tmp_path: Path) -> None:
    make, _ = KINDS[kind]
    mattekit.write_image(make(tmp_path), tmp_path / "written.png")
    written = mattekit.read_image(tmp_path / "written.png")
    assert np.array_equal(np.asarray(written)[..., :3], image_of(make(tmp_path)).rgb)
    background = make(tmp_path)
    pipeline = mattekit.open_pipeline(sr=None, model=light_ir, background=background)
    assert np.asarray(pipeline(RGB)).shape[:2] == RGB.shape[:2]


def test_channels_keep_their_order_and_alpha_is_straight() -> None:
    image = image_of(RGBA)
    assert np.array_equal(image.rgb, RGB)
    assert image.alpha is not None
    assert np.array_equal(image.alpha, RGBA[..., 3])
    assert np.array_equal(np.asarray(image), RGBA)
    assert np.array_equal(np.asarray(image.to_pil()), RGBA)
    assert image_of(GREY).grey


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (RGB.astype(np.float32), "array of float32"),
        (RGB[..., :2], r"shape \(24, 32, 2\)"),
        (RGB[:0], "no image"),
        (PilImage.new("F", (4, 4)), "mode F"),
        (b"no image", "the image in memory"),
        (7, "int is no image; give a path"),
    ],
)
def test_what_is_no_image_is_refused_in_a_sentence(image: Any, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        image_of(image)


def test_a_pillow_image_has_a_pixel_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTEKIT_MAX_PIXELS", "100")
    with pytest.raises(ImageError, match="MATTEKIT_MAX_PIXELS"):
        image_of(PilImage.new("RGB", (20, 20)))


def test_an_image_shows_itself_in_a_line_and_in_a_notebook() -> None:
    image = Image(RGB, RGBA[..., 3], source="cat.png")
    assert repr(image) == "Image(32x24, 8 bits, RGB, alpha, 'cat.png')"
    shown: Callable[[], bytes] = getattr(image, "_repr_png_")  # noqa: B009 - as a notebook asks for it
    assert np.array_equal(np.asarray(PilImage.open(BytesIO(shown()))), RGBA)


def test_every_public_name_is_told() -> None:
    stub = Path(mattekit.__file__ or "").with_suffix(".pyi").read_text(encoding="utf-8")
    assert dir(mattekit) == sorted(re.findall(r"\bas (\w+)", stub))
    assert "remove" in dir(mattekit)
