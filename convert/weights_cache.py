"""Where an entry's weights are on this machine, and whether they are the expected bytes.

The cache is one folder per entry under `cache_dir()`. A file is checked before it comes there, and again each time that
it is asked for. Where nobody publishes a SHA-256, the first file that proves to be the entry's (of its stated length
and format, and loaded strictly) is logged, its hash kept beside it (`<file>.sha256`), and binding from then on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from ..core import (
    CheckpointError,
    FetchError,
    HashMismatchError,
    InputError,
    MattekitError,
    check_onnx,
    digest_of,
    make_folder,
    needs_extra,
    sha256_of,
)
from ..infer import read_model
from .checkpoint import load_module
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
    "check_bytes",
    "prove",
    "remember",
    "remembered",
    "require_cache",
    "require_provable",
    "verified_path",
    "verify",
]

_BUNDLED = Path(__file__).parent / "weights"
BUNDLED_PRECISION: Literal["fp16"] = "fp16"
"""How the weights of the IRs that come with the package are stored."""

IRS = _BUNDLED / "ir"
"""Where they are: `<model>/<precision>/model.{xml,bin}`, as an export lays them. `make bundled` writes all of it."""

SUMS = "SHA256SUMS.txt"
"""Their hashes, in that folder, in the form that `sha256sum --check` reads."""

_CHECKPOINTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x8a\x0a")
"""How files begin that `torch.save` writes: ZIP since 1.6, a pickle before."""


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
    origin: Literal["bundled", "cache", "download", "file"]
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
    return verify(spec, cached_path(spec)).path


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


def verify(spec: ModelSpec, path: Path) -> Fetched:
    """Check the file at its final place against all that is known of it."""
    weights, bundled = spec.weights, spec.weights.bundled is not None
    if not path.is_file():
        if bundled:
            raise FetchError(f"{path} is missing from the installation; install mattekit again")
        raise FetchError(
            f"{path} is not in the cache; download it with: mattekit models fetch {spec.id} "
            "(without --offline), or give a file with --weights"
        )
    known = remembered(path)
    try:
        sha256 = check_bytes(weights, path, known=known)
    except FetchError as error:
        replace = f"delete it, or replace it with: mattekit models fetch {spec.id} (without --offline)"
        mend = "install mattekit again" if bundled else replace
        raise HashMismatchError(f"{path} is not the expected file: {error}; {mend}") from error
    first_use = not weights.is_pinned and known is None
    if first_use and not bundled:
        require_provable(spec)
        prove(spec, path)
        remember(path, sha256)
    return Fetched(path, sha256, "bundled" if bundled else "cache", None, first_use, weights.sha256 is not None)


def check_bytes(weights: Weights, path: Path, *, known: str | None) -> str:
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


def require_provable(spec: ModelSpec) -> None:
    """Make sure that weights can be proved on their first use, where nobody publishes their hash.

    Raises:
        DependencyError: torch, which loads them, is not installed.
    """
    if not spec.weights.is_pinned and spec.build is not None:
        with needs_extra(
            "weights whose hash nobody publishes are loaded before they are kept, which", "torch", "export"
        ):
            import_module("torch")


def prove(spec: ModelSpec, path: Path) -> None:
    """Make sure that a file of which nobody publishes a hash is the entry's: of its format, every parameter fitting.

    Raises:
        HashMismatchError: it is something else.
    """
    with path.open("rb") as stream:
        begins = stream.read(16)
    try:
        if spec.build is None:
            check_onnx(path)
            read_model(path)
        elif not begins.startswith(_CHECKPOINTS):
            raise CheckpointError("it is no file that PyTorch writes")
        else:
            load_module(spec, path)
    except MattekitError as error:
        raise HashMismatchError(f"it is not the file of {spec.id}: {error}") from error


def remembered(path: Path) -> str | None:
    """Return the SHA-256 of the first download, where it was kept."""
    sidecar = _sidecar(path)
    words = sidecar.read_text(encoding="utf-8").split() if sidecar.is_file() else []
    return words[0].lower() if words else None


def remember(path: Path, sha256: str) -> None:
    """Keep the SHA-256 of a file that nobody publishes it of."""
    _sidecar(path).write_text(f"{sha256}  {path.name}\n", encoding="utf-8")


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
