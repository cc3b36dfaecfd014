"""Accuracy control: which layers must stay unquantized, found by measuring, and kept so that it can go on later."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log2
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from ..convert import layer_influence, layer_noise, name_by_position, restore_layers, write_ir
from ..core import Measurement, ParityError, atomic_path, make_folder
from ..datasets import Dataset
from .ptq import FamilyRecipe, calibration_tensor, quantize_plainly, tensors
from .quantize_settings import QuantizeSettings
from .source_ir import Accuracy, SourceIr, layer_names, save_int8

if TYPE_CHECKING:
    import openvino

__all__ = ["LayerSearch", "SearchState", "Try", "clear", "most_layers", "open_state", "peak_memory", "search"]

_NOISE_SAMPLES = 3

_FILE = "state.json"

_OURS = re.compile(r"state\.json|\.state\.[0-9a-f]{12}\.tmp\.json|(plain|unfinished|candidate)\.(xml|bin)")
"""What a search writes into its folder."""

Try = Callable[[tuple[str, ...], int], float]
"""Leave these layers unquantized, with so many more tries expected after this one; returns the accuracy's drop."""


@dataclass
class LayerSearch:
    """One quantization under way.

    Attributes:
        source: what is quantized.
        used: the calibration samples.
        settings: how; their `progress` is called after each step, with what it found and the steps.
        recipe: of the model's family.
        accuracy: what a candidate is measured by; None where it is not.
        state: what has been found out so far.
        work: the folder of `state`.
        steps: done so far.
    """

    source: SourceIr
    used: Dataset
    settings: QuantizeSettings
    recipe: FamilyRecipe
    accuracy: Accuracy | None
    state: SearchState
    work: Path
    steps: int = 0

    def run(self) -> tuple[str, ...]:
        """Quantize, and return the layers that must not be."""
        limit = self.settings.max_drop
        self.calibrate()
        self._tell(f"calibrated on {len(self.used)} samples", 2 if limit else 0)
        if self.accuracy is None:
            return ()
        if not self.state.baseline:
            if limit is not None and not self.accuracy.is_telling(self.source.path):
                raise ParityError(
                    f"{self.source.path}: not enough evidence for --max-drop: the network's masks are empty or even on "
                    f"every sample of {self.accuracy.samples.name}; nothing was written: give --data whose images show "
                    "what the network is for"
                )
            self.state.baseline = self._measure(self.source.path)
            self.state.write(self.work)
        self._tell(f"{self.accuracy.metric.name} before quantization {fmean(self.state.baseline):.4f}", 1)
        drop = self._drop((), 3 if limit else 0)
        if limit is None or drop <= limit.limit:
            return ()
        found = search([layer for layer, _ in self.ranking()], self._drop, limit.limit)
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

    @property
    def _patch(self) -> int:
        return self.settings.patch or self.recipe.patch

    def _plain(self) -> openvino.Model:
        """Read the network in which all layers are quantized; always from its file, so that a resumed call equals."""
        import openvino

        return openvino.Core().read_model(self.work / "plain.xml")

    def calibrate(self) -> None:
        """Quantize all layers that may be, unless an interrupted call has done so."""
        plain = self.work / "plain.xml"
        if plain.is_file():
            return
        contract, patch, used = self.source.contract, self._patch, self.used

        def tensor(number: int) -> NDArray[np.generic]:
            return self.source.feed(calibration_tensor(used[number], contract, patch, number))

        model = quantize_plainly(self.source.model.clone(), len(used), tensor, self.settings, self.recipe)
        name_by_position(model, keep=frozenset(layer_names(self.source.model)))
        unfinished = self.work / "unfinished.xml"
        write_ir(model, unfinished, fp16=False)
        unfinished.with_suffix(".bin").replace(plain.with_suffix(".bin"))
        unfinished.replace(plain)
        self.state.write(self.work)

    def ranking(self) -> list[tuple[str, float]]:
        """Return the quantized layers with their signal-to-noise ratios in dB, the noisiest first."""
        if not self.state.noise:
            few, contract = self.used.take(_NOISE_SAMPLES), self.source.contract
            plain = self._plain()

            def fed() -> Iterator[NDArray[np.generic]]:
                return map(self.source.feed, tensors(few, contract, self._patch))

            found = layer_noise(self.source.model, plain, fed())
            if contract.task == "super_resolution":
                # An image shows the noise of the trunk and forgives that of its branches; a mask's layers have
                # outliers, and what they do alone says less than how noisy they are.
                names = [layer.name for layer in found]
                found = layer_influence(self.source.model, plain, names, fed())
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
        self._tell(f"{what}: {self.accuracy.metric.name} drops by {drop:.4f}", more)
        return drop

    def _measure(self, path: Path) -> list[float]:
        if self.accuracy is None:
            raise TypeError("nothing to measure the accuracy with")
        record = self.accuracy.measure(path)
        figure = next(each for each in record.measurements if each.is_whole)
        self.state.measured = figure.model_copy(update={"value": None})
        return self.accuracy.values_of(record)

    def _tell(self, what: str, more: int) -> None:
        self.steps += 1
        if self.settings.progress:
            self.settings.progress(what, self.steps, self.steps + more)


class SearchState(BaseModel):
    """What a search has found out so far.

    Attributes:
        key: of all that decides the search; another key means another search.
        measured: what the metric is of, without a value.
        baseline: the metric for each validation sample before quantization.
        noise: layers and their signal-to-noise ratios in dB, the noisiest first.
        tried: the metric for each sample, by the names of the unquantized layers, one a line.
    """

    model_config = ConfigDict(extra="forbid")

    key: str
    measured: Measurement | None = None
    baseline: list[float] = []
    noise: list[tuple[str, float]] = []
    tried: dict[str, list[float]] = {}

    def write(self, folder: Path) -> None:
        """Keep the state in a folder; the file is whole at any time."""
        with atomic_path(folder / _FILE) as temporary:
            temporary.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def open_state(folder: Path, key: str) -> SearchState:
    """Return the state that the folder holds, or a new one if it is of another search, whose files are removed."""
    try:
        found = SearchState.model_validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        found = None
    if found is not None and found.key == key:
        return found
    clear(folder)
    make_folder(folder)
    return SearchState(key=key)


def clear(folder: Path) -> None:
    """Remove what a search wrote into its folder, and the folder unless somebody else put something there."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name):
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def most_layers(count: int) -> int:
    """Return how many of `count` layers may stay unquantized; with more, INT8 would be a name only."""
    return max(1, count // 3)


def search(ranking: Sequence[str], drop: Try, limit: float) -> tuple[str, ...] | None:
    """Find layers that must stay unquantized for the drop to be within the limit; None where no allowed set does it.

    The set grows along the ranking (1, 2, 4, … layers) until the drop is within the limit, and shrinks by bisection
    towards the shortest start of the ranking that still does. Single layers in the middle of it are not tried away:
    a few layers in FP32 cost next to nothing, and the more sets are tried, the better the best one suits the
    validation samples alone.

    Args:
        ranking: layers, the noisiest first.
        drop: measures a candidate; asked once for each.
        limit: largest allowed drop.
    """
    most = min(most_layers(len(ranking)), len(ranking))
    size, failed = 1, 0
    while not drop(tuple(ranking[:size]), _expected(size, most)) <= limit:
        if size == most:
            return None
        failed, size = size, min(2 * size, most)
    while size - failed > 1:
        middle = (failed + size) // 2
        if drop(tuple(ranking[:middle]), ceil(log2(size - failed)) - 1) <= limit:
            size = middle
        else:
            failed = middle
    return tuple(ranking[:size])


def _expected(size: int, most: int) -> int:
    """Tries after the one at `size` if that succeeds or, more likely while the set is small, the next one does."""
    following = min(2 * size, most)
    return 0 if size == following else 1 + max(0, ceil(log2(following - size)))


def peak_memory() -> int | None:
    """Return the most memory that this process has held, in bytes; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
