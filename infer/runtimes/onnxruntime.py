"""ONNX Runtime on the CPU: the independent witness for what OpenVINO computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...core.errors import DependencyError, ModelError
from ...core.onnx_files import check_onnx
from .base import Tensor

__all__ = ["OnnxRuntime"]


class OnnxRuntime:
    """An ONNX file executed by ONNX Runtime's CPU provider.

    Args:
        path: the `.onnx` file.
        threads: for one inference; as many as there are cores where None.

    `session` is ONNX Runtime's own, for what `run` does not offer.

    Raises:
        DependencyError: onnxruntime is not installed.
        ModelError: the file is not a model that it can execute.
    """

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise DependencyError.for_extra("running an ONNX file", "onnxruntime", "export") from error
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads or 0
        check_onnx(path)
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            # Its errors share no base of their own below Exception, but one module; names may be no UTF-8.
            if not isinstance(error, UnicodeDecodeError) and not type(error).__module__.startswith("onnxruntime"):
                raise
            raise ModelError(f"{path}: ONNX Runtime cannot load it ({str(error)[:200]})") from error
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        if not inputs or not outputs:
            raise ModelError(f"{path}: the model has no {'output' if inputs else 'input'}; export it again")
        self._input, self._output = inputs[0].name, outputs[0].name

    @property
    def name(self) -> str:
        """Return `onnxruntime`."""
        return "onnxruntime"

    @property
    def arithmetic(self) -> str:
        """Return `f32`."""
        return "f32"

    def run(self, tensor: Tensor) -> Tensor:
        """Execute the network on (N, 3, H, W) float32 and return its first output as float32."""
        (result,) = self.session.run([self._output], {self._input: tensor})
        return np.asarray(result, dtype=np.float32)

    def run_all(self, tensor: Tensor) -> list[Tensor]:
        """Execute the network and return every output, the first one first."""
        results = self.session.run(None, {self._input: tensor})
        return [np.asarray(result, dtype=np.float32) for result in results]
