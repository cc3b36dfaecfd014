"""What lies in a package of the network alone: its ONNX file, with the contract inside."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import openvino
from numpy.typing import NDArray

from ..bench import Golden
from ..convert import ARITHMETIC, EXACT, QUANTIZED, OutputLimits, Port, Tolerance, stage_input
from ..convert.servable import checker
from ..core import CONTRACT_KEY, PROVENANCE_KEY, ModelError, ParityError, Provenance, copy_onnx
from ..datasets import synthetic
from ..infer import OnnxRuntime, feeder_of, input_of, read_model
from .contents import PackageContents

__all__ = ["NetworkContents", "onnx_beside"]

_SIZE = (181, 240)
_IMAGES = 3


def onnx_beside(path: Path) -> Path:
    """Return the ONNX file of an artifact: itself, or the one in its folder.

    Raises:
        ModelError: there is none.
    """
    found = path if path.suffix == ".onnx" else path.with_suffix(".onnx")
    if not found.is_file():
        raise ModelError(
            f"{path}: there is no {found.name} beside it to package; give an export's folder that has one, or the "
            ".onnx file itself"
        )
    return found


class NetworkContents(PackageContents):
    """The network as an ONNX file; what surrounds it is the user's to do, as the contract says."""

    @cached_property
    def _network(self) -> openvino.Model:
        return read_model(self.opened.path)

    @property
    def inputs(self) -> tuple[Port, ...]:
        """What the file takes."""
        return (_port(input_of(self._network, self.opened.contract), 0, "an image as the contract says"),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        """All that the file gives."""
        said = "what the contract says of its answer"
        return tuple(_port(output, number, said) for number, output in enumerate(self._network.outputs))

    def write_graph(self, folder: Path) -> str:
        """Copy the file, and the weights beside it, with contract and provenance inside."""
        name = "model.onnx"
        provenance = cast("Provenance", self.opened.variant.provenance)
        inside = {CONTRACT_KEY: self.opened.contract.to_json(), PROVENANCE_KEY: provenance.to_json()}
        copy_onnx(self.opened.path, folder / name, inside)
        return name

    def vectors(self, folder: Path, model_file: str) -> Golden:
        """Compare with ONNX Runtime's answers.

        Raises:
            DependencyError: it is not installed.
            ParityError: they are others than OpenVINO's.
        """
        contract, path = self.opened.contract, folder / model_file
        witness = OnnxRuntime(path)
        feed = feeder_of(self._network, contract, path)
        core = openvino.Core()
        compiled, found = checker.compiled(core, path, "CPU", "f32")
        names = [port.name for port in self.outputs]
        images = [synthetic(1, seed=7 + number, height=_SIZE[0], width=_SIZE[1])[0].image for number in range(_IMAGES)]
        inputs = [feed(stage_input(image, contract)) for image in images]
        known = [
            dict(zip(names, (np.array(value) for value in compiled(given).values()), strict=True)) for given in inputs
        ]
        limits = {name: _limits(known, tolerance) for name, tolerance in _TOLERANCES.items()}
        far: list[dict[str, dict[str, float]]] = []
        for given, answers in zip(inputs, known, strict=True):
            others = witness.run_all(cast("Any", given))
            far.append(
                {
                    name: checker.distances(value, np.asarray(other).reshape(value.shape))
                    for (name, value), other in zip(answers.items(), others, strict=True)
                }
            )
        worst = {
            name: {metric: max(each[name][metric] for each in far) for metric in ("mean", "max")} for name in names
        }
        beyond = [
            f"{name} by {worst[name][metric]:.2g} ({metric}, at most {limit:.2g})"
            for name, judged in limits["same"].items()
            for metric, limit in judged.items()
            if not checker.within(worst[name][metric], metric, limit)
        ]
        if beyond:
            raise ParityError(
                f"{self.opened.path}: ONNX Runtime's answers differ from OpenVINO's: {', '.join(beyond)}, so it was "
                "not written; please report this with the model's name"
            )
        return Golden(
            inputs=tuple(cast("Any", inputs)),
            answers=tuple(known),
            arithmetic=cast("Any", found),
            kernels=checker.kernels_of(core, "CPU", "f32"),
            measured={"onnxruntime": worst},
            limits=limits,
            images=tuple(images),
        )


_TOLERANCES: dict[str, Tolerance] = {"same": EXACT, "arithmetic": ARITHMETIC, "kernels": QUANTIZED}


def _limits(known: list[dict[str, NDArray[Any]]], tolerance: Tolerance) -> OutputLimits:
    """Return how far outputs may be off, as shares of the range that they have on the golden inputs."""
    spans = {name: max(float(np.ptp(each[name].astype(np.float64))) for each in known) for name in known[0]}
    return {name: {"mean": tolerance.mean * span, "max": tolerance.largest * span} for name, span in spans.items()}


def _port(port: openvino.Output, number: int, meaning: str) -> Port:
    names = sorted(port.get_names())
    shape = tuple(side.get_length() if side.is_static else -1 for side in port.get_partial_shape())
    dtype = np.dtype(port.get_element_type().to_dtype()).name
    return Port(name=names[0] if names else f"output_{number}", shape=shape, dtype=dtype, meaning=meaning)
