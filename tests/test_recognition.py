"""Super-resolution checkpoints that the zoo doesn't know: `make spandrel` runs these in an environment of their own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mattekit.convert import export_model, spec_for
from mattekit.core import CheckpointError, DependencyError, ModelError
from mattekit.infer import load

HERE = importlib.util.find_spec("spandrel") is not None
needs_spandrel = pytest.mark.skipif(
    not HERE, reason="spandrel needs torchvision, which not every build of PyTorch has; run: make spandrel"
)


def save_random(path: Path, module: Any) -> Path:
    """Save a module's parameters, drawn from a seed, small enough that its output stays near 0-1."""
    import torch

    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in module.parameters():
            value.copy_(torch.randn(value.shape, generator=generator) * 0.05)
    torch.save(module.state_dict(), path)
    return path


@pytest.mark.skipif(HERE, reason="spandrel is installed here")
def test_without_spandrel_the_extra_is_named(super_resolution_weights: Path) -> None:
    with pytest.raises(DependencyError, match=r"mattekit\[spandrel\]"):
        spec_for("spandrel-mine", super_resolution_weights)


def test_a_name_alone_is_not_enough() -> None:
    with pytest.raises(ModelError, match="--weights"):
        spec_for("spandrel-mine", None)


def test_other_names_are_the_zoos() -> None:
    assert spec_for("srlite-x2", None).id == "srlite-x2"


@needs_spandrel
def test_a_network_that_the_zoo_lacks_is_exported_and_answers_as_spandrel_does(photo: Path, tmp_path: Path) -> None:
    import torch
    from spandrel import ModelLoader  # pyright: ignore[reportMissingImports]
    from spandrel.architectures.RCAN import RCAN  # pyright: ignore[reportMissingImports]

    path = save_random(tmp_path / "mine.pth", RCAN(scale=2, n_resgroups=1, n_resblocks=1, n_feats=16, reduction=4))
    report = export_model("spandrel-mine", tmp_path / "models", weights=path, images=[photo])
    opened = load(report.ir.path)
    assert (opened.contract.task, opened.contract.output.scale) == ("super_resolution", 2)
    assert opened.id == "spandrel-mine"
    tensor = np.random.default_rng(0).random((1, 3, 64, 48), dtype=np.float32)
    with torch.inference_mode():
        # A copy: an RCAN writes into its input.
        expected = ModelLoader("cpu").load_from_file(path).model.eval()(torch.from_numpy(tensor.copy())).numpy()
    assert np.abs(opened.runtime.run(tensor) - expected).max() < 1e-4


@needs_spandrel
def test_a_network_that_the_exporter_cannot_write_is_told_in_a_sentence(photo: Path, tmp_path: Path) -> None:
    from spandrel.architectures.SAFMN import SAFMN  # pyright: ignore[reportMissingImports]

    path = save_random(tmp_path / "mine.pth", SAFMN(dim=12, n_blocks=1, upscaling_factor=2))
    with pytest.raises(ModelError, match="--exporter") as caught:
        export_model("spandrel-mine", tmp_path / "models", weights=path, images=[photo])
    assert "\n" not in str(caught.value)


@needs_spandrel
def test_the_halo_is_what_a_stack_of_convolutions_sees(tmp_path: Path) -> None:
    from mattekit.convert.networks.srvgg import SRVGGNetCompact

    path = save_random(tmp_path / "mine.pth", SRVGGNetCompact(2, width=8, convs=3))
    spec = spec_for("spandrel-mine", path)
    # Five convolutions of 3x3 see five pixels, the outermost of them faintly.
    assert 3 <= spec.contract.halo <= 5


@needs_spandrel
def test_what_is_no_network_of_super_resolution_is_refused(segmentation_weights: Path, tmp_path: Path) -> None:
    import torch

    with pytest.raises(CheckpointError, match="recognises no network"):
        spec_for("spandrel-mine", segmentation_weights)
    torch.save({"weight": torch.zeros(3)}, tmp_path / "odd.pth")
    with pytest.raises(CheckpointError, match="recognises no network"):
        spec_for("spandrel-mine", tmp_path / "odd.pth")


@needs_spandrel
def test_published_checkpoints_give_the_zoos_contract(shared_data: Path) -> None:
    path = shared_data / "weights" / "super_resolution" / "realesr_animevideov3_x4.pth"
    ours, theirs = spec_for("realesr-animevideov3", None).contract, spec_for("spandrel-mine", path).contract
    assert theirs.output == ours.output
    assert theirs.input == ours.input
