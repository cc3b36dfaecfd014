"""Fetching against a real HTTP server on the loopback interface: nothing here leaves the machine."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote

import pytest
from mattekit.convert import ModelSpec, cache_dir, cached_path, fetch, fetch_weights, retrieve, verified_path, zoo
from mattekit.convert.spec import Weights
from mattekit.core import ATTEMPTS, MAX_UNKNOWN_SIZE, FetchError, HashMismatchError, InputError

pytestmark = pytest.mark.usefixtures("home")

DOWNLOADING = import_module("mattekit.core.download")
BODY = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY).hexdigest()


class _Server(http.server.ThreadingHTTPServer):
    """Serves BODY, in several more or less honest ways, and counts the requests for each path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: Counter[str] = Counter()
        self.ranges: list[str] = []
        self.cure: set[str] = set()
        self.version = '"one"'

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
        elif path.startswith("/busy/"):
            self._busy(path.removeprefix("/busy/"))
        elif path.startswith("/breaks"):
            self._part(BODY, breaks_after=None if server.requests[path] > 2 else 300_000)
        elif path == "/elsewhere":
            self._part(BODY, shift=7)
        elif path == "/quota":
            text = b"<html>Sorry, you can't view or download this file: Quota exceeded</html>"
            self._send(text, kind="Text/HTML; Charset=UTF-8")
        elif path == "/zipped":
            packed = gzip.compress(BODY)
            self._send(packed, more={"Content-Encoding": "gzip"})
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

    def _busy(self, how: str) -> None:
        """Answer `STATUS-RETRY_AFTER` twice, and then serve."""
        if cast("_Server", self.server).requests[self.path] > 2:
            self._send(BODY)
            return
        status, _, wait = how.partition("-")
        self.send_response(int(status))
        if wait:
            self.send_header("Retry-After", unquote(wait))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _part(self, body: bytes, *, breaks_after: int | None = None, shift: int = 0) -> None:
        """Serve what is asked for by Range and If-Range, all of it where the version is another one."""
        server = cast("_Server", self.server)
        asked = self.headers.get("Range", "")
        server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-") or 0)
        if self.headers.get("If-Range", server.version) != server.version:
            start = 0
        more = {"ETag": server.version}
        if start:
            first = start + shift
            more["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
        rest = body[start:]
        sent = rest[: breaks_after or len(rest)]
        self._send(sent, stated=len(rest), more=more, status=206 if start else 200)

    def _send(
        self,
        body: bytes,
        *,
        kind: str = "application/octet-stream",
        stated: int | None = -1,
        more: dict[str, str] | None = None,
        status: int = 200,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        if stated is not None:
            self.send_header("Content-Length", str(len(body) if stated == -1 else stated))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that downloads wait in, which go by at once."""
    waited: list[float] = []
    monkeypatch.setattr(DOWNLOADING, "sleep", waited.append)
    for name in ("MATTEKIT_MIRROR", "HF_ENDPOINT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    return waited


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
    """Everything in the folder but what stays: lock files, and the beginnings of broken transfers."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith((".lock", ".part", ".part.from")))


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
    assert server.requests == {bad: ATTEMPTS if bad == "/truncated" else 1, "/model": 1}


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
    # What a killed process leaves behind, of whatever it was.
    (cached_path(spec).parent / ".model.pth.part").write_bytes(b"other" * 100)
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


@pytest.fixture(scope="module")
def small_weights() -> tuple[bytes, bytes]:
    """Return the checkpoint of a small network, and one of another network."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    written: list[bytes] = []
    for network in (torch.nn.Linear(2, 3), torch.nn.Linear(3, 2)):
        stream = io.BytesIO()
        torch.save(network.state_dict(), stream)
        written.append(stream.getvalue())
    return written[0], written[1]


def _unpublished(spec: ModelSpec) -> ModelSpec:
    def build() -> object:
        import torch

        return torch.nn.Linear(2, 3).eval()

    return replace(spec, build=cast("Any", build), fine_tune=None, adapt=None)


def test_without_a_published_hash_the_first_download_that_proves_itself_counts(
    spec_of: Callable[..., ModelSpec],
    caplog: pytest.LogCaptureFixture,
    small_weights: tuple[bytes, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right, other = small_weights
    monkeypatch.setattr(sys.modules[__name__], "BODY", right)
    sha256 = hashlib.sha256(right).hexdigest()
    spec = _unpublished(spec_of("/model", sha256=None, size=None))
    with caplog.at_level(logging.WARNING):
        first = retrieve(spec)
    assert (first.first_use, first.sha256) == (True, sha256)
    assert sha256 in caplog.text
    assert (first.path.parent / "model.pth.sha256").read_text().split() == [sha256, "model.pth"]
    assert not retrieve(spec).first_use
    first.path.write_bytes(b"altered")
    with pytest.raises(HashMismatchError, match="that of the first download was"):
        fetch(spec, offline=True)
    assert retrieve(spec).origin == "download"
    first.path.unlink()
    monkeypatch.setattr(sys.modules[__name__], "BODY", other)
    with pytest.raises(HashMismatchError, match="that of the first download was"):
        retrieve(spec)


@pytest.mark.parametrize("wrong", ["a page", "another network", "text"])
def test_what_is_not_the_entry_s_is_never_bound_to_it(
    spec_of: Callable[..., ModelSpec], small_weights: tuple[bytes, bytes], wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, other = small_weights
    bodies = {"a page": b"<html>sign in</html>....", "another network": other, "text": b"hello"}
    monkeypatch.setattr(sys.modules[__name__], "BODY", bodies[wrong])
    spec = _unpublished(spec_of("/model", sha256=None, size=None))
    with pytest.raises(HashMismatchError, match="it is not the file of served"):
        retrieve(spec)
    assert _left(cached_path(spec).parent) == []
    monkeypatch.setattr(sys.modules[__name__], "BODY", right)
    assert retrieve(spec).first_use


@pytest.mark.parametrize(
    ("how", "waited"),
    [("503", [1.0, 4.0]), ("429-7", [7.0, 7.0]), ("500-0", [0.0, 0.0]), ("504", [1.0, 4.0])],
)
def test_a_busy_server_is_asked_again_when_it_says(
    spec_of: Callable[..., ModelSpec], server: _Server, waits: list[float], how: str, waited: list[float]
) -> None:
    assert retrieve(spec_of(f"/busy/{how}")).sha256 == SHA256
    assert (waits, server.requests[f"/busy/{how}"]) == (waited, 3)


def test_a_date_to_wait_for_is_understood_and_one_too_far_away_is_not_waited_for(
    spec_of: Callable[..., ModelSpec], waits: list[float]
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retrieve(spec_of(f"/busy/503-{quote(soon)}")).sha256 == SHA256
    assert all(20 < wait < 31 for wait in waits)
    cached_path(spec_of("/model")).unlink()
    with pytest.raises(FetchError, match="status 503, and asks to wait for 900 s"):
        retrieve(spec_of("/busy/503-900"))


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_what_broke_off_goes_on_where_it_stopped(
    spec_of: Callable[..., ModelSpec], server: _Server, sha256: str | None
) -> None:
    # An MD5 is no pin: the beginning is taken for the file's by its version alone.
    spec = spec_of("/breaks", sha256=sha256, md5=MD5)
    assert retrieve(spec).sha256 == SHA256
    assert server.ranges == ["", "bytes=262144-", "bytes=524288-"]


def test_a_later_call_goes_on_and_another_version_begins_anew(
    spec_of: Callable[..., ModelSpec], server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DOWNLOADING, "_WAITS", ())
    spec = spec_of("/breaks", sha256=None, md5=MD5)
    with pytest.raises(FetchError, match="broke off"):
        retrieve(spec)
    server.version = '"two"'
    with pytest.raises(FetchError, match="broke off"):
        retrieve(spec)
    assert retrieve(spec).sha256 == SHA256
    assert server.ranges == ["", "bytes=262144-", "bytes=262144-"]
    assert _left(cached_path(spec).parent) == ["model.pth", "model.pth.sha256"]


def test_a_part_from_elsewhere_is_thrown_away(spec_of: Callable[..., ModelSpec], server: _Server) -> None:
    spec = spec_of("/elsewhere")
    cached_path(spec).parent.mkdir(parents=True)
    (cached_path(spec).parent / ".model.pth.part").write_bytes(BODY[:1000])
    assert retrieve(spec).sha256 == SHA256
    assert server.ranges == ["bytes=1000-", ""]


def test_a_beginning_of_another_file_is_found_out(spec_of: Callable[..., ModelSpec], server: _Server) -> None:
    spec = spec_of("/breaks", "/model")
    cached_path(spec).parent.mkdir(parents=True)
    (cached_path(spec).parent / ".model.pth.part").write_bytes(b"x" * 1000)
    got = retrieve(spec)
    assert (got.sha256, got.url) == (SHA256, server.url("/model"))


def test_a_compressed_transfer_is_unpacked(spec_of: Callable[..., ModelSpec]) -> None:
    assert retrieve(spec_of("/zipped")).sha256 == SHA256


def test_a_quota_page_says_what_to_do(spec_of: Callable[..., ModelSpec]) -> None:
    with pytest.raises(FetchError, match=r"quota for this file is used up; try in a browser.*--from FILE"):
        retrieve(spec_of("/quota"))


def test_a_mirror_is_tried_first_and_may_be_a_folder(
    spec_of: Callable[..., ModelSpec], server: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mirror"
    (folder / "served").mkdir(parents=True)
    monkeypatch.setenv("MATTEKIT_MIRROR", f"{folder} {server.url('/of/mine')}/")
    got = retrieve(spec_of("/model"))
    assert got.url == server.url("/of/mine/served/model.pth")
    got.path.unlink()
    (folder / "served" / "model.pth").write_bytes(BODY)
    assert retrieve(spec_of("/model")).url == str(folder / "served" / "model.pth")
    assert server.requests == {"/of/mine/served/model.pth": 1}


def test_another_hugging_face_is_asked(
    spec_of: Callable[..., ModelSpec], server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.url("/hub/"))
    assert retrieve(spec_of("https://huggingface.co/a/b/resolve/main/model.pth")).sha256 == SHA256
    assert server.requests == {"/hub/a/b/resolve/main/model.pth": 1}


def test_a_proxy_and_a_certificate_are_named(
    spec_of: Callable[..., ModelSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(FetchError, match=r"certificate is not trusted.*SSL_CERT_FILE"):
        retrieve(spec_of("https://localhost:9/model"))
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(FetchError, match="the proxy that HTTPS_PROXY names does not answer"):
        retrieve(spec_of("https://example.org/model"))


def test_the_last_word_has_every_address_and_why(spec_of: Callable[..., ModelSpec], server: _Server) -> None:
    with pytest.raises(FetchError) as caught:
        retrieve(spec_of("/missing", "/altered", "/page"))
    said = str(caught.value)
    for path, reason in (("/missing", "status 404"), ("/altered", "its SHA-256 is"), ("/page", "web page")):
        assert f"{server.url(path)}: " in said
        assert reason in said


def test_a_file_that_was_fetched_by_hand_is_verified_and_kept(
    spec_of: Callable[..., ModelSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of("/missing")
    monkeypatch.setattr("mattekit.convert.zoo.get", {"served": spec}.__getitem__)
    file = tmp_path / "downloaded (1).pth"
    file.write_bytes(BODY[:-1])
    with pytest.raises(HashMismatchError, match=r"downloaded \(1\)\.pth: these are not the weights of served: it has"):
        fetch_weights("served", source=file)
    assert _left(cached_path(spec).parent) == []
    file.write_bytes(BODY)
    got = fetch_weights("served", source=file)
    assert (got.origin, got.path) == ("file", cached_path(spec))
    assert fetch(spec, offline=True).read_bytes() == BODY
    assert file.is_file()
    with pytest.raises(InputError, match="there is no such file"):
        fetch_weights("served", source=tmp_path / "none.pth")


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
    monkeypatch.setattr("mattekit.convert.fetching.MAX_UNKNOWN_SIZE", 5000)
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
