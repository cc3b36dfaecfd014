"""ONNX Runtime on the CPU: the independent witness for what OpenVINO computes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import DependencyError, ModelError
from ...core.onnx_files import check_onnx
from .base import Tensor
from .forking import Native, require_same_process

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["OnnxRuntime"]


class OnnxRuntime:
    """An ONNX file executed by ONNX Runtime's CPU provider.

    Args:
        path: the `.onnx` file.
        threads: for one inference; as many as there are cores where None.

    It serves the process that opened it, and none that is forked from it.

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

        def opens() -> onnxruntime.InferenceSession:
            require_same_process(process, f"{path}: the session that ONNX Runtime opened")
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

        process = os.getpid()
        try:
            self._native = Native(opens)
        except Exception as error:
            # Its errors share no base of their own below Exception, but one module; names may be no UTF-8.
            if not isinstance(error, UnicodeDecodeError) and not type(error).__module__.startswith("onnxruntime"):
                raise
            raise ModelError(f"{path}: ONNX Runtime cannot load it ({str(error)[:200]})") from error
        session = self.session
        inputs, outputs = session.get_inputs(), session.get_outputs()
        if not inputs or not outputs:
            raise ModelError(f"{path}: the model has no {'output' if inputs else 'input'}; export it again")
        self._input, self._output = inputs[0].name, outputs[0].name

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """Return ONNX Runtime's own session, for what `run` does not offer; raises as `run` does."""
        with self._native.use() as session:
            return session

    @property
    def name(self) -> str:
        """Return `onnxruntime`."""
        return "onnxruntime"

    @property
    def arithmetic(self) -> str:
        """Return `f32`."""
        return "f32"

    def run(self, tensor: Tensor) -> Tensor:
        """Execute the network on (N, 3, H, W) float32 and return its first output as float32.

        Raises:
            DeviceError: this process was forked from the one that opened the model.
        """
        with self._native.use() as session:
            (result,) = session.run([self._output], {self._input: tensor})
        return np.asarray(result, dtype=np.float32)

    def run_all(self, tensor: Tensor) -> list[Tensor]:
        """Execute the network and return every output, the first one first."""
        with self._native.use() as session:
            results = session.run(None, {self._input: tensor})
        return [np.asarray(result, dtype=np.float32) for result in results]
