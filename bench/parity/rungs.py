"""The rungs of the parity ladder: what executes one model at one precision, opened by what a user types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...convert.stage_runtimes import open_torch
from ...core.arithmetic import Arithmetic
from ...core.contract import Contract
from ...core.errors import ArithmeticUnavailableError, InputError, ModelError
from ...infer.runtimes import Runtime
from ...infer.runtimes.openvino import load
from ...models.runtimes import RUNTIMES, load_on

__all__ = ["Kind", "Rung", "open_rungs"]

Kind = Literal["exact", "half", "arithmetic", "quantized"]
"""What a rung changes: nothing but the order of single-precision sums, the weights' precision, the precision that the
device computes in, or both to 8 bits."""


_KINDS: dict[str, Kind] = {"fp16": "half", "int8": "quantized"}


@dataclass(frozen=True)
class Rung:
    """One stage of a model's way: its name in tables, what it changes, its contract, what executes it, its file."""

    label: str
    kind: Kind
    contract: Contract
    runtime: Runtime
    path: Path | None = None


def open_rungs(artifacts: Sequence[str], device: str = "CPU", arithmetic: Arithmetic = "f32") -> list[Rung]:
    """Open the rungs in the order in which they are given.

    An IR is run in f32; where another arithmetic is asked for, that is a rung of its own behind it. A device that has
    no f32 gives the latter alone.

    Args:
        artifacts: `torch:MODEL` or `torch:MODEL@CHECKPOINT`; ONNX files, run by ONNX Runtime, or by another runtime as
            `RUNTIME:FILE.onnx`; IRs; the folder of an export, for its ONNX file and IR; a model's folder, for all
            precisions in it.
        device: an OpenVINO device string, for the IRs.
        arithmetic: of the IRs.

    Raises:
        InputError: there are fewer than two rungs, or they are of models with different contracts.
        MattekitError: one cannot be opened.
    """
    rungs: list[Rung] = []
    for text in artifacts:
        if text.startswith("torch:"):
            _, model = open_torch(text.removeprefix("torch:"))
            rungs.append(Rung("torch", "exact", model.contract, model.runtime))
            continue
        kind, colon, rest = text.partition(":")
        if colon and kind in RUNTIMES.keys() - {"openvino"}:
            model = load_on(kind, Path(rest).expanduser())
            rungs.append(Rung(kind, "exact", model.contract, model.runtime, model.path))
            continue
        for path in _files(Path(text).expanduser()):
            if path.suffix == ".onnx":
                model = load_on("onnxruntime", path)
                rungs.append(Rung("onnx", "exact", model.contract, model.runtime, path))
            else:
                rungs += _ir(path, device, arithmetic)
    if len(rungs) < 2:
        raise InputError("a ladder needs two rungs or more; give the folder of a model, or several artifacts")
    first = rungs[0]
    for rung in rungs[1:]:
        # The names of the layers may differ from one route to the next, what surrounds the network may not.
        if rung.contract != first.contract:
            raise InputError(
                f"{rung.label} and {first.label} have different contracts, so they are not stages of one model; "
                f"give artifacts of one export"
            )
    return rungs


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    names = ("model.onnx", "model.xml")
    here = [path / name for name in names if (path / name).is_file()]
    below = [path / folder / name for folder in ("fp32", "fp16", "int8") for name in names]
    # The ONNX file beside a half-precision IR is the full-precision one once more.
    found = here or [file for file in below if file.is_file() and (file.suffix == ".xml" or "fp32" in file.parts)]
    if not found:
        raise ModelError(f"{path}: neither the folder of an export nor of a model; give one with model.xml in it")
    return found


def _ir(path: Path, device: str, arithmetic: Arithmetic) -> list[Rung]:
    asked = load(path, device, arithmetic=arithmetic)
    precision = path.parent.name if path.parent.name in {"fp32", "fp16", "int8"} else _precision(path)
    kind, label, found = _KINDS.get(precision, "exact"), f"ir {precision}", asked.runtime.info.arithmetic
    if found == "f32":
        return [Rung(label, kind, asked.contract, asked.runtime, path)]
    lower = Rung(f"{label} in {found}", "arithmetic", asked.contract, asked.runtime, path)
    try:
        exact = load(path, device)
    except ArithmeticUnavailableError:
        return [lower]
    return [Rung(label, kind, exact.contract, exact.runtime, path), lower]


def _precision(path: Path) -> str:
    import openvino

    from ...convert.layers import quantized_layers

    return "int8" if quantized_layers(openvino.Core().read_model(path)) else "fp32"
