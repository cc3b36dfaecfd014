"""What lies in a package: the graph with everything inside, golden vectors, the card, the bill, the manifest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np

from ..bench import Golden
from ..convert import (
    IMAGE,
    MANIFEST_NAME,
    GoldenVector,
    PackageManifest,
    Port,
)
from ..convert.servable import checker
from ..core import AnyRecord, ParityError, Provenance, sha256_of
from ..infer import LoadedModel, arithmetic_config, available_devices
from .bill import bill_of
from .cards import card_of, records_beside
from .package_settings import PackageSettings
from .usage import use_of

__all__ = ["PackageContents", "properties_of"]

Kind = Literal["exact", "saturating"]


@dataclass(frozen=True)
class PackageContents(ABC):
    """What a package of one kind holds.

    Attributes:
        opened: the artifact that is packaged, with its provenance.
        settings: what for.
    """

    opened: LoadedModel
    settings: PackageSettings

    @property
    def properties(self) -> dict[str, str]:
        """What the package's device is asked for, as OpenVINO names it."""
        return properties_of(self.settings)

    @property
    @abstractmethod
    def inputs(self) -> tuple[Port, ...]:
        """What the graph takes."""

    @property
    @abstractmethod
    def outputs(self) -> tuple[Port, ...]:
        """What the graph gives."""

    @abstractmethod
    def write_graph(self, folder: Path) -> str:
        """Write the graph, and return the name of its file."""

    @abstractmethod
    def vectors(self, folder: Path, model_file: str) -> Golden:
        """Run the graph on drawn images, and compare with answers that are known to be right.

        Raises:
            ParityError: its answers are others.
        """

    def write(self, folder: Path, evidence: Mapping[Path, AnyRecord]) -> PackageManifest:
        """Fill an empty folder.

        Args:
            folder: is filled.
            evidence: records to keep inside, beside those that lie with the artifact.

        Raises:
            ParityError: the graph's answers are not those that they should be.
        """
        opened, settings = self.opened, self.settings
        model_file = self.write_graph(folder)
        (folder / "contract.json").write_text(opened.contract.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (folder / "check.py").write_text(Path(checker.__file__).read_text(encoding="utf-8"), encoding="utf-8")
        golden = self.vectors(folder, model_file)
        manifest = PackageManifest(
            model=opened.id,
            precision=opened.variant.precision,
            format="folder" if settings.format == "zip" else settings.format,
            model_file=model_file,
            size=settings.size,
            device=settings.device or "CPU",
            properties=self.properties,
            colour_order=settings.order,
            inputs=self.inputs,
            outputs=self.outputs,
            contract=opened.contract,
            provenance=cast("Provenance", opened.variant.provenance),
            made_from=opened.variant.sha256,
            golden=_written(golden, folder),
            arithmetic=golden.arithmetic,
            kernels=golden.kernels,
            measured=golden.measured,
            limits=golden.limits,
            files={},
        )
        _write_manifest(folder, manifest)
        if manifest.precision == "int8":
            manifest = manifest.model_copy(update={"right_on": _right_on(folder, manifest, golden)})
        records = records_beside(opened.path) | dict(evidence)
        _keep(records, folder / "records")
        card, text = card_of(opened, manifest.precision, list(records.values()), use_of(manifest))
        (folder / "card.json").write_text(card, encoding="utf-8")
        (folder / "README.md").write_text(text, encoding="utf-8")
        (folder / "bom.json").write_text(bill_of(manifest, folder), encoding="utf-8")
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST_NAME)
        files = {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}
        whole = manifest.model_copy(update={"files": files})
        _write_manifest(folder, whole)
        if settings.format in {"ovms", "triton"}:
            _replay_as_served(folder, whole, opened.path)
        return whole


def properties_of(settings: PackageSettings) -> dict[str, str]:
    """Return what a package's device is asked for, as OpenVINO names it.

    Unless told, a model server would compute in what its device does. Triton's cannot be told of f32: there the graph
    says so.
    """
    asked: dict[str, str] = dict(arithmetic_config(settings.arithmetic))
    if settings.format in {"ovms", "triton"}:
        asked["PERFORMANCE_HINT"] = (settings.hint or "latency").upper()
        if settings.streams is not None:
            asked["NUM_STREAMS"] = str(settings.streams)
    if settings.format == "triton" and settings.arithmetic == "f32":
        del asked["INFERENCE_PRECISION_HINT"]
    return asked


def _write_manifest(folder: Path, manifest: PackageManifest) -> None:
    (folder / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _written(golden: Golden, folder: Path) -> tuple[GoldenVector, ...]:
    """Write golden inputs and answers as `.npy` files into the package, and return their names."""
    (folder / "golden").mkdir()
    vectors: list[GoldenVector] = []
    for number, (given, answers) in enumerate(zip(golden.inputs, golden.answers, strict=True)):
        image = f"golden/{number}-{IMAGE}.npy"
        name = f"golden/{number}-input.npy" if golden.images else image
        if golden.images:
            np.save(folder / image, golden.images[number])
        # Names of outputs that are no names of files, as an ONNX file's may be, are numbered.
        names = {port: port if port.isidentifier() else str(place) for place, port in enumerate(answers)}
        outputs = {port: f"golden/{number}-expected-{file}.npy" for port, file in names.items()}
        np.save(folder / name, given)
        for port, value in answers.items():
            np.save(folder / outputs[port], value)
        vectors.append(GoldenVector(input=name, outputs=outputs, image=image if golden.images else None))
    return tuple(vectors)


def _keep(records: Mapping[Path, AnyRecord], folder: Path) -> None:
    """Write the evidence's own files, under names that differ; without any, no folder either."""
    if records:
        folder.mkdir()
    for number, path in enumerate(records):
        name = path.name if not (folder / path.name).exists() else f"{path.stem}-{number}{path.suffix}"
        shutil.copyfile(path, folder / name)


def _check(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a package's own checker in a process that has numpy and openvino, and nothing of ours."""
    command: Sequence[str | Path] = [sys.executable, "-I", folder / "check.py", folder, *arguments]
    return subprocess.run(
        command, env={**os.environ, **(more or {})}, capture_output=True, text=True, encoding="utf-8", check=False
    )


def _replay_as_served(folder: Path, manifest: PackageManifest, source: Path) -> None:
    """Open a version as its server does, and replay its golden vectors.

    A device that this machine lacks is left to those that have it: the CPU takes its place.

    Raises:
        ParityError: the answers are others, or there are none.
    """
    here = manifest.device.split(".")[0] in {name.split(".")[0] for name in available_devices()}
    done = _check(folder, *([] if here else ["CPU"]))
    if done.returncode:
        told = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("ok ")]
        asked = ", ".join(f"{name} {value}" for name, value in manifest.properties.items()) or "nothing asked for"
        raise ParityError(
            f"{source}: opened as its server does ({asked}), it does not give the golden answers: {'; '.join(told)}; "
            "ask for other --arithmetic, --hint or --streams"
        )


def _right_on(folder: Path, manifest: PackageManifest, golden: Golden) -> tuple[Kind, ...]:
    """Return the kinds of 8-bit dot products by which a graph gives the answers of exact sums, within the limits."""
    if golden.kernels.endswith("exact"):
        # The kernels of a processor without instructions for such products, by which this one can compute too.
        by_others = _check(folder, more={"ONEDNN_MAX_CPU_ISA": "AVX2"})
        return ("exact", "saturating") if by_others.returncode == 0 else ("exact",)
    far, limits = golden.measured.get("exact", {}), manifest.limits["kernels"]
    near = all(
        checker.within(far.get(output, {}).get(metric), metric, limit)
        for output, judged in limits.items()
        for metric, limit in judged.items()
    )
    return ("exact", "saturating") if near else ("exact",)
