"""One download over HTTPS, through pooch, with limits: where it may lead, and how much it may bring.

A transfer that breaks off goes on where it stopped, in this process or a later one, as far as the server lets it.
"""

from __future__ import annotations

import ipaddress
import json
import os
from pathlib import Path, PurePosixPath
from time import sleep
from typing import Any, BinaryIO, Protocol
from urllib.parse import urljoin, urlsplit

from .errors import FetchError
from .progress import Progress

__all__ = ["ATTEMPTS", "MAX_UNKNOWN_SIZE", "download"]

MAX_UNKNOWN_SIZE = 2 * 1024**3
"""How many bytes a file may have whose size nobody states."""

ATTEMPTS = 4
"""How often a server is asked that is busy, or breaks off."""

_WAITS = (1.0, 4.0, 15.0)
"""Seconds before each further attempt, unless the server says how long."""

_LONGEST_WAIT = 120.0
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_CHUNK = 256 * 1024
_TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and seconds without a byte."""

_PAGE = 64 * 1024
_FULL, _PART, _BEYOND = 200, 206, 416
_HUGGING_FACE = "https://huggingface.co/"
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


class _Response(Protocol):
    """What is used of a `requests.Response`."""

    url: str
    status_code: int
    headers: dict[str, str]

    @property
    def is_redirect(self) -> bool: ...

    def iter_content(self, chunk_size: int) -> object: ...

    def close(self) -> None: ...


class _InterruptedError(FetchError):
    """What may succeed at another attempt, after `wait` seconds where the server says so."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def download(url: str, target: Path, *, limit: int, pinned: bool = False, progress: Progress | None = None) -> None:
    """Write what `url` serves to `target`, at most `limit` bytes, in several attempts where that is needed.

    What lies at `target` already is taken as the beginning of the same file where the server still has that, or where
    the content's hash is known; after a failure it stays there for the next call, beside `<target>.from`. Both are the
    caller's to remove. `progress` is called with the bytes so far and in all, None where the server does not say.

    An address of Hugging Face leads to HF_ENDPOINT where that is set. Certificates are those of REQUESTS_CA_BUNDLE or
    SSL_CERT_FILE where they are set, proxies those of the usual variables.

    Args:
        url: the address.
        target: the file; its folder exists.
        limit: in bytes.
        pinned: the caller knows the content's hash, and so finds out if a beginning was another file's.
        progress: called while bytes come.

    Raises:
        FetchError: the address or a redirect is neither HTTPS nor, from this machine to itself, HTTP; the server
            refused, was busy or broke off again and again, sent too much or sent a web page.
    """
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    if endpoint and url.startswith(_HUGGING_FACE):
        url = f"{endpoint}/{url.removeprefix(_HUGGING_FACE)}"
    _require_allowed(url, from_loopback=_is_loopback(url))
    for wait in (*_WAITS, None):
        try:
            _attempt(url, target, limit, pinned=pinned, progress=progress)
        except _InterruptedError as error:
            pause = error.wait if error.wait is not None else wait
            if wait is None or pause is None:
                raise FetchError(f"{error}, at each of {ATTEMPTS} attempts") from error
            if pause > _LONGEST_WAIT:
                raise FetchError(f"{error}, and asks to wait for {pause:.0f} s") from error
            sleep(pause)
        else:
            _origin(target).unlink(missing_ok=True)
            return


def _attempt(url: str, target: Path, limit: int, *, pinned: bool, progress: Progress | None) -> None:
    import pooch

    there = target.stat().st_size if target.is_file() else 0
    stamp = _stamp(target, url)
    if there and not pinned and not stamp:
        there = 0
    guard = _Guard(limit, target, url, there, from_loopback=_is_loopback(url))
    # A compressed transfer would make the stated length useless.
    headers = {"Accept-Encoding": "identity", "User-Agent": "mattekit"}
    if there:
        headers |= {"Range": f"bytes={there}-"} | ({"If-Range": stamp} if stamp else {})
    how: dict[str, Any] = {"timeout": _TIMEOUT, "hooks": {"response": guard.on_response}, "headers": headers}
    certificates = os.environ.get("SSL_CERT_FILE")
    if certificates and not os.environ.get("REQUESTS_CA_BUNDLE"):
        how["verify"] = certificates
    fetcher = pooch.HTTPDownloader(chunk_size=_CHUNK, **how)
    what = f"downloading {PurePosixPath(urlsplit(url).path).name}"
    try:
        with target.open("r+b" if there else "wb") as stream:
            fetcher(url, _Counted(stream, guard, what, progress), None)  # pyright: ignore[reportArgumentType]
    except (OSError, ValueError) as error:
        # requests' exceptions are OSErrors, except those about malformed addresses.
        raise _reason(error) from error
    finally:
        guard.close()
    if guard.total is not None and target.stat().st_size != guard.total:
        raise _InterruptedError(f"the transfer broke off after {target.stat().st_size:,} of {guard.total:,} bytes")


def _origin(target: Path) -> Path:
    return target.with_name(f"{target.name}.from")


def _stamp(target: Path, url: str) -> str:
    """Return by what the server knows the version of the file whose beginning lies there; empty where by nothing."""
    try:
        told = json.loads(_origin(target).read_text(encoding="utf-8"))
        return str(told["stamp"]) if told["url"] == url else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


class _Guard:
    """Looks at every response, redirects included, before its body is read."""

    def __init__(self, limit: int, target: Path, url: str, there: int, *, from_loopback: bool) -> None:
        self.limit = limit
        self.from_loopback = from_loopback
        self.total: int | None = None
        self.start = there
        self._target, self._url = target, url
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
        status, headers = response.status_code, response.headers
        if status in _BUSY:
            raise _InterruptedError(f"the server answered with status {status}", _wait_of(headers))
        if status == _BEYOND:
            self._target.unlink(missing_ok=True)
            raise _InterruptedError("the server has less of the file than was here", 0.0)
        if status not in {_FULL, _PART}:
            return  # pooch raises for errors.
        if headers.get("content-type", "").strip().lower().startswith(("text/html", "application/xhtml")):
            raise FetchError(_page(response))
        self._read_length(response)
        stamp = headers.get("etag", "")
        stamp = headers.get("last-modified", "") if not stamp or stamp.startswith("W/") else stamp
        text = json.dumps({"url": self._url, "stamp": stamp})
        _origin(self._target).write_text(text, encoding="utf-8")

    def _read_length(self, response: _Response) -> None:
        headers = response.headers
        length = headers.get("content-length", "")
        if response.status_code == _PART:
            spanned, _, total = headers.get("content-range", "").lower().removeprefix("bytes").strip().partition("/")
            if spanned.partition("-")[0] != str(self.start):
                self._target.unlink(missing_ok=True)
                raise _InterruptedError("the server sent another part of the file than it was asked for", 0.0)
            length = total
        else:
            # The server has another version, or sends whole files alone.
            self.start = 0
        if length.isdecimal() and headers.get("content-encoding", "identity").lower() == "identity":
            self.total = int(length)
            self.require_within_limit(self.total)

    def require_within_limit(self, size: int) -> None:
        """Raise a FetchError if `size` bytes are more than expected."""
        if size > self.limit:
            raise FetchError(f"the server sends more than the expected {self.limit:,} bytes")


class _Counted:
    """A writable stream that counts, reports and stops; what lies before the guard's start stays."""

    def __init__(self, stream: BinaryIO, guard: _Guard, what: str, progress: Progress | None) -> None:
        self._stream = stream
        self._guard = guard
        self._what, self._progress = what, progress
        self._written: int | None = None

    def write(self, data: bytes) -> int:
        if self._written is None:
            self._written = self._guard.start
            self._stream.seek(self._written)
            self._stream.truncate()
        self._guard.require_within_limit(self._written + len(data))
        self._written += self._stream.write(data)
        if self._progress is not None:
            self._progress(self._what, self._written, self._guard.total)
        return len(data)

    def flush(self) -> None:
        self._stream.flush()


def _wait_of(headers: dict[str, str]) -> float | None:
    """Return how many seconds a server asks to wait: Retry-After is a number or a date (RFC 9110, section 10.2.3)."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    told = headers.get("retry-after", "").strip()
    if told.isdecimal():
        return float(told)
    try:
        return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()) if told else None
    except (ValueError, TypeError):
        return None


def _page(response: _Response) -> str:
    """Say what a web page is that came in place of a file."""
    text = b""
    for chunk in response.iter_content(_PAGE):  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        text += chunk
        if len(text) >= _PAGE:
            break
    said = text.decode("utf-8", "replace").lower()
    if "quota" in said or "too many users have viewed or downloaded" in said:
        return (
            "the server sent a web page that says its quota for this file is used up; try in a browser, then give the "
            "file with: mattekit models fetch ID --from FILE"
        )
    return "the server sent a web page instead of the file"


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


def _reason(error: Exception) -> FetchError:
    """Say in a few words what went wrong; requests' own texts nest several layers of objects."""
    response: object = getattr(error, "response", None)
    status: object = getattr(response, "status_code", None)
    if status is not None:
        return FetchError(f"the server answered with status {status}")
    name, text = type(error).__name__, str(error)
    if name == "ProxyError":
        set_ = next((each for each in _PROXIES if os.environ.get(each)), "the system's settings")
        why = "asks for a name and a password" if "407" in text else "does not answer, or refused"
        return FetchError(f"the proxy that {set_} names {why}")
    if "SSL" in name or "TLS CA certificate" in text:
        return FetchError(
            "the server's certificate is not trusted (behind a company's proxy, set SSL_CERT_FILE to its certificates)"
        )
    broke_off = name in {"ChunkedEncodingError", "IncompleteRead", "ProtocolError"} or "Connection aborted" in text
    if broke_off or "Timeout" in name:
        return _InterruptedError("the transfer broke off" if broke_off else "the server did not answer in time")
    return FetchError("no connection to the server" if name == "ConnectionError" else f"{name}: {error}")
