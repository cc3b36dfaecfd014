"""Is INT8 worth it on this device? Size, accuracy and latency side by side, measured in one interleaved run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from pydantic import JsonValue

from ...core.arithmetic import Arithmetic
from ...core.errors import InputError
from ...core.record import Figure, Record
from ...infer.runtimes import LoadedModel, Tensor
from ...infer.runtimes.openvino import load
from ..intervals import Interval, median_interval
from .rounds import interleave

__all__ = ["LEAST_SPEEDUP", "Accuracies", "Worth", "weigh"]

KIND = "worth"
"""The `kind` of the records."""

LEAST_SPEEDUP = 1.1
"""INT8 is called faster when the whole interval of its speed-up lies above this."""

_SIDE = 128  # of the input of a network that takes any size, in pixels
_WARM_UP = 3


@dataclass(frozen=True)
class Accuracies:
    """One metric of each model.

    values: the mean by precision. allowed_drop: from FP32 to INT8, in the metric's unit, for INT8 to be worth it.
    dataset: what it was measured on.
    """

    metric: str
    unit: str
    higher_is_better: bool
    values: Mapping[str, float]
    allowed_drop: float
    dataset: str


@dataclass(frozen=True)
class Worth:
    """What came of it: whether INT8 is worth it, that as a sentence, and the record."""

    worth_it: bool
    sentence: str
    record: Record


def weigh(
    models: Mapping[str, Path],
    *,
    device: str = "CPU",
    arithmetic: Arithmetic = "f32",
    accuracies: Accuracies | None = None,
    rounds: int = 30,
) -> Worth:
    """Compare `int8` with `fp32`, and whatever else is given, on one device.

    Each round runs every model once, one after another and in another order each time, so that whatever else the
    machine does meanwhile falls on all of them alike; speed-ups are compared round by round.

    Args:
        models: IR files by precision; `fp32` and `int8` must be among them.
        device: an OpenVINO device string.
        arithmetic: of floating-point numbers.
        accuracies: of the same models; without them the sentence is about speed and size alone.
        rounds: 5 or more.

    Raises:
        InputError: a model is missing, or there are too few rounds.
        MattekitError: a model cannot be opened on the device.
    """
    if not {"fp32", "int8"} <= set(models) or rounds < 5:
        raise InputError("to weigh INT8, give an fp32 and an int8 IR, and 5 rounds or more")
    opened = {name: load(path, device, arithmetic=arithmetic) for name, path in models.items()}
    tensor = _tensor(opened["fp32"])
    times = interleave({name: _timed(model, tensor) for name, model in opened.items()}, rounds)
    speedups = [before / after for before, after in zip(times["fp32"], times["int8"], strict=True)]
    low, high = median_interval(speedups)
    figures: list[Figure] = []
    for name, model in opened.items():
        labels = {
            "model": opened["fp32"].id,
            "precision": name,
            "device": device,
            "arithmetic": model.runtime.info.arithmetic,
        }
        span = median_interval(times[name])
        figures += [
            _figure("size", model.variant.size, "B", labels, better=False),
            _figure("weights_size", model.variant.files[-1].stat().st_size, "B", labels, better=False),
            _figure("latency", median(times[name]), "ms", labels, better=False),
            _figure("latency_low", span[0], "ms", labels, better=False),
            _figure("latency_high", span[1], "ms", labels, better=False),
        ]
        if accuracies and name in accuracies.values:
            of = {**labels, "dataset": accuracies.dataset}
            value, better = accuracies.values[name], accuracies.higher_is_better
            figures.append(_figure(accuracies.metric, value, accuracies.unit, of, better=better))
    labels = {
        "model": opened["fp32"].id,
        "precision": "int8",
        "baseline": "fp32",
        "device": device,
        "arithmetic": opened["int8"].runtime.info.arithmetic,
    }
    for name, value in (("speedup", median(speedups)), ("speedup_low", low), ("speedup_high", high)):
        figures.append(_figure(name, value, "", labels, better=True))
    share = opened["int8"].variant.size / opened["fp32"].variant.size
    worth_it, sentence = _judge(device, median(speedups), (low, high), share, accuracies)
    samples: dict[str, list[JsonValue]] = {f"{name}: latency": list(values) for name, values in times.items()}
    record = Record(
        kind=KIND,
        artifacts=tuple(model.variant.ref() for model in opened.values()),
        settings={
            "device": device,
            "rounds": rounds,
            "input": list(tensor.shape),
            "arithmetic": {name: model.runtime.info.arithmetic for name, model in opened.items()},
            "worth_it": worth_it,
            "sentence": sentence,
        },
        figures=tuple(figures),
        samples=samples,
    )
    return Worth(worth_it, sentence, record)


def _judge(
    device: str, speedup: float, interval: Interval, share: float, accuracies: Accuracies | None
) -> tuple[bool, str]:
    """Say whether INT8 is worth it; a figure that is missing or not a number speaks against it."""
    low, high = interval
    faster = low > LEAST_SPEEDUP
    facts = [f"{speedup:.2f} times the speed of FP32 ({low:.2f} to {high:.2f})", f"{share:.2f} of its size"]
    reasons: list[str] = []
    if high < 1:
        reasons.append("it is slower")
    elif not faster:
        reasons.append(f"a speed-up of more than {LEAST_SPEEDUP} is not shown")
    if accuracies:
        sign = 1 if accuracies.higher_is_better else -1
        drop = sign * (accuracies.values["fp32"] - accuracies.values["int8"])
        unit = f" {accuracies.unit}" if accuracies.unit else ""
        facts.append(f"{accuracies.metric} {accuracies.values['int8']:.4f} after {accuracies.values['fp32']:.4f}{unit}")
        if not drop <= accuracies.allowed_drop or math.isnan(drop):
            reasons.append(f"{accuracies.metric} drops by {drop:.4f}, more than {accuracies.allowed_drop:g}")
    verdict = "INT8 is not worth it" if reasons else "INT8 is worth it"
    why = f" because {' and '.join(reasons)}" if reasons else ""
    return not reasons, f"{verdict} on {device}{why}: {', '.join(facts)}."


def _timed(model: LoadedModel, tensor: Tensor) -> Callable[[int], float]:
    """Warm the model up; what is returned answers one query and returns the milliseconds."""
    bound = model.runtime.bind(tensor)
    for _ in range(_WARM_UP):
        bound.infer()

    def once(_: int) -> float:
        start = time.perf_counter()
        bound.infer()
        return (time.perf_counter() - start) * 1000

    return once


def _tensor(model: LoadedModel) -> Tensor:
    """An input of the contract's size: the time of a convolution does not depend on its values."""
    return np.random.default_rng(0).random((1, 3, *model.contract.input.fit(_SIDE)), dtype=np.float32)


def _figure(name: str, value: float, unit: str, labels: dict[str, str], *, better: bool) -> Figure:
    return Figure(name=name, value=value, unit=unit, higher_is_better=better, labels=labels)
