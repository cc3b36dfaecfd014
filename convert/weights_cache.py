"""Bring an entry's weights onto this machine, and let nothing through that is not the expected bytes.

The cache is one folder per entry under `cache_dir()`. A file is downloaded to a temporary name, checked, and only then
renamed into place; it is checked again each time that it is asked for. Where nobody publishes a SHA-256, that of the
first download is logged, kept beside the file (`<file>.sha256`), and binding from then on.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ..core import (
    MAX_UNKNOWN_SIZE,
    FetchError,
    HashMismatchError,
    InputError,
    Progress,
    atomic_path,
    digest_of,
    download,
    locked,
    make_folder,
    sha256_of,
)
from . import zoo
from .spec import ModelSpec, Weights

__all__ = [
    "BUNDLED_PRECISION",
    "IRS",
    "SUMS",
    "Fetched",
    "bundled_ir",
    "bundled_sums",
    "cache_dir",
    "cached_path",
    "fetch",
    "fetch_weights",
    "require_cache",
    "retrieve",
    "verified_path",
]

_BUNDLED = Path(__file__).parent / "weights"
BUNDLED_PRECISION: Literal["fp16"] = "fp16"
"""How the weights of the IRs that come with the package are stored."""

IRS = _BUNDLED / "ir"
"""Where they are: `<model>/<precision>/model.{xml,bin}`, as an export lays them. `make bundled` writes all of it."""

SUMS = "SHA256SUMS.txt"
"""Their hashes, in that folder, in the form that `sha256sum --check` reads."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetched:
    """Weights that are on this machine and verified.

    Attributes:
        path: where they are.
        sha256: theirs.
        origin: where this call found them.
        url: what they were downloaded from, by this call.
        first_use: nobody publishes their hash and this call saw them first: a user should see `sha256`.
        published: their publisher gives their SHA-256.
    """

    path: Path
    sha256: str
    origin: Literal["bundled", "cache", "download"]
    url: str | None = None
    first_use: bool = False
    published: bool = False


def cache_dir() -> Path:
    """Return the cache folder: `MATTEKIT_HOME` where that is set, else the user's cache folder for mattekit."""
    home = os.environ.get("MATTEKIT_HOME")
    if home:
        return Path(home).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("mattekit", appauthor=False))


def require_cache(folder: Path) -> None:
    """Make a folder of the cache.

    Raises:
        InputError: it can't be made or written; the message names the variable that chooses another cache.
    """
    mend = f"the cache is {cache_dir()}: set MATTEKIT_HOME to a folder that can be written"
    try:
        make_folder(folder)
    except InputError as error:
        raise InputError(f"{str(error).rpartition(';')[0]}; {mend}") from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"{folder}: the folder cannot be written; {mend}")


def cached_path(spec: ModelSpec) -> Path:
    """Return where the entry's weights are, or would be; they may be absent."""
    if spec.weights.bundled is not None:
        return _BUNDLED / spec.weights.bundled
    return cache_dir() / "weights" / spec.id / spec.weights.filename


def verified_path(spec: ModelSpec) -> Path:
    """Return the entry's weights from the package or the cache, verified now; never downloads.

    Raises:
        FetchError: they are not there.
        HashMismatchError: they are there, but truncated or altered.
    """
    return _verify(spec, cached_path(spec)).path


def fetch_weights(model: str, *, offline: bool = False, progress: Progress | None = None) -> Fetched:
    """Bring a model's weights into the cache, verified; they are downloaded where they are absent or altered.

    Args:
        model: an entry of the zoo.
        offline: never download.
        progress: called during a download, with bytes.

    Returns:
        Where the weights are, and their hash.

    Raises:
        ModelError: there is no such entry.
        FetchError: they could not be downloaded, or are not the expected bytes.

    Example:
        >>> import mattekit
        >>> mattekit.fetch_weights("mattelite").path.name
        'mattelite.safetensors'
    """
    return retrieve(zoo.get(model), offline=offline, progress=progress)


def fetch(spec: ModelSpec, *, offline: bool = False, progress: Progress | None = None) -> Path:
    """Return the path of the entry's weights, verified, after a download where that is needed; see `retrieve`."""
    return retrieve(spec, offline=offline, progress=progress).path


def retrieve(spec: ModelSpec, *, offline: bool = False, progress: Progress | None = None) -> Fetched:
    """Return the entry's weights, verified; download them where they are absent, truncated or altered.

    The mirrors are tried in order. Several processes may ask for the same file: one downloads, the others wait.

    Raises:
        FetchError: no mirror gave the file, or `offline` and it is not in the cache.
        HashMismatchError: every mirror gave something else than the expected bytes, or `offline` and the file in the
            cache is not the expected one.
        InputError: the cache cannot be written.
    """
    target = cached_path(spec)
    if offline or spec.weights.bundled is not None:
        return _verify(spec, target)
    require_cache(target.parent)
    with locked(target.with_name(f".{target.name}.lock")):
        if target.is_file():
            try:
                return _verify(spec, target)
            except HashMismatchError as error:
                _LOG.warning("%s", error)
        return _download(spec, target, progress)


def bundled_sums(spec: ModelSpec) -> dict[str, str]:
    """Return the SHA-256 of each file of the entry's bundled IR by its name; none where it has no such IR."""
    sums = IRS / SUMS
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
    named = {Path(name): sha256 for sha256, name in (line.split(maxsplit=1) for line in lines)}
    folder = Path(spec.id) / BUNDLED_PRECISION
    return {path.name: sha256 for path, sha256 in named.items() if path.parent == folder}


def bundled_ir(spec: ModelSpec) -> Path | None:
    """Return the IR that comes with the package, verified now; None for an entry that is not bundled.

    Raises:
        FetchError: it is missing from the installation.
        HashMismatchError: it was altered or truncated.
    """
    if spec.weights.bundled is None:
        return None
    folder, sums = IRS / spec.id / BUNDLED_PRECISION, bundled_sums(spec)
    for name in ("model.xml", "model.bin"):
        path = folder / name
        if name not in sums or not path.is_file():
            raise FetchError(f"{path} is missing from the installation; install mattekit again")
        sha256 = sha256_of(path)
        if sha256 != sums[name]:
            raise HashMismatchError(
                f"{path} is not the expected file: its SHA-256 is {sha256} instead of {sums[name]}; "
                "install mattekit again"
            )
    return folder / "model.xml"


def _download(spec: ModelSpec, target: Path, progress: Progress | None) -> Fetched:
    """Try each mirror; the caller holds the lock."""
    weights = spec.weights
    if not weights.urls:
        raise FetchError(
            f"{spec.id} has no direct download; get {weights.filename} from {spec.homepage}, and export with --weights"
        )
    # Nobody else writes here, so these are what a killed download left.
    for leftover in target.parent.glob(f".{target.stem[:40]}.*.tmp{target.suffix}"):
        leftover.unlink(missing_ok=True)
    known = _remembered(target)
    failures: list[tuple[str, FetchError]] = []
    for url in weights.urls:
        try:
            with atomic_path(target) as temporary:
                download(url, temporary, limit=weights.size or MAX_UNKNOWN_SIZE, progress=progress)
                sha256 = _check(weights, temporary, known=known)
                if weights.sha256 is None:
                    _sidecar(target).write_text(f"{sha256}  {target.name}\n", encoding="utf-8")
        except FetchError as error:
            failures.append((url, error))
            continue
        first_use = not weights.is_pinned and known is None
        if first_use:
            _LOG.warning(
                "%s: nobody publishes a hash of %s; its SHA-256 is %s, and this is checked from now on",
                spec.id,
                target.name,
                sha256,
            )
        return Fetched(target, sha256, "download", url, first_use, weights.sha256 is not None)
    reasons = "; ".join(f"{urlsplit(url).hostname}: {error}" for url, error in failures)
    kind = HashMismatchError if all(isinstance(error, HashMismatchError) for _, error in failures) else FetchError
    raise kind(
        f"{spec.id}: {weights.filename} could not be downloaded ({reasons}); "
        f"try again later, or get it from {spec.homepage or 'its publisher'} and export with --weights"
    )


def _verify(spec: ModelSpec, path: Path) -> Fetched:
    """Check the file at its final place against all that is known of it."""
    weights, bundled = spec.weights, spec.weights.bundled is not None
    if not path.is_file():
        if bundled:
            raise FetchError(f"{path} is missing from the installation; install mattekit again")
        raise FetchError(
            f"{path} is not in the cache; download it with: mattekit models fetch {spec.id} "
            "(without --offline), or give a file with --weights"
        )
    known = _remembered(path)
    try:
        sha256 = _check(weights, path, known=known)
    except FetchError as error:
        replace = f"delete it, or replace it with: mattekit models fetch {spec.id} (without --offline)"
        mend = "install mattekit again" if bundled else replace
        raise HashMismatchError(f"{path} is not the expected file: {error}; {mend}") from error
    first_use = not weights.is_pinned and known is None
    if first_use and not bundled:
        _sidecar(path).write_text(f"{sha256}  {path.name}\n", encoding="utf-8")
    return Fetched(path, sha256, "bundled" if bundled else "cache", None, first_use, weights.sha256 is not None)


def _check(weights: Weights, path: Path, *, known: str | None) -> str:
    """Return the file's SHA-256 if its size and hashes are right; `known` is the SHA-256 of an earlier download.

    Raises:
        HashMismatchError: they are not; the message says only what differs.
    """
    size = path.stat().st_size
    if weights.size is not None and size != weights.size:
        raise HashMismatchError(f"it has {size:,} bytes instead of {weights.size:,}")
    sha256 = sha256_of(path)
    expected = (weights.sha256 or weights.sha256_prefix or "").lower()
    if not sha256.startswith(expected):
        raise HashMismatchError(f"its SHA-256 is {sha256} instead of {expected}{'' if weights.sha256 else '…'}")
    if weights.sha256 is None and known is not None and sha256 != known:
        raise HashMismatchError(f"its SHA-256 is {sha256}, but that of the first download was {known}")
    if not weights.sha256 and weights.md5 and (md5 := digest_of(path, "md5")) != weights.md5.lower():
        raise HashMismatchError(f"its MD5 is {md5} instead of {weights.md5}")
    return sha256


def _remembered(path: Path) -> str | None:
    """Return the SHA-256 of the first download, where it was kept."""
    sidecar = _sidecar(path)
    words = sidecar.read_text(encoding="utf-8").split() if sidecar.is_file() else []
    return words[0].lower() if words else None


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
