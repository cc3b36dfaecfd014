"""The variants that a plan looks through, and their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..convert import write_ir, write_resized
from ..core import Arithmetic, InputError, ModelError, Precision, atomic_directory
from ..datasets import Dataset
from ..infer import read_model
from ..quantize import LayerVariants, QuantizeSettings
from .plan_settings import PlanSettings

__all__ = ["PlannedVariant", "VariantShelf", "planned_variants"]


@dataclass(frozen=True)
class PlannedVariant:
    """One of the grid.

    Attributes:
        precision: how weights are stored.
        layers: of an INT8 network, how many of the noisiest layers stay in floating point.
        size: of the input; None for the model's own.
        arithmetic: what floating point is computed in.
    """

    precision: Precision
    layers: int
    size: tuple[int, int] | None
    arithmetic: Arithmetic

    @property
    def name(self) -> str:
        """Return what its files are called by: the same for all arithmetics."""
        kept = f"-keep{self.layers}" if self.layers else ""
        at = f"-at{self.size[0]}x{self.size[1]}" if self.size else ""
        return f"{self.precision}{kept}{at}"

    def __str__(self) -> str:
        """Return it in a few words."""
        kept = f" with {self.layers} layers kept" if self.layers else ""
        at = f" at {self.size[0]}x{self.size[1]}" if self.size else ""
        return f"{self.precision}{kept}{at} in {self.arithmetic}"


def planned_variants(
    settings: PlanSettings, arithmetics: Sequence[Arithmetic], own: tuple[int, int] | None, most: int
) -> list[PlannedVariant]:
    """Return the grid, the model as it is first: the others are compared with it.

    Args:
        settings: the axes.
        arithmetics: that the device has.
        own: the model's own input size; None where it takes any.
        most: layers that may be left out of INT8.

    Raises:
        InputError: sizes are asked for of a network that takes any.
    """
    sizes: list[tuple[int, int] | None] = [None]
    for size in settings.benchmark(("f32",)).size or ():
        if own is None:
            raise InputError("--size: the network takes images of any size as they are; leave it out")
        if size != own:
            sizes.append(size)
    found = [PlannedVariant("fp32", 0, None, "f32")]
    for precision in settings.precision:
        counts = [count for count in settings.layers if count <= most] if precision == "int8" else [0]
        found += [
            PlannedVariant(precision, count, size, arithmetic)
            for count in counts
            for size in sizes
            for arithmetic in arithmetics
        ]
    return list(dict.fromkeys(found))


class VariantShelf:
    """Makes the files of variants, each once, in a folder that a call that goes on finds again."""

    def __init__(self, source: Path, folder: Path, calibration: Dataset | None, settings: PlanSettings) -> None:
        """Make nothing yet.

        Args:
            source: the FP32 IR.
            folder: for the files of all variants.
            calibration: for INT8; None where none is planned.
            settings: of the plan.
        """
        self._source, self._folder, self._calibration, self._settings = source, folder, calibration, settings
        self._int8: LayerVariants | None = None

    @property
    def int8(self) -> LayerVariants:
        """Return the network, calibrated.

        Raises:
            InputError: there are no samples to calibrate on.
        """
        if self._calibration is None:
            raise InputError("there are no samples to calibrate INT8 on; give --calibration")
        if self._int8 is None:
            how = QuantizeSettings(
                limit=self._settings.calibration_limit,
                device=self._settings.device.partition(":")[0],
                contract=self._settings.contract,
                progress=self._settings.progress,
            )
            self._int8 = LayerVariants(self._source, self._calibration, self._folder / "int8-search", how)
        return self._int8

    def path(self, variant: PlannedVariant) -> Path:
        """Return the IR of a variant, made where it is not there yet.

        Raises:
            ModelError: the network does not take the size.
        """
        folder = self._folder / variant.name
        made = folder / "model.xml"
        if made.is_file():
            return made
        if variant.size is not None:
            whole = PlannedVariant(variant.precision, variant.layers, None, variant.arithmetic)
            return write_resized(self.path(whole), folder, variant.size, name=variant.name)
        if variant.precision == "int8":
            return self.int8.write(folder, variant.layers, name=variant.name)
        if variant.precision == "fp32":
            return self._source
        with atomic_directory(folder) as temporary:
            write_ir(read_model(self._source), temporary / "model.xml", fp16=True)
        return made

    def bytes_of(self, variant: PlannedVariant) -> int:
        """Return the size of a variant's two files."""
        path = self.path(variant)
        if not path.is_file():
            raise ModelError(f"{path}: it is gone; make the plan anew")
        return sum(file.stat().st_size for file in (path, path.with_suffix(".bin")))
