"""MODNet's mattes, with the published file: as its publisher's steps give them, computed here by other means."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mattekit import export_model, open_pipeline
from mattekit.convert import zoo
from mattekit.core import sha256_of
from mattekit.images import sample_images


@pytest.mark.slow
def test_modnet_mattes_a_person_as_its_publisher_does(shared_data: Path, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    weights = shared_data / "weights" / "segmentation" / "modnet.onnx"
    assert sha256_of(weights) == zoo.get("modnet").weights.sha256
    made = export_model("modnet", tmp_path, weights=weights)
    assert made.ir.provenance is not None
    assert made.ir.provenance.commercial is True
    astronaut = sample_images()[0]
    ours = open_pipeline(model=made.ir.path, sr=None)(astronaut).alpha
    assert ours is not None
    small = cv2.resize(astronaut.rgb, (512, 512), interpolation=cv2.INTER_AREA).astype(np.float32)
    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"input": ((small / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]})[0][0, 0]
    theirs = cv2.resize(theirs, (astronaut.width, astronaut.height), interpolation=cv2.INTER_LINEAR)
    assert np.abs(ours / 255 - theirs).mean() < 0.002
    # The face is hers, the corner the flag's.
    assert ours[110:150, 200:240].min() > 250
    assert 0.2 < theirs.mean() < 0.9
