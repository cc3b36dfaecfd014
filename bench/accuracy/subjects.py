"""What is validated, and what it is compared with: a model on a device, or a folder of golden outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...convert.stage_runtimes import open_torch
from ...core.arithmetic import Arithmetic
from ...core.artifact import model_in
from ...core.contract import Task
from ...core.errors import InputError, ModelError
from ...core.files import sha256_of
from ...core.record import ArtifactRef
from ...datasets.folders import pictures_in
from ...datasets.pictures import read_alpha, read_rgb
from ...datasets.sample import AlphaMatte, Pixels, Sample
from ...images.picture import Picture
from ...infer.remove import Remover
from ...infer.runtimes import LoadedModel, RuntimeSettings
from ...infer.upscale import TILE, Upscaler
from ...models.runtimes import RUNTIMES, load_on

__all__ = ["OpenModel", "Subject", "golden_subject", "model_subject", "open_subject"]

OpenModel = Callable[[str, str, Arithmetic], LoadedModel]
"""Opens what a user calls a model, other than a file: (name, OpenVINO device, arithmetic) to a loaded model."""


@dataclass(frozen=True)
class Subject:
    """Something that answers samples.

    model: id. device: the runtime with its device, such as `openvino:CPU`. arithmetic: what the device really computes
    in, such as `f32`; empty where unknown. alpha, picture: the answer to a sample, of which the task has one.
    """

    model: str
    task: Task
    scale: int
    precision: str
    device: str
    arithmetic: str
    artifact: ArtifactRef | None
    alpha: Callable[[Sample], AlphaMatte] | None = None
    picture: Callable[[Sample], Pixels] | None = None

    @property
    def label(self) -> str:
        """Return what tells it from others in a table: model, precision and device."""
        return " ".join(part for part in (self.model, self.precision, self.device) if part)


def open_subject(
    text: str,
    device: str = "CPU",
    *,
    tile: int = TILE,
    arithmetic: Arithmetic = "f32",
    open_model: OpenModel | None = None,
) -> Subject:
    """Open what a user types.

    Args:
        text: an IR (`.xml`) or ONNX file, or an export's folder, for OpenVINO; `onnxruntime:FILE.onnx`, likewise for
            any other runtime; `torch:MODEL` or `torch:MODEL@CHECKPOINT`, an entry of the zoo as PyTorch computes it;
            `golden:FOLDER`, outputs on disk; anything else is handed to `open_model`.
        device: an OpenVINO device string.
        tile: side of a super-resolution tile in input pixels, overlap included; 0 never cuts.
        arithmetic: of what OpenVINO executes; the other runtimes compute in f32.
        open_model: opens names that are none of the above.

    Raises:
        MattekitError: it cannot be opened, as its message says.
    """
    kind, colon, rest = text.partition(":")
    if colon and kind == "golden":
        return golden_subject(Path(rest).expanduser())
    if colon and kind == "torch":
        return _torch_subject(rest, tile)
    if colon and kind in RUNTIMES:
        settings = RuntimeSettings(device, arithmetic) if kind == "openvino" else RuntimeSettings()
        return model_subject(load_on(kind, Path(rest).expanduser(), settings), tile=tile)
    path = model_in(Path(text).expanduser())
    if path.suffix in {".xml", ".onnx"}:
        from ...infer.runtimes.openvino import load

        return model_subject(load(path, device, arithmetic=arithmetic), tile=tile)
    if open_model is None:
        raise ModelError(f"{text!r} is no model file; give an .xml or .onnx file, or an export's folder")
    return model_subject(open_model(text, device, arithmetic), tile=tile)


def model_subject(model: LoadedModel, *, tile: int = TILE) -> Subject:
    """Make a subject of a loaded model; its precision is that of the folder it lies in (`fp32`, `fp16`, `int8`)."""
    contract, artifact, how = model.contract, model.ref(), model.runtime.info
    common = Subject(
        model=model.id,
        task=contract.task,
        scale=contract.output.scale,
        precision=artifact.precision,
        device=how.name,
        arithmetic=how.arithmetic,
        artifact=artifact,
    )
    if contract.task == "segmentation":
        remover = Remover(model)

        def alpha(sample: Sample) -> AlphaMatte:
            found = remover.matte(Picture(rgb=sample.image)).alpha
            return (found / np.float32(np.iinfo(found.dtype).max)).astype(np.float32)

        return replace(common, alpha=alpha)
    upscaler = Upscaler(model, tile=tile)

    def picture(sample: Sample) -> Pixels:
        return upscaler.upscale(Picture(rgb=sample.image)).rgb.astype(np.uint8)

    return replace(common, picture=picture)


def golden_subject(folder: Path) -> Subject:
    """Make a subject of a folder with one output for each sample, of the sample's id and any suffix.

    It answers both tasks; `task` and `scale` are those of whatever it is compared with.

    Raises:
        InputError: there is no such folder, or no picture in it; and, when it is asked, no output for the sample.
    """
    files = pictures_in(folder)

    def find(sample: Sample) -> Path:
        if sample.id not in files:
            raise InputError(f"{folder}: there is no output for the sample {sample.id!r}; add it, or leave it out")
        return files[sample.id]

    return Subject(
        model=f"golden:{folder.name}",
        task="segmentation",
        scale=1,
        precision="",
        device="files",
        arithmetic="",
        artifact=None,
        alpha=lambda sample: read_alpha(find(sample)),
        picture=lambda sample: read_rgb(find(sample)),
    )


def _torch_subject(text: str, tile: int) -> Subject:
    name, model = open_torch(text)
    digest = sha256_of(model.path)
    reference = ArtifactRef(
        model=name, format="torch", precision="fp32", sha256={model.path.name: digest}, weights=digest
    )
    subject = model_subject(model, tile=tile)
    return replace(subject, model=name, precision="fp32", artifact=reference, arithmetic="f32")
