"""Go on with a run that was stopped: which settings a result depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pydantic import JsonValue

from ..core import __version__
from ..images import Image
from .engine.manifest import Manifest, fingerprint_of
from .pipeline import Pipeline
from .plan import Batch, OutputSettings

__all__ = ["open_manifest", "settings_fingerprint"]


def open_manifest(batch: Batch, pipeline: Pipeline, options: Mapping[str, JsonValue]) -> Manifest:
    """Open the manifest in the folder of a batch's results.

    Args:
        batch: what is run.
        pipeline: what is done; its models count by their files' hashes, a background image by its pixels.
        options: all else that results depend on, such as the command's options.
    """
    return Manifest(batch.folder, settings_fingerprint(batch.settings, pipeline, options), batch.targets)


def settings_fingerprint(written: OutputSettings, pipeline: Pipeline, options: Mapping[str, JsonValue]) -> str:
    """Return the fingerprint of all that results depend on beside their inputs; arguments as for `open_manifest`."""
    models: list[JsonValue] = [{**model.variant.sha256} for model in pipeline.models]
    settings: dict[str, JsonValue] = {
        "mattekit": __version__,
        "options": dict(options),
        "models": models,
        "background": _hash_of(pipeline.background) if isinstance(pipeline.background, Image) else None,
        "written": [written.extension, written.only_mask, written.quality],
    }
    return fingerprint_of(settings)


def _hash_of(image: Image) -> str:
    digest = hashlib.sha256(repr(image.rgb.shape).encode())
    for part in (image.rgb, image.alpha):
        if part is not None:
            digest.update(part.tobytes())
    digest.update(image.icc or b"")
    return digest.hexdigest()
