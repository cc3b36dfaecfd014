"""Replay a package's golden vectors: python check.py [FOLDER] [DEVICE] [ARITHMETIC]. Needs numpy and openvino alone.

Device and arithmetic are those that the package, or the file of the server around it, asks for unless given.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset8 as ops

__all__ = [
    "AT_LEAST",
    "TRITON_PARAMETER",
    "OtherArithmeticError",
    "altered_files",
    "asked_for",
    "compiled",
    "computed_in",
    "distances",
    "kernels_of",
    "levels",
    "limits_for",
    "main",
    "replay",
]

TRITON_PARAMETER = re.compile(r'key\s*:\s*"(\w+)"\s*,?\s*value\s*:?\s*\{\s*string_value\s*:\s*"([^"]*)"')
_PRECISION = "INFERENCE_PRECISION_HINT"
_FLOATS = {"fp32": "f32", "float": "f32", "bfloat16": "bf16", "fp16": "f16", "half": "f16"}
_NO_ARITHMETIC = frozenset({"const", "input", "output", "parameter", "result", "convert", "reorder"})
AT_LEAST = frozenset({"iou", "psnr"})
"""What must not be less than its limit; the other distances must not be more."""


class OtherArithmeticError(RuntimeError):
    """A device computes in another arithmetic than was asked for."""


def altered_files(folder: Path) -> list[str]:
    """Return the names of the files that are missing or are not the ones that were packaged."""
    files = json.loads((folder / "package.json").read_text(encoding="utf-8"))["files"]
    paths = {name: _inside(folder, name) for name in files}
    found = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items() if path.is_file()}
    return [name for name in files if found.get(name) != files[name]]


def asked_for(folder: Path) -> tuple[str, dict[str, str]]:
    """Return what a package is run on and what is asked of that: by its server's file, or else by the package itself.

    Raises:
        ValueError: the server's file cannot be read.
    """
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    model = folder.resolve().parent
    file = {"ovms": model.parent.parent / "config.json", "triton": model / "config.pbtxt"}.get(manifest["format"])
    try:
        if file and file.is_file():
            text = file.read_text(encoding="utf-8")
            told = _of_ovms(text, model.name) if manifest["format"] == "ovms" else _of_triton(text)
            return told or (manifest["device"], manifest["properties"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{file}: it is no configuration of the server; mend it, or package anew") from error
    return manifest["device"], manifest["properties"]


def _of_ovms(text: str, model: str) -> tuple[str, dict[str, str]] | None:
    for each in json.loads(text)["model_config_list"]:
        entry = each["config"]
        if entry["name"] == model:
            asked = entry.get("plugin_config") or {}
            # The server hands numbers and truth values on as texts, too.
            texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
            return str(entry.get("target_device", "CPU")), texts
    return None


def _of_triton(text: str) -> tuple[str, dict[str, str]]:
    """Return what Triton's OpenVINO backend asks the CPU for; its other parameters are about batches."""
    said = dict(TRITON_PARAMETER.findall(text))
    asked = {name: said[name] for name in ("PERFORMANCE_HINT", "NUM_STREAMS", "INFERENCE_NUM_THREADS") if name in said}
    if said.get("HINT_BF16", "").upper() == "YES":
        asked["INFERENCE_PRECISION_HINT"] = "bf16"
    return "CPU", asked


def replay(folder: Path, device: str | None = None, arithmetic: str | None = None) -> list[dict[str, Any]]:
    """Run every golden input on a device.

    Args:
        folder: the package.
        device: of OpenVINO; that which the package is for where None.
        arithmetic: `f32`, `bf16`, `f16`, or `device` for what the device does unless told; None as for device.

    Returns:
        For each input and output: `input`, `output`, `distances` from what was recorded and their `limits`, both by
        name, `arithmetic` and `kernels` (what was computed in and by), and `passed`.

    Raises:
        OtherArithmeticError: the device computes in another arithmetic than was asked for.
        ValueError: the server's file around the package cannot be read.
    """
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    meant, properties = asked_for(folder)
    device = device or meant
    arithmetic = arithmetic or properties.get(_PRECISION, "device")
    more = tuple((name, value) for name, value in properties.items() if name != _PRECISION)
    core = openvino.Core()
    model, found = compiled(core, _inside(folder, manifest["model_file"]), device, arithmetic, more)
    kernels = kernels_of(core, device, found if arithmetic == "device" else arithmetic)
    limits = limits_for(manifest, found, kernels)
    rows: list[dict[str, Any]] = []
    for vector in manifest["golden"]:
        answer = model(np.load(_inside(folder, vector["input"]), allow_pickle=False))
        for number, (name, file) in enumerate(vector["outputs"].items()):
            expected = np.load(_inside(folder, file), allow_pickle=False)
            # An ONNX file may give no name to an output, or one that changes; their order stays.
            given = answer[number] if manifest["format"] == "onnx" else answer[name]
            far = distances(levels(name, expected), levels(name, given))
            row = {"input": vector["input"], "output": name, "arithmetic": found, "kernels": kernels}
            row |= {"distances": far, "limits": limits[name]}
            row["passed"] = all(within(far.get(metric), metric, limit) for metric, limit in limits[name].items())
            rows.append(row)
    return rows


def compiled(
    core: Any, path: Path, device: str, arithmetic: str, more: tuple[tuple[str, str], ...] = ()
) -> tuple[Any, str]:
    """Compile a graph for an arithmetic and with more properties; return it with what it is really computed in.

    Raises:
        OtherArithmeticError: that is another one than was asked for.
    """
    model = core.compile_model(core.read_model(path), device, _asked(arithmetic) | dict(more))
    found = computed_in(model) or arithmetic
    if arithmetic not in {"device", found}:
        raise OtherArithmeticError(
            f"{device}: {arithmetic} was asked for, but the device computes in {found}; ask for that"
        )
    return model, found


def levels(name: str, answer: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an answer as it is compared: of scores for background and subject the matte, 0-255; others as they are."""
    if name != "scores" or answer.ndim != 4 or answer.shape[1] != 2:
        return answer
    return np.clip(np.rint(answer[:, 1, :, :, None] * 255), 0, 255).astype(np.uint8)


def _asked(arithmetic: str) -> dict[str, str]:
    return {} if arithmetic == "device" else {_PRECISION: arithmetic}


def computed_in(model: Any) -> str:
    """Return the lowest arithmetic of the executed graph's layers in floating point; empty where no graph is told."""
    found: set[str] = set()
    try:
        layers = model.get_runtime_model().get_ordered_ops()
    except RuntimeError:
        return ""
    for layer in layers:
        info = layer.get_rt_info()
        kind, precision, primitive, given = (
            str(info[key].astype(str)).lower() if key in info else ""
            for key in ("layerType", "runtimePrecision", "primitiveType", "outputPrecisions")
        )
        if kind == "subgraph" and _FLOATS.get(given, given) == "f32":
            # Several layers in one are noted by what they read: such a one begins with a convert.
            precision = given
        elif _FLOATS.get(precision, precision) == "f16":
            # The CPU notes the type of stored weights; a primitive's name ends with that of the values.
            ending = primitive.rpartition("_")[2]
            precision = ending if ending in {"f32", "bf16"} else precision
        if kind not in _NO_ARITHMETIC:
            found.add(_FLOATS.get(precision, precision))
    return next((each for each in ("bf16", "f16") if each in found), "f32")


def kernels_of(core: Any, device: str, arithmetic: str) -> str:
    """Return what kind of kernels a device has: its family, and how it adds up products of 8-bit numbers.

    `saturating` is what processors without instructions for 8-bit dot products do: each sum of two products is cut off
    at 16 bits. It is found out by a convolution of the largest numbers there are. The arithmetic is asked for as for
    the model itself: a CPU may refuse to compile anything where nothing is asked for.
    """
    values = ops.parameter([1, 64, 8, 8], np.float32)
    bounds = [ops.constant(np.float32(bound)) for bound in (0, 255, 0, 255)]
    weights = ops.convert(ops.constant(np.full((64, 64, 3, 3), 127, np.int8)), "f32")
    weights = ops.multiply(weights, ops.constant(np.float32(1)))
    quantized = ops.fake_quantize(values, *bounds, 256)
    sums = ops.convolution(quantized, weights, [1, 1], [1, 1], [1, 1], [1, 1])
    graph = openvino.Model([ops.result(sums)], [values], "dot_products")  # pyright: ignore
    model = core.compile_model(graph, device, _asked(arithmetic))
    largest = float(model(np.full((1, 64, 8, 8), 255, np.float32))[0][0, 0, 4, 4])
    family = str(model.get_property("EXECUTION_DEVICES")[0]).strip("()").split(".")[0]
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    where = machine if family == "CPU" else family
    exact = math.isclose(largest, 64 * 9 * 255 * 127, rel_tol=0.01)
    return f"{where}, 8-bit dot products {'exact' if exact else 'saturating'}"


def limits_for(manifest: Mapping[str, Any], arithmetic: str, kernels: str) -> dict[str, dict[str, float]]:
    """Return what the distances of each output are judged by, by their names.

    Answers of an INT8 model that was packaged where other kernels add up, and of any model in another arithmetic than
    the golden answers', are judged by the task's metric; of both, by the wider limit.
    """
    limits: dict[str, dict[str, dict[str, float]]] = manifest["limits"]
    widening: list[dict[str, dict[str, float]]] = []
    if arithmetic != manifest["arithmetic"]:
        widening.append(limits.get(arithmetic, limits["arithmetic"]))
    if manifest["precision"] == "int8" and kernels != manifest["kernels"]:
        widening.append(limits["kernels"])
    if not widening:
        return limits["same"]
    chosen: dict[str, dict[str, float]] = {}
    for output in limits["same"]:
        for limit in widening:
            for metric, value in limit[output].items():
                widest = min if metric in AT_LEAST else max
                known = chosen.setdefault(output, {})
                known[metric] = widest(known.get(metric, value), value)
    return chosen


def within(distance: float | None, metric: str, limit: float) -> bool:
    """Say whether a distance is within its limit; none never is."""
    if distance is None or math.isnan(distance):
        return False
    return distance >= limit if metric in AT_LEAST else distance <= limit


def distances(expected: np.ndarray[Any, Any], answer: np.ndarray[Any, Any]) -> dict[str, float]:
    """Return how far an answer is from what was recorded; nothing where the shapes differ.

    Of all outputs `mean` and `max`: absolute differences in the output's own unit. Of an image's channels of 8 bits
    `psnr`, in dB. Of one such channel, a mask, `iou` (intersection over union at half opacity, 1 where both are empty)
    and `share` (of its pixels, those on different sides of half opacity).
    """
    if answer.shape != expected.shape:
        return {}
    difference = np.abs(answer.astype(np.float64) - expected)
    found = {"mean": float(difference.mean()), "max": float(difference.max())}
    if expected.dtype == np.uint8:
        error = float(np.square(difference).mean())
        found["psnr"] = 10 * math.log10(255**2 / error) if error else 100.0
    if expected.dtype == np.uint8 and expected.shape[-1] == 1:
        before, after = expected > 127, answer > 127
        either = int((before | after).sum())
        found["iou"] = int((before & after).sum()) / either if either else 1.0
        found["share"] = float((before != after).mean())
    return found


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{folder / 'package.json'}: the file name {name!r} leads out of the folder")
    return path


def main() -> int:
    """Check a folder (the one around this file unless named) on a device in an arithmetic (the package's own)."""
    given = dict(enumerate(sys.argv))
    folder = Path(given.get(1, Path(__file__).resolve().parent))
    altered = altered_files(folder)
    for name in altered:
        print(f"ALTERED {name}")
    if altered:
        return 3
    try:
        rows = replay(folder, given.get(2), given.get(3))
    except (RuntimeError, ValueError) as error:
        print(str(error).strip().splitlines()[-1], file=sys.stderr)
        return 1
    for row in rows:
        judged = ", ".join(
            f"{metric} {row['distances'].get(metric, math.nan):.4f} (limit {limit:.4g})"
            for metric, limit in row["limits"].items()
        )
        print(f"{'ok' if row['passed'] else 'DIFFERS':7} {row['input']} {row['output']}: {judged}")
    print(f"computed in {rows[0]['arithmetic']}; {rows[0]['kernels']}")
    return 0 if all(row["passed"] for row in rows) else 3


if __name__ == "__main__":
    sys.exit(main())
