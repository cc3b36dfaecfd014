"""Masks as the contract's publisher computes them, and images that a network has nothing to say about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mattekit.core import Contract, Execution, InputContract, ModelError, OutputContract, Variant
from mattekit.images import Image, read_image
from mattekit.infer import (
    LEAST_SPREAD,
    LoadedModel,
    Remover,
    SerialRuntime,
    Tensor,
    load,
    normalise,
    resize_mask,
    tensor_from,
)
from mattekit.infer.resampling import resize_pixels
from PIL import Image as PilImage

SALIENT = Contract(
    task="segmentation",
    input=InputContract(
        height=32, width=48, divide_by="image_max", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
    ),
    output=OutputContract(kind="alpha", min_max=True),
)


class Says(SerialRuntime):
    """A network that always says the same."""

    def __init__(self, output: Tensor) -> None:
        super().__init__(Execution(runtime="says"), self._say)
        self.output = output
        self.seen: list[Tensor] = []

    def _say(self, tensor: Tensor) -> list[Tensor]:
        self.seen.append(tensor)
        return [self.output]


def model_answering(output: np.ndarray, contract: Contract = SALIENT) -> tuple[LoadedModel, Says]:
    runtime = Says(output.astype(np.float32))
    return LoadedModel(Variant("says", "fp32", Path("says.xml"), contract), runtime), runtime


def photo_of(height: int, width: int, *, dtype: type[np.uint8] | type[np.uint16] = np.uint8) -> Image:
    rng = np.random.default_rng(height)
    return Image(rng.integers(0, np.iinfo(dtype).max + 1, (height, width, 3)).astype(dtype))


def half_mask() -> np.ndarray:
    """The left half is subject, in raw values that span 0.1 to 0.9."""
    raw = np.full((1, 1, 32, 48), 0.1)
    raw[..., :24] = 0.9
    return raw


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (31, 47), (300, 200)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_mask_has_the_images_size_and_depth(size: tuple[int, int], dtype: type[np.uint8] | type[np.uint16]) -> None:
    model, _ = model_answering(half_mask())
    cut, matte = Remover(model).remove(photo_of(*size, dtype=dtype))
    assert matte.alpha.shape == size
    assert matte.alpha.dtype == dtype
    assert cut.alpha is not None
    if size[1] > 10:
        full = np.iinfo(dtype).max
        assert (matte.alpha[:, : size[1] // 3] == full).all()
        assert (matte.alpha[:, -size[1] // 3 :] == 0).all()


def test_min_max_stretches_a_subject_but_not_noise() -> None:
    model, _ = model_answering(half_mask())
    matte = Remover(model).matte(photo_of(64, 96))
    assert matte.foreground
    assert matte.confidence == pytest.approx(0.8)
    noise = np.random.default_rng(0).random((1, 1, 32, 48)) * (LEAST_SPREAD * 0.9)
    model, _ = model_answering(noise)
    matte = Remover(model).matte(photo_of(64, 96))
    assert not matte.foreground
    assert matte.confidence < LEAST_SPREAD
    assert matte.alpha.max() <= LEAST_SPREAD * 255


def test_an_image_that_is_all_subject_is_kept() -> None:
    model, _ = model_answering(np.full((1, 1, 32, 48), 0.97))
    matte = Remover(model).matte(photo_of(20, 20))
    assert matte.foreground
    assert matte.alpha.min() >= 246


@pytest.mark.parametrize("value", [0, 1, 255])
def test_flat_images_give_finite_tensors(value: int) -> None:
    tensor = tensor_from(np.full((5, 7, 3), value, np.uint8), SALIENT)
    assert np.isfinite(tensor).all()
    # Divided by its maximum, a flat image is 1 everywhere, and a black one 0.
    of_maximum = 0 if value == 0 else 1
    for channel, (mean, std) in enumerate(((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))):
        np.testing.assert_allclose(tensor[0, channel], (of_maximum - mean) / std, rtol=1e-5)


def test_normalisation_is_the_formula() -> None:
    pixels = np.random.default_rng(1).random((4, 6, 3)).astype(np.float32) * 255
    contract = SALIENT.model_copy(
        update={
            "input": InputContract(
                height=4, width=6, colour_order="BGR", divide_by=255.0, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7)
            )
        }
    )
    expected = (pixels[:, :, ::-1] / 255 - np.array([0.1, 0.2, 0.3])) / np.array([0.5, 0.6, 0.7])
    np.testing.assert_allclose(normalise(pixels, contract)[0].transpose(1, 2, 0), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(320, 320), (100, 40), (7, 5)])
@pytest.mark.parametrize("source", [(64, 48), (500, 333), (1, 1)])
def test_linear_resizing_is_that_of_scikit_image(source: tuple[int, int], size: tuple[int, int]) -> None:
    from skimage.transform import resize

    rgb = photo_of(*source).rgb
    ours = resize_pixels(rgb, *size, "linear")
    theirs = np.asarray(
        resize(rgb, size, order=1, mode="edge", anti_aliasing=False, preserve_range=True), dtype=np.float32
    )
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_a_16_bit_image_gives_the_tensor_of_its_8_bit_twin() -> None:
    image = photo_of(60, 50)
    np.testing.assert_allclose(
        tensor_from(image.with_depth(16).rgb, SALIENT), tensor_from(image.rgb, SALIENT), atol=1e-4
    )


@pytest.mark.parametrize("filter_", ["lanczos", "bicubic_antialias", "bilinear_antialias"])
def test_anti_aliased_filters_are_pillows(filter_: str) -> None:
    rgb = photo_of(90, 70).rgb
    kinds = {"lanczos": PilImage.Resampling.LANCZOS, "bicubic_antialias": PilImage.Resampling.BICUBIC}
    expected = PilImage.fromarray(rgb).resize((20, 30), kinds.get(filter_, PilImage.Resampling.BILINEAR))
    np.testing.assert_array_equal(resize_pixels(rgb, 30, 20, filter_), np.asarray(expected))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("size", [(800, 1200), (811, 1213), (799, 50), (130, 1600)], ids=str)
def test_a_large_image_and_its_mask_are_resized_as_pillow_does_to_the_bit(size: tuple[int, int]) -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (*size, 3), dtype=np.uint8)
    theirs = PilImage.fromarray(rgb).resize((48, 64), PilImage.Resampling.LANCZOS)
    np.testing.assert_array_equal(resize_pixels(rgb, 64, 48, "lanczos"), np.asarray(theirs))
    mask = np.ascontiguousarray(rgb[:64, :48, 0])
    grown = PilImage.fromarray(mask).resize((size[1], size[0]), PilImage.Resampling.LANCZOS)
    np.testing.assert_array_equal(resize_mask(mask, *size, "lanczos"), np.asarray(grown))


def test_growing_a_mask_bilinearly_is_pillows_within_one() -> None:
    mask = np.random.default_rng(2).integers(0, 256, (40, 50)).astype(np.uint8)
    expected = np.asarray(PilImage.fromarray(mask).resize((203, 161), PilImage.Resampling.BILINEAR))
    ours = resize_mask(mask, 161, 203, "bilinear_antialias")
    assert np.abs(ours.astype(int) - expected).max() <= 1


CLOTHES = Contract(
    task="segmentation",
    input=InputContract(height=8, width=8),
    output=OutputContract(kind="classes", labels=("background", "upper", "lower")),
)


def test_classes_can_be_kept_by_name() -> None:
    scores = np.zeros((1, 3, 8, 8))
    scores[0, 1, :4] = 5  # The upper half is "upper", the lower half "lower", but for a background column.
    scores[0, 2, 4:] = 5
    scores[0, 0, :, 0] = 9
    model, _ = model_answering(scores, CLOTHES)
    image = photo_of(8, 8)
    everything = Remover(model).matte(image)
    assert everything.labels == ("background", "upper", "lower")
    assert (everything.alpha[:, 1:] == 255).all()
    assert (everything.alpha[:, 0] == 0).all()
    upper = Remover(model, keep=("upper",)).matte(image)
    assert (upper.alpha[:4, 1:] == 255).all()
    assert (upper.alpha[4:] == 0).all()
    with pytest.raises(ModelError, match="no class 'hat'"):
        Remover(model, keep=("hat",))


def test_outputs_that_break_the_contract_are_named() -> None:
    model, runtime = model_answering(np.zeros((1, 2, 32, 48)))
    with pytest.raises(ModelError, match="promises"):
        Remover(model).matte(photo_of(9, 9))
    runtime.output = np.full((1, 1, 32, 48), np.nan, np.float32)
    with pytest.raises(ModelError, match="not finite"):
        Remover(model).matte(photo_of(9, 9))


def test_a_cut_out_keeps_the_alpha_that_was_there() -> None:
    model, _ = model_answering(half_mask())
    image = photo_of(32, 48)
    alpha = np.zeros((32, 48), np.uint8)
    alpha[:16] = 255
    cut, _ = Remover(model).remove(image.with_changes(alpha=alpha))
    assert cut.alpha is not None
    assert (cut.alpha[:16, :20] == 255).all()
    assert (cut.alpha[16:] == 0).all()


def test_a_super_resolution_model_removes_nothing(super_resolution_ir: Path) -> None:
    with pytest.raises(ModelError, match="give a segmentation model"):
        Remover(load(super_resolution_ir / "model.xml"))


@pytest.mark.slow
def test_u2netp_gives_the_official_masks(shared_data: Path, published_u2netp: Path) -> None:
    """Against masks that the authors published: at most 0.11/255 apart on average, 0.31/255 on the worst photo."""
    folder = shared_data / "segmentation" / "u2net_test"
    photos = sorted((folder / "images").iterdir())
    remover = Remover(load(published_u2netp / "model.xml"))
    apart: list[float] = []
    for path in photos:
        official = np.asarray(PilImage.open(folder / "u2netp_results" / f"{path.stem}.png").convert("L"), np.float64)
        apart.append(float(np.abs(remover.matte(read_image(path)).alpha - official).mean()))
    assert len(apart) == 18
    assert np.mean(apart) <= 0.11
    assert max(apart) <= 0.31
