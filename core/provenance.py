"""Where a model comes from, and what tells its kinds apart."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import ModelError

__all__ = ["CONTRACT_KEY", "PROVENANCE_KEY", "MixedWeights", "ModelFormat", "Provenance", "Stage"]

CONTRACT_KEY = "contract"
"""Where the contract is: `rt_info/mattekit/contract` in an IR, `mattekit.contract` in an ONNX file's metadata."""

PROVENANCE_KEY = "provenance"
"""Where the provenance is, beside the contract."""

ModelFormat = Literal["torch", "onnx", "openvino"]
Stage = Literal["torch", "onnx", "ir"]
"""What a conversion passes through: the module, the ONNX file, the OpenVINO IR."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MixedWeights(_Frozen):
    """One of the checkpoints that weights were mixed of.

    Attributes:
        file: its name.
        sha256: its hash.
        share: what each of its values was multiplied by, 0 to 1; the shares add up to 1.
    """

    file: str
    sha256: str
    share: float


class Provenance(_Frozen):
    """Where a model comes from; travels inside it.

    weights_sha256: of the checkpoint or of the ready-made ONNX file. commercial: whether the weights' licence allows
    commercial use, None where nothing is stated. route: how the IR was made. tools: package versions. name: that
    somebody gave the variant; empty where nobody did. mixed: the published checkpoints that the
    weights were mixed of, where they were.
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
    mixed: tuple[MixedWeights, ...] = ()

    def to_json(self) -> str:
        """Return one line of JSON with a fixed order of keys."""
        return self.model_dump_json(exclude={each for each in ("name", "mixed") if not getattr(self, each)})

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
