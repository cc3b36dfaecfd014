"""A network of one's own goes the whole way: each kind of file through each stage, from Python and as it is typed."""

from __future__ import annotations

from pathlib import Path

import cv2
import mattekit
import numpy as np
import pytest
from own_networks import Kind

pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six drawn photos with masks, for both tasks."""
    folder = tmp_path_factory.mktemp("samples")
    rng = np.random.default_rng(5)
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(6):
        noise = rng.integers(0, 255, (9, 11, 3)).astype(np.uint8)
        photo = cv2.resize(noise, (66, 54), interpolation=cv2.INTER_CUBIC)
        mask = np.zeros((54, 66), np.uint8)
        cv2.circle(mask, (20 + 5 * number, 25), 14, 255, -1)
        photo[mask > 0] //= 2
        cv2.imwrite(str(folder / "images" / f"{number}.png"), photo)
        cv2.imwrite(str(folder / "masks" / f"{number}.png"), mask)
    return folder


def data_of(kind: Kind, samples: Path) -> str:
    return f"hr={samples}/images" if kind.enlarges else f"images={samples}/images,masks={samples}/masks"


def exported(kind: Kind, folder: Path, samples: Path, **how: object) -> mattekit.ExportResult:
    (folder / "own.toml").write_text(kind.contract)
    file = kind.write(folder)
    images = [samples / "images" / "0.png"]
    return mattekit.export_model(  # pyright: ignore[reportCallIssue]
        "mine", folder / "models", weights=file, contract=folder / "own.toml", images=images, **how
    )
