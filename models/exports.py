"""What an entry of the zoo is exported to, on first use, and what an export was made from."""

from __future__ import annotations

import hashlib
import logging
from importlib import metadata
from pathlib import Path

from ..convert import ModelSpec, cache_dir, fetch, mixed_weights, require_cache, verified_path, zoo
from ..core import FetchError, InputError, ModelError, Progress, Variant, __version__, read_record, sha256_of

__all__ = ["checkpoint_of", "exported"]

_LOG = logging.getLogger(__name__)


def exported(spec: ModelSpec, weights: Path | None, *, offline: bool, progress: Progress | None) -> Path:
    """Return the folder of an entry's export in the cache, made now where it is not there or not intact."""
    from ..convert import RECORD_NAME, ExportSettings, folder_of, run_export

    if weights is not None:
        digest = sha256_of(weights)
    else:
        # Where nobody publishes a hash, it is that of what was fetched.
        digest = spec.weights.sha256 or sha256_of(fetch(spec, offline=offline, progress=progress))
    parts = (__version__, metadata.version("openvino"), digest, spec.contract.to_json())
    home = cache_dir() / "ir" / hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    settings = ExportSettings(weights=weights, offline=offline, progress=progress)
    folder = folder_of(spec, settings, home)
    if not _is_intact(folder, folder / RECORD_NAME):
        require_cache(home)
        _LOG.warning("%s: exporting it, once; the next use takes it from the cache", spec.id)
        run_export(spec.id, home, settings, whatever=True)
    return folder


def checkpoint_of(export: Variant) -> Path:
    """Return the checkpoint that an export was made from, if it is bundled or in the cache."""
    provenance, path = export.provenance, export.path
    how = f"give torch:{export.id if provenance else 'ID'}@CHECKPOINT"
    spec = {spec.id: spec for spec in zoo.list_models()}.get(export.id)
    if provenance is not None and provenance.route == "ready-made":
        raise ModelError(
            f"{path}: it was made from {provenance.weights_file}, which is no checkpoint; leave torch: out, or give "
            "onnxruntime: with the folder"
        )
    if provenance is None or spec is None or spec.build is None:
        raise ModelError(f"{path}: it was not made from a module; {how}")
    try:
        if provenance.mixed:
            return mixed_weights(spec, provenance.mixed[0].share, offline=True).path
        weights = verified_path(spec)
    except FetchError as error:
        raise ModelError(f"{error}; or {how}") from error
    if sha256_of(weights) != provenance.weights_sha256:
        raise ModelError(
            f"{path}: it was made from {provenance.weights_file}, which is not the zoo's checkpoint; {how}"
        )
    return weights


def _is_intact(folder: Path, record: Path) -> bool:
    """Tell whether the folder holds an export whose files are the ones that its record names."""
    if not record.is_file():
        return False
    try:
        variants = read_record(record).variants
    except InputError as error:
        _LOG.warning("%s; exporting again", error)
        return False
    hashes = {name: value for ref in variants for name, value in ref.sha256.items()}
    intact = all((folder / name).is_file() and sha256_of(folder / name) == value for name, value in hashes.items())
    if not intact:
        _LOG.warning("%s: the files are not the ones that were exported; exporting again", folder)
    return intact
