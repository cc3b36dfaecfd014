"""An artifact → a folder that runs without mattekit, with the proof inside."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from ..bench import Golden, golden_vectors
from ..convert import (
    ALPHA,
    CONFIDENCE,
    IMAGE,
    MANIFEST_NAME,
    UPSCALED,
    GoldenVector,
    PackageManifest,
    Port,
    ir_from_onnx,
    name_by_position,
    new_version,
    own_provenance,
    pin_surrounding,
    surround,
    write_ir,
    write_zip,
    zoo,
)
from ..convert.servable import checker
from ..core import InputError, ModelError, Provenance, atomic_directory, sha256_of, with_settings
from ..infer import LEAST_SPREAD, LoadedModel, arithmetic_config, load, read_model, require_still
from ..models import ModelRef
from .bill import bill_of
from .cards import card_of, records_beside
from .package_settings import PackageSettings

if TYPE_CHECKING:
    import openvino
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

    The graph inside takes and gives 8-bit pixels of any size. Its answers on three drawn images are compared with
    mattekit's own and kept as golden vectors.

    Args:
        model: as `open_model` takes it, on OpenVINO.
        out: the folder, repository or archive.
        settings: what for.

    Returns:
        Where the package is, and what it says about itself.

    Raises:
        ParityError: the graph's answers are not mattekit's; nothing is written.
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
    ref = ModelRef.parse(model, settings.given_contract)
    # A model of another runtime is not exported or fetched first.
    path = ref.path_of_one() if ref.on_openvino else None
    if path is None:
        raise ModelError(f"{ref.text}: a package is run by OpenVINO; leave {ref.runtime}: out")
    opened = load(path, contract=settings.given_contract, arithmetic=settings.arithmetic)
    require_still(opened.contract, path, "packaged")
    provenance = opened.variant.provenance or own_provenance(path, opened.id)
    opened = replace(opened, variant=replace(opened.variant, provenance=provenance))
    if settings.require_commercial:
        _require_commercial(path, provenance)
    graph = _graph(opened, provenance, settings.colour_order)
    target = Path(out)
    if settings.format == "ovms":
        # Unless told, the server would compute in what its device does.
        asked = arithmetic_config(settings.arithmetic)
        with new_version(target, opened.id, settings.model_version, asked=asked) as folder:
            manifest = _fill(folder, graph, opened, settings)
    elif settings.format == "openvino":
        with atomic_directory(target) as folder:
            manifest = _fill(folder, graph, opened, settings)
    else:
        if target.suffix != ".zip":
            if target.name in {"", ".."}:
                raise InputError(
                    f"{target}: this is no name for an archive; give one, such as {target / opened.id}.zip"
                )
            target = target.with_name(target.name + ".zip")
        with tempfile.TemporaryDirectory() as name:
            manifest = _fill(Path(name), graph, opened, settings)
            write_zip(Path(name), target)
    return PackageResult(target, manifest)


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


def _graph(opened: LoadedModel, provenance: Provenance, colour_order: Literal["RGB", "BGR"]) -> openvino.Model:
    network = ir_from_onnx(opened.path, own=True) if opened.path.suffix == ".onnx" else read_model(opened.path)
    graph = surround(network, opened.contract, least_spread=LEAST_SPREAD, colour_order=colour_order)
    name_by_position(graph)
    # Not under the contract's own key: the graph carries the contract out, and nobody must apply it twice.
    graph.set_rt_info(opened.contract.to_json(), ["mattekit", "packaged_contract"])
    graph.set_rt_info(provenance.to_json(), ["mattekit", "provenance"])
    return graph


def _written(golden: Golden, folder: Path) -> tuple[GoldenVector, ...]:
    """Write golden inputs and answers as `.npy` files into the package, and return their names."""
    (folder / "golden").mkdir()
    vectors: list[GoldenVector] = []
    for number, (pixels, answers) in enumerate(zip(golden.inputs, golden.answers, strict=True)):
        name = f"golden/{number}-{IMAGE}.npy"
        outputs = {port: f"golden/{number}-expected-{port}.npy" for port in answers}
        np.save(folder / name, pixels)
        for port, value in answers.items():
            np.save(folder / outputs[port], value)
        vectors.append(GoldenVector(input=name, outputs=outputs))
    return tuple(vectors)


def _outputs(opened: LoadedModel, settings: PackageSettings) -> tuple[Port, ...]:
    """Return what the graph gives."""
    if opened.contract.task == "segmentation":
        opacity = "opacity of the subject, 0-255, at the image's size"
        sure = "0-1; near 0 where no subject was found"
        return (
            Port(name=ALPHA, shape=(1, -1, -1, 1), dtype="uint8", meaning=opacity),
            Port(name=CONFIDENCE, shape=(1,), dtype="float32", meaning=sure),
        )
    larger = f"the image, {opened.contract.output.scale} times as high and wide, {settings.colour_order}"
    return (Port(name=UPSCALED, shape=(1, -1, -1, 3), dtype="uint8", meaning=larger),)


def _fill(folder: Path, graph: openvino.Model, opened: LoadedModel, settings: PackageSettings) -> PackageManifest:
    provenance, precision = cast("Provenance", opened.variant.provenance), opened.variant.precision
    model_file = "model.xml"
    write_ir(graph, folder / model_file, fp16=False)
    pin_surrounding(folder / model_file)
    (folder / "contract.json").write_text(opened.contract.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (folder / "check.py").write_text(Path(checker.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    golden = golden_vectors(folder / model_file, opened, settings.colour_order, settings.arithmetic)
    card, text = card_of(opened, precision, records_beside(opened.path))
    (folder / "card.json").write_text(card, encoding="utf-8")
    (folder / "README.md").write_text(text, encoding="utf-8")
    manifest = PackageManifest(
        model=opened.id,
        precision=precision,
        layout="ovms" if settings.format == "ovms" else "openvino",
        model_file=model_file,
        colour_order=settings.colour_order,
        inputs=(Port(name=IMAGE, shape=(1, -1, -1, 3), dtype="uint8", meaning=f"pixels, {settings.colour_order}"),),
        outputs=_outputs(opened, settings),
        contract=opened.contract,
        provenance=provenance,
        made_from=opened.variant.sha256,
        golden=_written(golden, folder),
        arithmetic=golden.arithmetic,
        kernels=golden.kernels,
        measured=golden.measured,
        limits=golden.limits,
        files={},
    )
    (folder / "bom.json").write_text(bill_of(manifest, folder), encoding="utf-8")
    files = {
        path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }
    whole = manifest.model_copy(update={"files": files})
    (folder / MANIFEST_NAME).write_text(whole.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return whole
