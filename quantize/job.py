"""One quantization under way: calibration, measurements, the search, and what is recorded of them."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ..convert import layer_influence, layer_noise, name_by_position, restore_layers, write_ir
from ..core import Data, Measurement, ParityError, Progress, QuantizeRecord, SampleTable, VariantRef
from ..datasets import Dataset
from ..infer import Tensor, this_machine
from .accuracy import Accuracy
from .calibration import calibration_tensor, tensors
from .ptq import quantize_plainly
from .recipe import Recipe
from .search import search
from .settings import IDENTICAL, QuantizeSettings
from .source import Source, layer_names, save_int8
from .state import SearchState

if TYPE_CHECKING:
    import openvino

__all__ = ["Job"]

_NOISE_SAMPLES = 3


@dataclass
class Job:
    """One quantization under way.

    used: the calibration samples. patch: side of a patch in pixels. work: the folder of `state`. steps: done so far.
    """

    source: Source
    used: Dataset
    settings: QuantizeSettings
    recipe: Recipe
    accuracy: Accuracy | None
    state: SearchState
    work: Path
    progress: Progress | None
    steps: int = 0

    def run(self) -> tuple[str, ...]:
        """Quantize, and return the layers that must not be."""
        limit = self.settings.max_drop
        self._calibrate()
        self._tell(f"calibrated on {len(self.used)} samples", 2 if limit else 0)
        if self.accuracy is None:
            return ()
        if not self.state.baseline:
            self.state.baseline = self._measure(self.source.path)
            self.state.write(self.work)
        self._tell(f"{self.accuracy.metric} before quantization {_mean(self.state.baseline):.4f}", 1)
        drop = self._drop((), 3 if limit else 0)
        if limit is None or drop <= limit.limit:
            return ()
        found = search([layer for layer, _ in self._noise()], self._drop, limit.limit)
        if found is None:
            best = min(self.accuracy.drop(self.state.baseline, values) for values in self.state.tried.values())
            raise ParityError(
                f"{self.source.path}: in INT8 {limit.metric} drops by {best:.4f} at best, more than the allowed "
                f"{limit.limit:g}, even with the noisiest third of the layers left in FP32; nothing was written: "
                f"allow more, calibrate on other samples, or stay with FP16"
            )
        return found

    def candidate(self, ignored: tuple[str, ...]) -> openvino.Model:
        """Return the quantized network in which these layers are not."""
        plain = self._plain()
        return restore_layers(plain, self.source.model, ignored) if ignored else plain

    def record(
        self, notes: dict[str, JsonValue], ignored: tuple[str, ...], seconds: float, written: VariantRef
    ) -> QuantizeRecord:
        """Return what was measured; `written` is what came of it."""
        how = self.state.measured.executions if self.state.measured else ()
        common = Measurement(metric="", value=None, variants=(written,), executions=how)
        spent: tuple[tuple[str, float | None, str], ...] = (
            ("peak_memory", _peak_memory(), "B of memory"),
            ("seconds", seconds, "s"),
            ("ignored_layers", len(ignored), ""),
        )
        figures = [common.measured(metric, value, unit, higher_is_better=False) for metric, value, unit in spent]
        table, tried = SampleTable(), dict[str, float]()
        if self.accuracy is not None and self.state.measured is not None:
            before, after = self.state.baseline, self.state.tried["\n".join(ignored)]
            own = self.state.measured.model_copy(update={"variants": (written,)})
            source = own.model_copy(update={"variants": (self.source.variant.ref(),), "role": "source"})
            figures += [
                each.model_copy(update={"value": _mean(values)}) for each, values in ((source, before), (own, after))
            ]
            drop = self.accuracy.drop(before, after)
            figures.append(own.measured(f"{own.metric}_drop", drop, own.unit, higher_is_better=False))
            table = SampleTable(ids=self.accuracy.ids, values={"source": tuple(before), "int8": tuple(after)})
            tried = {
                names.replace("\n", ", ") or "none": self.accuracy.drop(before, values)
                for names, values in self.state.tried.items()
            }
        limit = self.settings.max_drop
        return QuantizeRecord(
            machine=this_machine(),
            variants=(written,),
            measurements=tuple(figures),
            settings=notes,
            ignored=ignored,
            noise=tuple(self.state.noise),
            allowed_drop={limit.metric: limit.limit} if limit else {},
            tried=tried,
            calibration=Data(name=self.used.name, sha256=self.used.content_hash, reference="", count=len(self.used)),
            table=table,
        )

    @property
    def _patch(self) -> int:
        return self.settings.patch or self.recipe.patch

    def _plain(self) -> openvino.Model:
        """Read the network in which all layers are quantized; always from its file, so that a resumed call equals."""
        import openvino

        return openvino.Core().read_model(self.work / "plain.xml")

    def _calibrate(self) -> None:
        """Quantize all layers that may be, unless an interrupted call has done so."""
        plain = self.work / "plain.xml"
        if plain.is_file():
            return
        contract, patch, used = self.source.contract, self._patch, self.used

        def tensor(number: int) -> Tensor:
            return calibration_tensor(used[number], contract, patch, number)

        model = quantize_plainly(
            self.source.model.clone(),
            len(used),
            tensor,
            preset=self.settings.preset or self.recipe.preset,
            device=self.settings.device,
            ignored=self.settings.ignored,
            patterns=self.recipe.ignore,
            types=self.recipe.ignore_types,
        )
        name_by_position(model, keep=frozenset(layer_names(self.source.model)))
        unfinished = self.work / "unfinished.xml"
        write_ir(model, unfinished, fp16=False)
        unfinished.with_suffix(".bin").replace(plain.with_suffix(".bin"))
        unfinished.replace(plain)
        self.state.write(self.work)

    def _noise(self) -> list[tuple[str, float]]:
        if not self.state.noise:
            few, contract = self.used.take(_NOISE_SAMPLES), self.source.contract
            plain = self._plain()
            found = layer_noise(self.source.model, plain, tensors(few, contract, self._patch))
            if contract.task == "super_resolution":
                # An image shows the noise of the trunk and forgives that of its branches; a mask's layers have
                # outliers, and what they do alone says less than how noisy they are.
                names = [layer.name for layer in found]
                found = layer_influence(self.source.model, plain, names, tensors(few, contract, self._patch))
            self.state.noise = [(layer.name, layer.snr) for layer in found]
            self.state.write(self.work)
        name, snr = self.state.noise[0]
        self._tell(f"the first of {len(self.state.noise)} quantized layers is {name} ({snr:.1f} dB)", 2)
        return self.state.noise

    def _drop(self, ignored: tuple[str, ...], more: int) -> float:
        key = "\n".join(ignored)
        if self.accuracy is None:
            raise TypeError("nothing to measure the accuracy with")
        if key not in self.state.tried:
            file = self.work / "candidate.xml"
            save_int8(self.candidate(ignored), file, self.source, {})
            self.state.tried[key] = self._measure(file)
            self.state.write(self.work)
        drop = self.accuracy.drop(self.state.baseline, self.state.tried[key])
        what = f"{len(ignored)} layers in FP32" if ignored else "all layers in INT8"
        self._tell(f"{what}: {self.accuracy.metric} drops by {drop:.4f}", more)
        return drop

    def _measure(self, path: Path) -> list[float]:
        if self.accuracy is None:
            raise TypeError("nothing to measure the accuracy with")
        record = self.accuracy.measure(path)
        figure = next(each for each in record.measurements if each.is_whole)
        self.state.measured = figure.model_copy(update={"value": None})
        values = record.table.values[self.accuracy.metric]
        return [math.nan if value is None else min(value, IDENTICAL) for value in values]

    def _tell(self, what: str, more: int) -> None:
        self.steps += 1
        if self.progress:
            self.progress(what, self.steps, self.steps + more)


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _peak_memory() -> int | None:
    """The most memory that this process has held, in bytes; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
