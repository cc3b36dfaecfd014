"""Where a model comes from, and what tells its kinds apart."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import ModelError

__all__ = ["CONTRACT_KEY", "PROVENANCE_KEY", "ModelFormat", "Provenance", "Stage"]

CONTRACT_KEY = "contract"
"""Where the contract is: `rt_info/mattekit/contract` in an IR, `mattekit.contract` in an ONNX file's metadata."""

PROVENANCE_KEY = "provenance"
"""Where the provenance is, beside the contract."""

ModelFormat = Literal["torch", "onnx", "openvino"]
Stage = Literal["torch", "onnx", "ir"]
"""What a conversion passes through: the module, the ONNX file, the OpenVINO IR."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Provenance(_Frozen):
    """Where a model comes from; travels inside it.

    weights_sha256: of the checkpoint or of the ready-made ONNX file. commercial: whether the weights' licence allows
    commercial use, None where nothing is stated. route: how the IR was made. tools: package versions. name: that
    somebody gave the variant; empty where nobody did.
    """

    model: str
    weights_file: str
    weights_sha256: str
    code_licence: str
    weights_licence: str
    commercial: bool | None
    route: Literal["onnx", "direct", "ready-made"]
    tools: dict[str, str]
    name: str = ""

    def to_json(self) -> str:
        """Return one line of JSON with a fixed order of keys."""
        return self.model_dump_json(exclude=set() if self.name else {"name"})

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
