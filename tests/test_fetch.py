"""Fetching against a real HTTP server on the loopback interface: nothing here leaves the machine."""

from __future__ import annotations

import hashlib
import http.server
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from mattekit.convert import ModelSpec, cache_dir, cached_path, fetch, retrieve, verified_path, zoo
from mattekit.convert.spec import Weights
from mattekit.core import MAX_UNKNOWN_SIZE, FetchError, HashMismatchError, InputError

pytestmark = pytest.mark.usefixtures("home")

BODY = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY).hexdigest()


class _Server(http.server.ThreadingHTTPServer):
    """Serves BODY, in several more or less honest ways, and counts the requests for each path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: Counter[str] = Counter()
        self.cure: set[str] = set()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path, server = self.path, cast("_Server", self.server)
        server.requests[path] += 1
        if path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", path.removeprefix("/to/"))
            self.end_headers()
        elif path == "/missing":
            self.send_error(404)
        elif path == "/page":
            self._send(b"<html>quota exceeded</html>", kind="text/html; charset=utf-8")
        elif path == "/altered":
            self._send(BODY[:-1] + b"x")
        elif path == "/long":
            self._send(BODY + b"more")
        elif path == "/endless":
            self._send(BODY + b"more", stated=None)
        elif path == "/truncated" and path not in server.cure:
            self._send(BODY[:1000], stated=len(BODY))
        elif path == "/silently-truncated":
            self._send(BODY[:1000], stated=None)
        else:
            self._send(BODY)

    def _send(self, body: bytes, *, kind: str = "application/octet-stream", stated: int | None = -1) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if stated is not None:
            self.send_header("Content-Length", str(len(body) if stated == -1 else stated))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def spec_of(server: _Server) -> Callable[..., ModelSpec]:
    """Build an entry whose mirrors are paths on the server; sha256 and size are right unless told otherwise."""

    def build(
        *paths: str, sha256: str | None = SHA256, md5: str | None = None, size: int | None = len(BODY)
    ) -> ModelSpec:
        urls = tuple(server.url(path) if path.startswith("/") else path for path in paths)
        weights = Weights(filename="model.pth", urls=urls, sha256=sha256, md5=md5, size=size)
        return replace(zoo.get("u2netp"), id="served", weights=weights)

    return build


def _left(folder: Path) -> list[str]:
    """Everything in the folder but lock files, which stay."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_download_is_verified_cached_and_reported(spec_of: Callable[..., ModelSpec], server: _Server) -> None:
    seen: list[tuple[str, int, int | None]] = []
    spec = spec_of("/model")
    first = retrieve(spec, progress=lambda what, done, total: seen.append((what, done, total)))
    assert (first.origin, first.sha256, first.url, first.first_use) == ("download", SHA256, server.url("/model"), False)
    assert first.path.read_bytes() == BODY
    assert first.path.is_relative_to(cache_dir())
    assert seen[-1] == ("downloading model", len(BODY), len(BODY))
    again = retrieve(spec)
    assert (again.origin, again.path) == ("cache", first.path)
    assert server.requests["/model"] == 1
    assert fetch(spec, offline=True) == verified_path(spec) == first.path
    assert _left(first.path.parent) == ["model.pth"]


def test_the_cache_folder_can_be_moved(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_dir() == home
    monkeypatch.delenv("MATTEKIT_HOME")
    assert cache_dir().name.lower() == "mattekit" or "mattekit" in cache_dir().parts


def test_a_cache_that_cannot_be_written_names_the_variable_that_moves_it(
    spec_of: Callable[..., ModelSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("MATTEKIT_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"a file stands where a folder is needed; the cache is .*MATTEKIT_HOME"):
        retrieve(spec_of())


@pytest.mark.parametrize("bad", ["/missing", "/altered", "/truncated", "/page", "/long"])
def test_the_next_mirror_is_tried(spec_of: Callable[..., ModelSpec], server: _Server, bad: str) -> None:
    got = retrieve(spec_of(bad, "/model"))
    assert (got.url, got.path.read_bytes()) == (server.url("/model"), BODY)
    assert server.requests == {bad: 1, "/model": 1}


@pytest.mark.parametrize(
    ("bad", "kind", "reason"),
    [
        ("/missing", FetchError, "status 404"),
        ("/altered", HashMismatchError, f"instead of {SHA256}"),
        ("/truncated", FetchError, "broke off"),
        ("/silently-truncated", HashMismatchError, "1,000 bytes instead of 1,048,576"),
        ("/page", FetchError, "web page"),
        ("/long", FetchError, "more than the expected 1,048,576 bytes"),
        ("/endless", FetchError, "more than the expected 1,048,576 bytes"),
    ],
)
def test_a_bad_server_leaves_nothing_and_says_why(
    spec_of: Callable[..., ModelSpec], bad: str, kind: type[FetchError], reason: str
) -> None:
    spec = spec_of(bad)
    with pytest.raises(kind, match=reason) as caught:
        retrieve(spec)
    assert type(caught.value) is kind
    assert "--weights" in str(caught.value)
    assert _left(cached_path(spec).parent) == []


def test_a_broken_download_starts_again_cleanly(spec_of: Callable[..., ModelSpec], server: _Server) -> None:
    spec = spec_of("/truncated")
    with pytest.raises(FetchError, match="broke off"):
        retrieve(spec)
    # What a killed process leaves behind.
    (cached_path(spec).parent / ".model.0123456789ab.tmp.pth").write_bytes(BODY[:10])
    server.cure.add("/truncated")
    assert retrieve(spec).path.read_bytes() == BODY
    assert _left(cached_path(spec).parent) == ["model.pth"]


@pytest.mark.parametrize("damage", [BODY[:1000], BODY[:-1] + b"x", b""])
def test_a_damaged_cache_is_mended_online_and_named_offline(
    spec_of: Callable[..., ModelSpec], server: _Server, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    spec = spec_of("/model")
    path = fetch(spec)
    path.write_bytes(damage)
    for check in (lambda: fetch(spec, offline=True), lambda: verified_path(spec)):
        with pytest.raises(
            HashMismatchError, match=r"model\.pth is not the expected file.*mattekit models fetch served"
        ):
            check()
    assert server.requests["/model"] == 1
    with caplog.at_level(logging.WARNING):
        assert fetch(spec).read_bytes() == BODY
    assert "is not the expected file" in caplog.text


def test_offline_says_what_to_do(spec_of: Callable[..., ModelSpec], server: _Server) -> None:
    with pytest.raises(FetchError, match=r"model\.pth is not in the cache; download it with: mattekit models fetch"):
        fetch(spec_of("/model"), offline=True)
    assert not server.requests


def test_without_a_published_hash_the_first_download_counts(
    spec_of: Callable[..., ModelSpec], server: _Server, caplog: pytest.LogCaptureFixture
) -> None:
    spec = spec_of("/model", sha256=None, size=None)
    with caplog.at_level(logging.WARNING):
        first = retrieve(spec)
    assert (first.first_use, first.sha256) == (True, SHA256)
    assert SHA256 in caplog.text
    assert (first.path.parent / "model.pth.sha256").read_text().split() == [SHA256, "model.pth"]
    assert not retrieve(spec).first_use
    first.path.write_bytes(b"altered")
    with pytest.raises(HashMismatchError, match="that of the first download was"):
        fetch(spec, offline=True)
    assert retrieve(spec).origin == "download"
    first.path.unlink()
    with pytest.raises(HashMismatchError, match="that of the first download was"):
        retrieve(spec_of("/altered", sha256=None, size=None))
    assert server.requests["/altered"] == 1


def test_an_md5_is_checked_where_nothing_better_is_published(spec_of: Callable[..., ModelSpec]) -> None:
    got = retrieve(spec_of("/model", sha256=None, md5=MD5))
    assert (got.sha256, got.first_use) == (SHA256, False)
    got.path.unlink()
    (got.path.parent / "model.pth.sha256").unlink()
    with pytest.raises(HashMismatchError, match="MD5"):
        retrieve(spec_of("/altered", sha256=None, md5=MD5))


def test_a_size_that_nobody_states_is_limited(
    spec_of: Callable[..., ModelSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_UNKNOWN_SIZE == 2 * 1024**3
    monkeypatch.setattr("mattekit.convert.weights_cache.MAX_UNKNOWN_SIZE", 5000)
    for path in ("/model", "/endless"):
        with pytest.raises(FetchError, match="more than the expected 5,000 bytes"):
            retrieve(spec_of(path, sha256=None, size=None))


@pytest.mark.parametrize("target", ["http://example.org/model", "file:///etc/hostname", "ftp://example.org/model"])
def test_a_redirect_away_from_https_is_refused(spec_of: Callable[..., ModelSpec], target: str) -> None:
    with pytest.raises(FetchError, match=f"the address {target} is refused"):
        retrieve(spec_of(f"/to/{target}"))


@pytest.mark.parametrize("url", ["http://example.org/model", "file:///etc/hostname", "http://127.0.0.1.example.org/m"])
def test_an_address_without_https_is_refused(spec_of: Callable[..., ModelSpec], url: str) -> None:
    with pytest.raises(FetchError, match="only downloaded over HTTPS"):
        retrieve(spec_of(url))


def test_a_redirect_within_the_machine_is_followed(spec_of: Callable[..., ModelSpec], server: _Server) -> None:
    assert retrieve(spec_of("/to//model")).path.read_bytes() == BODY
    assert server.requests == {"/to//model": 1, "/model": 1}


def test_simultaneous_requests_download_once(spec_of: Callable[..., ModelSpec], server: _Server) -> None:
    spec = spec_of("/model")
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(fetch(spec))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 5
    assert server.requests["/model"] == 1
    assert _left(cached_path(spec).parent) == ["model.pth"]


def test_no_server_at_all(spec_of: Callable[..., ModelSpec]) -> None:
    with pytest.raises(FetchError, match="no connection to the server"):
        retrieve(spec_of("http://127.0.0.1:9/model"))


def test_an_entry_without_a_download_names_its_home(spec_of: Callable[..., ModelSpec]) -> None:
    with pytest.raises(FetchError, match=r"has no direct download; get model\.pth from https://github\.com"):
        retrieve(spec_of())


def test_weights_inside_the_package_are_checked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mattekit.convert.weights_cache._BUNDLED", tmp_path)
    weights = Weights(filename="own.safetensors", bundled="own.safetensors", sha256=SHA256)
    spec = replace(zoo.get("u2netp"), id="own", weights=weights)
    with pytest.raises(FetchError, match="missing from the installation"):
        retrieve(spec)
    (tmp_path / "own.safetensors").write_bytes(BODY)
    got = retrieve(spec)
    assert (got.origin, got.path) == ("bundled", tmp_path / "own.safetensors")
    (tmp_path / "own.safetensors").write_bytes(b"altered")
    with pytest.raises(HashMismatchError, match="install mattekit again"):
        verified_path(spec)
