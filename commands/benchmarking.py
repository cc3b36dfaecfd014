"""The command `bench`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .options import ModelArguments
from .views.console import say

__all__ = ["bench_app", "register"]

EXIT_HELP = (
    "Exit codes: 0 done, 1 error, 2 wrong usage, 3 a candidate did not execute what was asked for, 5 some candidates "
    "could not be measured."
)

MEASURE = "run"
"""The command that `mattekit bench ARTIFACT…` means."""


class _MeasureUnlessNamed(TyperGroup):
    """A group whose first word may be left out: what is no command of the group is what `run` measures, or its help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` in front, unless a command is named."""
        if args and args[0] not in self.commands:
            args = [MEASURE, *args]
        return super().parse_args(ctx, args)


bench_app = typer.Typer(
    cls=_MeasureUnlessNamed,
    no_args_is_help=True,
    help="Measure latency per device, interleaved, with evidence: mattekit bench ARTIFACT… (run may be left out).",
)


def register(app: typer.Typer) -> None:
    """Add `bench` to the main application; other modules add their commands to `bench_app`."""
    app.add_typer(bench_app, name="bench", rich_help_panel="Evidence")


@bench_app.command(MEASURE, epilog=EXIT_HELP)
def run(
    artifacts: ModelArguments,
    *,
    device: Annotated[str, typer.Option(help="OpenVINO devices: CPU,GPU,NPU,AUTO; of a list in one, AUTO:GPU+CPU.")] = (
        "CPU"
    ),
    arithmetic: Annotated[
        str, typer.Option(help="What is computed in: f32,bf16,f16, or device: what the device does unless told.")
    ] = "f32",
    runtime: Annotated[
        str, typer.Option(help="Of artifacts that do not name one, such as openvino,onnxruntime,torch.")
    ] = "openvino",
    hint: Annotated[str, typer.Option(help="latency,throughput")] = "latency",
    streams: Annotated[str, typer.Option(help="Numbers with commas between, or auto: left to the hint.")] = "auto",
    batch: Annotated[str, typer.Option(help="Images in one inference; numbers with commas between.")] = "1",
    size: Annotated[
        str | None,
        typer.Option(help="Input sizes, N or HEIGHTxWIDTH with commas between; the model's own if left out."),
    ] = None,
    precision: Annotated[str | None, typer.Option(help="Of the artifacts: fp32,fp16,int8; all if left out.")] = None,
    scenario: Annotated[str, typer.Option(help="single-stream, offline, or server:QPS.")] = "single-stream",
    seconds: Annotated[float, typer.Option(min=0.001, help="Of each candidate, in all rounds together.")] = 10.0,
    iterations: Annotated[int | None, typer.Option(min=1, help="In place of the seconds.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often the candidates take turns; verdicts need 12.")] = 20,
    warm_up: Annotated[int, typer.Option(min=0, help="Inferences before the rounds.")] = 3,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Of every candidate on the CPU; all cores if left out.")
    ] = (None),
    end_to_end: Annotated[
        Path | None, typer.Option(help="A folder of images: also decode, pre, infer, post and encode.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Words of the candidate that others are compared with; the first if left out.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Accuracy beside latency on: a folder, LAYOUT:FOLDER, …")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Of --data: so many samples, spread evenly.")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="List the layers by time, beside the roofline.")] = False,
    require_device: Annotated[
        bool, typer.Option("--require-device", help="End with an error where a device is missing.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option("--record", "-o", help="Write what was measured to this file; else it is kept in the cache."),
    ] = None,
) -> None:
    """Measure models on devices, runtimes and settings, in interleaved rounds, each in a process of its own.

    Two records are compared by: mattekit bench compare BEFORE AFTER
    """
    from ..bench import Words, benchmark_exit_code, int8_verdicts, keep, parse_request, run_benchmark
    from .views.bench import print_benchmark
    from .views.progress import ProgressBar

    words = Words(
        device=device,
        arithmetic=arithmetic,
        runtime=runtime,
        hint=hint,
        streams=streams,
        batch=batch,
        size=size,
        precision=precision,
    )
    request = parse_request(
        artifacts,
        words,
        scenario=scenario,
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
        samples=limit,
    )
    with ProgressBar() as bar:
        found = run_benchmark(request, bar.counts)
    # Written first: a table that cannot be printed must not lose the measurement.
    kept = keep(found, record)
    print_benchmark(found)
    for verdict in int8_verdicts(found):
        say(verdict.sentence)
    say(kept.sentence)
    if kept.error is not None:
        raise kept.error
    raise typer.Exit(benchmark_exit_code(found))
