"""One download over HTTPS, through pooch, with limits: where it may lead, and how much it may bring."""

from __future__ import annotations

import ipaddress
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol
from urllib.parse import urljoin, urlsplit

from .errors import FetchError
from .progress import Progress

__all__ = ["MAX_UNKNOWN_SIZE", "download"]

MAX_UNKNOWN_SIZE = 2 * 1024**3
"""How many bytes a file may have whose size nobody states."""

_CHUNK = 1024 * 1024
_TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and seconds without a byte."""


class _Response(Protocol):
    """What is used of a `requests.Response`."""

    url: str
    status_code: int
    headers: dict[str, str]

    @property
    def is_redirect(self) -> bool: ...

    def close(self) -> None: ...


def download(url: str, target: Path, *, limit: int, progress: Progress | None = None) -> None:
    """Write what `url` serves to `target`, at most `limit` bytes.

    `progress` is called with the bytes so far and in all, None where the server does not say. The caller verifies
    the content; this only refuses what cannot be it.

    Raises:
        FetchError: the address or a redirect is neither HTTPS nor, from this machine to itself, HTTP; the server
            refused, broke off, sent too much or sent a web page.
    """
    _require_allowed(url, from_loopback=_is_loopback(url))
    import pooch

    guard = _Guard(limit, from_loopback=_is_loopback(url))
    fetcher = pooch.HTTPDownloader(
        chunk_size=_CHUNK,
        timeout=_TIMEOUT,
        hooks={"response": guard.on_response},
        # A compressed transfer would make the stated length useless.
        headers={"Accept-Encoding": "identity", "User-Agent": "mattekit"},
    )
    what = f"downloading {PurePosixPath(urlsplit(url).path).name}"
    try:
        with target.open("wb") as stream:
            fetcher(url, _Counted(stream, guard, what, progress), None)  # pyright: ignore[reportArgumentType]
    except (OSError, ValueError) as error:
        # requests' exceptions are OSErrors, except those about malformed addresses.
        raise FetchError(_reason(error)) from error
    finally:
        guard.close()
    if guard.total is not None and target.stat().st_size != guard.total:
        raise FetchError(f"the transfer broke off after {target.stat().st_size:,} of {guard.total:,} bytes")


class _Guard:
    """Looks at every response, redirects included, before its body is read."""

    def __init__(self, limit: int, *, from_loopback: bool) -> None:
        self.limit = limit
        self.from_loopback = from_loopback
        self.total: int | None = None
        self._responses: list[_Response] = []

    def close(self) -> None:
        """Close the connections; an unfinished response would keep its own open."""
        for response in self._responses:
            response.close()

    def on_response(self, response: _Response, *_args: object, **_kwargs: object) -> None:
        """Raise a FetchError if the response leads astray or cannot be the file."""
        self._responses.append(response)
        if response.is_redirect:
            _require_allowed(urljoin(response.url, response.headers["location"]), from_loopback=self.from_loopback)
            return
        if response.status_code != 200:
            return  # pooch raises for errors.
        if response.headers.get("content-type", "").startswith("text/html"):
            raise FetchError("the server sent a web page instead of the file")
        length = response.headers.get("content-length", "")
        if length.isdecimal():
            self.total = int(length)
            self.require_within_limit(self.total)

    def require_within_limit(self, size: int) -> None:
        """Raise a FetchError if `size` bytes are more than expected."""
        if size > self.limit:
            raise FetchError(f"the server sends more than the expected {self.limit:,} bytes")


class _Counted:
    """A writable stream that counts, reports and stops."""

    def __init__(self, stream: BinaryIO, guard: _Guard, what: str, progress: Progress | None) -> None:
        self._stream = stream
        self._guard = guard
        self._what, self._progress = what, progress
        self._written = 0

    def write(self, data: bytes) -> int:
        self._guard.require_within_limit(self._written + len(data))
        self._written += self._stream.write(data)
        if self._progress is not None:
            self._progress(self._what, self._written, self._guard.total)
        return len(data)

    def flush(self) -> None:
        self._stream.flush()


def _require_allowed(url: str, *, from_loopback: bool) -> None:
    scheme = urlsplit(url).scheme.lower()
    if scheme == "https" or (scheme == "http" and from_loopback and _is_loopback(url)):
        return
    raise FetchError(f"the address {url} is refused: files are only downloaded over HTTPS")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: Exception) -> str:
    """Say in a few words what went wrong; requests' own texts nest several layers of objects."""
    response: object = getattr(error, "response", None)
    status: object = getattr(response, "status_code", None)
    if status is not None:
        return f"the server answered with status {status}"
    name = type(error).__name__
    if "Timeout" in name:
        return "the server did not answer in time"
    if name in {"ChunkedEncodingError", "IncompleteRead", "ProtocolError"}:
        return "the transfer broke off"
    if "SSL" in name:
        return "the server's certificate is not trusted"
    if name in {"ConnectionError", "ProxyError"}:
        return "no connection to the server"
    return f"{name}: {error}"
