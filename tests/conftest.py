"""Fixtures that several test modules share."""

from __future__ import annotations

import os
from pathlib import Path

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
