"""The models that come with the package, gated as any user's CI would gate its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mattekit.build import export_model
from mattekit.convert.export import ExportSettings
from mattekit.core.record import Record

GATES = Path(__file__).parent / "gates"


@pytest.fixture(scope="module")
def models(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports of all three."""
    pytest.importorskip("torch", reason="exporting needs the extra `export`")
    out = tmp_path_factory.mktemp("models")
    for model in ("mattelite", "srlite-x2", "srlite-x4"):
        export_model(model, out, ExportSettings(), images=[photo])
    return out


def validate(*arguments: object) -> None:
    """Run `mattekit validate`; the gates' verdict is its exit code."""
    words = [sys.executable, "-m", "mattekit", "validate", *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_mattelite_passes_its_gates_on_the_synthetic_set(models: Path, tmp_path: Path) -> None:
    validate(
        *(models / "mattelite", "--data", "synthetic:count=35,seed=0", "--metrics", "iou,mae"),
        *("--gate", GATES / "mattelite.toml", "--json", tmp_path / "gates.json", "-o", tmp_path / "out"),
    )
    assert Record.read(tmp_path / "gates.json").kind


@pytest.mark.slow
def test_mattelite_passes_its_gates_on_photos(models: Path, shared_data: Path, tmp_path: Path) -> None:
    data, gates = shared_data / "segmentation" / "ecssd_val", GATES / "mattelite-photos.toml"
    validate(models / "mattelite", "--data", data, "--metrics", "iou", "--gate", gates, "-o", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["srlite-x2", "srlite-x4"])
def test_srlite_passes_its_gates_on_set5(model: str, models: Path, shared_data: Path, tmp_path: Path) -> None:
    data, gates = f"hr={shared_data / 'super_resolution' / 'set5' / 'hr'}", GATES / f"{model}.toml"
    validate(models / model, "--data", data, "--metrics", "psnr_y", "--gate", gates, "-o", tmp_path)
