"""SPAN's branches are the one convolution that they add up to, and its entry exports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mattekit.convert import export_model

if TYPE_CHECKING:
    from torch import Generator, Tensor

torch = pytest.importorskip("torch", reason="torch is not installed")
from mattekit.convert.checkpoint import matching_models  # noqa: E402
from mattekit.convert.networks.span import SPAN, fuse  # noqa: E402
from torch.nn import functional  # noqa: E402


def _branches(name: str, given: int, out: int, generator: Generator) -> dict[str, Tensor]:
    """A training checkpoint's branches of one convolution, beside a kernel that is out of date."""

    def values(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator) * 0.1

    shapes = {
        "sk": (out, given, 1, 1),
        "conv.0": (2 * given, given, 1, 1),
        "conv.1": (2 * out, 2 * given, 3, 3),
        "conv.2": (out, 2 * out, 1, 1),
        "eval_conv": (out, given, 3, 3),
    }
    state = {f"{name}.{part}.weight": values(*shape) for part, shape in shapes.items()}
    return state | {f"{name}.{part}.bias": values(shape[0]) for part, shape in shapes.items()}


def test_the_fused_convolution_computes_what_the_branches_do_up_to_the_border() -> None:
    generator = torch.Generator().manual_seed(1)
    state = _branches("conv_1", 3, 8, generator)
    fused = fuse(state)
    assert set(fused) == {"conv_1.weight", "conv_1.bias"}
    x = torch.rand(1, 3, 7, 9, generator=generator)

    def layer(name: str, given: Tensor) -> Tensor:
        return functional.conv2d(given, state[f"conv_1.{name}.weight"], state[f"conv_1.{name}.bias"])

    # In training the image is padded before the first of the three, so their biases reach into the border.
    row = layer("conv.2", layer("conv.1", layer("conv.0", functional.pad(x, (1, 1, 1, 1)))))
    ours = functional.conv2d(x, fused["conv_1.weight"], fused["conv_1.bias"], padding=1)
    assert torch.allclose(ours, row + layer("sk", x), atol=1e-5)


def test_a_checkpoint_without_branches_gives_its_own_kernels() -> None:
    plain = SPAN(2).state_dict()
    stored = {
        name if name.startswith(("conv_cat", "upsampler")) else ".eval_conv.".join(name.rsplit(".", 1)): value
        for name, value in plain.items()
    }
    assert set(fuse(stored)) == set(plain)
    assert matching_models(stored) == ("span-x2",)


@pytest.mark.parametrize("broken", ["conv_1.sk.weight", "conv_1.conv.1.weight"])
def test_branches_that_do_not_fit_each_other_are_left_as_they_are(broken: str) -> None:
    state = _branches("conv_1", 3, 8, torch.Generator().manual_seed(1))
    for wrong in (torch.zeros(5), torch.zeros(5, 5, 1, 1)):
        assert "conv_1.sk.bias" in fuse(state | {broken: wrong})


@pytest.mark.slow
def test_span_is_exported_from_a_published_checkpoint(shared_data: Path, tmp_path: Path) -> None:
    weights = shared_data / "weights" / "super_resolution" / "span_x2_ch48.pth"
    made = export_model(f"span-x2@{weights}", tmp_path, size=(64, 64))
    assert made.ir.path.is_file()
    assert made.ir.contract is not None
