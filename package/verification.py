"""A package's verification: its golden vectors replayed, and compared with what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..convert import PackageManifest, others_in, packages_in
from ..convert.servable import checker
from ..core import (
    Arithmetic,
    ArithmeticUnavailableError,
    DeviceError,
    Execution,
    InputError,
    Measurement,
    OutputCheck,
    PackageCheck,
    Result,
    Unit,
    VariantRef,
    VerifyRecord,
    last_line,
    with_settings,
)
from ..infer import available_devices, read_contract, read_model, require_capability, this_machine
from .package_settings import VerifySettings
from .signing import check_signature

__all__ = ["VerifyResult", "replay_packages", "verify_package"]


@dataclass(frozen=True)
class VerifyResult(Result[VerifyRecord]):
    """What a verification found.

    Attributes:
        records: one, which measures `difference_mean`, `difference_max` and what else was judged (such as
            `difference_iou`) of each input and output, and says whether all are within the packages' limits.
        others: versions of models in the folder that mattekit did not package, so that they were not checked.
    """

    others: tuple[Path, ...] = ()

    @property
    def passed(self) -> bool:
        """Tell whether every package gave the recorded answers."""
        return self.record.passed


@with_settings(VerifySettings)
def verify_package(folder: str | Path, settings: VerifySettings) -> VerifyResult:
    """Check the hashes of a package, or of all in a repository, and replay the golden vectors on a device.

    Args:
        folder: a package, a model's folder in a repository, or the repository.
        settings: what the vectors are replayed on.

    Returns:
        The record, and what could not be checked.

    Raises:
        InputError: there is no package in the folder, or its files are not the ones that were packaged or signed.
        DeviceError: the device is not there.
        ArithmeticUnavailableError: the device does not compute in the arithmetic.

    Example:
        >>> import mattekit
        >>> made = mattekit.package_model("srlite-x2", "packaged")
        >>> mattekit.verify_package(made.path).passed
        True
    """
    return replay_packages(folder, settings)


def replay_packages(folder: str | Path, settings: VerifySettings) -> VerifyResult:
    """Verify as `verify_package` does, with all settings in one object.

    Raises:
        MattekitError: as `verify_package`.
    """
    others = tuple(others_in(Path(folder)))
    if others and settings.signed is not None:
        raise InputError(f"{others[0]}: mattekit did not package it, so nobody signed it; take it out of there")
    found = [_verified(each, settings) for each in packages_in(Path(folder)) or [Path(folder)]]
    record = VerifyRecord(
        machine=this_machine(),
        measurements=tuple(figure for _, figures in found for figure in figures),
        packages=tuple(check for check, _ in found),
    )
    return VerifyResult((record,), others)


def _verified(folder: Path, settings: VerifySettings) -> tuple[PackageCheck, list[Measurement]]:
    signed = check_signature(folder, settings.signed) if settings.signed is not None else ""
    manifest = PackageManifest.read(folder)
    for name in manifest.files:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{folder / name}: the file is a link that leads out of the package; package it again")
    altered = checker.altered_files(folder)
    if altered:
        raise InputError(f"{folder}: {', '.join(altered)} is missing or was altered; package the model again")
    path = folder / manifest.model_file
    _, provenance = read_contract(read_model(path), path)
    device, rows = _replay(folder, settings)
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
        signed_by=signed,
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
    return check, figures


def _replay(folder: Path, settings: VerifySettings) -> tuple[str, list[dict[str, Any]]]:
    """Replay on the device and in the arithmetic that are asked for, or else as the package is used."""
    import openvino

    try:
        meant, properties = checker.asked_for(folder)
    except ValueError as error:
        raise InputError(str(error)) from error
    device = settings.device or meant
    arithmetic = settings.arithmetic or cast("Arithmetic", properties.get("INFERENCE_PRECISION_HINT", "device"))
    require_capability(openvino.Core(), device, arithmetic)
    try:
        return device, checker.replay(folder, device, arithmetic)
    except checker.OtherArithmeticError as error:
        raise ArithmeticUnavailableError(str(error)) from error
    except RuntimeError as error:
        mend = "" if arithmetic == "f32" else "ask for --arithmetic f32; "
        raise DeviceError(
            f"{device}: the device is not there or refused the package ({last_line(error)}); {mend}"
            f"available: {', '.join(available_devices())}"
        ) from error
