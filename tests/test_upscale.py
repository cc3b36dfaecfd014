"""Enlarging: tiles that nobody can see, any size and depth, and published figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from mattekit.convert import zoo
from mattekit.core import Contract, Execution, ImageError, InputContract, ModelError, OutputContract, Variant
from mattekit.images import Image, read_image
from mattekit.infer import LoadedModel, SerialRuntime, Tensor, Upscaler, load
from mattekit.metrics import psnr_y

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Blurs(SerialRuntime):
    """Doubles an image after a 5x5 mean: a network whose halo is known to be 2, and which counts its calls."""

    def __init__(self) -> None:
        super().__init__(Execution(runtime="blurs"), self._blur)
        self.shapes: list[tuple[int, ...]] = []

    def _blur(self, tensor: Tensor) -> list[Tensor]:
        self.shapes.append(tensor.shape[2:])
        blurred = cv2.blur(tensor[0].transpose(1, 2, 0), (5, 5), borderType=cv2.BORDER_REPLICATE)
        return [blurred.repeat(2, 0).repeat(2, 1).transpose(2, 0, 1)[None]]


def blurring(*, halo: int = 2, **given: int) -> tuple[LoadedModel, Blurs]:
    step = given.pop("tile_step", 1)
    contract = Contract(
        task="super_resolution",
        input=InputContract(**given),  # pyright: ignore[reportArgumentType]
        output=OutputContract(kind="image", scale=2),
        halo=halo,
        tile_step=step,
    )
    runtime = Blurs()
    return LoadedModel(Variant("blurs", "fp32", Path("blurs.xml"), contract), runtime), runtime


def noise(height: int, width: int, dtype: type[np.uint8] | type[np.uint16] = np.uint8) -> NDArray[np.uint8 | np.uint16]:
    rng = np.random.default_rng(height * 1000 + width)
    return rng.integers(0, np.iinfo(dtype).max + 1, (height, width, 3)).astype(dtype)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    height=st.integers(1, 150),
    width=st.integers(1, 150),
    tile=st.integers(24, 60),
    step=st.sampled_from([1, 2, 4]),
    multiple=st.sampled_from([1, 2]),
)
def test_tiles_give_what_the_whole_gives(height: int, width: int, tile: int, step: int, multiple: int) -> None:
    image = Image(noise(height, width))
    model, runtime = blurring(tile_step=step, multiple=multiple)
    tiled = Upscaler(model, tile=tile).upscale(image)
    assert tiled.size == (2 * width, 2 * height)
    assert len(set(runtime.shapes)) == 1, "one shape, so that a device compiles once"
    assert max(runtime.shapes[0]) <= tile + multiple - 1 or max(height, width) <= tile
    whole = Upscaler(model, tile=0).upscale(image)
    np.testing.assert_array_equal(tiled.rgb, whole.rgb)


def test_a_halo_that_is_too_small_is_seen() -> None:
    """The test above can fail: a network that looks further than its contract says leaves seams."""
    image = Image(noise(72, 72))
    model, _ = blurring(halo=0)
    tiled, whole = (Upscaler(model, tile=tile).upscale(image) for tile in (40, 0))
    assert not np.array_equal(tiled.rgb, whole.rgb)


def test_a_fixed_size_is_kept_to() -> None:
    for size in ((10, 12), (40, 56), (90, 130)):
        model, runtime = blurring(height=40, width=56)
        enlarged = Upscaler(model).upscale(Image(noise(*size)))
        assert set(runtime.shapes) == {(40, 56)}
        assert enlarged.size == (2 * size[1], 2 * size[0])


def test_images_below_the_least_side() -> None:
    model, runtime = blurring(min_side=15, multiple=4)
    enlarged = Upscaler(model).upscale(Image(noise(1, 9)))
    assert enlarged.size == (18, 2)
    assert runtime.shapes == [(16, 16)]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_depth_profile_and_range_are_kept(dtype: type[np.uint8] | type[np.uint16]) -> None:
    full = int(np.iinfo(dtype).max)
    model, _ = blurring()
    flat = Image(np.full((6, 7, 3), full, dtype), icc=b"profile")
    enlarged = Upscaler(model).upscale(flat)
    assert enlarged.rgb.dtype == dtype
    assert enlarged.icc == b"profile"
    assert (enlarged.rgb == full).all()


def test_what_is_transparent_is_not_computed() -> None:
    alpha = np.zeros((200, 200), np.uint8)
    alpha[10:40, 10:40] = 255
    image = Image(noise(200, 200), alpha)
    model, runtime = blurring()
    cut = Upscaler(model, tile=64).upscale(image)
    assert len(runtime.shapes) == 1
    whole = Upscaler(model, tile=0).upscale(image.with_changes(alpha=None))
    assert cut.alpha is not None
    assert cut.alpha.shape == (400, 400)
    # Away from the edge, where the network sees nothing but the subject, it is as if there were no alpha.
    inside = (slice(24, 76), slice(24, 76))
    np.testing.assert_array_equal(cut.rgb[inside], whole.rgb[inside])


def test_hidden_colours_leave_no_fringe() -> None:
    alpha = np.zeros((40, 40), np.uint8)
    alpha[10:30, 10:30] = 255
    rgb = np.zeros((40, 40, 3), np.uint8)
    rgb[10:30, 10:30] = 250
    model, _ = blurring()
    enlarged = Upscaler(model).upscale(Image(rgb, alpha))
    assert enlarged.alpha is not None
    assert (enlarged.rgb[enlarged.alpha > 0] == 250).all()


def test_limits_and_mistakes(segmentation_ir: Path) -> None:
    model, _ = blurring()
    with pytest.raises(ImageError, match="more than the limit"):
        Upscaler(model, max_pixels=399).upscale(Image(noise(10, 10)))
    with pytest.raises(ModelError, match="too little inside"):
        Upscaler(model, tile=5)
    with pytest.raises(ModelError, match="give a super-resolution model"):
        Upscaler(load(segmentation_ir / "model.xml"))


def test_a_real_network_in_tiles(realesr_ir: Path, photo: Path) -> None:
    """SRVGGNetCompact looks at 18 pixels around, and its contract says so: tiles change nothing but rounding."""
    model = load(realesr_ir / "model.xml")
    image = read_image(photo)
    tiled, whole = (Upscaler(model, tile=tile).upscale(image) for tile in (88, 0))
    assert np.abs(tiled.rgb.astype(int) - whole.rgb).max() <= 1


FIGURES = {
    ("imdn-x2", "imdn_x2"): (38.00, 33.63),
    ("imdn-x4", "imdn_x4"): (32.21, 28.58),
    ("rfdn-x4", "rfdn_x4"): (32.16, 28.65),
    ("rlfn-x4", "rlfn_x4"): (32.10, 28.60),
    ("realesr-animevideov3", "realesr_animevideov3_x4"): (28.25, 26.12),
}
"""PSNR-Y in dB on Set5 and Set14, the border cropped by the scale."""


@pytest.mark.slow
@pytest.mark.parametrize(("names", "figures"), FIGURES.items(), ids=[names[0] for names in FIGURES])
def test_published_figures_from_the_ir(
    names: tuple[str, str], figures: tuple[float, float], shared_data: Path, published_half: Callable[[str, str], Path]
) -> None:
    """With halved weights, which are those of the FP32 IR but for rounding: all that the export checks is in them."""
    from mattekit.datasets.image_folders import super_resolution_folders

    exact = load(published_half(names[0], f"super_resolution/{names[1]}.pth"))
    upscaler = Upscaler(exact, tile=0)
    scale = zoo.get(names[0]).scale
    for folder, expected in zip(("set5/hr", "set14"), figures, strict=True):
        values: list[float] = []
        for sample in super_resolution_folders(shared_data / "super_resolution" / folder, scale):
            assert sample.high_resolution is not None
            enlarged = upscaler.upscale(Image(sample.image)).rgb
            values.append(psnr_y(enlarged.astype(np.uint8), sample.high_resolution, border=scale))
        assert np.mean(values) == pytest.approx(expected, abs=0.01), (folder, values)
    if not names[0].startswith("imdn"):
        # IMDN weighs its channels by their mean over the whole image, which a tile can't know.
        image = read_image(shared_data / "super_resolution" / "set5" / "lr_x2" / "butterflyx2.bmp")
        tiled, whole = (Upscaler(exact, tile=tile).upscale(image).rgb.astype(int) for tile in (96, 0))
        assert np.abs(tiled - whole).max() <= 1
