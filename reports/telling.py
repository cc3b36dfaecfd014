"""What must be told of each model of a report, because not all of its records have it in common."""

from __future__ import annotations

from collections.abc import Iterable

from ..bench.gates.labels import with_labels
from ..core.record import ArtifactRef, Record

__all__ = ["Weights", "several_arithmetics"]

_DIGITS = 8


class Weights:
    """What the models of a report's records were made from: an id alone does not tell two fine-tunes apart."""

    def __init__(self, records: Iterable[Record]) -> None:
        every = [ref for record in records for ref in record.artifacts]
        # A benchmark's record has its files' hashes alone; another record may know those files.
        self._known = {digest: ref.weights for ref in every if ref.weights for digest in ref.sha256.values()}
        self._of_models: dict[str, set[str]] = {}
        for ref in every:
            self._of_models.setdefault(ref.model, set()).add(self.of(ref))

    def of(self, ref: ArtifactRef) -> str:
        """Return the hash of a model's weights; empty where no record says it."""
        return ref.weights or next((self._known[digest] for digest in ref.sha256.values() if digest in self._known), "")

    def told(self, record: Record) -> dict[str, str]:
        """Return the first digits of the weights' hashes, for models of which there are several."""
        found: dict[str, str] = {}
        for ref in record.artifacts:
            if len(self._of_models[ref.model] - {""}) > 1:
                # The first is what was measured; another of that model is what it was compared with.
                found.setdefault(ref.model, self.of(ref)[:_DIGITS])
        return found


def several_arithmetics(records: Iterable[Record]) -> bool:
    """Tell whether models of the records were computed in more than one arithmetic."""
    figures = (figure for record in records for figure in with_labels(record).figures if "model" in figure.labels)
    return len({figure.labels.get("arithmetic", "") for figure in figures} - {""}) > 1
