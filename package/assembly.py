"""An artifact → a folder that runs without mattekit, with the proof inside."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..convert import (
    PackageManifest,
    new_triton_version,
    new_version,
    own_provenance,
    triton_config,
    triton_parameters,
    write_zip,
    zoo,
)
from ..core import InputError, ModelError, Provenance, atomic_directory, with_settings
from ..infer import load, require_still
from ..models import ModelRef
from .cards import records_in
from .contents import PackageContents
from .graph_contents import GraphContents
from .network_contents import NetworkContents, onnx_beside
from .package_settings import PackageSettings
from .signing import private_key, sign_folder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PackageResult", "make_package", "package_model"]


@dataclass(frozen=True)
class PackageResult:
    """What was packaged.

    Attributes:
        path: the folder, the repository or the `.zip` file.
        manifest: what the package says about itself.
    """

    path: Path
    manifest: PackageManifest

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each file of the package but its manifest: `file` and `sha256`."""
        import pandas as pd

        return pd.DataFrame(list(self.manifest.files.items()), columns=["file", "sha256"])

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)


@with_settings(PackageSettings)
def package_model(model: str | Path, out: str | Path, settings: PackageSettings) -> PackageResult:
    """Make a deployable folder, or a `.zip` of it: pixels of any size in, pixels out.

    The graph inside takes and gives 8-bit pixels of any size, or of one; of the format `onnx` it is the network alone.
    Its answers on three drawn images are compared with mattekit's own and kept as golden vectors; those of a model
    server are given again by a process of plain OpenVINO, with the properties that the server asks its device for.

    Args:
        model: as `open_model` takes it, on OpenVINO.
        out: the folder, repository or archive.
        settings: what for.

    Returns:
        Where the package is, and what it says about itself.

    Raises:
        ParityError: the graph's answers are not mattekit's, or not the same as the server runs it; nothing is written.
        InputError: something at the place is not ours; it stays as it is.
        MattekitError: as its message says.

    Example:
        >>> import mattekit
        >>> mattekit.package_model("srlite-x2", "packaged").path.as_posix()
        'packaged'
    """
    return make_package(model, out, settings)


def make_package(model: str | Path, out: str | Path, settings: PackageSettings) -> PackageResult:
    """Make a package as `package_model` does, with all settings in one object.

    Raises:
        MattekitError: as `package_model`.
    """
    if settings.sign is not None:
        private_key(settings.sign)
    evidence = records_in(settings.evidence)
    ref = ModelRef.parse(model, settings.given_contract)
    # A model of another runtime is not exported or fetched first.
    path = ref.path_of_one() if ref.on_openvino else None
    if path is None:
        raise ModelError(f"{ref.text}: a package is run by OpenVINO; leave {ref.runtime}: out")
    if settings.format == "onnx":
        path = onnx_beside(path)
    opened = load(path, contract=settings.given_contract, arithmetic=settings.arithmetic)
    require_still(opened.contract, path, "packaged")
    provenance = opened.variant.provenance or own_provenance(path, opened.id)
    opened = replace(opened, variant=replace(opened.variant, provenance=provenance))
    if settings.require_commercial:
        _require_commercial(path, provenance)
    target = Path(out)
    if settings.format == "zip" and target.suffix != ".zip":
        if target.name in {"", ".."}:
            raise InputError(f"{target}: this is no name for an archive; give one, such as {target / opened.id}.zip")
        target = target.with_name(target.name + ".zip")
    if settings.format == "model-api" and opened.contract.task != "segmentation":
        raise ModelError(
            f"{opened.path}: Model API has no wrapper for super-resolution; give --format folder, for any program"
        )
    contents = (NetworkContents if settings.format == "onnx" else GraphContents)(opened, settings)
    with _place(target, contents, settings) as folder:
        manifest = contents.write(folder, evidence)
        if settings.sign is not None:
            sign_folder(folder, settings.sign)
        if settings.format == "zip":
            write_zip(folder, target)
    return PackageResult(target, manifest)


@contextlib.contextmanager
def _place(target: Path, contents: PackageContents, settings: PackageSettings) -> Generator[Path]:
    """Give the empty folder that a package is written into; when the block ends well, it is where it belongs."""
    model, version, properties = contents.opened.id, settings.model_version, contents.properties
    with contextlib.ExitStack() as stack:
        match settings.format:
            case "ovms":
                device = settings.device or "CPU"
                yield stack.enter_context(new_version(target, model, version, device=device, asked=properties))
            case "triton":
                config = triton_config(model, contents.inputs, contents.outputs, triton_parameters(properties))
                yield stack.enter_context(new_triton_version(target, model, version, config))
            case "zip":
                yield Path(stack.enter_context(tempfile.TemporaryDirectory()))
            case _:
                yield stack.enter_context(atomic_directory(target))


def _require_commercial(path: Path, provenance: Provenance) -> None:
    """Make sure that commercial use is granted: by what the export wrote down, and by what the zoo knows today.

    Raises:
        InputError: it is not.
    """
    of_zoo = (spec for spec in zoo.list_models() if spec.weights.sha256 == provenance.weights_sha256)
    spec = next((each for each in of_zoo if each.weights.sha256), None)
    if provenance.commercial and (spec is None or spec.licence.commercial):
        return
    reason = f" {spec.licence.reason}" if spec is not None and spec.licence.reason else ""
    raise InputError(
        f"{path}: the licence of its weights ({provenance.weights_licence or 'none stated'}) does not allow commercial "
        f"use.{reason} Choose another model, or package without --require-commercial"
    )
