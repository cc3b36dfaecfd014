"""Wires packaging: an artifact → a folder that runs without mattekit, with the proof inside; and its verification."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

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
    name_by_position,
    new_version,
    packages_in,
    pin_surrounding,
    surround,
    write_ir,
    write_zip,
)
from ..convert.servable import checker
from ..core import (
    Arithmetic,
    ArithmeticUnavailableError,
    ContractError,
    DeviceError,
    Execution,
    InputError,
    Measurement,
    ModelError,
    OutputCheck,
    PackageCheck,
    Provenance,
    Unit,
    VariantRef,
    VerifyRecord,
    atomic_directory,
    last_line,
    sha256_of,
)
from ..infer import (
    LEAST_SPREAD,
    LoadedModel,
    arithmetic_config,
    available_devices,
    load,
    read_contract,
    read_model,
    require_capability,
    this_machine,
)
from ..models import ModelRef
from .bill import bill_of
from .cards import card_of, records_beside

if TYPE_CHECKING:
    import openvino

__all__ = ["PackageFormat", "PackageRequest", "package", "verify", "verify_all"]

PackageFormat = Literal["openvino", "ovms", "zip"]


@dataclass(frozen=True)
class PackageRequest:
    """What to package, how, and for whom.

    model: as `ModelRef.parse` takes it. colour_order: of the pixels that the package takes and gives. commercial:
    refuse weights whose licence does not allow commercial use. arithmetic: what its golden answers are made in, and a
    model server is told to compute in. version: in a repository of models, the version that is written; None for the
    next one.
    """

    model: str | Path
    out: Path
    layout: PackageFormat = "openvino"
    colour_order: Literal["RGB", "BGR"] = "RGB"
    commercial: bool = False
    arithmetic: Arithmetic = "f32"
    version: int | None = None


def package(request: PackageRequest) -> Path:
    """Make a deployable folder (or a `.zip` of it) and return its path.

    The graph inside takes and gives 8-bit pixels of any size. Its answers on three drawn images are compared with
    mattekit's own and kept as golden vectors.

    Raises:
        ParityError: the graph's answers are not mattekit's; nothing is written.
        InputError: something at the place is not ours; it stays as it is.
        MattekitError: as its message says.
    """
    ref = ModelRef.parse(request.model)
    # A model of another runtime is not exported or fetched first.
    path = ref.path_of_one() if ref.on_openvino else None
    if path is None or path.suffix != ".xml":
        raise ModelError(
            f"{path or ref.text}: only an OpenVINO IR can be packaged; make one with: mattekit export MODEL -o DIR"
        )
    opened = load(path, arithmetic=request.arithmetic)
    provenance = opened.variant.provenance
    if provenance is None:
        raise ContractError(f"{path}: the model does not say where it comes from; export it again with mattekit")
    if request.commercial and not provenance.commercial:
        raise InputError(
            f"{path}: the licence of its weights ({provenance.weights_licence or 'none stated'}) does not allow "
            "commercial use; choose another model, or package without --require-commercial"
        )
    graph = _graph(opened, provenance, request.colour_order)
    target = request.out
    if request.layout == "zip" and target.suffix != ".zip":
        if target.name in {"", ".."}:
            raise InputError(f"{target}: this is no name for an archive; give one, such as {target / opened.id}.zip")
        target = target.with_name(target.name + ".zip")
    if request.layout == "ovms":
        # Unless told, the server would compute in what its device does.
        asked = arithmetic_config(request.arithmetic)
        with new_version(target, opened.id, request.version, asked=asked) as folder:
            _fill(folder, graph, opened, request)
        return target
    if request.layout != "zip":
        with atomic_directory(target) as folder:
            _fill(folder, graph, opened, request)
        return target
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder), graph, opened, request)
        write_zip(Path(folder), target)
    return target


def verify(folder: Path, device: str = "CPU", arithmetic: Arithmetic = "f32") -> VerifyRecord:
    """Check a package's hashes and replay its golden vectors on a device, in an arithmetic.

    Returns:
        A record that measures `difference_mean`, `difference_max` and what else was judged (such as `difference_iou`)
        of each input and output, and says whether all are within the package's limits.

    Raises:
        InputError: there is no package in the folder, or its files are not the ones that were packaged.
        DeviceError: the device is not there.
        ArithmeticUnavailableError: the device does not compute in the arithmetic.
    """
    manifest = PackageManifest.read(folder)
    for name in manifest.files:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{folder / name}: the file is a link that leads out of the package; package it again")
    altered = checker.altered_files(folder)
    if altered:
        raise InputError(f"{folder}: {', '.join(altered)} is missing or was altered; package the model again")
    path = folder / manifest.model_file
    _, provenance = read_contract(read_model(path), path)
    rows = _replay(folder, device, arithmetic)
    how = Execution.model_validate(
        {"runtime": "openvino", "device": device, "arithmetic": rows[0]["arithmetic"], "streams": 0}
    )
    variant = VariantRef(
        id=manifest.model,
        # Versions of one model in a repository are told apart by their numbers.
        name=folder.name if folder.name.isdecimal() else "",
        precision=manifest.precision,
        sha256=dict(manifest.files),
        weights_sha256=provenance.weights_sha256 if provenance else "",
    )
    check = PackageCheck(
        package=str(folder),
        model=manifest.model,
        precision=manifest.precision,
        device=device,
        arithmetic=str(rows[0]["arithmetic"]),
        kernels=str(rows[0]["kernels"]),
        golden_arithmetic=manifest.arithmetic,
        golden_kernels=manifest.kernels,
        outputs=tuple(
            OutputCheck(
                input=str(row["input"]),
                output=str(row["output"]),
                distances=row["distances"],
                limits=row["limits"],
                passed=bool(row["passed"]),
            )
            for row in rows
        ),
    )
    figures = [
        Measurement(
            metric=f"difference_{name}",
            value=output.distances.get(name),
            unit=Unit("dB" if name == "psnr" else ""),
            higher_is_better=name in checker.AT_LEAST,
            variants=(variant,),
            executions=(how,),
            input=output.input,
            output=output.output,
        )
        for output in check.outputs
        for name in dict.fromkeys(("mean", "max", *output.limits))
    ]
    return VerifyRecord(machine=this_machine(), measurements=tuple(figures), packages=(check,))


def verify_all(folder: Path, device: str = "CPU", arithmetic: Arithmetic = "f32") -> VerifyRecord:
    """Check every package of a repository, or of a model in it, as `verify` does; a package's folder is one.

    Raises:
        MattekitError: as `verify`.
    """
    records = [verify(each, device, arithmetic) for each in packages_in(folder) or [folder]]
    return VerifyRecord(
        machine=records[0].machine,
        measurements=tuple(figure for record in records for figure in record.measurements),
        packages=tuple(check for record in records for check in record.packages),
    )


def _replay(folder: Path, device: str, arithmetic: Arithmetic) -> list[dict[str, Any]]:
    import openvino

    require_capability(openvino.Core(), device, arithmetic)
    try:
        return checker.replay(folder, device, arithmetic)
    except checker.OtherArithmeticError as error:
        raise ArithmeticUnavailableError(str(error)) from error
    except RuntimeError as error:
        mend = "" if arithmetic == "f32" else "ask for --arithmetic f32; "
        raise DeviceError(
            f"{device}: the device is not there or refused the package ({last_line(error)}); {mend}"
            f"available: {', '.join(available_devices())}"
        ) from error


def _graph(opened: LoadedModel, provenance: Provenance, colour_order: Literal["RGB", "BGR"]) -> openvino.Model:
    graph = surround(read_model(opened.path), opened.contract, least_spread=LEAST_SPREAD, colour_order=colour_order)
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


def _fill(folder: Path, graph: openvino.Model, opened: LoadedModel, request: PackageRequest) -> None:
    provenance, precision = cast("Provenance", opened.variant.provenance), opened.variant.precision
    model_file = "model.xml"
    write_ir(graph, folder / model_file, fp16=False)
    pin_surrounding(folder / model_file)
    (folder / "contract.json").write_text(opened.contract.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (folder / "check.py").write_text(Path(checker.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    golden = golden_vectors(folder / model_file, opened, request.colour_order, request.arithmetic)
    segmentation = opened.contract.task == "segmentation"
    scale = opened.contract.output.scale
    shape = (1, -1, -1, 1 if segmentation else 3)
    outputs = [
        Port(
            name=ALPHA if segmentation else UPSCALED,
            shape=shape,
            dtype="uint8",
            meaning="opacity of the subject, 0-255, at the image's size"
            if segmentation
            else f"the image, {scale} times as high and wide, {request.colour_order}",
        )
    ]
    if segmentation:
        outputs.append(
            Port(name=CONFIDENCE, shape=(1,), dtype="float32", meaning="0-1; near 0 where no subject was found")
        )
    card, text = card_of(opened, precision, records_beside(opened.path))
    (folder / "card.json").write_text(card, encoding="utf-8")
    (folder / "README.md").write_text(text, encoding="utf-8")
    manifest = PackageManifest(
        model=opened.id,
        precision=precision,
        layout="ovms" if request.layout == "ovms" else "openvino",
        model_file=model_file,
        colour_order=request.colour_order,
        inputs=(Port(name=IMAGE, shape=(1, -1, -1, 3), dtype="uint8", meaning=f"pixels, {request.colour_order}"),),
        outputs=tuple(outputs),
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
