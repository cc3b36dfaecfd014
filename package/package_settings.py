"""All options of a package and of its verification."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..convert import parse_size
from ..core import Arithmetic, ContractSettings, Hint, InputError, Settings, option

__all__ = ["PackageFormat", "PackageSettings", "VerifySettings"]

PackageFormat = Literal["folder", "zip", "ovms", "triton", "model-api", "onnx"]
_SERVED = ("ovms", "triton")


@dataclass(frozen=True, kw_only=True)
class PackageSettings(ContractSettings):
    """What a package is made for.

    Attributes:
        format: a plain folder, one file of it, a repository for OpenVINO Model Server or for Triton, a folder for Model
            API, or the ONNX file of the network.
        size: one size of images, N or HEIGHTxWIDTH, for devices that take no other, such as an NPU; any unless given.
        colour_order: order of the pixels' colours, in and out; BGR, OpenCV's, for Model API unless given, else RGB.
        require_commercial: refuse weights whose licence does not allow commercial use.
        arithmetic: what the golden answers are computed in, and a model server is told to compute in; device: what
            the device does unless told.
        device: what a model server is told to run on, as OpenVINO names it; CPU unless given.
        hint: what a model server is told to prepare its device for; latency unless given.
        streams: requests that a model server is told to run at a time; what its device chooses unless given.
        model_version: number of the model in a server's repository; the next one unless given.
        evidence: records to keep inside, files or folders of them, such as a gate's verdict; those beside the model are
            kept anyway.
        sign: private key of an elliptic curve, in PEM, that signs all of the package.
    """

    format: PackageFormat = "folder"
    size: tuple[int, int] | None = option(None, parse=parse_size)
    colour_order: Literal["RGB", "BGR"] | None = None
    require_commercial: bool = False
    arithmetic: Arithmetic = "f32"
    device: str | None = None
    hint: Hint | None = None
    streams: int | None = option(None, least=1)
    model_version: int | None = option(None, least=1)
    evidence: tuple[str | Path, ...] = ()
    sign: Path | None = option(None, identity=False)

    def __post_init__(self) -> None:
        """Refuse settings that exclude each other with an InputError."""
        super().__post_init__()
        served = {
            "device": self.device,
            "hint": self.hint,
            "streams": self.streams,
            "model-version": self.model_version,
        }
        given = next((name for name, value in served.items() if value is not None), None)
        if given and self.format not in _SERVED:
            raise InputError(f"--{given} is for --format {' and '.join(_SERVED)}; add one of them, or leave it out")
        if self.size and min(self.size) < 1:
            raise InputError("--size: an image has a pixel at least; give HEIGHTxWIDTH such as 512x512")
        if self.device and self.device.startswith("NPU") and self.size is None:
            raise InputError("--device NPU takes images of one size alone; add it, such as --size 512x512")
        if self.format == "triton":
            self._check_triton()
        if self.format == "onnx":
            self._check_onnx()

    def _check_triton(self) -> None:
        """Triton's OpenVINO backend runs on the CPU alone, and can be told of bf16 alone."""
        if self.device not in {None, "CPU"}:
            raise InputError(
                f"--device {self.device}: Triton's OpenVINO backend runs on the CPU alone; give --format ovms"
            )
        if self.arithmetic == "f16":
            raise InputError("--arithmetic f16: Triton's OpenVINO backend can't be told; give f32, bf16 or device")

    def _check_onnx(self) -> None:
        given = {"size": self.size, "colour-order": self.colour_order}
        name = next((name for name, value in given.items() if value is not None), None)
        if name:
            raise InputError(
                f"--{name} is for packages that take images; --format onnx is the network as its contract says: leave "
                "it out, and fix the size with mattekit export --size"
            )
        if self.arithmetic != "f32":
            raise InputError("--format onnx is for runtimes that compute in f32; leave --arithmetic out")

    @property
    def order(self) -> Literal["RGB", "BGR"]:
        """The order of the pixels' colours."""
        return self.colour_order or ("BGR" if self.format == "model-api" else "RGB")


@dataclass(frozen=True, kw_only=True)
class VerifySettings(Settings):
    """How golden vectors are replayed.

    Attributes:
        device: OpenVINO device: CPU, GPU.0, NPU, …; the one that the package is for unless given.
        arithmetic: what the network computes in, device: what the device does unless told; what the package is for
            unless given.
        signed: public key, in PEM, by whose partner every package must have been signed as it is.
    """

    device: str | None = None
    arithmetic: Arithmetic | None = None
    signed: Path | None = option(None, identity=False)
