"""The variants of a model that are to be compared, made into the cache where they are not there yet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from ..convert import ExportSettings, cache_dir, require_cache, run_export, write_ir
from ..core import (
    DependencyError,
    InputError,
    ParityError,
    Precision,
    Variant,
    __version__,
    atomic_directory,
    check_replaceable,
    locked,
    sha256_of,
)
from ..datasets import Dataset
from ..infer import read_model
from ..models import ModelRef
from ..quantize import QuantizeSettings, quantize
from .deployment_settings import DeploymentSettings

__all__ = ["VariantFiles", "make_variants", "variants_folder"]

_FOLDER = "compare"


@dataclass(frozen=True)
class VariantFiles:
    """A model's files to compare, in the order of the precisions.

    Attributes:
        paths: of IRs and ONNX files.
        notes: why others that were asked for are not there, a sentence each.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...]


def variants_folder() -> Path:
    """Return the folder of the cache that variants are made into."""
    return cache_dir() / _FOLDER


def make_variants(ref: ModelRef, settings: DeploymentSettings, calibration: Dataset | None) -> VariantFiles:
    """Find a model's variants in the precisions that are asked for, and make those that are not there.

    What is made lies in the cache under a key of the model's files, its contract, the versions of what makes it, and of
    INT8 the calibration samples by their content: the next call finds it.

    Args:
        ref: the model.
        settings: what is asked for.
        calibration: for INT8; None where none is asked for.

    Raises:
        MattekitError: the model cannot be read or exported; that INT8 cannot be made is a note.
    """
    there = {variant.precision: variant for variant in ref.variants(offline=settings.offline)}
    paths: dict[Precision, Path] = {}
    notes: list[str] = []
    for precision in settings.precision:
        found = there.get(precision)
        try:
            if found is not None and found.path.suffix == ".xml":
                paths[precision] = found.path
            elif precision == "int8":
                if calibration is None:
                    raise InputError("there are no samples to calibrate on; give --calibration")
                source = paths.get("fp32") or _exported(ref, there, "fp32", settings)
                paths[precision] = _quantized(source, settings, calibration)
            else:
                paths[precision] = _exported(ref, there, precision, settings)
        except (DependencyError, ParityError, InputError) as error:
            notes.append(f"{ref.text} in {precision}: {error}")
    if not paths:
        raise InputError(f"{ref.text}: there is no variant to compare ({'; '.join(notes)})")
    return VariantFiles(tuple(paths.values()), tuple(notes))


def _home(*parts: object) -> Path:
    """Return the folder of the cache for what is made of these parts with the versions that are installed."""
    key = hashlib.sha256(json.dumps([__version__, metadata.version("openvino"), *parts], default=str).encode())
    return variants_folder() / key.hexdigest()[:16]


def _kept(home: Path, precision: Precision) -> Path | None:
    """Return the IR that lies in a folder of the cache as it was written; None where there is none."""
    for path in home.glob(f"*/{precision}/model.xml"):
        try:
            check_replaceable(path.parent)
        except InputError:
            continue
        return path
    return None


def _exported(ref: ModelRef, there: Mapping[str, Variant], precision: Precision, settings: DeploymentSettings) -> Path:
    """Export a model, an entry of the zoo or a network of the user's own, or find its export in the cache."""
    source = there.get("fp32") or next(iter(there.values()))
    if precision == "fp16" and source.precision == "fp32" and source.path.suffix == ".xml":
        return _halved(source)
    if ref.name:
        model, contract = f"{ref.name}@{ref.path}" if ref.path else ref.name, None
    elif source.precision == "fp32":
        model, contract = str(source.path), settings.given_contract or source.contract
    elif precision == "fp32" and source.path.suffix == ".xml" and source.precision == "fp16":
        # What is lost is lost: it is as good a source as there is.
        return source.path
    else:
        raise InputError(f"only {source.precision} is there, of which {precision} cannot be made; give the FP32 model")
    home = _home(precision, model, source.ref().sha256, source.contract.to_json())
    require_cache(variants_folder())
    with locked(home.with_suffix(".lock")):
        found = _kept(home, precision)
        if found is None:
            how = ExportSettings(
                precision="fp16" if precision == "fp16" else "fp32",
                offline=settings.offline,
                contract=contract,
                progress=settings.progress,
            )
            if settings.progress:
                settings.progress(f"exporting {ref.text} in {precision}", 0, 1)
            found = run_export(model, home, how, whatever=True).ir.path
    return found


def _halved(source: Variant) -> Path:
    """Store an FP32 IR's weights in half precision, or find what came of it in the cache."""
    home = _home("fp16", source.ref().sha256)
    require_cache(variants_folder())
    with locked(home.with_suffix(".lock")):
        found = _kept(home, "fp16")
        if found is None:
            folder = home / source.id / "fp16"
            with atomic_directory(folder, whatever=True) as temporary:
                write_ir(read_model(source.path), temporary / "model.xml", fp16=True)
            found = folder / "model.xml"
    return found


def _quantized(source: Path, settings: DeploymentSettings, calibration: Dataset) -> Path:
    """Quantize an IR on calibration samples, or find what came of it in the cache."""
    how = QuantizeSettings(limit=settings.calibration_limit, progress=settings.progress)
    used = calibration.take(how.limit)
    home = _home("int8", sha256_of(source), sha256_of(source.with_suffix(".bin")), used.content_hash, how.fingerprint)
    require_cache(variants_folder())
    with locked(home.with_suffix(".lock")):
        found = _kept(home, "int8")
        if found is None:
            if settings.progress:
                settings.progress(f"quantizing {source.parent.parent.name} on {len(used)} samples", 0, 1)
            found = quantize(source, home, replace(how), used).variant.path
    return found
