"""All options of an evaluation and of a check of parity; the command line's help is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core import Arithmetic, ContractSettings, option

__all__ = ["EvaluationSettings", "ParitySettings"]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings(ContractSettings):
    """What models are measured in on a data set, and what is written of it.

    Attributes:
        reference: a model whose answers stand for the truth, or golden:FOLDER.
        metrics: names with commas between, or all; those that are usual for the task unless given.
        device: OpenVINO device: CPU, GPU.0, NPU, AUTO, …
        arithmetic: what the network computes in; device: what the device does unless told.
        tile: side of a super-resolution tile in pixels; 0 never cuts.
        scale: enlargement by super-resolution, where only golden outputs are compared; else the model's.
        limit: at most so many samples of the data set, spread evenly.
        out: folder for records, tables and sheets.
        order: metric that orders samples; the first unless given.
        worst: samples on the sheet of the worst; 0 writes none.
        replace: replace records of the same names, of other files too.
        engine: this machine (local), or a Ray cluster (ray): docs/scale.md.
        address: address of the Ray cluster; auto finds a running one; one is started here unless given.
    """

    reference: str | None = None
    metrics: tuple[str, ...] | None = option(None, parse=_names)
    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    tile: int = option(256, least=0)
    scale: int | None = option(None, least=1)
    limit: int | None = option(None, least=1)
    out: str | Path | None = option(None, identity=False)
    order: str | None = option(None, identity=False)
    worst: int = option(12, least=0, identity=False)
    replace: bool = option(False, identity=False)
    engine: Literal["local", "ray"] = option("local", identity=False)
    address: str | None = option(None, identity=False)


@dataclass(frozen=True, kw_only=True)
class ParitySettings(ContractSettings):
    """What the stages of a model are compared on, and how they are executed.

    Attributes:
        data: real images with their truth: a folder, LAYOUT:FOLDER, images=…,masks=….
        limit: at most so many samples of the data set, spread evenly.
        device: OpenVINO device of the IRs: CPU, GPU.0, NPU, …
        arithmetic: what the network computes in; device: what the device does unless told.
        layers: file for the layers that lose most in INT8, which quantize --ignore-scope takes.
    """

    data: str | Path = "synthetic"
    limit: int = option(8, least=1)
    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    layers: str | Path | None = option(None, identity=False)
