"""Masks that are edited, given or cropped to; and what a network is shown of a transparent image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mattekit.core import ImageError, InputError
from mattekit.images import Image, write_image, write_mask
from mattekit.infer import Blur, Crop, GivenMasks, MaskEdits, Pipeline, PipelineSettings, VideoSettings
from mattekit.infer.background import behind
from mattekit.infer.choices import parse_canvas, parse_crop, parse_within
from mattekit.infer.compositing import superimpose
from mattekit.infer.framing import content_of
from mattekit.infer.ground import on_ground
from mattekit.infer.sizing import resampled, scale_within
from numpy.typing import NDArray

Y, X = np.mgrid[:80, :100]


def disc(radius: float, x: int = 50, y: int = 40) -> NDArray[np.uint8]:
    return ((((X - x) ** 2 + (Y - y) ** 2) <= radius**2) * 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("colour", "least"), [((0, 0, 0), 200), ((255, 255, 255), 200), ((128, 128, 128), 150), ((200, 30, 30), 120)]
)
@pytest.mark.parametrize("depth", [8, 16])
def test_a_flat_logo_stands_out_of_its_ground_and_what_is_hidden_is_not_seen(
    colour: tuple[int, int, int], least: int, depth: int
) -> None:
    alpha = disc(30)
    shown: list[NDArray[np.uint8 | np.uint16]] = []
    for hidden in (colour, (9, 99, 9)):
        rgb = np.where(alpha[..., None] > 0, np.array(colour, np.uint8), np.array(hidden, np.uint8))
        shown.append(on_ground(Image(rgb, alpha).with_depth(depth)))
    np.testing.assert_array_equal(shown[0], shown[1])
    ground = shown[0][0, 0].astype(int) // (257 if depth == 16 else 1)
    assert np.sqrt(np.square(ground - colour).sum()) >= least


def test_a_logo_of_every_grey_stands_on_a_colour_and_an_opaque_image_is_shown_as_it_is() -> None:
    greys = np.repeat(np.linspace(0, 255, 100).astype(np.uint8)[None, :, None], 80, 0).repeat(3, 2)
    shown = on_ground(Image(greys, disc(49)))
    assert len(set(shown[0, 0].tolist())) > 1
    assert on_ground(Image(greys)) is greys
    assert on_ground(Image(greys, np.full((80, 100), 255, np.uint8))) is greys


def test_edits_do_what_they_are_called() -> None:
    soft = np.clip((30 - np.hypot(X - 50, Y - 40)) * 25.5 + 127.5, 0, 255).astype(np.uint8)
    cut = MaskEdits(threshold=0.5)(soft)
    assert set(np.unique(cut)) == {0, 255}
    np.testing.assert_array_equal(cut > 0, soft >= 127.5)
    area = int((cut > 0).sum())
    for grown, radius in ((4, 34), (-4, 26)):
        assert abs((MaskEdits(grow=grown)(cut) > 0).sum() - np.pi * radius**2) < 0.03 * area
    feathered = MaskEdits(feather=3)(cut).astype(int)
    assert abs(feathered.sum() - cut.astype(int).sum()) < 0.01 * cut.sum()
    assert abs(feathered[40, 80] - 128) < 20
    np.testing.assert_array_equal(MaskEdits(invert=True)(soft), 255 - soft)
    assert MaskEdits()(soft) is soft
    assert MaskEdits(threshold=0.5, grow=2)(soft.astype(np.uint16) * 257).max() == 65535


def test_the_largest_part_stays_with_its_soft_edge_and_holes_are_filled() -> None:
    parts = np.maximum(disc(20, 30, 40), disc(8, 80, 20))
    parts[40, 51], parts[20, 71] = 90, 90
    kept = MaskEdits(largest=True)(parts)
    np.testing.assert_array_equal(kept[:, :60], parts[:, :60])
    assert not kept[:, 70:].any()
    ring = np.where(disc(8) > 0, 0, disc(30))
    ring[40, 58] = 140
    np.testing.assert_array_equal(MaskEdits(fill_holes=True)(ring), disc(30))
    open_ring = ring.copy()
    open_ring[40:, 48:52] = 0
    np.testing.assert_array_equal(MaskEdits(fill_holes=True)(open_ring), open_ring)


def test_masks_of_ones_own_take_the_networks_place(tmp_path: Path) -> None:
    masks, rgb = tmp_path / "masks", np.full((80, 100, 3), 7, np.uint8)
    write_mask(disc(20), masks / "photo.png")
    write_mask(disc(20) // 255, masks / "zero-one.png")
    image = Image(rgb, source=str(tmp_path / "photo.jpg"))
    for given in (GivenMasks(masks), GivenMasks(masks / "photo.png"), GivenMasks(masks / "zero-one.png")):
        result = Pipeline(given).run(image)
        assert result.image.alpha is not None
        np.testing.assert_array_equal(result.image.alpha, disc(20))
    half = image.with_changes(alpha=np.full((80, 100), 128, np.uint8))
    matte = GivenMasks(masks).matte(half)
    np.testing.assert_array_equal(matte.alpha, (disc(20) > 0) * np.uint8(128))
    large = Image(np.zeros((160, 200, 3), np.uint16), source="photo")
    assert GivenMasks(masks).matte(large).alpha.max() == 65535
    with pytest.raises(ImageError, match="one mask called other is needed"):
        GivenMasks(masks).matte(image.with_changes(source="other.png"))
    with pytest.raises(ImageError, match="a mask of the image's proportions"):
        GivenMasks(masks).matte(Image(np.zeros((80, 80, 3), np.uint8), source="photo"))


def test_a_crop_is_the_subject_with_a_margin_in_image_and_matte(tmp_path: Path) -> None:
    write_mask(disc(10), tmp_path / "m.png")
    image = Image(np.full((80, 100, 3), 7, np.uint8))
    for crop, size in (
        (Crop(), (21, 21)),
        (Crop(5), (31, 31)),
        (Crop(10, percent=True), (25, 25)),
        (Crop(99), (100, 80)),
    ):
        result = Pipeline(GivenMasks(tmp_path / "m.png"), crop=crop).run(image)
        assert result.image.size == size
        assert result.matte is not None
        assert result.matte.alpha.shape == size[::-1]
    assert content_of(np.zeros((4, 4), np.uint8)) is None
    assert parse_crop("content:5%") == Crop(5, percent=True)
    assert parse_crop("none") is None
    with pytest.raises(ImageError, match="nothing to crop to"):
        parse_crop("subject")
    with pytest.raises(InputError, match="one size"):
        VideoSettings(crop=parse_crop("content"))
    with pytest.raises(InputError, match="no mask to be edited"):
        PipelineSettings(model=None, grow=3)


def test_sizes_are_read_and_reached() -> None:
    assert (parse_canvas("1920x1080"), parse_canvas("background"), parse_canvas("subject")) == (
        (1920, 1080),
        "background",
        None,
    )
    assert (parse_within("1920x1080"), parse_within("640"), parse_within("x480")) == ((1920, 1080), (640, 0), (0, 480))
    for wrong in ("0x4", "large", "x"):
        with pytest.raises(ImageError, match="is no"):
            parse_canvas(wrong)
        with pytest.raises(ImageError, match="is no size"):
            parse_within("x" if wrong == "0x4" else wrong)
    image = Image(np.zeros((80, 100, 3), np.uint8))
    assert scale_within(image, (300, 160)) == 2
    assert scale_within(image, (50, 0)) == 0.5
    with pytest.raises(ImageError, match=r"enlarged 20\.0 times"):
        scale_within(image, (2000, 0))


def test_a_texture_that_is_resampled_goes_on_at_its_edges() -> None:
    wave = np.rint(127 + 100 * np.sin(2 * np.pi * X / 100) + 20 * np.cos(2 * np.pi * Y / 80))
    image = Image(wave.astype(np.uint8)[..., None].repeat(3, 2))
    turned = image.with_changes(rgb=np.roll(image.rgb, (40, 50), (0, 1)))
    one, other = (resampled(each, (150, 120), wrap=True).rgb for each in (image, turned))
    np.testing.assert_array_equal(np.roll(one, (60, 75), (0, 1)), other)


def test_nothing_of_the_subject_is_in_its_blurred_background(tmp_path: Path) -> None:
    rgb = np.where(disc(20)[..., None] > 0, np.array([250, 200, 90], np.uint8), np.array([18, 28, 37], np.uint8))
    for part in (behind(Image(rgb), disc(20)), behind(Image(rgb), disc(20)).with_depth(16)):
        clear = Image(rgb, np.zeros((80, 100), np.uint8)).with_depth(part.depth)
        for radius in (None, 1.0, 5.0, 40.0):
            result = superimpose(clear, Blur(radius), original=part).with_depth(8)
            assert np.abs(result.rgb.astype(int) - [18, 28, 37]).max() <= 1
    write_image(Image(rgb, disc(20)), tmp_path / "bare.png")
    with pytest.raises(ImageError, match="nothing behind the subject"):
        Pipeline(background=Blur())(tmp_path / "bare.png")
