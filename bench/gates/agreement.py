"""Gates on answers: are they those that the baseline gave on the same images? A dozen decide it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from ...core import Record, ValidateRecord, Verdict
from ..accuracy.kept_answers import answer_difference
from .gate import FigureGate

__all__ = ["AgreementGate", "judge_agreement"]

_LIMIT = "max_difference"


class AgreementGate(FigureGate):
    """How far answers may be from the baseline's, on the images of which both records keep them; an `[[agreement]]`.

    Attributes:
        max_difference: the most that alpha or colour may differ on average, as a share of the full scale (0.01 is 2.55
            levels of 255), or the share of pixels whose class may: by the image that differs most.
    """

    max_difference: Annotated[float, Field(ge=0, le=1)]

    def describe(self) -> str:
        """Return the gate in a line."""
        return " ".join(["agreement", *self.named()])

    def covers(self, record: ValidateRecord) -> bool:
        """Tell whether it is for what a record measured."""
        return bool(record.measurements) and self.names(record.measurements[0])


def judge_agreement(gate: AgreementGate, records: Sequence[Record], baselines: Sequence[Record]) -> list[Verdict]:
    """Judge answers beside those of the baseline that is of the same model, data and, where there are several, variant.

    Args:
        gate: the gate.
        records: validations of the models.
        baselines: validations of the same models before, on the same data.
    """
    covered = [record for record in records if isinstance(record, ValidateRecord) and gate.covers(record)]
    if not covered:
        return [_verdict(gate, None, "no validation is of such a model; measure it with: mattekit validate")]
    before = [record for record in baselines if isinstance(record, ValidateRecord) and record.measurements]
    return [_judged(gate, record, before) for record in covered]


def _judged(gate: AgreementGate, record: ValidateRecord, baselines: Sequence[ValidateRecord]) -> Verdict:
    figure = record.measurements[0]
    same = [one for one in baselines if one.measurements[0].model == figure.model]
    if not same:
        return _verdict(gate, record, f"no baseline has answers of {figure.model}; give its record with --baseline")
    on_it = [one for one in same if (one.data.sha256, one.scale) == (record.data.sha256, record.scale)]
    if not on_it:
        return _verdict(
            gate, record, f"no baseline has answers on the same images of {record.data.name}; validate it on them"
        )
    was = min(on_it, key=lambda one: _distance(one, record))
    pairs = {name: (was.answers.get(name), answer) for name, answer in record.answers.items()}
    found = {name: answer_difference(one, other) for name, (one, other) in pairs.items() if one}
    if not found or len(found) < len(pairs) or any(value is None for value in found.values()):
        return _verdict(gate, record, "the baseline's record doesn't keep answers to these images; measure it again")
    far = {name: value for name, value in found.items() if value is not None}
    worst = max(far, key=lambda name: far[name])
    mean = sum(far.values()) / len(far)
    shown = f"answers differ by {mean:.4f} on average of {len(far)} images, by {far[worst]:.4f} on {worst}"
    return _verdict(gate, record, shown, amount=far[worst], samples=len(far))


def _distance(before: ValidateRecord, after: ValidateRecord) -> tuple[bool, ...]:
    was, now = before.measurements[0], after.measurements[0]
    return tuple(getattr(was, name) != getattr(now, name) for name in ("precision", "arithmetic", "device"))


def _verdict(
    gate: AgreementGate,
    record: ValidateRecord | None,
    reason: str,
    *,
    amount: float | None = None,
    samples: int | None = None,
) -> Verdict:
    passed = amount is not None and amount <= gate.max_difference
    end = "" if amount is None else f", {'at most' if passed else 'more than'} {gate.max_difference:g}"
    return Verdict(
        gate=gate.describe(),
        metric="agreement",
        limit=_LIMIT,
        bound=gate.max_difference,
        status="not enough evidence" if amount is None else "passed" if passed else "failed",
        reason=f"{reason}{end}",
        labels=record.measurements[0].labels if record else {},
        value=amount,
        amount=amount,
        samples=samples,
    )
