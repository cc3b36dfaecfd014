"""Artifacts: models on disk, `<model>/<precision>/model.{onnx,xml,bin}`, that say themselves where they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from .contract import Contract
from .errors import ModelError
from .files import sha256_of
from .record import ArtifactRef

__all__ = ["CONTRACT_KEY", "PROVENANCE_KEY", "Artifact", "ModelFormat", "Precision", "Provenance", "Stage", "model_in"]

CONTRACT_KEY = "contract"
"""Where the contract is: `rt_info/mattekit/contract` in an IR, `mattekit.contract` in an ONNX file's metadata."""

PROVENANCE_KEY = "provenance"
"""Where the provenance is, beside the contract."""

ModelFormat = Literal["torch", "onnx", "openvino"]
Stage = Literal["torch", "onnx", "ir"]
"""What a conversion passes through: the module, the ONNX file, the OpenVINO IR."""

Precision = Literal["fp32", "fp16", "int8"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Provenance(_Frozen):
    """Where a model comes from; travels inside it.

    weights_sha256: of the checkpoint or of the ready-made ONNX file. commercial: whether the weights' licence allows
    commercial use, None where nothing is stated. route: how the IR was made. tools: package versions.
    """

    model: str
    weights_file: str
    weights_sha256: str
    code_licence: str
    weights_licence: str
    commercial: bool | None
    route: Literal["onnx", "direct", "ready-made"]
    tools: dict[str, str]

    def to_json(self) -> str:
        """Return one line of JSON with a fixed order of keys."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str, *, source: str) -> Provenance:
        """Read what `to_json` wrote; `source` names the file in the error.

        Raises:
            ModelError: the text is not a provenance.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ModelError(f"{source}: its provenance cannot be read; export the model again") from error


class Artifact(_Frozen):
    """A model on disk.

    path: the `.onnx` or `.xml` file. sha256: of each of its files, by name. made_from: SHA-256 of the main file of the
    artifact that it was made from, or of the weights.
    """

    model: str
    format: Literal["onnx", "openvino"]
    precision: Precision
    path: Path
    sha256: dict[str, str]
    contract: Contract
    provenance: Provenance
    made_from: str

    @classmethod
    def of_files(
        cls,
        path: Path,
        *,
        precision: Precision,
        contract: Contract,
        provenance: Provenance,
        made_from: str,
    ) -> Artifact:
        """Describe the model at `path`, hashing its files (an IR's `.bin` beside the `.xml` too)."""
        files = [path, path.with_suffix(".bin")] if path.suffix == ".xml" else [path]
        return cls(
            model=provenance.model,
            format="openvino" if path.suffix == ".xml" else "onnx",
            precision=precision,
            path=path,
            sha256={file.name: sha256_of(file) for file in files},
            contract=contract,
            provenance=provenance,
            made_from=made_from,
        )

    def ref(self) -> ArtifactRef:
        """Return what a record keeps of the artifact."""
        return ArtifactRef(
            model=self.model,
            format=self.format,
            precision=self.precision,
            sha256=self.sha256,
            weights=self.provenance.weights_sha256,
        )


def model_in(path: Path) -> Path:
    """Return the model that a folder of one export holds, the IR first; a path that is no folder stays as it is.

    A model's folder with one precision in it stands for that precision.

    Raises:
        ModelError: the folder holds no model, or several precisions.
    """
    if not path.is_dir():
        return path
    precisions = [path / name for name in get_args(Precision) if (path / name).is_dir()]
    if len(precisions) > 1:
        raise ModelError(f"{path}: the folder holds {', '.join(p.name for p in precisions)}; give one of them")
    path = precisions[0] if precisions else path
    found = [path / name for name in ("model.xml", "model.onnx") if (path / name).is_file()]
    if not found:
        raise ModelError(
            f"{path}: the folder holds no model.xml; give the folder of one export, or the .xml file itself"
        )
    return found[0]
