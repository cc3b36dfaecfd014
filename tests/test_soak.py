"""A process that works for long holds no more files and threads than one that has just begun."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[1] / "tools" / "soak.py"


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what a process holds is read from Linux")
def test_hundreds_of_images_leave_no_files_and_threads_behind(light_ir: Path, tmp_path: Path) -> None:
    for package in ("scipy", "matplotlib"):
        pytest.importorskip(package, reason="the tool needs the extras `bench` and `report`")
    size = ("--images", "300", "--every", "50", "--runs", "6", "--settled", "100", "--sr-images", "0")
    command = [sys.executable, str(TOOL), *size, "--model", str(light_ir), "-o", str(tmp_path / "soak")]
    # Its exit code is for the memory too, of which so few images say little.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    result = json.loads((tmp_path / "soak.json").read_text())
    assert result["failed"] == 6, "one of each fifty is broken"
    with (tmp_path / "soak.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if int(row["images"]) >= 50]
    assert [int(row["images"]) for row in rows] == [50, 100, 150, 200, 250, 300]
    for column in ("descriptors", "threads"):
        held = [int(row[column]) for row in rows]
        assert max(held[-3:]) <= max(held[:3]), f"{column} of {held}"
