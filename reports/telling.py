"""What must be told of each figure of a report, because not all of its records have it in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..core import Measurement, Record, VariantRef

__all__ = ["Subject", "Telling", "told"]

_DIGITS = 8


@dataclass(frozen=True)
class Subject:
    """What a figure is about: a model in a precision on a device; each is empty where the record does not say.

    arithmetic, size, weights, machine: empty too where a report has but one of them. machine: a letter; empty for what
    does not depend on it.
    """

    model: str
    precision: str
    device: str
    arithmetic: str = ""
    size: str = ""
    weights: str = ""
    machine: str = ""

    @property
    def name(self) -> str:
        """Return the model's id, with its weights where it has others too."""
        return " ".join(part for part in (self.model, self.weights) if part)

    @property
    def label(self) -> str:
        """Return it in one line."""
        where = f"machine {self.machine}" if self.machine else ""
        parts = (self.name, self.precision, self.device, self.arithmetic, self.size, where)
        return " ".join(part for part in parts if part)


class Telling:
    """In what the figures of a report's records differ beside model, precision and device.

    machines: the machines' labels by letter, in the order of the records.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        measured = [record for record in records if record.measurements]
        by_hardware = {record.machine.hardware: record.machine.label for record in measured}
        self._letters = {hardware: _letter(place) for place, hardware in enumerate(by_hardware)}
        self.machines = {self._letters[hardware]: label for hardware, label in by_hardware.items()}
        figures = [figure for record in measured for figure in record.measurements if figure.variants]
        self._several_arithmetics = len({figure.arithmetic for figure in figures} - {""}) > 1
        sizes: dict[str, set[str]] = {}
        for figure in figures:
            sizes.setdefault(figure.model, set()).add(_size(figure))
        self._of_several_sizes = {model for model, found in sizes.items() if len(found - {""}) > 1}
        self._of_several_weights = _of_several_weights(ref for record in measured for ref in record.variants)

    def subject(self, figure: Measurement) -> Subject:
        """Return what a figure is about."""
        # What does not depend on the machine is the same thing wherever it was measured.
        timed = figure.machine if len(self._letters) > 1 and figure.unit.depends_on_machine else None
        return Subject(
            figure.model,
            figure.precision,
            figure.device,
            # A machine's limits, which are of no model, differ in it.
            arithmetic=figure.arithmetic if self._several_arithmetics or not figure.variants else "",
            size=_size(figure) if figure.model in self._of_several_sizes else "",
            weights=" + ".join(
                dict.fromkeys(_marker(ref) for ref in figure.variants if (ref.id, ref.name) in self._of_several_weights)
            ),
            machine=self._letters.get(timed.hardware, "") if timed else "",
        )

    def note(self, subjects: Iterable[Subject]) -> str:
        """Return which machine each letter of the subjects is; nothing where none has one."""
        used = sorted({subject.machine for subject in subjects} - {""})
        return "; ".join(f"machine {letter}: {self.machines[letter]}" for letter in used)


def told(subjects: Iterable[Subject]) -> list[str]:
    """Return which of `arithmetic`, `size` and `machine` any of the subjects has; weights are part of the names."""
    subjects = list(subjects)
    return [name for name in ("arithmetic", "size", "machine") if any(getattr(one, name) for one in subjects)]


def _letter(place: int) -> str:
    return chr(ord("A") + place % 26) + (str(place // 26 + 1) if place >= 26 else "")


def _size(figure: Measurement) -> str:
    return " + ".join(dict.fromkeys(one.size_text for one in figure.executions if one.size_text))


def _of_several_weights(refs: Iterable[VariantRef]) -> set[tuple[str, str]]:
    """Return the models that were made from several weights.

    Where nobody knows the weights, files of one format and precision that differ stand for them.
    """
    known: dict[tuple[str, ...], set[object]] = {}
    for ref in refs:
        if ref.weights_sha256:
            known.setdefault((ref.id, ref.name), set()).add(ref.weights_sha256)
        made = ref.weights_sha256 or tuple(sorted(ref.sha256.items()))
        if made:
            known.setdefault((ref.id, ref.name, ref.format, ref.precision), set()).add(made)
    return {(key[0], key[1]) for key, found in known.items() if len(found) > 1}


def _marker(ref: VariantRef) -> str:
    """Return the first digits of the weights' hash, or of the file's where nobody knows it."""
    return (ref.weights_sha256 or next(iter(ref.sha256.values()), ""))[:_DIGITS]
