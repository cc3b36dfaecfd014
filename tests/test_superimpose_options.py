"""Superimposing in linear light, by the subject's box, and with a shadow."""

from __future__ import annotations

import numpy as np
import pytest
from mattekit.core import ImageError
from mattekit.images import Image
from mattekit.infer import Colour, Placement
from mattekit.infer.choices import Shadow, parse_shadow
from mattekit.infer.compositing import from_light, superimpose, to_light

WHITE, CLEAR = Colour(255, 255, 255), Colour(0, 0, 0, 0)


def noise(*shape: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def small_square(depth: int = 8) -> Image:
    """A red square of 10x20 in the corner of a frame of 60x60."""
    rgb, alpha = np.zeros((60, 60, 3), np.uint8), np.zeros((60, 60), np.uint8)
    rgb[5:25, 3:13], alpha[5:25, 3:13] = (200, 0, 0), 255
    return Image(rgb, alpha).with_depth(depth)


def red(image: Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is red."""
    rows, columns = np.nonzero((image.rgb[..., 0] > 150) & (image.rgb[..., 1] < 40))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_light_is_there_and_back(dtype: type[np.uint8] | type[np.uint16]) -> None:
    values = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
    np.testing.assert_array_equal(from_light(to_light(values), values.dtype), values)
    # IEC 61966-2-1: the middle grey of 50% light is 188 of 255.
    assert from_light(np.array([0.5]), np.dtype(np.uint8)).tolist() == [188]


def test_linear_light_is_the_formula_and_only_at_edges() -> None:
    rgb, alpha, under = noise(40, 30, 3), noise(40, 30, seed=5), noise(40, 30, 3, seed=6)
    alpha[:4], alpha[4:8] = 0, 255
    result = superimpose(Image(rgb, alpha), Image(under), placement=Placement(linear=True))
    a = alpha[..., None] / 255
    expected = 255 * (1.055 * (a * to_light(rgb) + (1 - a) * to_light(under)) ** (1 / 2.4) - 0.055)
    bright = expected > 20  # Above the curve's straight part.
    assert np.abs(result.rgb - expected)[bright].max() <= 0.51
    np.testing.assert_array_equal(result.rgb[:4], under[:4])
    np.testing.assert_array_equal(result.rgb[4:8], rgb[4:8])
    plain = superimpose(Image(rgb, alpha), Image(under))
    assert np.abs(plain.rgb.astype(int) - result.rgb).max() > 20


def test_linear_light_on_what_is_transparent() -> None:
    rgb, alpha = noise(20, 20, 3), noise(20, 20, seed=5)
    clear = superimpose(Image(rgb, alpha), CLEAR, placement=Placement(linear=True))
    np.testing.assert_array_equal(clear.rgb, rgb)
    half = Image(noise(20, 20, 3, seed=8), np.full((20, 20), 128, np.uint8))
    mixed = superimpose(Image(rgb, alpha), half, placement=Placement(linear=True))
    plain = superimpose(Image(rgb, alpha), half)
    np.testing.assert_array_equal(mixed.alpha, plain.alpha)
    a, b = alpha[..., None] / 255, 128 / 255
    light = (a * to_light(rgb) + (1 - a) * b * to_light(half.rgb)) / (a + (1 - a) * b)
    assert np.abs(mixed.rgb.astype(int) - from_light(light, np.dtype(np.uint8))).max() == 0


def test_the_subject_is_placed_by_its_box() -> None:
    for anchor, corner in {"top-left": (0, 0), "bottom-right": (30, 0), "center": (15, 0), "bottom": (15, 0)}.items():
        result = superimpose(small_square(), WHITE, placement=Placement(anchor=anchor, place="subject"))
        # The box is 10x20, so it fits three times into 60x60.
        left, top, right, bottom = red(result)
        assert (left, top) == corner
        assert (right - left, bottom - top) == (30, 60)
        assert result.size == (60, 60)
    framed = superimpose(small_square(), WHITE, placement=Placement(anchor="bottom-right"))
    assert red(framed) == (3, 5, 13, 25)
    own = superimpose(small_square(), WHITE, placement=Placement(anchor="bottom", place="subject", scale=1 / 3))
    assert red(own) == (25, 40, 35, 60)


def test_an_empty_cut_out_can_be_placed() -> None:
    empty = Image(noise(9, 8, 3), np.zeros((9, 8), np.uint8))
    result = superimpose(empty, WHITE, placement=Placement(place="subject", shadow=Shadow()))
    assert (result.rgb == 255).all()


@pytest.mark.parametrize("depth", [8, 16])
def test_a_hard_shadow_is_the_shape_shifted(depth: int) -> None:
    shadow = Shadow(angle=90, distance=6, blur=0, opacity=0.5)
    result = superimpose(small_square(depth), WHITE, placement=Placement(shadow=shadow)).with_depth(8)
    assert (result.rgb[5:25, 3:13] == (200, 0, 0)).all()
    assert np.abs(result.rgb[25:31, 3:13].astype(int) - 127).max() <= 1
    rest = np.ones((60, 60), bool)
    rest[5:31, 3:13] = False
    assert (result.rgb[rest] == 255).all()


def test_a_soft_shadow_is_smooth_and_as_dark_in_sum() -> None:
    sums: list[float] = []
    for blur in (0.0, 3.0, 9.0):
        alpha = np.zeros((200, 200), np.uint8)
        alpha[80:120, 80:120] = 255
        subject = Image(np.full((200, 200, 3), 255, np.uint8), alpha)
        # The subject is as white as the background, and the shadow falls beside it.
        shadow = Shadow(angle=0, distance=60, blur=blur, opacity=1)
        dark = 255 - superimpose(subject, WHITE, placement=Placement(shadow=shadow)).rgb[..., 0].astype(float)
        if blur:
            assert np.abs(np.diff(dark[100])).max() < 255 / blur
        sums.append(dark[:, 125:].sum())
    assert sums[1] == pytest.approx(sums[0], rel=0.01)
    assert sums[2] == pytest.approx(sums[0], rel=0.08)


def test_a_shadow_on_nothing_is_in_the_alpha() -> None:
    shadow = Shadow(angle=90, distance=6, blur=0, opacity=0.5)
    result = superimpose(small_square(), CLEAR, placement=Placement(shadow=shadow))
    assert result.alpha is not None
    assert (result.alpha[5:25, 3:13] == 255).all()
    assert np.abs(result.alpha[25:31, 3:13].astype(int) - 128).max() <= 1
    assert (result.rgb[25:31, 3:13] == 0).all()
    assert not result.alpha[31:].any()


def test_words_for_shadows() -> None:
    assert parse_shadow("none") is None
    assert parse_shadow("soft") == Shadow()
    assert parse_shadow("soft: blur=12, opacity=0.4") == Shadow(blur=12, opacity=0.4)
    for word in ("", "hard", "soft:blur", "soft:blur=x", "soft:colour=1", "soft:opacity=2", "soft:blur=nan"):
        with pytest.raises(ImageError, match=r"use|write"):
            parse_shadow(word)
    with pytest.raises(ImageError, match="frame or subject"):
        Placement(place="box")  # pyright: ignore[reportArgumentType]
