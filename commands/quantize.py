"""The command `quantize`: parse → call a function → print → exit code."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from .. import quantize as room
from .options import ModelArgument, OutFolder, Quiet
from .settings_options import takes_settings

__all__ = ["register"]

NOT_WORTH_IT = 3

EXIT_HELP = (
    "Exit codes: 0 done, 1 error, 2 wrong usage, 3 no INT8 model keeps the accuracy, or with --if-worth-it: "
    "INT8 is not worth it on this device."
)


def register(app: typer.Typer) -> None:
    """Add `quantize` to the main application."""

    @app.command(rich_help_panel="Models", epilog=EXIT_HELP)
    @takes_settings(room.QuantizeSettings)
    def quantize(
        model: ModelArgument,
        *,
        settings: room.QuantizeSettings,
        out: OutFolder,
        if_worth_it: Annotated[
            bool, typer.Option("--if-worth-it", help="With the verdict: exit with 3 where INT8 is not worth it.")
        ] = False,
        quiet: Quiet = False,
    ) -> None:
        """Quantize an IR to INT8, calibrated on real samples, with accuracy control."""
        from .views import quantize as view

        if settings.data is None:
            view.warn_of_synthetic()
        progress = None if quiet else view.show_step
        result = room.run_quantization(
            model, out, replace(settings, verdict=settings.verdict or if_worth_it, progress=progress)
        )
        view.print_quantization(result)
        if if_worth_it and not (result.verdict and result.verdict.pays):
            raise typer.Exit(NOT_WORTH_IT)
