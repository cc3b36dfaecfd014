"""How a network is quantized, as its IR and its record say it, and what of that decides a search."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata

from pydantic import JsonValue

from ..datasets import Dataset
from .ptq import FamilyRecipe, require_nncf
from .quantize_settings import QuantizeSettings
from .source_ir import Accuracy, SourceIr

__all__ = ["notes_of", "search_key"]


def notes_of(
    source: SourceIr, settings: QuantizeSettings, used: Dataset, name: str, recipe: FamilyRecipe
) -> dict[str, JsonValue]:
    """Return how a network is quantized, as its IR and its record say it.

    Args:
        source: the network.
        settings: how.
        used: samples that are calibrated on.
        name: of the family's recipe.
        recipe: of the model's family.

    Raises:
        DependencyError: NNCF is not installed.
    """
    return {
        **settings.described(),
        "preset": settings.preset or recipe.preset,
        "patch": (settings.patch or recipe.patch) if source.contract.task == "super_resolution" else None,
        "recipe": name,
        "recipe_ignore": list(recipe.ignore),
        "recipe_ignore_types": list(recipe.ignore_types),
        "calibration": used.name,
        "calibration_samples": len(used),
        "calibration_sha256": used.content_hash,
        "made_from": dict(source.variant.sha256),
        "nncf": require_nncf(),
        "openvino": metadata.version("openvino"),
    }


def search_key(notes: dict[str, JsonValue], recipe: FamilyRecipe, accuracy: Accuracy | None) -> str:
    """Hash all that decides what a search finds out; the allowed drop does not, so that another one can go on."""
    measured = [accuracy.metric.name, accuracy.against, accuracy.samples.content_hash] if accuracy else []
    decisive = {name: value for name, value in notes.items() if name != "max_drop"}
    text = json.dumps([decisive, recipe.model_dump(mode="json"), measured], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
