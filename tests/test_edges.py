"""Edges that hold: masks that follow the photo, and colours without the old background."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mattekit.core import Contract, Execution, InputContract, OutputContract, Variant
from mattekit.datasets import Sample, synthetic
from mattekit.images import Image, read_image
from mattekit.infer import LoadedModel, Remover, SerialRuntime, Tensor
from mattekit.infer.edges import closed_form_mask, guided_upsample, import_pymatting, refine_mask
from mattekit.infer.foreground import estimate_foreground
from mattekit.metrics import composite_error
from mattekit.metrics.mattes import gradient, sad
from numpy.typing import NDArray

KINDS = ("solid", "soft", "hair", "holes", "glass")


def samples(*kinds: str, count: int = 1, size: tuple[int, int] = (240, 320)) -> list[Sample]:
    return list(synthetic(count * len(kinds), height=size[0], width=size[1], kinds=kinds))


def truth(sample: Sample) -> NDArray[np.float32]:
    assert sample.alpha is not None
    return sample.alpha


def reduced(alpha: NDArray[np.float32], times: int = 4) -> NDArray[np.float32]:
    """What a perfect network of a smaller size would say."""
    small = cv2.resize(alpha, (alpha.shape[1] // times, alpha.shape[0] // times), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32)


def enlarged(mask: NDArray[np.float32], sample: Sample) -> NDArray[np.uint8]:
    height, width = sample.image.shape[:2]
    return np.rint(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR) * 255).astype(np.uint8)


def guided(mask: NDArray[np.float32], sample: Sample) -> NDArray[np.uint8]:
    base = enlarged(mask, sample)
    guided_upsample(mask, sample.image, base)
    return base


@pytest.mark.parametrize("kind", ["solid", "hair", "holes", "glass", "confusing"])
def test_a_guided_mask_is_better_than_an_interpolated_one(kind: str) -> None:
    for sample in samples(kind, count=2):
        mask = reduced(truth(sample))
        plain, better = enlarged(mask, sample) / 255, guided(mask, sample) / 255
        assert sad(better, truth(sample)) < 0.5 * sad(plain, truth(sample))
        assert gradient(better, truth(sample)) < 0.25 * gradient(plain, truth(sample))


@pytest.mark.parametrize("name", ["ccp", "davis"])
def test_a_guided_mask_is_better_on_photos(name: str, shared_data: Path) -> None:
    photos = sorted((shared_data / "train320" / name).glob("*.jpg"))[::60]
    worse = 0
    for photo in photos:
        mask = read_image(photo.with_suffix(".png")).rgb[..., 0]
        alpha = (mask > 127).astype(np.float32)
        sample = Sample("", np.asarray(read_image(photo).rgb, dtype=np.uint8), alpha=alpha)
        small = reduced(alpha)
        plain, better = enlarged(small, sample) / 255, guided(small, sample) / 255
        worse += sad(better, alpha) >= sad(plain, alpha) or gradient(better, alpha) >= gradient(plain, alpha)
    assert len(photos) >= 4
    assert worse == 0


def test_a_guided_mask_says_what_the_network_said() -> None:
    """Averaged over each pixel of the network's mask, the refined mask is that mask."""
    sample = samples("holes")[0]
    mask = reduced(truth(sample))
    again = reduced((guided(mask, sample) / 255).astype(np.float32))
    assert np.abs(again - mask).mean() < 0.004


def test_a_mask_without_edges_and_one_that_is_not_smaller_stay() -> None:
    sample = samples("solid")[0]
    for mask in (np.zeros((60, 80), np.float32), np.ones((60, 80), np.float32), truth(sample)[:, :200]):
        base = enlarged(mask, sample)
        before = base.copy()
        guided_upsample(mask, sample.image, base)
        if mask.shape == (60, 80):
            np.testing.assert_array_equal(base, before)
    large = np.kron(truth(sample), np.ones((2, 2), np.float32))
    base = enlarged(large, sample)
    before = base.copy()
    guided_upsample(large, sample.image, base)
    np.testing.assert_array_equal(base, before)


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (31, 47), (130, 90)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_any_size_and_depth_is_refined(size: tuple[int, int], dtype: type[np.uint8] | type[np.uint16]) -> None:
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, np.iinfo(dtype).max + 1, (*size, 3)).astype(dtype)
    mask = np.zeros((20, 24), np.float32)
    mask[5:15, 6:18] = 1
    base = np.zeros(size, dtype)
    guided_upsample(mask, rgb, base)
    assert base.dtype == dtype
    assert estimate_foreground(rgb, base).dtype == dtype


def test_sixteen_bits_are_refined_as_eight() -> None:
    sample = samples("hair")[0]
    mask = reduced(truth(sample))
    deep = enlarged(mask, sample).astype(np.uint16) * np.uint16(257)
    guided_upsample(mask, sample.image.astype(np.uint16) * np.uint16(257), deep)
    # The photo is reduced in its own depth, so 8 bits are rounded once more.
    assert np.abs(deep / 257 - guided(mask, sample)).mean() <= 0.1


@pytest.mark.slow  # what is used of pymatting is compiled on its first use
def test_closed_form_matting_solves_the_uncertain_band() -> None:
    pytest.importorskip("numba", reason="closed-form matting needs the extra `matting`")
    sample = samples("hair")[0]
    mask = np.asarray(cv2.GaussianBlur(reduced(truth(sample)), (0, 0), 1), dtype=np.float32)
    base = enlarged(mask, sample)
    plain = base / 255
    refine_mask("matting", mask, sample.image, base)
    assert sad(base / 255, truth(sample)) < 0.8 * sad(plain, truth(sample))
    flat = np.ones_like(mask)
    assert closed_form_mask(flat, sample.image) is flat, "there is no background to learn from"


def composites(sample: Sample, foreground: NDArray[np.uint8]) -> float:
    return composite_error(
        truth(sample),
        truth(sample),
        sample.image,
        predicted_foreground=foreground,
        true_foreground=sample.foreground,
    )


@pytest.mark.parametrize(
    ("kind", "share"), {"solid": 0.5, "hair": 0.6, "holes": 0.5, "soft": 0.9, "glass": 0.9}.items()
)
def test_estimated_colours_show_less_of_the_old_background(kind: str, share: float) -> None:
    for sample in samples(kind, count=2):
        alpha = np.rint(truth(sample) * 255).astype(np.uint8)
        colours = estimate_foreground(sample.image, alpha)
        assert composites(sample, np.asarray(colours, np.uint8)) < share * composites(sample, sample.image)
        known = (alpha == 0) | (alpha == 255)
        np.testing.assert_array_equal(colours[known], sample.image[known])


@pytest.mark.slow
def test_the_estimate_is_as_good_as_pymattings() -> None:
    """Against an independent implementation of the same paper, on the mean of the kinds."""
    pytest.importorskip("numba", reason="the comparison needs the extra `matting`")
    module = import_pymatting()
    ours: list[float] = []
    theirs: list[float] = []
    for sample in samples(*KINDS):
        alpha = np.rint(truth(sample) * 255).astype(np.uint8)
        ours.append(composites(sample, np.asarray(estimate_foreground(sample.image, alpha), np.uint8)))
        other = module.estimate_foreground_ml(sample.image / 255, truth(sample).astype(np.float64))
        theirs.append(composites(sample, np.rint(np.clip(other, 0, 1) * 255).astype(np.uint8)))
    assert np.mean(ours) <= np.mean(theirs)


def test_grey_photos_keep_grey_colours() -> None:
    sample = samples("hair")[0]
    grey = np.repeat(sample.image[..., :1], 3, axis=2)
    colours = estimate_foreground(grey, np.rint(truth(sample) * 255).astype(np.uint8))
    np.testing.assert_array_equal(colours[..., 0], colours[..., 1])
    np.testing.assert_array_equal(colours[..., 0], colours[..., 2])


def test_without_half_transparent_pixels_the_photo_is_returned() -> None:
    sample = samples("solid")[0]
    binary = np.where(truth(sample) > 0.5, 255, 0).astype(np.uint8)
    assert estimate_foreground(sample.image, binary) is sample.image


def remover(mask: NDArray[np.float32], **options: object) -> Remover:
    contract = Contract(
        task="segmentation",
        input=InputContract(height=mask.shape[0], width=mask.shape[1]),
        output=OutputContract(kind="alpha", min_max=True),
    )

    def say(tensor: Tensor) -> list[Tensor]:
        assert tensor.shape[2:] == mask.shape
        return [mask[None, None]]

    says = SerialRuntime(Execution(runtime="says"), say)
    return Remover(LoadedModel(Variant("says", "fp32", Path("says.xml"), contract), says), **options)  # pyright: ignore[reportArgumentType]


def test_a_remover_refines_and_decontaminates() -> None:
    sample = samples("hair")[0]
    image = Image(sample.image)
    mask = reduced(truth(sample))
    plain, _ = remover(mask).remove(image)
    refined, matte = remover(mask, refine="guided", decontaminate=True).remove(image)
    assert plain.alpha is not None
    assert refined.alpha is not None
    np.testing.assert_array_equal(plain.rgb, sample.image)
    np.testing.assert_array_equal(refined.alpha, matte.alpha)

    def error(cut: Image) -> float:
        assert cut.alpha is not None
        return composite_error(
            cut.alpha / 255,
            truth(sample),
            sample.image,
            predicted_foreground=np.asarray(cut.rgb, np.uint8),
            true_foreground=sample.foreground,
        )

    assert error(refined) < 0.5 * error(plain)


def test_an_empty_scene_has_an_empty_mask() -> None:
    noise = np.random.default_rng(0).random((60, 80)).astype(np.float32) * np.float32(0.2)
    sample = samples("empty")[0]
    cut, matte = remover(noise, refine="guided", decontaminate=True).remove(Image(sample.image))
    assert not matte.foreground
    assert 0 < matte.confidence < 0.25
    assert cut.alpha is not None
    assert not cut.alpha.any()
