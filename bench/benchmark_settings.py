"""All options of a benchmark, of comparing two, and of judging by gates; the command line's help is made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from ..core import ARITHMETICS, Arithmetic, ContractSettings, Hint, InputError, Precision, Settings, flag_of, option

__all__ = [
    "ALLOWED",
    "Allowed",
    "BenchmarkSettings",
    "ComparisonSettings",
    "GateSettings",
    "Scenario",
    "Size",
    "parse_allowed",
    "parse_scenario",
]

Size = tuple[int, int]
"""Height and width in pixels."""

Allowed = Literal["machine", "software", "settings"]
"""In what two measurements that are compared may differ."""

ALLOWED: tuple[Allowed, ...] = get_args(Allowed)

Permitted = Literal["machine", "noise"]
"""What times may be that are judged by a gate: another machine's than the baseline's, or disturbed."""

_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True)
class Scenario:
    """How queries arrive, with MLPerf Inference's meaning.

    Attributes:
        kind: by its name.
        qps: the mean rate of `server`; None for the others.
    """

    kind: Literal["single-stream", "offline", "server"] = "single-stream"
    qps: float | None = None

    def __str__(self) -> str:
        """Return what a user types."""
        return f"{self.kind}:{self.qps:g}" if self.qps else self.kind


def parse_scenario(text: str) -> Scenario:
    """Read `single-stream`, `offline` or `server:QPS`.

    Raises:
        InputError: it is none of them.
    """
    kind, _, rate = text.partition(":")
    if text in {"single-stream", "offline"}:
        return Scenario("single-stream" if text == "single-stream" else "offline")
    try:
        qps = float(rate)
    except ValueError:
        qps = math.nan
    if kind == "server" and math.isfinite(qps) and qps > 0:
        return Scenario("server", qps)
    raise InputError(f"--scenario {text}: give single-stream, offline, or server:QPS such as server:20")


def _parse_allowed(text: str, known: tuple[_Word, ...]) -> tuple[_Word, ...]:
    """Read some of what is known, with commas between.

    Raises:
        InputError: a word is none of those that are known.
    """
    named = _several(str)(text) if text else ()
    unknown = [word for word in named if word not in known]
    if unknown:
        raise InputError(f"--allow {text}: {unknown[0]!r} is none of {', '.join(known)}; put commas between them")
    return tuple(each for each in known if each in named)


def parse_allowed(text: str) -> tuple[Allowed, ...]:
    """Read `machine,software,settings`, or some of them.

    Raises:
        InputError: a word is none of them.
    """
    return _parse_allowed(text, ALLOWED)


def _parse_permitted(text: str) -> tuple[Permitted, ...]:
    return _parse_allowed(text, get_args(Permitted))


def _several(read: Callable[[str], object]) -> Callable[[str], tuple[object, ...]]:
    """Return what reads values with commas between; what it does not understand stays a text, and is refused later."""
    return lambda text: tuple(read(part.strip()) for part in text.split(","))


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _size(text: str) -> tuple[int | str, ...] | str:
    sides = [_number(side) for side in text.lower().split("x")]
    return (sides[0], sides[-1]) if len(sides) < 3 else text


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 1


def _is_size(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(map(_is_count, value))  # pyright: ignore[reportUnknownArgumentType]


def _of(*known: str) -> tuple[Callable[[object], bool], str]:
    return lambda value: value in known, ", ".join(known)


_AXES: dict[str, tuple[Callable[[object], bool], str]] = {
    "device": (bool, "names of devices"),
    "arithmetic": _of(*ARITHMETICS),
    "hint": _of(*get_args(Hint)),
    "streams": (lambda value: value == "auto" or _is_count(value), "numbers from 1 on, or auto"),
    "batch": (_is_count, "numbers from 1 on"),
    "size": (_is_size, "N or HEIGHTxWIDTH"),
    "precision": _of(*get_args(Precision)),
}
"""The axes of the grid: whether a value is one, and what to give."""


@dataclass(frozen=True, kw_only=True)
class BenchmarkSettings(ContractSettings):
    """What a benchmark measures, and how; candidates are all combinations of what has several values.

    Attributes:
        device: OpenVINO devices, such as CPU,GPU,NPU,AUTO; in a device's own list + stands for its comma: AUTO:GPU+CPU.
        arithmetic: what is computed in: f32,bf16,f16, or device: what the device does unless told.
        runtime: what executes models that do not name it, such as openvino,onnxruntime,torch.
        hint: what OpenVINO prepares a device for: latency,throughput.
        streams: queries that OpenVINO computes side by side; numbers with commas between, or auto: left to the hint.
        batch: images in one inference; numbers with commas between.
        size: input sizes, N or HEIGHTxWIDTH with commas between; the model's own unless given.
        precision: stored precisions that are measured, of fp32,fp16,int8; all unless given.
        scenario: how queries arrive: single-stream, offline, or server:QPS.
        seconds: time for each candidate, in all rounds together.
        iterations: queries of each candidate in all rounds together, in place of the seconds.
        rounds: how often the candidates take turns; verdicts need 12.
        warm_up: inferences before the rounds.
        threads: processor threads of every candidate on the CPU; all cores unless given.
        end_to_end: a folder of images: also measure decode, pre, infer, post and encode.
        baseline: words in the name of the candidate that others are compared with; the first one unless given.
        data: a data set for accuracy beside latency: a folder, LAYOUT:FOLDER, …
        limit: at most so many samples of the data set, spread evenly.
        profile: list the layers by time, beside the roofline.
        require_device: end with an error where a device is missing.
    """

    device: tuple[str, ...] = option(("CPU",), parse=_several(lambda text: text.replace("+", ",")))
    arithmetic: tuple[Arithmetic, ...] = option(("f32",), parse=_several(str.lower))
    runtime: tuple[str, ...] = option(("openvino",), parse=_several(str.lower))
    hint: tuple[Hint, ...] = option(("latency",), parse=_several(str.lower))
    streams: tuple[int | Literal["auto"], ...] = option(("auto",), parse=_several(_number))
    batch: tuple[int, ...] = option((1,), parse=_several(_number))
    size: tuple[Size, ...] | None = option(None, parse=_several(_size))
    precision: tuple[Precision, ...] | None = option(None, parse=_several(str.lower))
    scenario: Scenario = field(default=Scenario(), metadata={"parse": parse_scenario})
    seconds: float = option(10.0, least=0.001)
    iterations: int | None = option(None, least=1)
    rounds: int = option(20, least=1)
    warm_up: int = option(3, least=0)
    threads: int | None = option(None, least=1)
    end_to_end: str | Path | None = None
    baseline: str | None = None
    data: str | None = None
    limit: int | None = option(None, least=1)
    profile: bool = False
    require_device: bool = False

    def __post_init__(self) -> None:
        """Check the axes of the grid: each value is one that it takes, and stands there once."""
        super().__post_init__()
        from ..models import RUNTIMES

        for name, (is_one, wanted) in {**_AXES, "runtime": _of(*RUNTIMES)}.items():
            values: tuple[Any, ...] | None = getattr(self, name)
            if values is None:
                continue
            shown = ("x".join(map(str, each)) if isinstance(each, tuple) else str(each) for each in values)
            given = f"{flag_of(name)} {','.join(shown)}"
            if not all(map(is_one, values)):
                raise InputError(f"{given}: give {wanted}, with commas between")
            if not values or len(set(values)) != len(values):
                raise InputError(f"{given}: give different values with commas between")

    @property
    def turns(self) -> int:
        """Return how often the candidates take turns: no more than there are iterations."""
        return min(self.rounds, self.iterations) if self.iterations else self.rounds


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings(Settings):
    """How two benchmarks are compared.

    Attributes:
        allow: in what the two may differ: machine,software,settings, or some of them.
    """

    allow: tuple[Allowed, ...] = option((), parse=parse_allowed)


@dataclass(frozen=True, kw_only=True)
class GateSettings(Settings):
    """What figures are judged beside.

    Attributes:
        baseline: a record of an earlier measurement, or a folder of them, for drops and ratios; repeatable.
        allow: what else may be: machine, so that times of two machines are compared; noise, so that times are judged
            that other processes disturbed.
    """

    baseline: tuple[str | Path, ...] = ()
    allow: tuple[Permitted, ...] = option((), parse=_parse_permitted)
