"""What each figure of a report is of, and what of it must be named because not all of its records have it in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..core import Measurement, Record, VariantRef

__all__ = ["Configuration", "Configurations", "varying"]

_DIGITS = 8


@dataclass(frozen=True)
class Configuration:
    """What a figure is of: a model in a precision on a device.

    Attributes:
        model: id; like the next two, empty where the record does not say.
        precision: of its weights.
        device: that ran.
        arithmetic: what was computed in; like the next three, empty too where a report has but one of them.
        size: of the input.
        weights: first digits of their hash.
        machine: a letter; empty for what does not depend on it.
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


class Configurations:
    """In what the figures of a report's records differ beside model, precision and device.

    Attributes:
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

    def of(self, figure: Measurement) -> Configuration:
        """Return what a figure is of."""
        # What does not depend on the machine is the same thing wherever it was measured.
        timed = figure.machine if len(self._letters) > 1 and figure.unit.depends_on_machine else None
        return Configuration(
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

    def note(self, shown: Iterable[Configuration]) -> str:
        """Return which machine each letter of those shown is; nothing where none has one."""
        used = sorted({each.machine for each in shown} - {""})
        return "; ".join(f"machine {letter}: {self.machines[letter]}" for letter in used)


def varying(shown: Iterable[Configuration]) -> list[str]:
    """Return which of `arithmetic`, `size` and `machine` any of those shown names; weights are part of the names."""
    shown = list(shown)
    return [name for name in ("arithmetic", "size", "machine") if any(getattr(one, name) for one in shown)]


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
