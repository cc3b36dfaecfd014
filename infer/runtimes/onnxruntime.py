"""ONNX Runtime on the CPU: the independent witness for what OpenVINO computes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core import Execution, ModelError, check_onnx, last_line, needs_extra
from .base import DEFAULTS, Feed, RuntimeSettings, SerialRuntime
from .forking import Native, require_same_process
from .interface import Interface, TensorInfo

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["OnnxRuntime"]


class OnnxRuntime(SerialRuntime):
    """An ONNX file executed by ONNX Runtime's CPU provider in f32.

    It serves the process that opened it, and none that is forked from it.

    Args:
        path: the `.onnx` file.
        settings: its threads count, for one inference.

    Raises:
        DependencyError: onnxruntime is not installed.
        ModelError: the file is not a model that it can execute.
    """

    def __init__(self, path: Path, settings: RuntimeSettings = DEFAULTS) -> None:
        with needs_extra("running an ONNX file", "onnxruntime", "export"):
            import onnxruntime
        started, process = time.perf_counter(), os.getpid()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = settings.threads or 0
        check_onnx(path)

        def opens() -> onnxruntime.InferenceSession:
            require_same_process(process, f"{path}: the session that ONNX Runtime opened")
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

        try:
            native = Native(opens)
        except Exception as error:
            if not isinstance(error, UnicodeDecodeError) and not _is_its_own(error):
                raise
            raise ModelError(f"{path}: ONNX Runtime cannot load it ({str(error)[:200]})") from error
        compile_ms = (time.perf_counter() - started) * 1000
        with native.use() as session:
            inputs, outputs = session.get_inputs(), session.get_outputs()
            plugin = ", ".join(session.get_providers())
        if not inputs or not outputs:
            raise ModelError(f"{path}: the model has no {'output' if inputs else 'input'}; export it again")
        names, shape = [each.name for each in inputs], inputs[0].shape
        batch, _, height, width = (
            [side if isinstance(side, int) else None for side in shape] if len(shape) == 4 else [None] * 4
        )

        def execute(tensor: Feed) -> list[object]:
            fed = tensor if isinstance(tensor, tuple) else (tensor,)
            with native.use() as session, _refused(path, tensor):
                return list(session.run(None, dict(zip(names, fed, strict=True))))

        def bind(tensor: Feed) -> Callable[[], None]:
            with native.use() as session:
                return _bound(session, path, tensor)

        info = Execution(
            runtime="onnxruntime",
            devices=("CPU",),
            plugin=plugin,
            size=(height, width) if height and width else None,
            batch=batch,
            threads=settings.threads or 0,
        )
        interface = Interface(tuple(_port(each) for each in inputs), tuple(_port(each) for each in outputs))
        super().__init__(info, execute, bind=bind, compile_ms=compile_ms, interface=interface)


_TYPES = {"float": "f32", "float16": "f16", "double": "f64", "uint8": "u8", "bool": "boolean"}


def _port(place: Any) -> TensorInfo:
    told = str(place.type).removeprefix("tensor(").removesuffix(")")
    kind = _TYPES.get(told, told.replace("uint", "u").replace("int", "i"))
    shape = tuple(side if isinstance(side, int) else None for side in place.shape)
    return TensorInfo(place.name, frozenset({place.name}), shape, kind)


def _bound(session: onnxruntime.InferenceSession, path: Path, tensor: Feed) -> Callable[[], None]:
    """Bind an input; the outputs stay in the session's own memory."""
    binding = session.io_binding()
    for place, each in zip(session.get_inputs(), tensor if isinstance(tensor, tuple) else (tensor,), strict=True):
        binding.bind_cpu_input(place.name, each)
    for output in session.get_outputs():
        binding.bind_output(output.name)

    def answer() -> None:
        with _refused(path, tensor):
            session.run_with_iobinding(binding)

    return answer


@contextmanager
def _refused(path: Path, tensor: Feed) -> Generator[None]:
    """Make a fault of the model of what ONNX Runtime says of an input."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, RuntimeError) and not _is_its_own(error):
            raise
        shapes = " and ".join(str(each.shape) for each in (tensor if isinstance(tensor, tuple) else (tensor,)))
        raise ModelError(
            f"{path}: the model does not take an input of {shapes} ({last_line(error, most=120)}); "
            "give a size that it takes, or a file of free sizes"
        ) from error


def _is_its_own(error: Exception) -> bool:
    """Its errors share no base of their own below Exception, but one module."""
    return type(error).__module__.startswith("onnxruntime")
