"""Figures that others published or measured, reproduced from the networks to the means."""

from pathlib import Path

import pytest
from mattekit.bench import EvaluationSettings, validate
from mattekit.bench.accuracy.predictors import open_predictors
from mattekit.core import ValidateRecord
from mattekit.datasets import open_dataset
from mattekit.datasets.image_folders import segmentation_folders

pytest.importorskip("torch")


def _figures(record: ValidateRecord) -> dict[str, float | None]:
    return {figure.metric: figure.value for figure in record.measurements if figure.is_whole}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "weights", "scale", "psnr"),
    [
        ("imdn-x2", "imdn_x2.pth", 2, 38.00),
        ("imdn-x4", "imdn_x4.pth", 4, 32.21),
        ("rfdn-x4", "rfdn_x4.pth", 4, 32.16),
        ("rlfn-x4", "rlfn_x4.pth", 4, 32.10),
        ("realesr-animevideov3", "realesr_animevideov3_x4.pth", 4, 28.25),
    ],
)
def test_psnr_of_set5(shared_data: Path, model: str, weights: str, scale: int, psnr: float) -> None:
    (subject,) = open_predictors(
        f"torch:{model}@{shared_data / 'weights' / 'super_resolution' / weights}", EvaluationSettings(tile=0)
    )
    dataset = open_dataset(f"set5:{shared_data / 'super_resolution' / 'set5'}", scale=scale)
    (record,) = validate([subject], dataset, metrics=["psnr_y"])
    assert _figures(record)["psnr_y"] == pytest.approx(psnr, abs=0.006)
    assert record.variants[0].format == "torch"


@pytest.mark.slow
def test_u2netp_against_the_official_masks(shared_data: Path) -> None:
    folder = shared_data / "segmentation" / "u2net_test"
    official = segmentation_folders(folder / "images", folder / "u2netp_results")
    (subject,) = open_predictors(f"torch:u2netp@{shared_data / 'weights' / 'segmentation' / 'u2netp.pth'}")
    (record,) = validate([subject], official, metrics=["iou", "mae"])
    figures = _figures(record)
    assert figures["iou"] == pytest.approx(0.9987, abs=0.0005)
    assert figures["mae"] == pytest.approx(0.091 / 255, abs=0.019 / 255)
    assert max(record.table.of("mae").values()) <= 0.31 / 255
