"""All options of a package and of its verification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..core import Arithmetic, ContractSettings, InputError, Settings, option

__all__ = ["PackageSettings", "VerifySettings"]


@dataclass(frozen=True, kw_only=True)
class PackageSettings(ContractSettings):
    """What a package is made for.

    Attributes:
        format: a plain folder, a repository for OpenVINO Model Server, or one file.
        colour_order: order of the pixels' colours, in and out; OpenCV's is BGR.
        require_commercial: refuse weights whose licence does not allow commercial use.
        arithmetic: what the golden answers are computed in, and a model server is told to compute in; device: what
            the device does unless told.
        model_version: number of the model in a server's repository; the next one unless given.
    """

    format: Literal["openvino", "ovms", "zip"] = "openvino"
    colour_order: Literal["RGB", "BGR"] = "RGB"
    require_commercial: bool = False
    arithmetic: Arithmetic = "f32"
    model_version: int | None = option(None, least=1)

    def __post_init__(self) -> None:
        """Refuse settings that exclude each other with an InputError."""
        super().__post_init__()
        if self.model_version and self.format != "ovms":
            raise InputError("--model-version is for --format ovms; add that, or leave it out")


@dataclass(frozen=True, kw_only=True)
class VerifySettings(Settings):
    """How golden vectors are replayed.

    Attributes:
        device: OpenVINO device: CPU, GPU.0, NPU, …
        arithmetic: what the network computes in; device: what the device does unless told.
    """

    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
