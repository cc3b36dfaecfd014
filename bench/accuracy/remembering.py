"""Answers that are asked for once: several models are compared with the same ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ...datasets import Sample
from .predictors import Predictor

__all__ = ["remembering"]

_One = TypeVar("_One")


def remembering(predictor: Predictor) -> Predictor:
    """Return a predictor that answers each sample once: several are compared with the same answers."""
    return replace(
        predictor,
        alpha=_once_each(predictor.alpha),
        image=_once_each(predictor.image),
        segment=_once_each(predictor.segment),
    )


def _once_each(answer: Callable[[Sample], _One] | None) -> Callable[[Sample], _One] | None:
    """Return what asks once for each sample, and keeps the answers."""
    if answer is None:
        return None
    kept: dict[str, _One] = {}

    def remembered(sample: Sample) -> _One:
        if sample.id not in kept:
            kept[sample.id] = answer(sample)
        return kept[sample.id]

    return remembered
