"""The command `parity`: parse → call functions → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import ArithmeticOption, ModelArguments
from .views.console import say

__all__ = ["register"]

BROKEN = 3

EXIT_HELP = "Exit codes: 0 every stage is within its limit, 1 error, 2 wrong usage, 3 a stage is beyond its limit."


def register(app: typer.Typer) -> None:
    """Add `parity` to the main application."""

    @app.command(rich_help_panel="Models", epilog=EXIT_HELP)
    def parity(
        artifacts: ModelArguments,
        *,
        data: Annotated[
            str, typer.Option(help="Real images with their truth: a folder, LAYOUT:FOLDER, images=…,masks=….")
        ] = "synthetic",
        limit: Annotated[int, typer.Option(min=1, help="Take so many samples, spread evenly.")] = 8,
        device: Annotated[str, typer.Option(help="OpenVINO device of the IRs: CPU, GPU.0, NPU, …")] = "CPU",
        arithmetic: ArithmeticOption = "f32",
        layers: Annotated[
            Path | None,
            typer.Option(help="Write the layers that lose most in INT8 to this file, for quantize --ignore-scope."),
        ] = None,
        record: Annotated[Path | None, typer.Option(help="Write what was measured to this JSON file.")] = None,
    ) -> None:
        """Run the same images through every stage, torch to INT8, and name the first that moves the answers."""
        from ..bench import check_stages, noisiest_layers, open_stages, write_scope
        from ..datasets import open_dataset
        from .views.parity import print_parity
        from .views.progress import ProgressBar

        stages = open_stages(artifacts, device, arithmetic)
        dataset = open_dataset(data, scale=stages[0].contract.output.scale).take(limit)
        with ProgressBar() as bar:
            measured = check_stages(stages, dataset, progress=bar.counts)
        print_parity(measured)
        if record:
            measured.write(record)
        if layers:
            found = noisiest_layers(stages, dataset.take(3))
            write_scope(found, layers)
            say(f"{layers}: {len(found)} layers; the noisiest is {found[0].name} ({found[0].snr:.1f} dB)")
        broken = measured.first_broken
        if broken:
            say(f"the first stage beyond its limit is {broken.after}: {broken.broken}")
            raise typer.Exit(BROKEN)
        say("every stage is within its limit")
