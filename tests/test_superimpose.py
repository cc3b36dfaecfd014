"""Superimposing: exact to the float formula, in the right place, in the subject's colours."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from mattekit.core import ImageError
from mattekit.images import Image, resize_straight, write_image
from mattekit.images.blend import resample
from mattekit.infer import Blur, Colour, Placement, load_background
from mattekit.infer.choices import Fit
from mattekit.infer.compositing import superimpose
from mattekit.infer.placement import ANCHORS
from PIL import Image as PilImage, ImageCms

WHITE, CLEAR = Colour(255, 255, 255), Colour(0, 0, 0, 0)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Red and green exchanged: a profile whose conversion nobody can overlook.
SWAPPED = SRGB.replace(b"rXYZ", b"tXYZ", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"tXYZ", b"gXYZ", 1)


def noise(*shape: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def image(height: int, width: int, *, seed: int = 1, alpha: bool = True, depth: int = 8) -> Image:
    return Image(
        noise(height, width, 3, seed=seed), noise(height, width, seed=seed + 50) if alpha else None
    ).with_depth(depth)


def plain(height: int, width: int, rgb: tuple[int, int, int], alpha: int | None = None) -> Image:
    a = None if alpha is None else np.full((height, width), alpha, np.uint8)
    return Image(np.tile(np.array(rgb, np.uint8), (height, width, 1)), a)


def formula(subject: Image, background: np.ndarray) -> np.ndarray:
    assert subject.alpha is not None
    weight = (subject.alpha / subject.full)[..., None]
    return subject.rgb * weight + background * (1 - weight)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("background_depth", [8, 16])
def test_compositing_is_the_float_formula(depth: int, background_depth: int) -> None:
    subject = image(300, 17, depth=depth)
    background = image(300, 17, seed=5, alpha=False, depth=background_depth)
    result = superimpose(subject, background)
    deep = max(depth, background_depth)
    expected = formula(subject.with_depth(deep), background.with_depth(deep).rgb)
    assert result.depth == deep
    assert result.alpha is None
    assert np.abs(result.rgb - expected).max() <= (0.501 if deep == 8 else 0.53)


def test_every_pair_of_alpha_and_difference() -> None:
    # All alphas on the rows, all subject values in the columns, over several backgrounds.
    alpha = np.tile(np.arange(256, dtype=np.uint8)[:, None], (1, 256))
    subject = Image(np.dstack([alpha.T] * 3), alpha)
    for value in (0, 1, 77, 128, 254, 255):
        result = superimpose(subject, Colour(value, value, 255 - value))
        expected = formula(subject, np.array([value, value, 255 - value]))
        assert np.abs(result.rgb - expected).max() <= 0.501


def test_a_large_image_is_done_in_bands() -> None:
    subject, background = image(1200, 1999), image(1200, 1999, seed=9, alpha=False)
    result = superimpose(subject, background)
    assert np.abs(result.rgb - formula(subject, background.rgb)).max() <= 0.501


def test_transparent_backgrounds_are_composited_as_pillow_does() -> None:
    subject, background = image(64, 64), image(64, 64, seed=9)
    both = [PilImage.fromarray(np.dstack([p.rgb, p.alpha])) for p in (background, subject) if p.alpha is not None]
    expected = np.asarray(PilImage.alpha_composite(*both)).astype(int)
    result = superimpose(subject, background)
    assert result.alpha is not None
    assert np.abs(result.alpha - expected[..., 3]).max() <= 1
    shown = expected[..., 3] > 20
    assert np.abs(result.rgb - expected[..., :3])[shown].max() <= 2
    half = superimpose(subject, Colour(10, 200, 30, 128))
    flat = PilImage.new("RGBA", (64, 64), (10, 200, 30, 128))
    expected = np.asarray(PilImage.alpha_composite(flat, both[1])).astype(int)
    assert half.alpha is not None
    assert np.abs(half.rgb - expected[..., :3]).max() <= 2
    assert np.abs(half.alpha - expected[..., 3]).max() <= 1


def test_a_transparent_colour_changes_nothing() -> None:
    subject = image(9, 8)
    result = superimpose(subject, CLEAR)
    np.testing.assert_array_equal(result.rgb, subject.rgb)
    np.testing.assert_array_equal(result.alpha, subject.alpha)


def test_a_subject_without_alpha_covers() -> None:
    subject = image(9, 8, alpha=False)
    np.testing.assert_array_equal(superimpose(subject, WHITE).rgb, subject.rgb)
    smaller = superimpose(subject, WHITE, placement=Placement(size=(16, 9), anchor="left"))
    np.testing.assert_array_equal(smaller.rgb[:, :8], subject.rgb)
    assert (smaller.rgb[:, 8:] == 255).all()


@pytest.mark.parametrize("anchor", ANCHORS)
def test_anchor_and_offset(anchor: str) -> None:
    subject = plain(10, 10, (200, 0, 0), alpha=255)
    result = superimpose(subject, WHITE, placement=Placement(anchor=anchor, scale=0.5, offset=(1, -2), size=(20, 30)))
    red = (result.rgb == (200, 0, 0)).all(axis=2)
    rows, columns = np.nonzero(red)
    left = {"left": 0, "right": 10}.get(anchor.rsplit("-", maxsplit=1)[-1], 5) + 1
    top = {"top": 0, "bottom": 20}.get(anchor.split("-", maxsplit=1)[0], 10) - 2
    expected_rows = [y for y in range(top, top + 10) if 0 <= y < 30]
    expected_columns = [x for x in range(left, left + 10) if x < 20]
    assert sorted(set(columns.tolist())) == expected_columns
    assert sorted(set(rows.tolist())) == expected_rows
    assert red.sum() == len(expected_columns) * len(expected_rows)
    assert (result.rgb[~red] == 255).all()


def test_a_subject_beside_the_canvas_leaves_the_background() -> None:
    for offset in ((500, 0), (-500, 0), (0, 500), (0, -500)):
        for scale in (1.0, 0.3, 9.0):
            result = superimpose(plain(10, 10, (0, 0, 0), 255), WHITE, placement=Placement(offset=offset, scale=scale))
            assert (result.rgb == 255).all()


def test_scale_resamples_by_area_and_bicubically() -> None:
    subject = image(40, 60, alpha=False)
    half = superimpose(subject, WHITE, placement=Placement(scale=0.5, anchor="top-left"))
    blocks = subject.rgb.reshape(20, 2, 30, 2, 3).mean(axis=(1, 3))
    assert np.abs(half.rgb[:20, :30] - blocks).max() <= 0.51
    assert (half.rgb[20:] == 255).all()
    double = superimpose(subject, WHITE, placement=Placement(scale=2, anchor="top-left"))
    assert double.rgb.shape == (40, 60, 3)


def test_a_vast_scale_shows_the_right_part() -> None:
    # Four quarters, enlarged so far that the whole would not fit into memory: the middle stays in the middle.
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[:50, :50, 0] = rgb[:50, 50:, 1] = rgb[50:, :50, 2] = 255
    subject = Image(rgb, np.full((100, 100), 255, np.uint8))
    result = superimpose(subject, WHITE, placement=Placement(scale=20)).rgb
    assert result.shape == (100, 100, 3)
    np.testing.assert_array_equal(result[2, 2], (255, 0, 0))
    np.testing.assert_array_equal(result[-3, 2], (0, 0, 255))
    for anchor, colour in {"top-left": (255, 0, 0), "top-right": (0, 255, 0), "bottom-left": (0, 0, 255)}.items():
        corner = superimpose(subject, WHITE, placement=Placement(scale=500, anchor=anchor)).rgb
        assert (corner == colour).all()


def test_scaled_edges_show_no_hidden_colour() -> None:
    # Green under alpha 0 must not bleed into the red square.
    rgb = np.tile(np.array((0, 255, 0), np.uint8), (40, 40, 1))
    alpha = np.zeros((40, 40), np.uint8)
    rgb[10:30, 10:30], alpha[10:30, 10:30] = (255, 0, 0), 255
    for depth in (8, 16):
        for scale in (0.37, 0.5, 1.6):
            result = superimpose(
                Image(rgb, alpha).with_depth(depth), Colour(255, 0, 0), placement=Placement(scale=scale)
            ).with_depth(8)
            assert np.abs(result.rgb.astype(int) - (255, 0, 0)).max() <= 2


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    source=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    canvas=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    fit=st.sampled_from(["fill", "fit", "stretch", "tile"]),
    scale=st.floats(0.01, 30),
    anchor=st.sampled_from(sorted(ANCHORS)),
    offset=st.tuples(st.integers(-80, 80), st.integers(-80, 80)),
    depth=st.sampled_from([8, 16]),
)
def test_any_placement_of_one_colour_on_itself_is_that_colour(
    source: tuple[int, int],
    size: tuple[int, int],
    canvas: tuple[int, int],
    fit: Fit,
    scale: float,
    anchor: str,
    offset: tuple[int, int],
    depth: int,
) -> None:
    background = plain(*size, (90, 160, 230)).with_depth(depth)
    subject = Image(plain(*source, (90, 160, 230)).rgb, noise(*source)).with_depth(depth)
    placement = Placement(fit, anchor, scale, offset, canvas, Colour(90, 160, 230))
    result = superimpose(subject, background, placement=placement)
    assert result.size == canvas
    assert result.alpha is None
    # What is nearly transparent holds its colour less exactly, and shows it as much less.
    assert np.abs(result.with_depth(8).rgb.astype(int) - (90, 160, 230)).max() <= 1


def halves() -> Image:
    """Red on the left, blue on the right; 80x20."""
    rgb = np.zeros((20, 80, 3), np.uint8)
    rgb[:, :40, 0], rgb[:, 40:, 2] = 255, 255
    return Image(rgb)


def test_fits() -> None:
    subject = plain(40, 40, (0, 0, 0), alpha=0)
    fill = superimpose(subject, halves()).rgb
    assert (fill[:, :18] == (255, 0, 0)).all()
    assert (fill[:, 22:] == (0, 0, 255)).all()
    fitted = superimpose(subject, halves(), placement=Placement("fit", blank=Colour(1, 2, 3))).rgb
    assert (fitted[:15] == (1, 2, 3)).all()
    assert (fitted[25:] == (1, 2, 3)).all()
    assert (fitted[15:25, :20] == (255, 0, 0)).all()
    assert (superimpose(subject, halves(), placement=Placement("fit")).rgb[0] == 255).all()
    clear = superimpose(subject, halves(), placement=Placement("fit", blank=CLEAR))
    assert clear.alpha is not None
    assert clear.alpha[:, 0].tolist() == [0] * 15 + [255] * 10 + [0] * 15
    stretched = superimpose(subject, halves(), placement=Placement("stretch")).rgb
    assert (stretched[:, :20] == (255, 0, 0)).all()
    assert (stretched[:, 20:] == (0, 0, 255)).all()
    tiled = superimpose(plain(50, 100, (0, 0, 0), 0), halves(), placement=Placement("tile")).rgb
    np.testing.assert_array_equal(tiled, np.tile(halves().rgb, (3, 2, 1))[:50, :100])
    own = superimpose(subject, halves(), placement=Placement(size="background")).rgb
    np.testing.assert_array_equal(own, halves().rgb)


def test_blur() -> None:
    original = Image(
        np.where(np.arange(120)[None, :, None] < 60, np.uint8(0), np.uint8(200)).repeat(80, 0).repeat(3, 2)
    )
    cut = plain(80, 120, (9, 9, 9), alpha=0)
    for radius in (None, 1.0, 6.0, 400.0):
        row = superimpose(cut, Blur(radius), original=original).rgb[40, :, 0].astype(int)
        assert (np.diff(row) >= 0).all()
        assert abs(row.mean() - 100) < 3
    sigma = 6.0
    row = superimpose(cut, Blur(sigma), original=original).rgb[40, :, 0] / 200
    # A step blurred by a Gaussian reaches 16% one standard deviation before the edge.
    assert abs(row[60 - round(sigma)] - 0.16) < 0.04
    # Without an original there is nothing behind the subject that could be blurred, unless it hides it.
    with pytest.raises(ImageError, match="nothing behind the subject"):
        superimpose(cut, Blur(3))
    hiding = cut.with_changes(rgb=original.rgb)
    np.testing.assert_array_equal(superimpose(hiding, Blur(6)).rgb, superimpose(cut, Blur(6), original=original).rgb)


def test_the_background_is_converted_to_the_subjects_space() -> None:
    y, x = np.mgrid[:30, :40]
    rgb = np.dstack([x * 6, y * 8, x + y]).astype(np.uint8)
    subject = plain(30, 40, (0, 0, 0), alpha=0).with_changes(icc=SWAPPED)
    result = superimpose(subject, Image(rgb))
    expected = ImageCms.profileToProfile(
        PilImage.fromarray(rgb),
        ImageCms.createProfile("sRGB"),
        io.BytesIO(SWAPPED),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert expected is not None
    assert np.abs(result.rgb.astype(int) - np.asarray(expected)).max() <= 1
    assert np.abs(result.rgb.astype(int) - rgb[..., [1, 0, 2]]).max() <= 3
    assert result.icc == SWAPPED
    # A colour is meant in sRGB; a background in the same space, or in sRGB by another name, is left as it is.
    assert np.abs(superimpose(subject, Colour(250, 10, 20)).rgb.astype(int) - (10, 250, 20)).max() <= 2
    np.testing.assert_array_equal(superimpose(subject, Image(rgb, icc=SWAPPED)).rgb, rgb)
    np.testing.assert_array_equal(superimpose(subject.with_changes(icc=None), Image(rgb, icc=SRGB)).rgb, rgb)
    deep = superimpose(subject, Image(rgb).with_depth(16))
    assert deep.depth == 16
    assert "8 bits" in deep.notes[0]
    # Larger than the canvas: resampled first, then converted.
    reduced = superimpose(subject.with_changes(icc=SWAPPED), plain(90, 90, (255, 0, 0)))
    assert np.abs(reduced.rgb.astype(int) - (0, 255, 0)).max() <= 3


def test_grey_stays_grey() -> None:
    grey = Image(np.full((6, 6, 3), 50, np.uint8), np.full((6, 6), 128, np.uint8), grey=True)
    assert superimpose(grey, WHITE).grey
    assert superimpose(grey, Blur(2), original=grey.with_changes(alpha=None)).grey
    assert not superimpose(grey, Colour(255, 0, 0)).grey
    assert not superimpose(grey, halves()).grey


def test_resampling_long_images() -> None:
    long = noise(1, 60_000, 3)
    assert resample(long, 300, 1).shape == (1, 300, 3)
    assert resample(long, 300, 50).shape == (50, 300, 3)
    assert resample(long, 1, 1).shape == (1, 1, 3)
    rgb, alpha = resize_straight(long, noise(1, 60_000), 100, 7)
    assert rgb.shape == (7, 100, 3)
    assert alpha is not None
    assert alpha.shape == (7, 100)
    assert superimpose(image(40_000, 3), image(3, 40_000, alpha=False)).size == (3, 40_000)


def test_words_for_backgrounds(tmp_path: Path) -> None:
    assert load_background("none") is None
    assert load_background("white") == WHITE
    assert load_background(" Black ") == Colour(0, 0, 0)
    assert load_background("#369") == Colour(0x33, 0x66, 0x99)
    assert load_background("#336699") == Colour(0x33, 0x66, 0x99)
    assert load_background("#33669980") == Colour(0x33, 0x66, 0x99, 0x80)
    assert load_background("rgb(1, 2, 3)") == Colour(1, 2, 3)
    transparent = load_background("transparent")
    assert isinstance(transparent, Colour)
    assert transparent.alpha == 0
    assert load_background("blur") == Blur()
    assert load_background("blur:2.5") == Blur(2.5)
    write_image(halves(), tmp_path / "beach.png")
    loaded = load_background(str(tmp_path / "beach.png"))
    assert isinstance(loaded, Image)
    np.testing.assert_array_equal(loaded.rgb, halves().rgb)


@pytest.mark.parametrize(
    "word", ["", "whitish", "#12", "blur:", "blur:wide", "blur:-1", "blur:nan", "rgb(300,0,0)", "x" * 9000]
)
def test_words_that_are_no_background(word: str) -> None:
    with pytest.raises(ImageError):
        load_background(word)


def test_placements_that_cannot_be_drawn() -> None:
    for wrong in (
        {"anchor": "middle"},
        {"fit": "cover"},
        {"scale": 0},
        {"scale": float("nan")},
        {"size": (0, 5)},
        {"size": (10**6, 10**6)},
        {"size": "huge"},
    ):
        with pytest.raises(ImageError, match=r"use|give"):
            Placement(**wrong)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ImageError, match="background is no image"):
        superimpose(image(4, 4), WHITE, placement=Placement(size="background"))
    with pytest.raises(ImageError, match="0-255"):
        Colour(0, 256, 0)
