"""Fetching a published set: whole, verified, or not at all."""

import functools
import http.server
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from mattekit.core import FetchError, HashMismatchError, InputError, sha256_of
from mattekit.core.folders import LIST_NAME
from mattekit.datasets import LAYOUTS, fetch_layout, open_dataset


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with an archive of one image, known as the layout `div2k_valid`."""
    root = tmp_path / "served"
    (root / "DIV2K_valid_HR").mkdir(parents=True)
    cv2.imwrite(str(root / "DIV2K_valid_HR" / "0801.png"), np.zeros((8, 8, 3), dtype=np.uint8))
    with zipfile.ZipFile(root / "set.zip", "w") as archive:
        archive.write(root / "DIV2K_valid_HR" / "0801.png", "DIV2K_valid_HR/0801.png")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    layout = replace(LAYOUTS["div2k_valid"], url=f"{url}/set.zip", sha256=sha256_of(root / "set.zip"), count=1)
    monkeypatch.setitem(LAYOUTS, "div2k_valid", layout)
    yield url
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.usefixtures("served")
def test_fetch_and_open(tmp_path: Path) -> None:
    fetch_layout("div2k_valid", tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [LIST_NAME, "DIV2K_valid_HR"]
    assert len(open_dataset(f"div2k_valid:{tmp_path / 'new'}", scale=2)) == 1
    with pytest.raises(InputError, match="something in it"):
        fetch_layout("div2k_valid", tmp_path / "new")


def test_nothing_is_left_of_a_bad_download(tmp_path: Path, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = LAYOUTS["div2k_valid"]
    monkeypatch.setitem(LAYOUTS, "div2k_valid", replace(layout, sha256="0" * 64))
    with pytest.raises(HashMismatchError, match="was published"):
        fetch_layout("div2k_valid", tmp_path / "new")
    monkeypatch.setitem(LAYOUTS, "div2k_valid", replace(layout, url=f"{served}/none.zip"))
    with pytest.raises(FetchError, match="did not succeed"):
        fetch_layout("div2k_valid", tmp_path / "new")
    image = tmp_path / "served" / "DIV2K_valid_HR" / "0801.png"
    wrong = replace(layout, url=f"{served}/DIV2K_valid_HR/0801.png", sha256=sha256_of(image))
    monkeypatch.setitem(LAYOUTS, "div2k_valid", wrong)
    with pytest.raises(InputError, match="not a ZIP archive"):
        fetch_layout("div2k_valid", tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["served"]


def test_sets_without_a_known_hash(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="get it from http"):
        fetch_layout("duts_te", tmp_path)
    with pytest.raises(InputError, match="no layout"):
        fetch_layout("nothing", tmp_path)
