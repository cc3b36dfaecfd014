"""Does a comparison find what is there, and nothing else? Effects of a known size are planted, and then looked for.

    python tools/planted_effects.py [--data ecssd_val] [--rounds 20] [--burst 0.15]

A small network runs on this machine in interleaved rounds, as in a benchmark. Of two that are the same one spins for a
share of its time: 20% must be found in 10 of 10 runs; 5% must be found, or answered with the rounds that it takes.
Forty comparisons of the network with itself, four to a table that share their 5%, may claim 3 differences at most. With
a data set (`images` and `masks` in a folder), a share of each mask's pixels is taken away, so that the IoU drops by
0.02, and the drop must be found. The exit code is 1 where one of these fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from mattekit import open_model
from mattekit.bench import drop_interval, model_predictor, validate
from mattekit.bench.latency.benchmark import interleave
from mattekit.bench.significance import TimeDifference, compare_rounds, shared_confidence
from mattekit.datasets import AlphaMatte, Sample, open_dataset

RUNS, TABLE, TABLES, MOST_CLAIMED = 10, 4, 10, 3
DROP = 0.02
SIDE = 64

Burst = Callable[[int], list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with images and masks")
    parser.add_argument("--limit", type=int, default=200, help="samples of it")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--burst", type=float, default=0.15, help="seconds of a candidate in a round")
    options = parser.parse_args()
    shape = (1, 3, SIDE, SIDE)
    runtime = open_model("srlite-x2").runtime
    bound = runtime.bind(np.random.default_rng(0).random(shape, dtype=np.float32))

    def candidate(slower: float) -> Burst:
        return lambda _round: burst(bound.infer, options.burst, slower)

    def table(*slower: float) -> list[TimeDifference]:
        """Compare candidates that are slower by these shares with one that is not."""
        runs = {str(place): candidate(share) for place, share in enumerate((0.0, *slower))}
        times = interleave(runs, options.rounds)
        return [compare_rounds(times["0"], times[name], claims=len(slower)) for name in list(runs)[1:]]

    candidate(0.0)(0)
    failed = False
    for share in (0.2, 0.05):
        found = [table(share)[0] for _ in range(RUNS)]
        slower = [one for one in found if one.verdict == "slower"]
        answered = [one for one in found if one.verdict != "slower" and one.more]
        needed = ", ".join(str(one.more) for one in answered)
        print(
            f"planted {share:.0%}: found in {len(slower)} of {RUNS}, median speed-up "
            f"{median(one.speedup for one in found):.3f} (exact: {1 / (1 + share):.3f})"
            + (f"; {len(answered)} answered with further rounds: {needed}" if answered else "")
        )
        failed |= len(slower) + (0 if share == 0.2 else len(answered)) < RUNS
    same = [one for _ in range(TABLES) for one in table(*[0.0] * TABLE)]
    claimed = [one for one in same if one.verdict in {"faster", "slower"}]
    said = "; ".join(f"{one.speedup:.3f} ({one.low:.3f} to {one.high:.3f})" for one in claimed)
    print(f"the same network: {len(claimed)} of {len(same)} called different{f': {said}' if said else ''}")
    failed |= len(claimed) > MOST_CLAIMED
    if options.data:
        failed |= not drop_is_found(options.data, options.limit)
    sys.exit(failed)


def burst(infer: Callable[[], object], seconds: float, slower: float) -> list[float]:
    """Return milliseconds of each call; each is followed by spinning for a share of its own time."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        began = time.perf_counter()
        infer()
        until = began + (time.perf_counter() - began) * (1 + slower)
        while time.perf_counter() < until:
            pass
        times.append((time.perf_counter() - began) * 1000)
    return times


def drop_is_found(folder: Path, limit: int) -> bool:
    """Take so much of each mask away that the mean IoU drops by `DROP`, and look for the drop."""
    dataset = open_dataset(str(folder), task="segmentation").take(limit)
    predictor = model_predictor(open_model("mattelite"))
    answer = predictor.alpha
    assert answer is not None
    kept: dict[str, AlphaMatte] = {}

    def whole(sample: Sample) -> AlphaMatte:
        return kept.setdefault(sample.id, answer(sample))

    (before,) = validate([replace(predictor, alpha=whole)], dataset, metrics=["iou"])
    mean = before.measurements[0].value or 0.0
    rng = np.random.default_rng(0)

    def thinned(sample: Sample) -> AlphaMatte:
        alpha = whole(sample)
        # Of masks that cover the truth, the IoU drops by the share that is taken away.
        return np.where(rng.random(alpha.shape) < DROP / mean, 0, alpha).astype(np.float32)

    (after,) = validate([replace(predictor, alpha=thinned)], dataset, metrics=["iou"])
    old, new = (record.table.values["iou"] for record in (before, after))
    pairs = [(a, b) for a, b in zip(old, new, strict=True) if a is not None and b is not None]
    series = [one for one, _ in pairs], [other for _, other in pairs]
    low, high = drop_interval(*series, confidence=shared_confidence(2))
    drop = float(np.mean(series[0]) - np.mean(series[1]))
    print(f"planted IoU drop of {DROP}: {drop:.4f} ({low:.4f} to {high:.4f}) on {len(pairs)} samples of {dataset.name}")
    return low > 0


if __name__ == "__main__":
    main()
