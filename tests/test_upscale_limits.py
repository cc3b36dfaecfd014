"""Enlarging within limits: memory, the subject's box, any factor, grey."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from mattekit.core import (
    Contract,
    DeviceError,
    Execution,
    ImageError,
    InputContract,
    InputError,
    OutputContract,
    Variant,
)
from mattekit.images import Image
from mattekit.infer import LoadedModel, SerialRuntime, Tensor, Upscaler, load
from mattekit.infer.runtimes.compiled import is_out_of_memory
from mattekit.infer.tiles import activation_bytes, side_within

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Blurs(SerialRuntime):
    """Doubles an image after a 5x5 mean, and has memory for so many pixels; what it gives is tinted by `tint`."""

    def __init__(self, room: int = 1 << 30, *, tint: float = 0.0) -> None:
        super().__init__(Execution(runtime="blurs"), self._blur)
        self.room = room
        self.tint = tint
        self.shapes: list[tuple[int, ...]] = []

    def _blur(self, tensor: Tensor) -> list[Tensor]:
        if tensor.shape[2] * tensor.shape[3] > self.room:
            try:
                raise RuntimeError("std::bad_alloc")
            except RuntimeError as error:
                raise DeviceError("CPU: the inference failed") from error
        self.shapes.append(tensor.shape[2:])
        blurred = cv2.blur(tensor[0].transpose(1, 2, 0), (5, 5), borderType=cv2.BORDER_REPLICATE)
        enlarged = np.array(blurred.repeat(2, 0).repeat(2, 1).transpose(2, 0, 1)[None])
        enlarged[:, 0] += self.tint
        return [enlarged]


def blurring(room: int = 1 << 30, *, tint: float = 0.0) -> tuple[LoadedModel, Blurs]:
    contract = Contract(
        task="super_resolution", input=InputContract(), output=OutputContract(kind="image", scale=2), halo=2
    )
    runtime = Blurs(room, tint=tint)
    return LoadedModel(Variant("blurs", "fp32", Path("blurs.xml"), contract), runtime), runtime


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_a_tile_that_does_not_fit_in_memory_is_tried_again_at_half_its_side(caplog: pytest.LogCaptureFixture) -> None:
    image = Image(noise(150, 170))
    model, runtime = blurring(room=40 * 40)
    upscaler = Upscaler(model, tile=128)
    tiled = upscaler.upscale(image)
    assert upscaler.tile == (32, 32), "the smaller side is kept"
    assert max(max(shape) for shape in runtime.shapes) <= 32
    assert "tiles of 128 pixels don't fit in memory" in caplog.text
    whole = Upscaler(blurring()[0], tile=0).upscale(image)
    np.testing.assert_array_equal(tiled.rgb, whole.rgb)


def test_when_no_tile_fits_the_error_says_so() -> None:
    model, _ = blurring(room=4)
    with pytest.raises(DeviceError, match="doesn't fit in memory, and none smaller"):
        Upscaler(model, tile=0).upscale(Image(noise(50, 50)))


def test_other_errors_of_the_device_are_not_tried_again() -> None:
    model, _ = blurring()
    shapes: list[tuple[int, ...]] = []

    def fails(tensor: Tensor) -> list[Tensor]:
        shapes.append(tensor.shape)
        raise DeviceError("GPU.0: the device was lost")

    runtime = SerialRuntime(Execution(runtime="fails"), fails)
    with pytest.raises(DeviceError, match="was lost"):
        Upscaler(replace(model, runtime=runtime), tile=32).upscale(Image(noise(60, 60)))
    assert len(shapes) == 1


def test_what_says_that_memory_ran_out() -> None:
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(DeviceError("GPU: clFlush failed with CL_OUT_OF_RESOURCES"))
    assert not is_out_of_memory(DeviceError("CPU: shapes differ"))


def test_a_memory_budget_decides_the_tile(super_resolution_ir: Path) -> None:
    model = load(super_resolution_ir / "model.xml")
    for megabytes in (20, 60, 200):
        side = side_within(model, megabytes << 20)
        assert activation_bytes(model.path, side) <= megabytes << 20 < activation_bytes(model.path, side + 16)
        assert Upscaler(model, memory=megabytes << 20).tile == (side, side)
    with pytest.raises(InputError, match="allow more"):
        side_within(model, 100_000)


def test_only_the_box_of_the_subject_is_computed() -> None:
    alpha = np.zeros((300, 400), np.uint8)
    alpha[123:141, 57:90] = np.random.default_rng(2).integers(1, 256, (18, 33))
    image = Image(noise(300, 400), alpha)
    model, runtime = blurring()
    cut = Upscaler(model, tile=0).upscale(image)
    # The halo of 2, and the 2 pixels that the alpha's filter reaches.
    assert runtime.shapes == [(18 + 8, 33 + 8)]
    whole = Upscaler(blurring()[0], tile=0).upscale(image.with_changes(alpha=None))
    inside = (slice(2 * 125, 2 * 139), slice(2 * 59, 2 * 88))
    np.testing.assert_array_equal(cut.rgb[inside], whole.rgb[inside])
    assert cut.size == (800, 600)


def test_nothing_visible_computes_nothing() -> None:
    model, runtime = blurring()
    empty = Upscaler(model).upscale(Image(noise(40, 40), np.zeros((40, 40), np.uint8)))
    assert runtime.shapes == []
    assert empty.alpha is not None
    assert not empty.alpha.any()


@pytest.mark.parametrize("depth", [8, 16])
def test_grey_stays_grey(depth: int) -> None:
    grey = Image(np.repeat(noise(40, 50)[..., :1], 3, axis=2), grey=True).with_depth(depth)
    enlarged = Upscaler(blurring(tint=0.06)[0], tile=24).upscale(grey)
    assert enlarged.grey
    np.testing.assert_array_equal(enlarged.rgb[..., 0], enlarged.rgb[..., 1])
    np.testing.assert_array_equal(enlarged.rgb[..., 0], enlarged.rgb[..., 2])


@pytest.mark.parametrize(("times", "calls"), [(1, 1), (1.5, 1), (2, 1), (3, 2), (4, 2), (2.7, 2), (5, 3)])
def test_any_enlargement_is_reached(times: float, calls: int) -> None:
    model, runtime = blurring()
    image = Image(np.full((21, 30, 3), 77, np.uint8), np.full((21, 30), 200, np.uint8))
    enlarged = Upscaler(model, tile=0, outscale=times).upscale(image)
    assert enlarged.size == (round(30 * times), round(21 * times))
    assert len(runtime.shapes) == calls
    assert (enlarged.rgb == 77).all()
    assert enlarged.alpha is not None
    assert (enlarged.alpha == 200).all()


def test_enlargements_that_are_none() -> None:
    model, _ = blurring()
    for times in (0.5, 0, float("nan"), 17):
        with pytest.raises(ImageError, match="from 1 to 16"):
            Upscaler(model, outscale=times)
    with pytest.raises(ImageError, match="more than the limit"):
        Upscaler(model, outscale=3, max_pixels=9 * 100).upscale(Image(noise(10, 10)))


def attentive(folder: Path) -> Path:
    """Add to an image a coarse view of it, stretched over its size, as spatial attention does."""
    import openvino
    from openvino import opset13

    image = opset13.parameter([1, 3, -1, -1], np.float32)
    coarse = opset13.avg_pool(image, [6, 6], [0, 0], [0, 0], [11, 11], True, "floor")
    size = opset13.gather(opset13.shape_of(image), np.array([2, 3]), np.array(0))
    axes = np.array([2, 3])
    large = opset13.interpolate(coarse, size, "linear_onnx", "sizes", axes=axes)
    half = opset13.constant(np.float32(0.5))
    result = opset13.result(opset13.multiply(opset13.add(image, large), half))
    model = openvino.Model([result], [image])  # pyright: ignore[reportGeneralTypeIssues]
    openvino.save_model(model, folder / "model.xml", compress_to_fp16=False)
    return folder / "model.xml"


def test_a_coarse_map_lies_in_tiles_where_it_lies_in_the_whole(tmp_path: Path) -> None:
    contract = Contract(
        task="super_resolution",
        input=InputContract(min_side=11),
        output=OutputContract(kind="image"),
        halo=24,
        tile_step=6,
    )
    model = load(attentive(tmp_path), contract=contract)
    image = Image(np.asarray(cv2.GaussianBlur(noise(170, 250), (0, 0), 5), dtype=np.uint8))
    whole = Upscaler(model, tile=0).upscale(image).rgb.astype(int)
    assert np.abs(Upscaler(model, tile=96).upscale(image).rgb - whole).max() <= 1

    # The same network, of which nobody knows that it could be aligned.
    unknown = SerialRuntime(Execution(runtime="plain"), model.runtime.run_all)
    plain = Upscaler(LoadedModel(replace(model.variant, contract=contract), unknown), tile=96)
    assert np.abs(plain.upscale(image).rgb - whole).max() > 1
    # The box of a subject is a tile of its image, too.
    alpha = np.zeros((170, 250), np.uint8)
    alpha[70:110, 120:200] = 255
    cut = Upscaler(model, tile=0).upscale(image.with_changes(alpha=alpha))
    inside = (slice(84, 96), slice(134, 186))
    assert np.abs(cut.rgb[inside] - whole[inside]).max() <= 1
