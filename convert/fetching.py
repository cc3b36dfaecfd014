"""Bring an entry's weights into the cache: from its mirrors, or from a file that somebody fetched by hand."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from ..core import (
    MAX_UNKNOWN_SIZE,
    FetchError,
    HashMismatchError,
    InputError,
    MattekitError,
    Progress,
    atomic_path,
    download,
    locked,
)
from . import zoo
from .spec import ModelSpec
from .weights_cache import (
    Fetched,
    cached_path,
    check_bytes,
    prove,
    remember,
    remembered,
    require_cache,
    require_provable,
    verify,
)

__all__ = ["fetch", "fetch_weights", "retrieve"]

_LOG = logging.getLogger(__name__)


def fetch_weights(
    model: str, *, source: str | Path | None = None, offline: bool = False, progress: Progress | None = None
) -> Fetched:
    """Bring a model's weights into the cache, verified; they are downloaded where they are absent or altered.

    Mirrors are tried in turn, those that MATTEKIT_MIRROR names first: addresses or folders, with spaces between, in
    which the file lies as `ID/FILENAME`. A busy server is asked again, and what broke off goes on where it stopped.

    Args:
        model: an entry of the zoo.
        source: a file that was fetched by other means, which is verified and copied into the cache.
        offline: never download.
        progress: called during a download, with bytes.

    Returns:
        Where the weights are, and their hash.

    Raises:
        ModelError: there is no such entry.
        InputError: there is no such file, or the entry's weights come with mattekit.
        FetchError: they could not be downloaded, or are not the expected bytes; the message has each address and why.
        DependencyError: nobody publishes their hash, and torch, by which they are proved instead, is not installed.

    Example:
        >>> import mattekit
        >>> mattekit.fetch_weights("mattelite").path.name
        'mattelite.safetensors'
    """
    spec = zoo.get(model)
    if source is not None:
        return _taken(spec, Path(source).expanduser())
    return retrieve(spec, offline=offline, progress=progress)


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
        DependencyError: nobody publishes a hash, and torch is not installed.
    """
    target = cached_path(spec)
    if offline or spec.weights.bundled is not None:
        return verify(spec, target)
    require_cache(target.parent)
    with locked(target.with_name(f".{target.name}.lock")):
        if target.is_file():
            try:
                return verify(spec, target)
            except HashMismatchError as error:
                _LOG.warning("%s", error)
        return _download(spec, target, progress)


def _taken(spec: ModelSpec, file: Path) -> Fetched:
    """Copy a file into the cache, if it is the entry's."""
    if spec.weights.bundled is not None:
        raise InputError(f"{spec.id}: its weights come with mattekit; leave --from out")
    if not file.is_file():
        raise InputError(f"{file}: there is no such file; give the one that you fetched")
    target = cached_path(spec)
    require_cache(target.parent)
    known = remembered(target)
    with locked(target.with_name(f".{target.name}.lock")):
        try:
            with atomic_path(target) as temporary:
                shutil.copyfile(file, temporary)
                sha256 = _accepted(spec, temporary, target)
        except FetchError as error:
            raise type(error)(f"{file}: these are not the weights of {spec.id}: {error}") from error
    first_use = not spec.weights.is_pinned and known is None
    return Fetched(target, sha256, "file", None, first_use, spec.weights.sha256 is not None)


def _download(spec: ModelSpec, target: Path, progress: Progress | None) -> Fetched:
    """Try each mirror; the caller holds the lock."""
    weights = spec.weights
    by_hand = f"give the file with: mattekit models fetch {spec.id} --from FILE, or export with --weights"
    mirrors = [f"{each.rstrip('/')}/{spec.id}/{weights.filename}" for each in _mirrors()]
    if not weights.urls and not mirrors:
        raise FetchError(
            f"{spec.id} has no direct download; get {weights.filename} from {spec.homepage}, and {by_hand}"
        )
    known = remembered(target)
    if known is None:
        require_provable(spec)
    part = target.with_name(f".{target.name}.part")
    failures: list[tuple[str, FetchError]] = []
    for url in (*mirrors, *weights.urls):
        try:
            sha256 = _from(spec, url, part, target, progress)
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
    reasons = "; ".join(f"{url}: {error}" for url, error in failures)
    kind = HashMismatchError if all(isinstance(error, HashMismatchError) for _, error in failures) else FetchError
    raise kind(f"{spec.id}: {weights.filename} could not be downloaded ({reasons}); try again later, or {by_hand}")


def _mirrors() -> list[str]:
    return os.environ.get("MATTEKIT_MIRROR", "").split()


def _from(spec: ModelSpec, url: str, part: Path, target: Path, progress: Progress | None) -> str:
    """Bring the file from one place; what broke off stays for the next call, what is wrong doesn't."""
    folder = "://" not in url
    if folder:
        if not Path(url).expanduser().is_file():
            raise FetchError("there is no such file")
        shutil.copyfile(Path(url).expanduser(), part)
    else:
        limit = spec.weights.size or MAX_UNKNOWN_SIZE
        try:
            download(url, part, limit=limit, pinned=spec.weights.sha256 is not None, progress=progress)
        except FetchError:
            if part.is_file() and not part.stat().st_size:
                part.unlink()
            raise
    try:
        sha256 = _accepted(spec, part, target)
        part.replace(target)
    finally:
        for left in (part, part.with_name(f"{part.name}.from")):
            left.unlink(missing_ok=True)
    return sha256


def _accepted(spec: ModelSpec, file: Path, target: Path) -> str:
    """Return a file's SHA-256, if it is the entry's; where nobody publishes that, keep it once it is proved."""
    known = remembered(target)
    sha256 = check_bytes(spec.weights, file, known=known)
    if not spec.weights.is_pinned and known is None:
        try:
            prove(spec, file)
        except MattekitError as error:
            raise HashMismatchError(str(error)) from error
    if spec.weights.sha256 is None:
        remember(target, sha256)
    return sha256
