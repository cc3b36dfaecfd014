"""srlite: it starts as a bicubic enlargement, its training form collapses exactly, and the bundled weights fit."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `export`")

import mattekit  # noqa: E402
from mattekit.convert import checkpoint  # noqa: E402
from mattekit.convert.networks.srlite import CollapsibleConv, SrLite, collapse  # noqa: E402
from mattekit.convert.zoo import mattelite, srlite  # noqa: E402

WEIGHTS = Path(mattekit.__file__).parent / "convert" / "weights"
# The log and the curve stay in the repository, out of the wheel.
SOURCES = Path(__file__).resolve().parents[1] / "convert" / "weights"
SPECS = {spec.id: spec for spec in (*mattelite.SPECS, *srlite.SPECS)}
LIMITS = {"mattelite": 3_000_000, "srlite-x2": 500_000, "srlite-x4": 500_000}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_collapsed_network_is_the_same_function(scale: int) -> None:
    torch.manual_seed(scale)
    training = SrLite(scale, 8, 3, collapsible=True).eval()
    plain = collapse(training)
    assert not any(isinstance(module, CollapsibleConv) for module in plain.modules())
    photo = torch.rand(2, 3, 11, 14)
    with torch.inference_mode():
        assert plain(photo).shape == (2, 3, 11 * scale, 14 * scale)
        assert torch.allclose(plain(photo), training(photo), atol=1e-5)


def test_collapsing_twice_changes_nothing() -> None:
    once = collapse(SrLite(2, 8, 2, collapsible=True))
    twice = collapse(once)
    assert all(torch.equal(a, b) for a, b in zip(once.state_dict().values(), twice.state_dict().values(), strict=True))


@pytest.mark.parametrize("scale", [2, 4])
def test_the_base_is_a_bicubic_enlargement(scale: int) -> None:
    image_module = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (9, 12), dtype=np.uint8).astype(np.float32)
    wanted = np.asarray(image_module.fromarray(pixels).resize((12 * scale, 9 * scale), image_module.Resampling.BICUBIC))
    with torch.inference_mode():
        made = SrLite(scale, 8, 1).enlarged(torch.from_numpy(pixels)[None, None].expand(1, 3, -1, -1))[0, 1].numpy()
    # At the border Pillow drops the taps outside, where we repeat the edge.
    inside = (slice(2 * scale, -2 * scale), slice(2 * scale, -2 * scale))
    np.testing.assert_allclose(made[inside], wanted[inside], atol=0.01)


def test_a_flat_image_stays_flat_at_its_border() -> None:
    with torch.inference_mode():
        enlarged = SrLite(4, 8, 1).enlarged(torch.full((1, 3, 5, 5), 0.6))
    assert torch.allclose(enlarged, torch.full_like(enlarged, 0.6), atol=1e-5)


def test_a_scale_that_enlarges_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        SrLite(1)


@pytest.mark.parametrize("model", sorted(LIMITS))
def test_bundled_weights_fit_their_network_and_their_limit(model: str) -> None:
    spec = SPECS[model]
    assert spec.weights.bundled is not None
    path = WEIGHTS / spec.weights.bundled
    content = path.read_bytes()
    assert len(content) <= LIMITS[model]
    assert len(content) == spec.weights.size
    assert hashlib.sha256(content).hexdigest() == spec.weights.sha256
    module = checkpoint.load_module(spec, path)
    assert all(bool(value.isfinite().all()) for value in module.state_dict().values())


@pytest.mark.parametrize("model", sorted(LIMITS))
def test_bundled_weights_come_with_their_card_log_and_curve(model: str) -> None:
    card = (WEIGHTS / f"{model}.md").read_text(encoding="utf-8")
    for section in ("Data", "Recipe", "Figures", "Not good at"):
        assert f"## {section}" in card, section
    assert (SOURCES / f"{model}.csv").read_text(encoding="utf-8").startswith(("step,minutes,", "layer,"))
    assert (SOURCES / f"{model}.svg").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize("model", ["srlite-x2", "srlite-x4"])
def test_bundled_weights_sharpen_an_edge(model: str) -> None:
    spec = SPECS[model]
    network = checkpoint.load_module(spec, WEIGHTS / f"{model}.safetensors")
    assert isinstance(network, SrLite)
    photo = torch.full((1, 3, 16, 16), 0.2)
    photo[..., 8:] = 0.8
    with torch.inference_mode():
        sharp, soft = network(photo), network.enlarged(photo)
    assert sharp.shape == (1, 3, 16 * spec.scale, 16 * spec.scale)
    # Steeper than bicubic across the edge, and flat away from it.
    assert sharp.diff(dim=3).abs().amax() > soft.diff(dim=3).abs().amax()
    assert float((sharp[..., 4:-4, 4 : 4 * spec.scale] - 0.2).abs().max()) < 0.03
