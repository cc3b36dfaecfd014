"""IRs that are on this machine already, the package's own and those that earlier exports left: verified, then used."""

from __future__ import annotations

import logging
from pathlib import Path

from ..core import FetchError, HashMismatchError, InputError, Precision, read_record, sha256_of
from .spec import ModelSpec

__all__ = ["BUNDLED_PRECISION", "IRS", "SUMS", "bundled_ir", "bundled_sums", "is_intact"]

BUNDLED_PRECISION: Precision = "fp16"
"""How the weights of the IRs that come with the package are stored."""

IRS = Path(__file__).parent / "weights" / "ir"
"""Where they are: `<model>/<precision>/model.{xml,bin}`, as an export lays them. `make bundled` writes all of it."""

SUMS = "SHA256SUMS.txt"
"""Their hashes, in that folder, in the form that `sha256sum --check` reads."""

_LOG = logging.getLogger(__name__)


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


def is_intact(folder: Path) -> bool:
    """Tell whether the folder holds an export whose files are the ones that its record names."""
    from .export import RECORD_NAME

    if not (folder / RECORD_NAME).is_file():
        return False
    try:
        variants = read_record(folder / RECORD_NAME).variants
    except InputError as error:
        _LOG.warning("%s; exporting again", error)
        return False
    hashes = {name: value for ref in variants for name, value in ref.sha256.items()}
    intact = all((folder / name).is_file() and sha256_of(folder / name) == value for name, value in hashes.items())
    if not intact:
        _LOG.warning("%s: the files are not the ones that were exported; exporting again", folder)
    return intact
