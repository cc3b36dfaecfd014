"""Fixtures that several test modules share."""

from __future__ import annotations

import os
from pathlib import Path

# PyTorch's threads wait for each other by spinning: where other processes have the cores, one thread is faster.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data's folder; its README says what is in it. The test is skipped where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MATTEKIT_TEST_DATA", beside))
    if not (folder / "README.md").is_file():
        pytest.skip(f"reference data is not here: {folder} (set MATTEKIT_TEST_DATA)")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for this test alone."""
    folder = tmp_path / "home"
    monkeypatch.setenv("MATTEKIT_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small JPEG, drawn here: a red disc on a green gradient. Shared by all tests: read it, never write it."""
    height, width = 120, 160
    rows, columns = np.mgrid[:height, :width]
    picture = np.stack([rows * 1.5, 90 + columns * 0.5, 60 + (rows + columns) % 16], axis=-1).astype(np.uint8)
    cv2.circle(picture, (90, 55), 34, (40, 50, 220), thickness=-1, lineType=cv2.LINE_AA)
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    assert cv2.imwrite(str(path), picture)
    return path


@pytest.fixture(scope="session")
def segmentation_weights(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of `u2netp` with random weights from a seed; its masks mean nothing, but are not flat."""
    pytest.importorskip("torch", reason="making a checkpoint needs the extra `export`")
    import torch
    from mattekit.convert import zoo
    from mattekit.convert.networks.u2net import U2NETP, U2Net
    from mattekit.infer.images.read import read_picture
    from mattekit.infer.tensors import tensor_from

    tensor = torch.from_numpy(tensor_from(read_picture(photo).rgb, zoo.get("u2netp").contract))
    with torch.random.fork_rng(devices=()), torch.no_grad():
        torch.manual_seed(0)
        module = U2Net(U2NETP, heads="fused", logits=True)
        # Untrained normalisation lets next to nothing through, and a flat mask is one without a subject: the photo's
        # own statistics take the place of training, and the last layer centres the photo's mask.
        for layer in module.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1
        module.train()(tensor)
        logits = module.eval()(tensor)
        state, spread = module.state_dict(), 2 * logits.std()
        state["outconv.weight"] = state["outconv.weight"] / spread
        state["outconv.bias"] = (state["outconv.bias"] - logits.mean()) / spread
    path = tmp_path_factory.mktemp("weights") / "u2netp.pth"
    torch.save(state, path)
    return path


@pytest.fixture(scope="session")
def super_resolution_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of `realesr-animevideov3` (x4) with random weights from a seed."""
    pytest.importorskip("torch", reason="making a checkpoint needs the extra `export`")
    import torch
    from mattekit.convert import zoo

    build = zoo.get("realesr-animevideov3").build
    assert build is not None
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        module = build()
    path = tmp_path_factory.mktemp("weights") / "realesr-animevideov3.pth"
    torch.save(module.state_dict(), path)
    return path


@pytest.fixture(scope="session")
def segmentation_ir(segmentation_weights: Path, photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one export: `u2netp`, fp32, `model.onnx`, `model.xml`, `model.bin`, `export.json`."""
    from mattekit.build import export_model
    from mattekit.convert.export import ExportSettings

    out = tmp_path_factory.mktemp("segmentation")
    return export_model("u2netp", out, ExportSettings(), weights=segmentation_weights, images=[photo]).ir.path.parent


@pytest.fixture(scope="session")
def super_resolution_ir(super_resolution_weights: Path, photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one export: `realesr-animevideov3`, x4, fp32, any input size; files as in `segmentation_ir`."""
    from mattekit.build import export_model
    from mattekit.convert.export import ExportSettings

    out = tmp_path_factory.mktemp("super-resolution")
    return export_model(
        "realesr-animevideov3", out, ExportSettings(), weights=super_resolution_weights, images=[photo]
    ).ir.path.parent
