"""A process that is forked while models are open."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")

CASES = (
    "remover",
    "upscaler",
    "whole",
    "several_requests",
    "aligned_tiles",
    "unused",
    "another",
    "dropped",
    "run",
    "middle_of_run",
    "middle_of_video",
    "middle_of_inference",
    "other_device",
    "witnesses",
)


@pytest.mark.parametrize("case", ["remover", *(pytest.param(case, marks=pytest.mark.slow) for case in CASES[1:])])
def test_what_a_parent_opened_works_in_its_forked_children_or_says_why_not(
    case: str, light_ir: Path, super_resolution_ir: Path, photo: Path, tmp_path: Path
) -> None:
    # A quarter of the photo's pixels are several tiles still.
    image = cv2.imread(str(photo))
    assert image is not None
    assert cv2.imwrite(str(tmp_path / "0.jpg"), cv2.resize(image, (80, 60)))
    for number in range(1, 4):
        shutil.copy(tmp_path / "0.jpg", tmp_path / f"{number}.jpg")
    arguments = [light_ir / "model.xml", super_resolution_ir / "model.xml", tmp_path / "0.jpg", tmp_path]
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", Path(__file__).with_name("forked.py"), case, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
