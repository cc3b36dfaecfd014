"""A network that is calibrated once, in INT8 with any number of its noisiest layers left in floating point."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import JsonValue

from ..convert import quantized_layers
from ..core import atomic_directory
from ..datasets import Dataset
from .layer_search import LayerSearch, most_layers, open_state
from .ptq import find_recipe, require_fit
from .quantization_notes import notes_of, search_key
from .quantize_settings import QuantizeSettings
from .source_ir import open_source, save_int8

__all__ = ["LayerVariants"]


class LayerVariants:
    """The INT8 variants of one network that differ in the layers that stay as they are, the noisiest first.

    They are those that `quantize` looks through: calibrated by the recipe of the model's family, ranked by the noise
    of each layer, and made from the one calibrated network.
    """

    def __init__(self, model: str | Path, calibration: Dataset, work: Path, settings: QuantizeSettings) -> None:
        """Calibrate, unless an interrupted call has done so with the same settings and samples.

        Args:
            model: an FP32 IR.
            calibration: samples, of which as many are used as the settings say.
            work: folder for the calibrated network and the ranking; they stay there.
            settings: how.

        Raises:
            MattekitError: the model cannot be read or quantized, or the samples do not fit.
        """
        source = open_source(model, settings.given_contract)
        require_fit(calibration, source.contract)
        used = calibration.take(settings.limit)
        name, recipe = find_recipe(source.provenance.model, settings.recipe)
        self._notes: dict[str, JsonValue] = notes_of(source, settings, used, name, recipe)
        state = open_state(work, search_key(self._notes, recipe, None))
        self._search = LayerSearch(source, used, settings, recipe, None, state, work)
        self._search.calibrate()

    @property
    def most(self) -> int:
        """Return how many layers may stay as they are, at most; with more, INT8 would be a name only."""
        return most_layers(len(self._search.ranking()))

    def ignored(self, layers: int) -> tuple[str, ...]:
        """Return the names of so many of the noisiest layers."""
        return tuple(name for name, _ in self._search.ranking()[:layers]) if layers else ()

    def write(self, folder: Path, layers: int, *, name: str) -> Path:
        """Write the variant in which so many layers stay as they are, and return its `.xml` file.

        Args:
            folder: that the IR appears in whole; what mattekit wrote there before is replaced.
            layers: 0 quantizes all that the recipe allows.
            name: of the variant.
        """
        ignored, search = self.ignored(layers), self._search
        model = search.candidate(ignored)
        with atomic_directory(folder) as temporary:
            notes: dict[str, JsonValue] = {
                **self._notes,
                "ignored": list(ignored),
                "layers": len(quantized_layers(model)),
            }
            provenance = search.source.provenance.model_copy(update={"name": name})
            save_int8(model, temporary / "model.xml", replace(search.source, provenance=provenance), notes)
        return folder / "model.xml"
