"""Stages that overlap: order, bounds, errors, endings; and mattes over time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from mattekit.core import InputError
from mattekit.images import Image, Pixels
from mattekit.infer.overlap import in_order, in_thread
from mattekit.infer.video.smooth import Smoother
from mattekit.metrics.flicker import dtssd, still_flicker


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


def smoothed(strength: float, frames: list[Image], mattes: Sequence[Pixels]) -> list[Pixels]:
    smoother = Smoother(strength)
    given = [smoother.push(frame, matte) for frame, matte in zip(frames, mattes, strict=True)]
    return [alpha for alpha in given if alpha is not None] + smoother.flush()


def test_a_flickering_matte_is_calmed_where_the_image_stands_still() -> None:
    noise = np.random.default_rng(5)
    truth = np.zeros((96, 192), np.float64)
    truth[20:80, 20:170] = 200
    mattes = [np.clip(truth + noise.normal(0, 20, truth.shape), 0, 255).astype(np.uint8) for _ in range(8)]
    frames = [scene(0) for _ in mattes]
    calm = smoothed(0.6, frames, mattes)
    pixels = [np.asarray(frame.rgb, np.uint8) for frame in frames]

    def flicker(alphas: list[np.ndarray]) -> float:  # type: ignore[type-arg]
        return still_flicker([alpha / np.float32(255) for alpha in alphas], pixels)

    assert flicker(calm) < 0.6 * flicker(mattes)
    assert np.abs(calm[-1] - truth).mean() < 0.75 * np.abs(mattes[-1] - truth).mean()


def test_a_matte_follows_what_moves_and_forgets_another_scene() -> None:
    first, second = np.zeros((96, 192), np.uint8), np.zeros((96, 192), np.uint8)
    first[30:60, 120:140] = second[30:60, 123:143] = 255
    # Another scene: nothing of the old matte is left.
    black = Image(np.zeros((96, 192, 3), np.uint8))
    empty = np.zeros((96, 192), np.uint8)
    _, moved, cut = smoothed(0.9, [scene(0), scene(3), black], [first, second, empty])
    inside = moved[34:56, 126:140].astype(int)
    assert inside.min() > 150
    assert moved[34:56, 112:119].max() < 60
    assert not cut.any()


def edge_of(alpha: Pixels) -> float:
    """The column at which a bar of 40 columns begins, from its area in some rows: a part of a pixel counts."""
    rows = alpha[30:66].astype(np.float64) / 255
    return float((np.arange(alpha.shape[1]) * rows).sum() / rows.sum()) - 19.5


def test_a_moving_edge_neither_trails_nor_runs_ahead() -> None:
    speeds = (0, 1, 2, 3, 4)
    for speed in speeds:
        places = [40 + speed * number for number in range(9)]
        frames, mattes = [], []
        for place in places:
            frame = np.array(scene(0).rgb)
            frame[20:76, place : place + 40] = scene(0).rgb[:56, 100:140][::-1]
            matte = np.zeros((96, 192), np.uint8)
            matte[20:76, place : place + 40] = 255
            frames.append(Image(frame))
            mattes.append(matte)
        lags = [abs(edge_of(alpha) - place) for alpha, place in zip(smoothed(0.9, frames, mattes), places, strict=True)]
        assert max(lags) < 0.5, speed


def test_a_clip_that_moves_flickers_less_and_loses_nothing() -> None:
    noise = np.random.default_rng(7)
    frames, mattes, truths = [], [], []
    for number in range(12):
        place = 30 + 3 * number
        frame = np.array(scene(0).rgb)
        frame[20:76, place : place + 60] = scene(0).rgb[:56, 100:160][::-1]
        truth = np.zeros((96, 192), np.uint8)
        truth[20:76, place : place + 60] = 255
        # Edges that tremble by two pixels, each with a hole where it likes.
        wrong = np.roll(truth, noise.integers(-2, 3, 2), axis=(0, 1))
        hole = int(noise.integers(0, 40))
        wrong[40:56, place + hole : place + hole + 12] = 0
        frames.append(Image(frame))
        mattes.append(wrong)
        truths.append(truth)
    calm = smoothed(0.6, frames, mattes)

    def unsteady(alphas: list[Pixels]) -> float:
        return dtssd([a / np.float32(255) for a in alphas], [t / np.float32(255) for t in truths])

    def overlap(alphas: list[Pixels]) -> float:
        pairs = [(a > 127, t > 127) for a, t in zip(alphas, truths, strict=True)]
        return float(np.mean([(a & t).sum() / (a | t).sum() for a, t in pairs]))

    assert unsteady(calm) < 0.7 * unsteady(mattes)
    assert overlap(calm) > overlap(mattes)


def test_what_waits_is_given_back_in_order_whatever_the_length() -> None:
    for count in range(6):
        mattes = [np.full((96, 192), 40 * number, np.uint8) for number in range(count)]
        calm = smoothed(0.5, [scene(9 * number) for number in range(count)], mattes)
        assert len(calm) == count
        means = [float(alpha.mean()) for alpha in calm]
        assert means == sorted(means)


def test_no_smoothing_changes_nothing_and_a_wrong_strength_is_refused() -> None:
    matte = np.random.default_rng(1).integers(0, 255, (96, 192)).astype(np.uint8)
    smoother = Smoother(0)
    assert smoother.push(scene(0), matte) is matte
    with pytest.raises(InputError, match="smoothing"):
        Smoother(1)
