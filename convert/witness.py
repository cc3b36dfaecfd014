"""ONNX Runtime as a witness of what OpenVINO makes of an ONNX file: no relative of it, where it is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ..core import Contract, ParityError
from ..images import Image
from ..infer import LoadedModel, OnnxRuntime, OpenVinoRuntime, Runtime, adapted, adapter_for, read_model
from .step_check import ParityCheck
from .tolerances import EXACT, QUANTIZED

__all__ = ["require_same_answer", "source_runtime"]


def source_runtime(path: Path, contract: Contract, batch: int | None = None) -> Runtime:
    """Open a file as it is: an ONNX file by ONNX Runtime, where that is installed; by OpenVINO elsewhere.

    Args:
        path: the `.onnx` or `.xml` file.
        contract: its own.
        batch: that it insists on, where it is fed with other numbers of images; None where it takes any.
    """
    if path.suffix == ".onnx" and find_spec("onnxruntime") is not None:
        runtime: Runtime = OnnxRuntime(path)
    else:
        runtime = OpenVinoRuntime(read_model(path))
    adapter = adapter_for(runtime.interface, contract, path)
    return adapted(runtime, adapter if batch is None else adapter._replace(batch=batch))


def require_same_answer(opened: LoadedModel, image: Image) -> None:
    """Make sure that OpenVINO answers an image as ONNX Runtime does; nothing is done where there is no such witness.

    Raises:
        ParityError: it does not.
    """
    path = opened.path
    if path.suffix != ".onnx" or find_spec("onnxruntime") is None:
        return
    check = ParityCheck.on([image], opened.contract)
    check("onnxruntime", source_runtime(path, opened.contract), EXACT)
    step = check("openvino", opened.runtime, QUANTIZED if opened.variant.precision == "int8" else EXACT)
    if step.broken:
        raise ParityError(
            f"{path}: OpenVINO answers another thing than ONNX Runtime ({step.broken}); it computes an "
            "operator wrongly: export the network with another opset"
        )
