"""The super-resolution networks: shapes, tiny inputs, and the published quality with the published weights."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pytest
from mattekit.convert import zoo
from PIL import Image as PilImage

if TYPE_CHECKING:
    from torch import Tensor, nn

torch = pytest.importorskip("torch", reason="torch is not installed")
from mattekit.convert import load_module  # noqa: E402

NETWORKS = [spec.id for spec in zoo.list_models() if spec.task == "super_resolution" and spec.build is not None]

# id, weights, mean PSNR of Y in dB over Set5, border cropped by the scale.
PUBLISHED = [
    ("imdn-x2", "imdn_x2.pth", 38.00),
    ("imdn-x4", "imdn_x4.pth", 32.21),
    ("rfdn-x4", "rfdn_x4.pth", 32.16),
    ("rlfn-x4", "rlfn_x4.pth", 32.10),
    ("span-x2", "span_x2_ch48.pth", 38.07),
    ("span-x4", "span_x4_ch48.pth", 32.20),
    ("realesr-animevideov3", "realesr_animevideov3_x4.pth", 28.25),
    ("realesrgan-x4plus-anime-6b", "realesrgan_x4plus_anime_6b.pth", 25.22),
]


@cache
def network(model_id: str) -> nn.Module:
    """A network of the zoo whose weights are whatever the memory holds: its shapes are asked for alone."""
    build = zoo.get(model_id).build
    assert build is not None
    with torch.device("meta"):
        module = build()
    return module.to_empty(device="cpu")


@pytest.mark.parametrize("model_id", NETWORKS)
@pytest.mark.parametrize(("height", "width"), [(16, 24), (30, 18)])
def test_the_output_is_the_scaled_input(model_id: str, height: int, width: int) -> None:
    scale = zoo.get(model_id).scale
    with torch.inference_mode():
        output = cast("Tensor", network(model_id)(torch.zeros(2, 3, height, width)))
    assert output.shape == (2, 3, height * scale, width * scale)


@pytest.mark.parametrize("model_id", ["rfdn-x4", "rlfn-x4"])
def test_attention_says_its_smallest_input(model_id: str) -> None:
    from mattekit.convert.networks.attention import MIN_SIDE

    with torch.inference_mode():
        assert network(model_id)(torch.zeros(1, 3, MIN_SIDE, MIN_SIDE)).shape == (1, 3, 4 * MIN_SIDE, 4 * MIN_SIDE)
        with pytest.raises(RuntimeError):
            network(model_id)(torch.zeros(1, 3, MIN_SIDE - 1, MIN_SIDE))


def test_an_rrdbnet_enlarges_by_two_or_four_only() -> None:
    from mattekit.convert.networks.rrdbnet import RRDBNet

    with pytest.raises(ValueError, match="by 2 or 4, not by 3"):
        RRDBNet(3)


def _pixels(path: Path) -> npt.NDArray[np.float64]:
    with PilImage.open(path) as image:
        return np.asarray(image.convert("RGB"), dtype=np.float64)


def _psnr_y(result: npt.NDArray[np.float64], truth: npt.NDArray[np.float64], border: int) -> float:
    """PSNR in dB of the luma of ITU-R BT.601, 16 to 235, without the border."""
    luma = np.array([65.481, 128.553, 24.966]) / 255
    difference = ((result - truth) @ luma)[border:-border, border:-border]
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


@pytest.mark.slow
@pytest.mark.parametrize(("model_id", "file", "expected"), PUBLISHED, ids=[each[0] for each in PUBLISHED])
def test_published_weights_reach_the_published_quality(
    shared_data: Path, model_id: str, file: str, expected: float
) -> None:
    folder = shared_data / "super_resolution" / "set5"
    spec = zoo.get(model_id)
    scale, most = spec.scale, spec.contract.output.value_max
    network = load_module(spec, shared_data / "weights" / "super_resolution" / file)
    figures: list[float] = []
    for path in sorted((folder / "hr").glob("*.bmp")):
        small = _pixels(folder / f"lr_x{scale}" / f"{path.stem}x{scale}.bmp") * (most / 255)
        with torch.inference_mode():
            output = cast("Tensor", network(torch.from_numpy(small.astype(np.float32)).permute(2, 0, 1)[None]))
        large = np.clip(np.round(output[0].permute(1, 2, 0).double().numpy() * (255 / most)), 0, 255)
        height, width, _ = large.shape
        figures.append(_psnr_y(large, _pixels(path)[:height, :width], scale))
    assert len(figures) == 5
    assert np.mean(figures) == pytest.approx(expected, abs=0.01)
