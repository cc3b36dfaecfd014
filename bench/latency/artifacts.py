"""From what a user types to files: which artifacts there are, and which runtimes can execute each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ...convert import zoo
from ...convert.fetch import fetch, verified_path
from ...convert.recognition import spec_for
from ...core.artifact import Precision, Provenance, model_in
from ...core.contract import Contract
from ...core.errors import ContractError, FetchError, ModelError
from ...core.files import sha256_of
from ...infer.runtimes.openvino import read_contract, read_model
from ...models.runtimes import RUNTIMES

__all__ = ["FindModel", "Source", "find_sources"]

FindModel = Callable[[str], Path]
"""Returns the IR of a model of the zoo."""


@dataclass(frozen=True)
class Source:
    """An artifact as one runtime executes it; missing: why that cannot be, where it cannot."""

    model: str
    precision: str
    runtime: str
    file: Path
    contract: Contract
    zoo_id: str = ""
    missing: str | None = None


def find_sources(
    artifacts: Sequence[str], runtimes: Sequence[str], find_model: FindModel | None = None
) -> list[Source]:
    """Find what each artifact means on each runtime.

    Args:
        artifacts: an IR or an ONNX file; an export's folder; a model's folder, for every precision in it;
            `onnxruntime:FILE.onnx`, likewise for any other runtime; `torch:MODEL` or `torch:MODEL@CHECKPOINT`; anything
            else goes to `find_model`.
        runtimes: for the artifacts that do not name one. torch executes the checkpoint that an export was made from,
            and others, such as ONNX Runtime, its ONNX file: one of each for a model, however many precisions its folder
            has.
        find_model: opens names that are none of the above.

    Raises:
        ModelError: an artifact cannot be found or read.
        ContractError: it carries no contract.
    """
    found: list[Source] = []
    for text in artifacts:
        kind, colon, rest = text.partition(":")
        if colon and kind == "torch":
            found.append(_torch(rest))
        elif colon and kind in RUNTIMES:
            found.append(_of_file(Path(rest).expanduser(), kind))
        else:
            found += _of_artifact(text, runtimes, find_model)
    # The folders of several precisions hold the same ONNX file, and were made from the same checkpoint.
    seen: dict[tuple[str, str, str], Source] = {}
    for source in found:
        whole = source.runtime == "openvino" or source.missing
        content = str(source.file.resolve()) if whole else sha256_of(source.file)
        seen.setdefault((source.model, source.runtime, content), source)
    reachable = {(source.model, source.runtime) for source in seen.values() if source.missing is None}
    return [s for s in seen.values() if s.missing is None or (s.model, s.runtime) not in reachable]


def _of_artifact(text: str, runtimes: Sequence[str], find_model: FindModel | None) -> list[Source]:
    path = Path(text).expanduser()
    if not path.exists():
        if path.suffix in {".xml", ".onnx"} or find_model is None:
            raise ModelError(f"{text}: there is no such file or folder; make it with: mattekit export MODEL -o DIR")
        path = find_model(text).parent
    folders = [path / name for name in get_args(Precision) if (path / name).is_dir()] if path.is_dir() else []
    sources: list[Source] = []
    for part in folders or [path]:
        file = model_in(part)
        sources += [_on_runtime(file, part, runtime) for runtime in runtimes]
    return sources


def _on_runtime(file: Path, given: Path, runtime: str) -> Source:
    stage = RUNTIMES[runtime].stage
    if stage == "ir":
        return _of_file(file, runtime)
    if stage == "onnx":
        onnx = file if file.suffix == ".onnx" else file.with_suffix(".onnx") if given.is_dir() else None
        if onnx is not None and onnx.is_file():
            return _of_file(onnx, runtime)
        described = _of_file(file, "openvino")
        missing = (
            f"{given}: there is no ONNX file for {runtime}; give {runtime}:FILE.onnx, "
            f"or the folder that mattekit export {described.model} -o DIR writes"
        )
        return Source(described.model, "fp32", runtime, file, described.contract, missing=missing)
    return _torch_of(file)


def _of_file(file: Path, runtime: str) -> Source:
    contract, provenance = _described(file)
    folder = file.absolute().parent.name
    precision = folder if file.suffix == ".xml" and folder in get_args(Precision) else ""
    if file.suffix == ".onnx":
        precision = "fp32"
    return Source(provenance.model if provenance else file.stem, precision, runtime, file, contract)


def _described(file: Path) -> tuple[Contract, Provenance | None]:
    contract, provenance = read_contract(read_model(file), file)
    if contract is None:
        raise ContractError(f"{file}: the model carries no mattekit contract; export it with: mattekit export")
    return contract, provenance


def _torch(text: str) -> Source:
    name, _, checkpoint = text.partition("@")
    given = Path(checkpoint).expanduser() if checkpoint else None
    spec = spec_for(name, given)
    if spec.build is None:
        raise ModelError(f"{name}: this entry is an ONNX file, not a PyTorch module; give onnxruntime:FILE.onnx")
    file = given or fetch(spec)
    if not file.is_file():
        raise ModelError(f"{file}: there is no such file; give a checkpoint of {name}")
    return Source(name, "fp32", "torch", file, spec.contract, zoo_id=name)


def _torch_of(file: Path) -> Source:
    """The checkpoint that an export was made from, if it is bundled or in the cache."""
    contract, provenance = _described(file)
    model = provenance.model if provenance else file.stem
    how = f"give torch:{model}@CHECKPOINT" if provenance else "give torch:MODEL@CHECKPOINT"
    known = {spec.id: spec for spec in zoo.all_specs()}
    spec = known.get(model)
    if provenance is None or spec is None or spec.build is None:
        return Source(model, "fp32", "torch", file, contract, missing=f"{file}: it was not made from a module; {how}")
    try:
        weights = verified_path(spec)
    except FetchError as error:
        return Source(model, "fp32", "torch", file, contract, missing=f"{error}; or {how}")
    if sha256_of(weights) != provenance.weights_sha256:
        missing = f"{file}: it was made from {provenance.weights_file}, which is not the zoo's checkpoint; {how}"
        return Source(model, "fp32", "torch", file, contract, missing=missing)
    return Source(model, "fp32", "torch", weights, spec.contract, zoo_id=model)
