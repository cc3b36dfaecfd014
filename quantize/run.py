"""A whole quantization: IR and samples in, an INT8 IR that says how it was made out, or nothing at all."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from pydantic import JsonValue

from ..convert import quantized_layers
from ..core import InputError, Progress, QuantizeRecord, Variant, atomic_directory, check_replaceable, folder_name
from ..datasets import Dataset
from .accuracy import Accuracy
from .calibration import require_disjoint, require_fit
from .job import Job
from .ptq import require_nncf
from .recipe import Recipe, find_recipe
from .settings import QuantizeSettings
from .source import open_source, save_int8
from .state import clear, open_state

__all__ = ["Quantized", "quantize"]


@dataclass(frozen=True)
class Quantized:
    """What a quantization wrote: the variant, its record and where that lies, and the layers that it left out."""

    variant: Variant
    record: QuantizeRecord
    record_path: Path
    ignored: tuple[str, ...]
    quantized: int


def quantize(
    ir: str | Path,
    out_dir: Path,
    settings: QuantizeSettings,
    calibration: Dataset,
    *,
    validation: Dataset | None = None,
    accuracy: Accuracy | None = None,
    progress: Progress | None = None,
) -> Quantized:
    """Write `<out_dir>/<model>/int8/model.{xml,bin}` and `quantize.json`; a named variant's model is `<model>-<name>`.

    The same IR, samples, settings and package versions give the same bytes. The folder appears whole, or not at all.
    With `max_drop`, what an interrupted search found out is kept in `<out_dir>/<model>/.int8-search` and used by the
    next call with the same arguments.

    Args:
        ir: an FP32 or FP16 IR with a contract, as `open_source` takes it.
        out_dir: parent of the model's folder.
        settings: how.
        calibration: samples of the model's task, as many of which are used as the settings say.
        validation: samples that are validated on, which must not be calibrated on.
        accuracy: measured on them; needed for `max_drop`, and measured before and after in any case.
        progress: called after each step, with what it found and the steps.

    Raises:
        ParityError: no allowed set of unquantized layers keeps the accuracy; nothing is left at the final path.
        InputError: the data do not fit, calibration and validation share an image, or the model's folder holds
            something that is not of a quantization.
        MattekitError: as its message says.
    """
    started = time.monotonic()
    if settings.max_drop is not None and accuracy is None:
        raise InputError("--max-drop needs samples with a truth to measure on; give --data or --validation")
    source, nncf_version = open_source(ir), require_nncf()
    for dataset in filter(None, (calibration, validation)):
        require_fit(dataset, source.contract)
    used = calibration.take(settings.samples)
    if validation is not None:
        require_disjoint(used, validation)
    name, recipe = find_recipe(source.provenance.model, settings.recipe)
    notes: dict[str, JsonValue] = {
        "preset": settings.preset or recipe.preset,
        "patch": (settings.patch or recipe.patch) if source.contract.task == "super_resolution" else None,
        "device": settings.device,
        "arithmetic": settings.arithmetic,
        "recipe": name,
        "recipe_ignore": list(recipe.ignore),
        "recipe_ignore_types": list(recipe.ignore_types),
        "asked_ignore": list(settings.ignored),
        "calibration": calibration.name,
        "calibration_samples": len(used),
        "calibration_sha256": used.content_hash,
        "max_drop": {settings.max_drop.metric: settings.max_drop.limit} if settings.max_drop else None,
        "made_from": dict(source.variant.sha256),
        "nncf": nncf_version,
        "openvino": metadata.version("openvino"),
    }
    called = settings.name or source.provenance.name
    folder = out_dir / folder_name(source.provenance.model, called) / "int8"
    # Said before hours of work, not after them.
    check_replaceable(folder)
    work = folder.with_name(".int8-search")
    key = _key(notes, recipe, accuracy)
    job = Job(
        source=source,
        used=used,
        settings=settings,
        recipe=recipe,
        accuracy=accuracy,
        state=open_state(work, key),
        work=work,
        progress=progress,
    )
    ignored = job.run()
    model = job.candidate(ignored)
    notes["ignored"] = list(ignored)
    with atomic_directory(folder) as temporary:
        provenance = source.provenance.model_copy(update={"name": called})
        save_int8(model, temporary / "model.xml", replace(source, provenance=provenance), notes)
        written = Variant(
            source.variant.id, "int8", temporary / "model.xml", source.contract, provenance, provenance.name
        )
        record = job.record(notes, ignored, time.monotonic() - started, written.ref())
        record.write(temporary / "quantize.json")
    clear(work)
    variant = replace(written, path=folder / "model.xml")
    return Quantized(variant, record, folder / "quantize.json", ignored, len(quantized_layers(model)))


def _key(notes: dict[str, JsonValue], recipe: Recipe, accuracy: Accuracy | None) -> str:
    """Hash all that decides what a search finds out; the allowed drop does not, so that another one can go on."""
    measured = [accuracy.metric, accuracy.against, accuracy.samples.content_hash] if accuracy else []
    decisive = {name: value for name, value in notes.items() if name != "max_drop"}
    text = json.dumps([decisive, recipe.model_dump(mode="json"), measured], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
