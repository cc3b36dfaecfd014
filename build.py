"""Wires the rooms: a model's name or file → a checked export → something that runs."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

# A command loads only what its work needs, and what reads and writes pictures while a model is being compiled.
from .convert import zoo
from .convert.fetch import Progress, cache_dir, fetch
from .convert.ready import bundled_ir, is_intact
from .core.arithmetic import Arithmetic
from .core.artifact import Artifact, Stage, model_in
from .core.contract import Task
from .core.errors import InputError, ModelError
from .core.files import sha256_of
from .core.record import Record
from .core.version import __version__
from .infer.runtimes import LoadedModel
from .infer.runtimes.openvino import Hint, import_lean, load

if TYPE_CHECKING:
    from torch import nn

    from .convert.export import ExportSettings
    from .infer.edges.refine import Refine
    from .infer.pipeline import Pipeline
    from .infer.superimpose import Background, Placement

__all__ = ["ExportReport", "export_model", "model_file", "open_by_id", "open_model", "open_pipeline"]

_LOG = logging.getLogger(__name__)

_SAMPLES = 3
"""How many of the given pictures the parity check runs by default."""


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote: the artifacts (the IR last), and the record of its checks, which lies beside them."""

    artifacts: list[Artifact]
    record: Record
    record_path: Path

    @property
    def ir(self) -> Artifact:
        """Return the IR."""
        return self.artifacts[-1]


def export_model(
    model: str,
    out_dir: Path,
    settings: ExportSettings,
    *,
    weights: Path | None = None,
    images: Sequence[Path] = (),
    offline: bool = False,
    progress: Progress | None = None,
    whatever: bool = False,
) -> ExportReport:
    """Export a zoo entry to `<out_dir>/<model>/<precision>/`, comparing each step with the one before on real pictures.

    Args:
        model: a zoo id, or `spandrel-` and any name for the network that spandrel recognises in `weights`.
        out_dir: parent of the model's folder.
        settings: how to export.
        weights: a checkpoint of the user's; the entry's own where None, downloaded if need be.
        images: pictures for the comparison; three photos that come with scikit-image where empty.
        offline: never download.
        progress: called during a download.
        whatever: replace whatever lies in the model's folder; otherwise, only what mattekit wrote itself.

    Raises:
        ParityError: a step moved the outputs too far; nothing is left at the final path.
        MattekitError: as its message says.
    """
    from .convert.export import RECORD_NAME, export, folder_of
    from .convert.parity import EXACT, HALF, ParityLadder
    from .convert.recognition import spec_for
    from .convert.stage_runtimes import open_stage
    from .images.read import read_picture
    from .images.samples import sample_pictures

    if weights is not None and not weights.is_file():
        raise InputError(f"{weights}: there is no such file; give a checkpoint of {model}")
    spec = spec_for(model, weights)
    path = weights or fetch(spec, offline=offline, progress=progress)
    pictures = [read_picture(image) for image in images[:_SAMPLES]] if images else sample_pictures()
    contract = spec.contract.with_size(*settings.size) if settings.size else spec.contract
    # A free batch is tried with two pictures, so that a one that tracing made a constant is found.
    ladder = ParityLadder(pictures, contract, batch=settings.batch if settings.batch > 0 else 2)

    def check(stage: Stage, source: nn.Module | Path, halved: bool) -> None:
        ladder(stage, open_stage(stage, source), HALF if halved else EXACT)

    def evidence(artifacts: list[Artifact]) -> Record:
        return Record(
            kind="export",
            artifacts=tuple(artifact.ref() for artifact in artifacts),
            settings={
                "model": model,
                "weights_sha256": artifacts[-1].provenance.weights_sha256,
                "pictures": [picture.source for picture in pictures],
                **asdict(settings),
                "size": list(settings.size) if settings.size else None,
            },
            figures=tuple(ladder.figures),
            samples=ladder.samples,
        )

    artifacts = export(spec, path, out_dir, settings, check=check, evidence=evidence, whatever=whatever)
    record_path = folder_of(spec, settings.precision, out_dir) / RECORD_NAME
    return ExportReport(artifacts, Record.read(record_path), record_path)


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
    from .convert.export import ExportSettings, folder_of

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
    hint: Hint = "LATENCY",
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


def open_pipeline(
    *,
    model: str | Path | None = None,
    sr: str | Path | None = None,
    background: Background | str | Path | None = None,
    placement: Placement | None = None,
    keep: tuple[str, ...] = (),
    refine: Refine = "none",
    decontaminate: bool | None = None,
    device: str = "CPU",
    arithmetic: Arithmetic = "f32",
    tile: int | None = None,
    memory: int | None = None,
    times: float | None = None,
    many: bool = False,
    threads: int | None = None,
    lean: bool = False,
    offline: bool = False,
    progress: Progress | None = None,
) -> Pipeline:
    """Open the main job: remove the background, improve the resolution, superimpose; each is left out where it is None.

    Args:
        model: a segmentation model, as `model_file` takes it.
        sr: a super-resolution model, likewise.
        background: a picture, a colour, a blur, or the words that `load_background` reads.
        placement: where and how large the subject stands on the background.
        keep: for a segmentation model of classes, the labels that stay.
        refine: how a mask comes back to the picture's size; `none` gives the masks of the model's publisher.
        decontaminate: give half-transparent pixels the subject's own colours; None does so where the cut-out is
            enlarged or laid on something, and leaves a mere cut-out the photo's colours.
        device: an OpenVINO device for both models.
        arithmetic: what both compute in: the same answers on every device, or what the device does fastest.
        tile: side of a super-resolution tile in input pixels, 0 never cuts; the upscaler's own choice where None.
        memory: MiB that the super-resolution network's values may take, which decides the tile in place of `tile`.
        times: enlargement; the super-resolution network's own where None.
        many: several pictures will be processed at a time. On a CPU a segmentation model that runs alone then gets
            several requests of few threads each, which don't wait for each other. Its answers differ by rounding
            (1e-6), so the choice must not depend on anything that results are promised not to depend on.
        threads: of a CPU, for each model; as many as it has cores where None.
        lean: start faster, for a process that does nothing else: see `import_lean`.
        offline: never download.
        progress: called during a download.

    Raises:
        MattekitError: as its message says.
    """
    if times is not None and sr is None:
        raise InputError("an enlargement needs a super-resolution model; give one with --sr")
    # Cheap mistakes are found before a model is compiled, and a first export is made by this thread alone.
    drop = None if background is None and placement is None else _backdrop(background, placement)
    files: list[tuple[Path, Hint]] = []
    if model is not None:
        hint: Hint = "THROUGHPUT" if many and sr is None and device == "CPU" else "LATENCY"
        files.append((model_file(str(model), "segmentation", offline=offline, progress=progress), hint))
    if sr is not None:
        files.append((model_file(str(sr), "super_resolution", offline=offline, progress=progress), "LATENCY"))
    if lean:
        import_lean()
    # One after another: the first use of OpenVINO by two threads at once is not safe.
    with ThreadPoolExecutor(1) as pool:
        opening = [
            pool.submit(load, path, device, hint=hint, arithmetic=arithmetic, threads=threads) for path, hint in files
        ]
        from .infer.pipeline import Pipeline
        from .infer.remove import Remover
        from .infer.upscale import Upscaler

        chosen, where = drop or _backdrop(None, None)
        opened = [future.result() for future in opening]
    remover = upscaler = None
    if model is not None:
        own_colours = sr is not None or chosen is not None if decontaminate is None else decontaminate
        remover = Remover(opened[0], keep=keep, refine=refine, decontaminate=own_colours)
    if sr is not None:
        upscaler = Upscaler(opened[-1], tile=tile, memory=None if memory is None else memory << 20, times=times)
    return Pipeline(remover, upscaler, chosen, where)


def _backdrop(
    background: Background | str | Path | None, placement: Placement | None
) -> tuple[Background | None, Placement]:
    from .infer.backdrop import Colour, load_background
    from .infer.placement import Placement

    chosen = load_background(str(background)) if isinstance(background, str | Path) else background
    where = placement or Placement()
    if chosen is None and where != Placement():
        # A placement on nothing is one on a transparent canvas.
        chosen = Colour(255, 255, 255, alpha=0)
    return chosen, where
