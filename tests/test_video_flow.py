"""Stages that overlap: order, bounds, errors, endings; and mattes over time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from mattekit.core import InputError
from mattekit.images import Image
from mattekit.infer.overlap import in_order, in_thread
from mattekit.infer.video.smooth import Smoother
from mattekit.metrics.flicker import still_flicker


def test_the_order_is_kept_and_nothing_runs_far_ahead() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(40):
            made.append(number)
            yield number

    def square(number: int) -> int:
        time.sleep(0.004 if number % 3 == 0 else 0)
        return number * number

    furthest = 0
    taken: list[int] = []
    for value in in_order(in_thread(items(), 2), square, workers=3, ahead=4):
        taken.append(value)
        time.sleep(0.001)
        furthest = max(furthest, len(made) - len(taken))
    assert taken == [number * number for number in range(40)]
    # Two in the queue, one in the thread's hand, four computed or being computed, one that is asked for.
    assert furthest <= 8


def test_stages_overlap() -> None:
    both = threading.Barrier(2, timeout=20)

    def items() -> Iterator[int]:
        yield 0
        both.wait()
        yield 1

    # The thread can go on with the second item only while the first is being processed here.
    for number in in_thread(items(), 1):
        if number == 0:
            both.wait()


def test_an_error_arrives_at_its_place() -> None:
    def half(number: int) -> int:
        if number == 3:
            raise InputError("three is odd")
        return number

    taken: list[int] = []
    with pytest.raises(InputError, match="three is odd"):
        taken.extend(in_thread(in_order(in_thread(iter(range(9)), 2), half, 2, 3), 1))
    assert taken == [0, 1, 2]


def test_closing_early_ends_the_threads_and_the_items() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        number = 0
        try:
            while True:
                yield number
                number += 1
        finally:
            closed.set()

    before = threading.active_count()
    stages = in_order(in_thread(endless(), 2), lambda number: number, 2, 3)
    assert next(stages) == 0
    stages.close()
    assert closed.is_set()
    assert threading.active_count() == before


def test_what_finds_the_queue_full_is_dropped_where_it_may_be() -> None:
    dropped: list[int] = []
    go = threading.Event()

    def items() -> Iterator[int]:
        yield from range(10)
        go.set()

    stages = in_thread(items(), 2, drop=lambda: dropped.append(1))
    first = next(stages)
    assert go.wait(20)
    assert 1 + len(list(stages)) + len(dropped) == 10
    assert first == 0
    assert len(dropped) >= 6


def scene(shift: int) -> Image:
    """A textured image whose right half moves by `shift` pixels; the left half stands still."""
    noise = np.random.default_rng(3).integers(0, 255, (12, 40, 3)).astype(np.uint8)
    still = np.kron(noise, np.ones((8, 8, 1), np.uint8))[:96, :96]
    moving = np.roll(np.kron(noise[::-1], np.ones((8, 8, 1), np.uint8)), shift, axis=1)[:96, :96]
    return Image(np.ascontiguousarray(np.hstack([still, moving])))


def test_a_flickering_matte_is_calmed_where_the_image_stands_still() -> None:
    noise = np.random.default_rng(5)
    truth = np.zeros((96, 192), np.float64)
    truth[20:80, 20:170] = 200
    mattes = [np.clip(truth + noise.normal(0, 20, truth.shape), 0, 255).astype(np.uint8) for _ in range(8)]
    frames = [scene(0) for _ in mattes]
    smoother = Smoother(0.6)
    calm = [smoother.smooth(frame, matte) for frame, matte in zip(frames, mattes, strict=True)]
    pixels = [np.asarray(frame.rgb, np.uint8) for frame in frames]

    def flicker(alphas: list[np.ndarray]) -> float:  # type: ignore[type-arg]
        return still_flicker([alpha / np.float32(255) for alpha in alphas], pixels)

    assert flicker(calm) < 0.6 * flicker(mattes)
    assert np.abs(calm[-1] - truth).mean() < 0.75 * np.abs(mattes[-1] - truth).mean()


def test_a_matte_follows_what_moves_and_forgets_another_scene() -> None:
    first, second = np.zeros((96, 192), np.uint8), np.zeros((96, 192), np.uint8)
    first[30:60, 120:140] = second[30:60, 123:143] = 255
    smoother = Smoother(0.9)
    smoother.smooth(scene(0), first)
    moved = smoother.smooth(scene(3), second)
    inside = moved[34:56, 126:140].astype(int)
    assert inside.min() > 150
    assert moved[34:56, 112:119].max() < 60
    # Another scene: nothing of the old matte is left.
    black = Image(np.zeros((96, 192, 3), np.uint8))
    empty = np.zeros((96, 192), np.uint8)
    assert not smoother.smooth(black, empty).any()


def test_no_smoothing_changes_nothing_and_a_wrong_strength_is_refused() -> None:
    matte = np.random.default_rng(1).integers(0, 255, (96, 192)).astype(np.uint8)
    smoother = Smoother(0)
    assert smoother.smooth(scene(0), matte) is matte
    with pytest.raises(InputError, match="smoothing"):
        Smoother(1)
