"""A request in the words of the command line: lists with commas between become the grid's axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ...core import Hint, InputError, Precision, parse_arithmetic
from ...models import RUNTIMES
from .grid import BenchRequest, Size
from .scenarios import parse_scenario

__all__ = ["Words", "parse_request"]


@dataclass(frozen=True)
class Words:
    """The axes of the grid as they are typed. In a device's own list `+` stands for its comma: `AUTO:GPU+CPU`."""

    device: str = "CPU"
    arithmetic: str = "f32"
    runtime: str = "openvino"
    hint: str = "latency"
    streams: str = "auto"
    batch: str = "1"
    size: str | None = None
    precision: str | None = None


def parse_request(
    artifacts: Sequence[str],
    words: Words,
    *,
    scenario: str = "single-stream",
    rounds: int = 20,
    iterations: int | None = None,
    seconds: float = 10.0,
    warm_up: int = 3,
    end_to_end: Path | None = None,
    require_device: bool = False,
    threads: int | None = None,
    baseline: str | None = None,
    profile: bool = False,
    data: str | None = None,
    samples: int | None = None,
) -> BenchRequest:
    """Read the words; the rest is handed on as it is, see `BenchRequest`.

    Raises:
        InputError: a word is not understood.
    """
    hints = tuple(_one_of(name, get_args(Hint), "--hint") for name in _list(words.hint, "--hint"))
    precisions = _list(words.precision, "--precision") if words.precision is not None else []
    return BenchRequest(
        artifacts=tuple(artifacts),
        runtimes=tuple(_one_of(name, tuple(RUNTIMES), "--runtime") for name in _list(words.runtime, "--runtime")),
        devices=tuple(name.replace("+", ",") for name in _list(words.device, "--device")),
        arithmetics=tuple(parse_arithmetic(name) for name in _list(words.arithmetic, "--arithmetic")),
        hints=tuple(_HINTS[name] for name in hints),
        streams=tuple(
            None if text == "auto" else _number(text, "--streams") for text in _list(words.streams, "--streams")
        ),
        batches=tuple(_number(text, "--batch") for text in _list(words.batch, "--batch")),
        sizes=tuple(_size(text) for text in _list(words.size, "--size")) if words.size is not None else (),
        precisions=tuple(_one_of(name, get_args(Precision), "--precision") for name in precisions),
        scenario=parse_scenario(scenario),
        rounds=rounds,
        iterations=iterations,
        seconds=seconds,
        warm_up=warm_up,
        end_to_end=end_to_end,
        require_device=require_device,
        threads=threads,
        baseline=baseline,
        profile=profile,
        data=data,
        samples=samples,
    )


_HINTS: dict[str, Hint] = {name: name for name in get_args(Hint)}


def _list(text: str, option: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if not all(parts) or len(set(parts)) != len(parts):
        raise InputError(f"{option} {text}: give different values with commas between")
    return parts


def _one_of(name: str, known: Sequence[str], option: str) -> str:
    if name.lower() not in known:
        raise InputError(f"{option} {name}: give {', '.join(known)}, with commas between")
    return name.lower()


def _number(text: str, option: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"{option} {text}: give numbers from 1 on, with commas between")
    return int(text)


def _size(text: str) -> Size:
    sides = [_number(side, "--size") for side in text.lower().split("x")]
    if len(sides) > 2:
        raise InputError(f"--size {text}: give N or HEIGHTxWIDTH, with commas between")
    return sides[0], sides[-1]
