"""Every segmentation and matting metric against independent implementations; tools/metric_references.py wrote these."""

import json
from pathlib import Path

import numpy as np
import pytest
from mattekit.metrics import METRICS
from mattekit.metrics.flicker import dtssd

DATA = Path(__file__).parent / "data"
FIGURES = json.loads((DATA / "metric_figures.json").read_text(encoding="utf-8"))


def _pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    with np.load(DATA / "metric_pairs.npz") as file:
        names = [str(name) for name in file["names"]]
        return {name: (file[f"p{i}"] / 65535, file[f"t{i}"] / 65535) for i, name in enumerate(names)}


PAIRS = _pairs()


@pytest.mark.parametrize("pair", sorted(PAIRS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_as_the_reference(pair: str, dtype: type[np.floating]) -> None:
    prediction, truth = (array.astype(dtype) for array in PAIRS[pair])
    expected = FIGURES["figures"][pair]
    found = {name: float(np.max(METRICS[name].function(prediction, truth))) for name in expected}
    assert found == pytest.approx(expected, abs=1e-6, rel=1e-6)


def test_dtssd_as_the_reference() -> None:
    moved, noise, soft = PAIRS["moved"], PAIRS["smooth noise"], PAIRS["soft truth"]
    assert dtssd([noise[0], moved[0]], [soft[1], moved[1]]) == pytest.approx(FIGURES["dtssd"], abs=1e-9)


def test_the_table_covers_the_registry() -> None:
    covered = {name for figures in FIGURES["figures"].values() for name in figures} | {"dtssd"}
    # Those of classes are held against counts by hand in test_classes.
    elsewhere = {
        "miou",
        "pixel_accuracy",
        "image_miou",
        "composite_error",
        "halo",
        "still_flicker",
        "psnr",
        "psnr_y",
        "ssim",
        "ssim_y",
    }
    assert covered | elsewhere == set(METRICS)
