"""Does `mattekit bench` measure what OpenVINO's own `benchmark_app` measures? Both take turns on the same IR.

    python tools/benchmark_app_agreement.py MODEL.xml [--device CPU] [--hint latency,throughput] [--seconds 1]
        [--rounds 40] [--loops] [--record FILE]

In each round both get the same device, hint, shape and duration, in a shuffled order, so that whatever else the machine
does falls on both alike: benchmark_app in a new process, mattekit in one that sleeps in between, as in its benchmarks.
Many short rounds tell more than a few long ones. Where a machine's speed changes within seconds,
`--loops` compares the loops alone: benchmark_app's own class and mattekit's in one process, four inferences in turn,
each on its own compilation. Compared are, under the latency hint, the medians of the latencies
of single inferences; under the throughput hint, the times per inference with as many in flight as the device calls
optimal. The two agree if the ratio of the two, round by round, lies within 3% of 1 with the whole of its 95% interval.

Exit codes: 0 they agree, 3 they do not, 4 the interval is too wide to tell: run longer, or on a quieter machine.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import openvino
from mattekit import BenchmarkSettings, Execution, Measurement, Scenario, Unit
from mattekit.bench.latency.benchmark import interleave
from mattekit.bench.latency.candidates import Candidate, plan
from mattekit.bench.latency.process import WorkerProcess
from mattekit.bench.latency.scenarios import run_burst
from mattekit.bench.latency.trials import RATIO
from mattekit.bench.latency.worker import Worker
from mattekit.bench.significance import TimeDifference, compare_rounds
from mattekit.core import MODEL, Hint, PeerRecord
from mattekit.infer import compile_model, read_model, this_machine

WITHIN = 0.03
SLICE = 4
"""Inferences in a turn of `--loops`."""
_HINTS: tuple[Hint, ...] = ("latency", "throughput")


def ours(worker: WorkerProcess, seconds: float) -> float:
    """Return milliseconds of an inference by mattekit's loop."""
    latency = worker.candidate.hint == "latency"
    burst = worker.call(Worker.burst, Scenario("single-stream" if latency else "offline"), None, seconds)
    return median(burst.latencies_ms) if latency else burst.wall_ms / len(burst.latencies_ms)


def theirs(candidate: Candidate, seconds: float) -> float:
    """Return milliseconds of an inference by benchmark_app, from its report."""
    program = shutil.which("benchmark_app") or str(Path(sys.executable).with_name("benchmark_app"))
    with tempfile.TemporaryDirectory() as folder:
        options = {
            "-m": candidate.variant.path,
            "-d": candidate.device,
            "-hint": candidate.hint,
            "-t": max(1, round(seconds)),
            "-shape": str(list(candidate.shape)).replace(" ", ""),
            "-report_type": "no_counters",
            "-report_folder": folder,
        }
        command = [program, "-json_stats", *(str(each) for pair in options.items() for each in pair)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"benchmark_app failed:\n{done.stdout[-2000:]}{done.stderr[-1000:]}")
        (report,) = Path(folder).glob("*.json")
        results = json.loads(report.read_text(encoding="utf-8"))["execution_results"]
    if candidate.hint == "latency":
        return float(results["latency (ms)"])
    return float(results["total execution time (ms)"]) / float(results["total number of iterations"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--device", default="CPU")
    parser.add_argument("--hint", default="latency,throughput")
    parser.add_argument("--seconds", type=int, default=1, help="of each in each round")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--loops", action="store_true", help="both loops in one process, a few inferences in turn")
    parser.add_argument("--record", type=Path)
    args = parser.parse_args()
    hints: tuple[Hint, ...] = tuple(hint for hint in _HINTS if hint in args.hint.split(","))
    planned = plan([args.model], BenchmarkSettings(device=(args.device,), hint=hints, require_device=True))
    figures: list[Measurement] = []
    samples: dict[str, tuple[float, ...]] = {}
    codes: list[int] = []
    length = f"{SLICE} inferences" if args.loops else f"{args.seconds} s"
    for candidate in (each.candidate for each in planned):
        found = loops(candidate, args.rounds) if args.loops else in_turn(candidate, args.rounds, args.seconds)
        difference = compare_rounds([[ms] for ms in found["benchmark_app"]], [[ms] for ms in found["mattekit"]])
        code, verdict = judged(difference)
        codes.append(code)
        print(
            f"{candidate.key}: benchmark_app {median(found['benchmark_app']):.2f} ms, mattekit "
            f"{median(found['mattekit']):.2f} ms, speed-up {difference.speedup:.4f} ({difference.low:.4f} to "
            f"{difference.high:.4f}) over {args.rounds} rounds of {length}: {verdict}",
            flush=True,
        )
        samples |= {f"{candidate.key}: {name}": tuple(values) for name, values in found.items()}
        figures += measured(candidate, difference)
    if args.record:
        settings = {"seconds": args.seconds, "rounds": args.rounds, "within": WITHIN, "loops": args.loops}
        PeerRecord(
            machine=this_machine(),
            peer=f"benchmark_app of OpenVINO {metadata.version('openvino')}",
            settings=settings,
            measurements=tuple(figures),
            samples=samples,
        ).write(args.record)
    return max(codes, key=(0, 4, 3).index)


def measured(candidate: Candidate, difference: TimeDifference) -> list[Measurement]:
    """Return how many times as fast as benchmark_app mattekit is, and how sure that is."""
    speedup = Measurement(
        metric="speedup",
        value=difference.speedup,
        unit=RATIO,
        higher_is_better=True,
        interval=(difference.low, difference.high),
        variants=(candidate.variant.ref(),),
        executions=(asked(candidate),),
        candidate=candidate.key,
        stage=MODEL,
        baseline="benchmark_app",
    )
    row = {"metric": "p_value", "value": difference.p_value, "unit": Unit("p"), "interval": None}
    return [speedup, speedup.model_copy(update={**row, "higher_is_better": None})]


def asked(candidate: Candidate) -> Execution:
    """Return how both were told to run the network."""
    return Execution(
        runtime=candidate.runtime,
        device=candidate.device,
        arithmetic="" if candidate.arithmetic == "device" else candidate.arithmetic,
        size=(candidate.height, candidate.width),
        batch=candidate.batch,
        hint=candidate.hint or "",
        streams=candidate.streams or 0,
        threads=candidate.threads,
    )


def in_turn(candidate: Candidate, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Return milliseconds of an inference in each round: the two programs, each in its own process."""
    with WorkerProcess(candidate) as worker:
        worker.call(Worker.open, 1)
        return interleave(
            {"benchmark_app": lambda _: theirs(candidate, seconds), "mattekit": lambda _: ours(worker, seconds)}, rounds
        )


class Batches:
    """What benchmark_app's loop asks for the number of images in the next inference."""

    def get_next_batch_size(self) -> int:
        return 1


def loops(candidate: Candidate, rounds: int) -> dict[str, list[float]]:
    """Return milliseconds of an inference in each round: benchmark_app's loop and mattekit's, in this process."""
    from openvino.tools.benchmark.benchmark import Benchmark

    latency = candidate.hint == "latency"
    bound = candidate.open().bind(candidate.sample_input())
    other = compile_model(read_model(candidate.variant.path, candidate.shape), candidate.settings)
    tensor = openvino.Tensor(candidate.sample_input(), shared_memory=False)
    count = other.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
    requests: Any = [other.create_infer_request()] if latency else openvino.AsyncInferQueue(other, count)
    for request in requests:
        request.set_input_tensor(tensor)
    app: Any = Benchmark(candidate.device, count, SLICE, 0, "sync" if latency else "async", True, 0)
    app.duration_seconds = 0
    scenario = Scenario("single-stream" if latency else "offline")

    def by_app(_: int) -> float:
        _, middle, _, _, _, total, iterations = app.main_loop(requests, Batches(), [1], 50, False)
        return middle if latency else total / iterations * 1000

    def by_us(_: int) -> float:
        burst = run_burst(bound, scenario, iterations=SLICE, seconds=None)
        return median(burst.latencies_ms) if latency else burst.wall_ms / len(burst.latencies_ms)

    for warm_up in (by_app, by_us):
        warm_up(0)
    return interleave({"benchmark_app": by_app, "mattekit": by_us}, rounds)


def judged(difference: TimeDifference) -> tuple[int, str]:
    inside = difference.low >= 1 - WITHIN and difference.high <= 1 + WITHIN
    if inside:
        return 0, f"they agree within {WITHIN:.0%}"
    if difference.high < 1 - WITHIN or difference.low > 1 + WITHIN:
        return 3, f"they differ by more than {WITHIN:.0%}"
    return 4, f"the interval is too wide to say whether they agree within {WITHIN:.0%}"


if __name__ == "__main__":
    sys.exit(main())
