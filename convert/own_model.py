"""A network of the user's own, an ONNX file or an IR, and what is known of it: an entry as the zoo's are."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from ..core import (
    Contract,
    InputError,
    ModelError,
    ModelFormat,
    Precision,
    Provenance,
    contract_beside,
    files_of,
    format_of_model,
    no_contract,
    parse_name,
    printable,
    sha256_of,
)
from ..infer import read_contract, read_model, stored_precision
from . import zoo
from .export_settings import ExportSettings
from .recognition import expanded
from .spec import OWN_LICENCE, Licence, ModelSpec, Weights

__all__ = ["OwnModel", "own_entry", "own_model", "own_provenance"]


@dataclass(frozen=True)
class OwnModel:
    """A file with a network, and its entry.

    Attributes:
        spec: the entry.
        file: the `.onnx` or `.xml` file.
        stored: how its weights are stored; an export never stores them wider than that.
        provenance: what the file says of where it comes from, where mattekit wrote it; None elsewhere.
        settings: of its export: a `--name` beside a mere file is the network's own.
    """

    spec: ModelSpec
    file: Path
    stored: Precision
    provenance: Provenance | None
    settings: ExportSettings


def own_model(model: str, settings: ExportSettings) -> OwnModel | None:
    """Return the network of the user's own that is to be exported; None where another kind of model is meant.

    Args:
        model: any name, with the file as the settings' weights or behind an `@`; or the file itself.
        settings: of the export.

    Raises:
        InputError: the name is not one that a folder could have, or the file is not there.
        ModelError: the file cannot be read as a model, or the name is that of an entry with another contract.
        ContractError: nobody says what surrounds the network.
    """
    named = _named(model, settings)
    if named is None:
        if settings.given_contract is not None:
            raise InputError(
                "--contract is for a network of your own, an .onnx or .xml file; give that with --weights, or leave it "
                "out"
            )
        return None
    name, file, settings = named
    if not file.is_file():
        raise InputError(f"{file}: there is no such file; give the .onnx or .xml file of {name}")
    entry = {spec.id: spec for spec in zoo.list_models()}.get(name)
    network = read_model(file)
    inside, provenance = read_contract(network, file, described=settings.given_contract is None)
    contract = settings.given_contract or inside
    if contract is None and (beside := contract_beside(file)) is not None:
        contract = beside[0]
    if contract is None and entry is not None:
        if entry.source == format_of_model(file):
            # A file like the entry's own, whose first output alone is kept.
            return None
        contract = entry.contract
    if contract is None:
        raise no_contract(file)
    if entry is not None and contract != entry.contract:
        raise ModelError(
            f"{name}: the zoo has a model of this name, and its contract is another one; give your network a name of "
            "its own"
        )
    entry = own_entry(name, contract, file.name, format_of_model(file))
    return OwnModel(entry, file, stored_precision(network), provenance, settings)


def own_entry(name: str, contract: Contract, filename: str, source: ModelFormat = "torch") -> ModelSpec:
    """Return the entry of a network of the user's own, of which nobody knows more than what surrounds it."""
    return ModelSpec(
        id=name,
        title=name,
        task=contract.task,
        contract=contract,
        weights=Weights(filename=filename),
        licence=Licence(code=OWN_LICENCE, weights=OWN_LICENCE, granted=None),
        source=source,
        own=True,
    )


def _named(model: str, settings: ExportSettings) -> tuple[str, Path, ExportSettings] | None:
    """Return the name, the file and the settings that are left; None where it is a checkpoint, or no file is named."""
    path = expanded(model)
    name, at, behind = model.partition("@")
    if format_of_model(path) != "torch" and not at:
        if settings.weights is not None:
            raise InputError(f"{model}: the network is named twice; leave --weights out, or give a name in its place")
        # A file of an export is called `model` in each folder.
        stem = path.stem if path.stem != "model" else path.resolve().parent.parent.name
        return settings.name or _as_name(stem), path, replace(settings, name=None)
    weights = expanded(behind) if at else None if settings.weights is None else Path(settings.weights)
    if weights is None or format_of_model(weights) == "torch":
        return None
    return parse_name(name, "the name"), weights, settings


def _as_name(text: str) -> str:
    """Return a file's name as one that a model's folder can have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:64] or "model"


def own_provenance(file: Path, model: str, name: str = "", known: Provenance | None = None) -> Provenance:
    """Return where a network of the user's own comes from.

    Args:
        file: the network's.
        model: what it is called.
        name: of the variant.
        known: what an earlier export wrote into the file, which holds on.
    """
    tools = {each: metadata.version(each) for each in ("mattekit", "openvino")}
    if known is not None:
        return known.model_copy(update={"model": model, "name": name, "tools": known.tools | tools})
    return Provenance(
        model=model,
        weights_file=printable(file.name),
        weights_sha256=_sha256(file),
        code_licence=OWN_LICENCE,
        weights_licence=OWN_LICENCE,
        commercial=None,
        route="ready-made",
        tools=tools,
        name=name,
    )


def _sha256(file: Path) -> str:
    """Return the SHA-256 of a model's file, or of several that it consists of: of their own, a line each."""
    sums = [sha256_of(each) for each in files_of(file)]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(f"{each}\n" for each in sums).encode()).hexdigest()
