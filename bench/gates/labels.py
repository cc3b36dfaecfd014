"""What figures are about, where their record says it once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from ...core.record import Figure, Record
from ..timings import candidates_of

__all__ = ["with_labels"]

_ASKED = "device"
"""The arithmetic of a benchmark's candidate that leaves it to the device: what that chose stands beside it."""


def with_labels(record: Record) -> Record:
    """Return a record whose figures' labels also say what the record says of all of them.

    Figures of a run, a video, an export or a package's check have no labels `model`, `precision`, `device` and
    `arithmetic`: the record's artifacts and settings have. Several models are joined by `+`. What nobody says stays
    away, and what a figure says itself stays as it is, but for an arithmetic that was left to the device.
    """
    named = any("model" in figure.labels for figure in record.figures)
    common = _arithmetic(record) if named else {**_subject(record), **_arithmetic(record)}
    executed = {str(entry["candidate"]): entry.get("executed") for entry in candidates_of(record)}

    def labelled(figure: Figure) -> Figure:
        own = figure.labels
        # A limit of the machine, beside a benchmark's models, is of none of them.
        found = {**common, **own} if "model" in own or not named else dict(own)
        if found.get("arithmetic") == _ASKED:
            found["arithmetic"] = str((executed.get(own.get("candidate", "")) or {}).get("arithmetic") or "")
        return figure if found == own else figure.model_copy(update={"labels": found})

    return record.model_copy(update={"figures": tuple(labelled(figure) for figure in record.figures)})


def _subject(record: Record) -> dict[str, str]:
    settings, refs = record.settings, record.artifacts
    every = {
        "model": settings.get("model") or _joined(ref.model for ref in refs),
        "precision": settings.get("precision") or _joined(ref.precision for ref in refs),
        "device": settings.get("device") or _joined(str(runtime.get("runtime", "")) for runtime in _runtimes(record)),
    }
    return {key: value for key, value in every.items() if value and isinstance(value, str)}


def _arithmetic(record: Record) -> dict[str, str]:
    """Return the label of what all models computed in; a setting of what was asked for alone tells it too."""
    told = record.settings.get("arithmetic")
    found = told if isinstance(told, str) else _joined(str(one.get("arithmetic", "")) for one in _runtimes(record))
    return {"arithmetic": found} if found and found != _ASKED else {}


def _runtimes(record: Record) -> list[Mapping[str, Any]]:
    runtimes = record.settings.get("runtimes")
    return (
        [cast("Mapping[str, Any]", one) for one in runtimes if isinstance(one, dict)]
        if isinstance(runtimes, list)
        else []
    )


def _joined(words: Iterable[str]) -> str:
    return " + ".join(dict.fromkeys(word for word in words if word))
