"""One model on disk: what it is called, how its weights are stored, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from .arithmetic import Precision
from .contract import Contract
from .errors import IntegrityError
from .files import sha256_of
from .folders import LIST_NAME, read_list
from .measurement import VariantRef
from .onnx_files import weight_files
from .onnx_nodes import opset_of
from .provenance import ModelFormat, Provenance

__all__ = ["PRECISIONS", "Variant", "files_of", "folder_name", "format_of_model"]

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""From the largest to the smallest."""

_FORMATS: dict[str, ModelFormat] = {".xml": "openvino", ".onnx": "onnx"}


@dataclass(frozen=True)
class Variant:
    """A model on disk, whatever it was made by.

    Attributes:
        id: the zoo's id, or the file's name where the model doesn't say one.
        precision: of the stored weights, read from the file: `int8` where any of it is quantized.
        path: the `.xml` or `.onnx` file, or the checkpoint.
        contract: what surrounds the network.
        provenance: None for a model that mattekit did not export itself.
        name: that somebody gave it, such as that of a fine-tune; empty where nobody did.
    """

    id: str
    precision: Precision
    path: Path
    contract: Contract
    provenance: Provenance | None = None
    name: str = ""

    @property
    def format(self) -> ModelFormat:
        """Return what kind of file it is; a checkpoint is `torch`."""
        return format_of_model(self.path)

    @property
    def files(self) -> tuple[Path, ...]:
        """Return all files that it consists of, the one that is opened first."""
        return files_of(self.path)

    @cached_property
    def sha256(self) -> dict[str, str]:
        """Return the SHA-256 of each file by its name; read once.

        Raises:
            IntegrityError: a file is not the one that was written into its folder, by the folder's list.
        """
        found = {file.name: sha256_of(file) for file in self.files}
        listed = read_list(self.path.parent)
        for name, digest in found.items():
            if listed.get(name, digest) != digest:
                raise IntegrityError(
                    f"{self.path.parent / name}: the file was changed since mattekit wrote it (its SHA-256 is "
                    f"{digest[:12]}…, the folder's list says {listed[name][:12]}…); make the model again, or remove "
                    f"{LIST_NAME} if the change is meant"
                )
        return found

    @property
    def weights_sha256(self) -> str:
        """Return the SHA-256 of the checkpoint that it was made from, or is; empty where unknown."""
        if self.format == "torch":
            return self.sha256[self.path.name]
        return self.provenance.weights_sha256 if self.provenance else ""

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(file.stat().st_size for file in self.files)

    def ref(self) -> VariantRef:
        """Return what a record keeps of it."""
        return VariantRef(
            id=self.id,
            name=self.name,
            format=self.format,
            precision=self.precision,
            sha256=self.sha256,
            weights_sha256=self.weights_sha256,
            contract=self.contract.model_dump(mode="json"),
            opset=opset_of(self.path) if self.format == "onnx" else None,
            tools=self.provenance.tools if self.provenance else {},
        )


def folder_name(model: str, name: str) -> str:
    """Return what the folder of a model's variants is called: its id, with the name that somebody gave them."""
    return f"{model}-{name}" if name else model


def format_of_model(path: Path) -> Literal["torch", "onnx", "openvino"]:
    """Return what kind of file a model's is, by its suffix."""
    return _FORMATS.get(path.suffix, "torch")


def files_of(path: Path) -> tuple[Path, ...]:
    """Return all files of a model, the one that is opened first: an IR's weights lie beside it, an ONNX file's may.

    Raises:
        ModelError: it is no whole ONNX file.
    """
    kind = format_of_model(path)
    return (
        (path, path.with_suffix(".bin"))
        if kind == "openvino"
        else (path, *(weight_files(path) if kind == "onnx" else ()))
    )
