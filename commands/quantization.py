"""The command `quantize`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import ArithmeticOption, ModelArgument, VariantName
from .views.console import say

__all__ = ["register"]

NOT_WORTH_IT = 3

EXIT_HELP = (
    "Exit codes: 0 done, 1 error, 2 wrong usage, 3 no INT8 model keeps the accuracy, or with --if-worth-it: "
    "INT8 is not worth it on this device."
)


def register(app: typer.Typer) -> None:
    """Add `quantize` to the main application."""

    @app.command(rich_help_panel="Models", epilog=EXIT_HELP)
    def quantize(
        model: ModelArgument,
        *,
        out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)],
        data: Annotated[
            str | None,
            typer.Option(
                help="Samples to calibrate on: a folder, LAYOUT:FOLDER, images=…,masks=…; else the synthetic set."
            ),
        ] = None,
        validation: Annotated[
            str | None,
            typer.Option(help="Samples to measure on; each fifth of --data is kept back for it if left out."),
        ] = None,
        samples: Annotated[int, typer.Option(min=1, help="Calibrate on at most so many.")] = 300,
        validation_samples: Annotated[int, typer.Option(min=1, help="Measure on at most so many.")] = 60,
        preset: Annotated[
            Literal["mixed", "performance"] | None, typer.Option(help="Of the quantizers; the recipe's if left out.")
        ] = None,
        max_drop: Annotated[
            str | None, typer.Option(help="Accuracy control: METRIC=LIMIT, such as iou=0.01 or psnr_y=0.1.")
        ] = None,
        against: Annotated[
            Literal["truth", "source"],
            typer.Option(help="What answers are compared with: the truth, or FP32's."),
        ] = "truth",
        device: Annotated[str, typer.Option(help="OpenVINO device: CPU, GPU.0, NPU, …")] = "CPU",
        arithmetic: ArithmeticOption = "f32",
        ignore_scope: Annotated[
            Path | None, typer.Option(help="A file of layers that stay as they are, one name a line.")
        ] = None,
        recipe: Annotated[
            str | None, typer.Option(help="A TOML file, or none; that of the model's family if left out.")
        ] = None,
        patch: Annotated[
            int | None, typer.Option(min=16, help="Of super-resolution: side of a calibration patch in pixels.")
        ] = None,
        tile: Annotated[int, typer.Option(min=0, help="Of super-resolution: side of a tile when measuring.")] = 256,
        verdict: Annotated[
            bool, typer.Option("--verdict", help="Benchmark FP32, FP16 and INT8 beside each other on the device.")
        ] = False,
        if_worth_it: Annotated[
            bool, typer.Option("--if-worth-it", help="With the verdict: exit with 3 where INT8 is not worth it.")
        ] = False,
        name: VariantName = None,
        rounds: Annotated[int, typer.Option(min=5, help="Of the verdict: rounds in which the models take turns.")] = 30,
    ) -> None:
        """Quantize an IR to INT8, calibrated on real samples, with accuracy control."""
        from ..core import parse_name
        from ..quantize import QuantizeRequest, QuantizeSettings, compress, parse_max_drop, read_scope
        from .views.bench import print_benchmark

        settings = QuantizeSettings(
            samples=samples,
            preset=preset,
            max_drop=parse_max_drop(max_drop),
            device=device,
            arithmetic=arithmetic,
            ignored=read_scope(ignore_scope) if ignore_scope else (),
            recipe=recipe,
            patch=patch,
            against=against,
            name=parse_name(name),
        )
        if data is None:
            typer.secho(
                "mattekit: WARNING: without --data, INT8 is calibrated on synthetic images, which look like no "
                "photo; its accuracy on yours may be poor: give --data a folder of your own",
                err=True,
                bold=True,
            )
        request = QuantizeRequest(
            model=model,
            out=out,
            settings=settings,
            data=data,
            validation=validation,
            validation_samples=validation_samples,
            tile=tile,
            worth=verdict or if_worth_it,
            rounds=rounds,
        )
        outcome = compress(request, _say_step)
        if outcome.bench:
            print_benchmark(outcome.bench)
        say(outcome.text)
        if if_worth_it and not outcome.worth_it:
            raise typer.Exit(NOT_WORTH_IT)


def _say_step(what: str, done: int, expected: int | None) -> None:
    """A line for each step, on a terminal or not: it says what was found out, and stays."""
    say(f"[{done} of about {expected}] {what}" if expected and expected > done else f"[{done}] {what}", err=True)
