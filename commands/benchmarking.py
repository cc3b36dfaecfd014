"""The command `bench`: parse → call a function → print → exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer import Context

__all__ = ["bench_app", "register"]

EXIT_HELP = (
    "Exit codes: 0 done, 1 error, 2 wrong usage, 3 a candidate did not execute what was asked for, 5 some candidates "
    "could not be measured."
)

MEASURE = "run"
"""The command that `mattekit bench ARTIFACT…` means."""


class _MeasureUnlessNamed(TyperGroup):
    """A group whose first word may be left out: what is no command of the group is what `run` measures."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put `run` in front, unless a command or only help is asked for."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [MEASURE, *args]
        return super().parse_args(ctx, args)


bench_app = typer.Typer(
    cls=_MeasureUnlessNamed,
    no_args_is_help=True,
    help="Measure latency per device, interleaved, with evidence: mattekit bench ARTIFACT… (run may be left out).",
)


def register(app: typer.Typer) -> None:
    """Add `bench` to the main application; other modules add their commands to `bench_app`."""
    app.add_typer(bench_app, name="bench")


@bench_app.command(MEASURE, epilog=EXIT_HELP)
def run(
    artifacts: Annotated[
        list[str],
        typer.Argument(
            help="IRs, ONNX files, exports' folders, zoo models, onnxruntime:FILE, torch:MODEL[@CHECKPOINT].",
            show_default=False,
        ),
    ],
) -> None:
    """Measure artifacts on devices, runtimes and settings, in interleaved rounds."""
    raise NotImplementedError(artifacts)
