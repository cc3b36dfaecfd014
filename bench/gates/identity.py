"""Gates on what a model is: what surrounds it, what it was made from and by, which is known without running it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Literal, NamedTuple, Self, cast

from pydantic import Field, JsonValue, model_validator

from ...core import Precision, Record, VariantRef, Verdict
from .gate import Strict

__all__ = ["IdentityGate", "judge_identity"]

_Aspect = Literal["contract", "weights", "precision", "files", "opset", "tools"]

_NAMES: dict[_Aspect, str] = {
    "contract": "the contract",
    "weights": "the checkpoint",
    "precision": "the stored precision",
    "files": "the files",
    "opset": "the opset",
    "tools": "the tools",
}


class IdentityGate(Strict):
    """What a model must be, as a baseline's record says or as stated here; a table `[[identity]]`.

    Attributes:
        model: a shell pattern for the models that it is for, matched with case.
        precision: one for their stored precision.
        unchanged: what must be as in the baseline: `contract`, `weights` (the checkpoint's SHA-256), `precision`,
            `files` (each file's SHA-256), `opset` (of an ONNX file), `tools` (versions of what made it).
        precisions: those that the model must be measured in, and no others.
        weights: the SHA-256 of the checkpoint.
        opset: of an ONNX file.
        contract: keys of the contract with their values, such as `{ input = { mean = [0.5, 0.5, 0.5] } }`; what is not
            stated may be anything.
        tools: versions of packages, as shell patterns, such as `{ openvino = "2026.4.*" }`.
    """

    model: str = "*"
    precision: str = "*"
    unchanged: tuple[_Aspect, ...] = ()
    precisions: tuple[Precision, ...] = ()
    weights: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    opset: int | None = None
    contract: dict[str, JsonValue] = Field(default_factory=dict)
    tools: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.unchanged or self.stated()):
            raise ValueError(
                "an identity needs unchanged, or what is to be: precisions, weights, opset, contract or tools"
            )
        return self

    def stated(self) -> dict[str, object]:
        """Return what is stated, by key."""
        named = ("precisions", "weights", "opset", "contract", "tools")
        return {name: value for name in named if (value := getattr(self, name)) not in ((), "", None, {})}

    def describe(self) -> str:
        """Return the gate in a line."""
        named = [f"{key}={value}" for key in ("model", "precision") if (value := getattr(self, key)) != "*"]
        return " ".join(["identity", *named])


class _Judged(NamedTuple):
    status: Literal["passed", "failed", "not enough evidence"]
    reason: str


def judge_identity(gate: IdentityGate, records: Sequence[Record], baselines: Sequence[Record]) -> list[Verdict]:
    """Judge what models are; what a record doesn't say is never passed.

    Args:
        gate: the gate.
        records: of the models.
        baselines: of the same models before.
    """
    every, before = _variants(records), _variants(baselines)
    named = [one for one in every if fnmatchcase(one.label, gate.model)]
    measured = [one for one in named if fnmatchcase(one.precision, gate.precision)]
    if not measured:
        known = ", ".join(dict.fromkeys(f"{one.label} {one.precision}".strip() for one in named or every))
        reason = f"no record is of such a model; there are: {known or 'none'}"
        return [_verdict(gate, None, "identity", _Judged("not enough evidence", reason))]
    verdicts: list[Verdict] = []
    for one in measured:
        verdicts += [_verdict(gate, one, f"unchanged {each}", _unchanged(one, each, before)) for each in gate.unchanged]
        stated = ((key, value) for key, value in gate.stated().items() if key != "precisions")
        verdicts += [_verdict(gate, one, key, _as_stated(one, key, value)) for key, value in stated]
    if gate.precisions:
        for label, one in {one.label: one for one in measured}.items():
            found = {each.precision for each in measured if each.label == label}
            verdicts.append(_verdict(gate, one, "precisions", _precisions(found, gate.precisions)))
    return verdicts


def _variants(records: Sequence[Record]) -> list[VariantRef]:
    """Return the models that were measured, once each; not those that others were compared with or made from."""
    found: list[VariantRef] = []
    for record in records:
        for figure in record.measurements:
            found += [one for one in figure.variants if not figure.role and one not in found]
    return found


def _said(one: VariantRef) -> dict[_Aspect, object]:
    """Return what a record says of a model, by aspect; empty where it doesn't."""
    return {
        "contract": one.contract,
        "weights": one.weights_sha256,
        "precision": one.precision,
        "files": one.sha256,
        "opset": one.opset,
        "tools": one.tools,
    }


def _unchanged(one: VariantRef, aspect: _Aspect, before: Sequence[VariantRef]) -> _Judged:
    same = [each for each in before if (each.label, each.format) == (one.label, one.format)]
    if not same:
        return _Judged("not enough evidence", f"no baseline has {one.label}; give its record with --baseline")
    was = next((each for each in same if each.precision == one.precision), same[0])
    old, new, name = _said(was)[aspect], _said(one)[aspect], _NAMES[aspect]
    if not old or not new:
        which = "its record" if old else "the baseline's record"
        return _Judged("not enough evidence", f"{which} doesn't say {name}; measure it again with this version")
    changed = [f"{name}{where} was {_text(a)}, is {_text(b)}" for where, a, b in _changes(old, new)]
    return _Judged("failed", "; ".join(changed)) if changed else _Judged("passed", f"{name} is as before")


def _as_stated(one: VariantRef, key: str, value: object) -> _Judged:
    aspect = cast("_Aspect", key)
    found, name = _said(one)[aspect], _NAMES[aspect]
    if not found:
        return _Judged("not enough evidence", f"its record doesn't say {name}; measure it again with this version")
    wrong = [
        f"{name}{where} is {_text(is_)}, and must be {_text(must)}"
        for where, is_, must in _changes(found, value, of=value)
        if key != "tools" or not fnmatchcase(str(is_), str(must))
    ]
    return _Judged("failed", "; ".join(wrong)) if wrong else _Judged("passed", f"{name} is as stated")


def _precisions(found: Collection[str], asked: Sequence[str]) -> _Judged:
    missing, more = [each for each in asked if each not in found], sorted(set(found) - set(asked))
    if more:
        without = f", and none in {', '.join(missing)}" if missing else ""
        reason = f"a model is stored in {', '.join(more)}{without}; it must be {', '.join(asked)}"
        return _Judged("failed", reason)
    if missing:
        return _Judged("not enough evidence", f"none stored in {', '.join(missing)} was measured")
    return _Judged("passed", f"stored in {', '.join(asked)}")


def _changes(was: object, now: object, where: str = "", *, of: object = None) -> Iterator[tuple[str, object, object]]:
    """Return where two values differ, at the smallest part that does, with both.

    Args:
        was: one.
        now: the other.
        where: they stand.
        of: whose keys count; those of both where None.
    """
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        old, new = cast("Mapping[str, object]", was), cast("Mapping[str, object]", now)
        keys = dict.fromkeys([*old, *new] if of is None else cast("Mapping[str, object]", of))
        for key in keys:
            part = None if of is None else cast("Mapping[str, object]", of)[key]
            yield from _changes(old.get(key), new.get(key), f"{where}.{key}" if where else f": {key}", of=part)
    elif _plain(was) != _plain(now):
        yield where, was, now


def _plain(value: object) -> object:
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


def _text(value: object) -> str:
    if isinstance(value, str):
        return f"{value[:12]}…" if len(value) == 64 else value
    return "nothing" if value is None else str(_plain(value))


def _verdict(gate: IdentityGate, one: VariantRef | None, limit: str, judged: _Judged) -> Verdict:
    return Verdict(
        gate=gate.describe(),
        metric="identity",
        limit=limit,
        status=judged.status,
        reason=judged.reason,
        labels={} if one is None else {"model": one.label, "precision": one.precision},
    )
