"""A model's name or file → the file that it means, and that file opened; a zoo entry is exported on first use."""

from __future__ import annotations

import hashlib
import logging
from importlib import metadata
from pathlib import Path

from ..convert import zoo
from ..convert.checked import export_model
from ..convert.fetch import Progress, cache_dir, fetch
from ..convert.ready import bundled_ir, is_intact
from ..core.arithmetic import Arithmetic
from ..core.artifact import model_in
from ..core.contract import Task
from ..core.errors import ModelError
from ..core.execution import Hint
from ..core.files import sha256_of
from ..core.version import __version__
from ..infer.runtimes import LoadedModel
from ..infer.runtimes.openvino import load

__all__ = ["model_file", "open_by_id", "open_model"]


_LOG = logging.getLogger(__name__)


def model_file(model: str, task: Task, *, offline: bool = False, progress: Progress | None = None) -> Path:
    """Return the file that `model` means: the IR of a zoo entry, an IR or ONNX file, or an export's folder.

    A zoo id means the zoo, whatever lies in the working folder; `./u2netp` is the folder. A bundled entry's IR comes
    with the package; another one's is kept in the cache, and is exported on first use (which needs the extra
    `export`). Both are checked against their hashes on each use.

    Raises:
        ModelError: it is neither a file nor an entry of the zoo, or an entry of another task.
        MattekitError: the export failed, as its message says.
    """
    path = Path(model)
    if model not in {spec.id for spec in zoo.all_specs()} and (path.suffix in {".xml", ".onnx"} or path.exists()):
        return model_in(path)
    if path.name != model:
        raise ModelError(f"{model}: there is no such file or folder; make it with: mattekit export MODEL -o DIR")
    spec = zoo.get(model)
    if spec.task != task:
        raise ModelError(f"{model} is a {spec.task} model, but a {task} model is needed here; see: mattekit models")
    ready = bundled_ir(spec)
    if ready is not None:
        return ready
    from ..convert.export import ExportSettings, folder_of

    # Where nobody publishes a hash, it is that of what was fetched.
    weights = spec.weights.sha256 or sha256_of(fetch(spec, offline=offline, progress=progress))
    parts = (__version__, metadata.version("openvino"), weights, spec.contract.to_json())
    home = cache_dir() / "ir" / hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    settings = ExportSettings()
    folder = folder_of(spec, settings.precision, home)
    if not is_intact(folder):
        _LOG.warning("%s: exporting it, once; the next use takes it from the cache", model)
        export_model(model, home, settings, offline=offline, progress=progress, whatever=True)
    return folder / "model.xml"


def open_model(
    model: str,
    task: Task,
    device: str = "CPU",
    *,
    hint: Hint = "latency",
    arithmetic: Arithmetic = "f32",
    threads: int | None = None,
    offline: bool = False,
    progress: Progress | None = None,
) -> LoadedModel:
    """Find a model as `model_file` does and compile it for an OpenVINO device, for short answers or for many at a time.

    Raises:
        DeviceError: the device is not there, it refused the model, or does not compute in this arithmetic.
        MattekitError: as `model_file`.
    """
    file = model_file(model, task, offline=offline, progress=progress)
    return load(file, device, hint=hint, arithmetic=arithmetic, threads=threads)


def open_by_id(model: str, device: str, arithmetic: Arithmetic) -> LoadedModel:
    """Open a zoo entry of either task on an OpenVINO device, as `open_model` does."""
    return open_model(model, zoo.get(model).task, device, arithmetic=arithmetic)
