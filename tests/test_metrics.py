"""The metrics' conventions, corners and errors; figures against other implementations are in the neighbouring file."""

import math
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from mattekit.core import InputError
from mattekit.metrics import METRICS, Metric, get_metric, iou, mattes, psnr, psnr_y, ssim, ssim_y
from mattekit.metrics.flicker import dtssd, still_flicker
from mattekit.metrics.super_resolution import luma
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

ON_MASKS = [metric for metric in METRICS.values() if metric.takes in {"masks", "curve"}]
ON_IMAGES = [metric for metric in METRICS.values() if metric.takes == "images"]


def _images(seed: int = 0, shape: tuple[int, int] = (40, 52)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = cv2.GaussianBlur(rng.integers(0, 256, (*shape, 3), dtype=np.uint8), (5, 5), 0)
    noise = rng.normal(0, 9, truth.shape)
    return np.clip(np.rint(truth + noise), 0, 255).astype(np.uint8), truth


def _disc(height: int = 300, width: int = 400, shift: int = 0) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    away = np.hypot((y - height / 2) / (height / 3), (x - width / 2 - shift) / (width / 3))
    return np.clip((1 - away) / 0.1 + 0.5, 0, 1).astype(np.float32)


@pytest.mark.parametrize("border", [0, 3, 4])
def test_psnr_as_scikit_image(border: int) -> None:
    a, b = _images()
    inner = slice(border, -border or None)
    expected = peak_signal_noise_ratio(b[inner, inner], a[inner, inner], data_range=255)
    assert psnr(a, b, border) == pytest.approx(expected, abs=1e-9)
    y = [rgb2ycbcr(p)[inner, inner, 0] for p in (b, a)]
    assert psnr_y(a, b, border) == pytest.approx(peak_signal_noise_ratio(*y, data_range=255), abs=1e-9)


@pytest.mark.parametrize("border", [0, 4])
def test_ssim_as_scikit_image(border: int) -> None:
    a, b = _images()
    inner = slice(border, -border or None)
    how: dict[str, Any] = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    expected = structural_similarity(b[inner, inner], a[inner, inner], channel_axis=2, **how)
    assert ssim(a, b, border) == pytest.approx(expected, abs=1e-9)
    y = [rgb2ycbcr(p)[inner, inner, 0] for p in (b, a)]
    assert ssim_y(a, b, border) == pytest.approx(structural_similarity(*y, **how), abs=1e-9)


def test_luma_is_matlabs() -> None:
    # rgb2ycbcr(uint8(cat(3, 255, 255, 255))) is 235, black is 16, and primaries are 81, 145, 41 after rounding.
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8)
    assert np.rint(luma(colours)).tolist() == [[16, 235, 81, 145, 41]]


def test_identical_images_are_infinitely_alike() -> None:
    image = _images()[0]
    assert psnr(image, image) == psnr_y(image, image) == math.inf
    assert ssim(image, image) == ssim_y(image, image) == 1


@pytest.mark.parametrize("metric", ON_MASKS, ids=lambda metric: metric.name)
def test_a_perfect_mask_gets_the_best_figure(metric: Metric) -> None:
    truth = (_disc() >= 0.5).astype(np.float32)
    perfect, poor = (float(np.max(metric.function(p, truth))) for p in (truth, 1 - truth))
    # Mean measures include the threshold 0, at which everything is foreground.
    if not metric.name.startswith("mean_"):
        assert perfect == pytest.approx(metric.best, abs=1e-4)
    assert (perfect > poor) == metric.higher_is_better or metric.name in {"gradient", "max_f_beta"}


@pytest.mark.parametrize("metric", ON_MASKS, ids=lambda metric: metric.name)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (2, 3)])
def test_tiny_empty_and_full_masks_give_finite_figures(metric: Metric, shape: tuple[int, int]) -> None:
    for prediction in (np.zeros(shape), np.ones(shape), np.full(shape, 0.5)):
        for truth in (np.zeros(shape), np.ones(shape)):
            if shape == (1, 1) and "e_measure" in metric.name:
                continue  # divided by the number of pixels less one
            assert np.isfinite(metric.function(prediction, truth)).all()


masks = hnp.arrays(np.uint8, (9, 11), elements=st.integers(0, 255))


@given(masks, masks)
@settings(max_examples=25, deadline=None)
def test_bounds(a: np.ndarray, b: np.ndarray) -> None:
    prediction, truth = (array.astype(np.float32) / np.float32(255) for array in (a, b))
    for metric in ON_MASKS:
        values = np.asarray(metric.function(prediction, truth))
        assert np.isfinite(values).all()
        assert values.min() >= 0
        if metric.higher_is_better:
            assert values.max() <= 1 + 1 / (truth.size - 1)
    assert iou(prediction, truth) == iou(truth, prediction)


def test_all_segmentation_metrics_in_30_ms() -> None:
    prediction, truth = _disc(shift=8), (_disc() >= 0.5).astype(np.float32)
    matting = {"sad", "mse", "gradient", "connectivity", "halo"}
    functions: list[Callable[..., object]] = [m.function for m in ON_MASKS if m.name not in matting]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        best, tries = math.inf, 0
        # Of a machine that others keep busy, more turns are taken: the least of them is what the functions need.
        while best >= 0.030 and tries < 100:
            tries += 1
            start = time.thread_time()
            for function in functions:
                function(prediction, truth)
            best = min(best, time.thread_time() - start)
    finally:
        cv2.setNumThreads(threads)
    assert best < 0.030


def test_errors_name_what_is_wrong() -> None:
    good = np.zeros((4, 5), dtype=np.float32)
    with pytest.raises(InputError, match=r"shape \(4, 5\) and \(5, 4\)"):
        iou(good, good.T)
    with pytest.raises(InputError, match="without pixels"):
        iou(good[:0], good[:0])
    with pytest.raises(InputError, match="prediction has values that are NaN or outside 0-1"):
        iou(np.full((4, 5), np.nan), good)
    with pytest.raises(InputError, match=r"truth has values .* divide 8-bit masks by 255"):
        iou(good, np.full((4, 5), 255.0))
    image = np.zeros((20, 20, 3), dtype=np.uint8)
    with pytest.raises(InputError, match="float32"):
        psnr(image.astype(np.float32), image)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="leaves nothing"):
        psnr(image, image, border=10)
    with pytest.raises(InputError, match="11x11"):
        ssim(image, image, border=5)
    with pytest.raises(InputError, match=r"no metric 'iuo'; choose from .*iou"):
        get_metric("iuo")


def test_composite_error_is_the_difference_of_the_composites() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random((6, 8)), rng.random((6, 8))
    image, mine = (rng.integers(0, 256, (6, 8, 3), dtype=np.uint8) for _ in range(2))
    errors = []
    for colour in mattes.BACKGROUNDS:
        over = [
            alpha[..., None] * p.astype(float) + (1 - alpha[..., None]) * np.array(colour)
            for alpha, p in ((a, mine), (b, image))
        ]
        errors.append(np.sqrt(((over[0] - over[1]) ** 2).mean()))
    found = mattes.composite_error(a, b, image, predicted_foreground=mine)
    assert found == pytest.approx(np.mean(errors), rel=1e-12)
    assert mattes.composite_error(a, a, image) == 0
    with pytest.raises(InputError, match="does not fit"):
        mattes.composite_error(a, b, image[1:])


def test_halo_counts_only_excess_alpha_near_the_boundary() -> None:
    truth = np.zeros((100, 100))
    truth[30:70, 30:70] = 1
    wide, narrow, far = truth.copy(), truth.copy(), truth.copy()
    wide[28:72, 28:72] = 1
    narrow[:32] = 0
    far[:5] = 1
    band = mattes.boundary_band(truth)
    assert band.sum() == 46**2 - 34**2  # 2% of the diagonal are 3 pixels
    assert mattes.halo(wide, truth) == pytest.approx(255 * (44**2 - 40**2) / band.sum())
    assert mattes.halo(narrow, truth) == mattes.halo(far, truth) == mattes.halo(truth, truth) == 0
    assert mattes.halo(truth, np.zeros_like(truth)) == 0


def test_flicker() -> None:
    frames = [np.full((4, 4, 3), 100, dtype=np.uint8)] * 3
    steady = [np.full((4, 4), 0.5)] * 3
    trembling = [np.full((4, 4), value) for value in (0.5, 0.6, 0.5)]
    assert still_flicker(steady, frames) == dtssd(steady, steady) == 0
    assert still_flicker(trembling, frames) == pytest.approx(25.5)
    assert dtssd(trembling, steady) == pytest.approx(10)
    moving = [frames[0], frames[0] + 50, frames[0]]
    assert still_flicker(trembling, moving) == 0
    with pytest.raises(InputError, match="two or more"):
        dtssd(steady[:1], steady[:1])


def test_names_are_unique_and_directions_agree_with_the_best_figure() -> None:
    for name, metric in METRICS.items():
        assert name == metric.name
        assert (metric.best > 0) == metric.higher_is_better
