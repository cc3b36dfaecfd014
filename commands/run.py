"""The command `run`: parse → call the function → print → exit code; and what its parts on their own share with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from ..core import UsageError, flag_of
from ..infer import RunSettings, settle_destination
from .options import Inputs, Out, OutAnywhere, Quiet, RecordFile, Verbose
from .settings_options import Flag, takes_settings

__all__ = ["SHOWN", "add_command", "register"]

SHOWN = {
    "background": Flag(default="none"),
    "shadow": Flag(default="none"),
    "decontaminate": Flag(show_default="where the cut-out is enlarged or laid on something"),
    "memory": Flag(show_default=False),
    "outscale": Flag(show_default="the super-resolution model's"),
    "recursive": Flag(("--recursive/--no-recursive", "-r")),
    "crop": Flag(default="none"),
    "canvas": Flag(show_default="subject"),
    "jobs": Flag(show_default="processors"),
    "address": Flag(show_default="one is started here"),
}
"""What the help says in place of a default that is None."""


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    takes = takes_settings(RunSettings, without=("only_mask", "suffix"), shown=SHOWN)
    said = "Remove the background, improve the resolution, superimpose on a new background."
    needs = ("model", "mask", "sr", "background", "crop", "canvas")
    add_command(app, "run", said, takes, where=OutAnywhere, needs=needs)


def add_command(
    app: typer.Typer,
    name: str,
    said: str,
    takes: Callable[[Callable[..., None]], Callable[..., None]],
    *,
    where: object = Out,
    needs: tuple[str, ...] = (),
) -> None:
    """Add a command over images, which differ in their options alone.

    Args:
        app: to add it to.
        name: of the command.
        said: its help.
        takes: gives it its options, as `takes_settings` does.
        where: the type of the option that says where results go.
        needs: the settings of which one at least must be given, because the command does nothing without.
    """

    def command(
        inputs: Inputs,
        *,
        out: str | None = None,
        settings: RunSettings,
        record: RecordFile = None,
        verbose: Verbose = False,
        quiet: Quiet = False,
    ) -> None:
        if needs and all(getattr(settings, each) is None for each in needs):
            flags = " or ".join(flag_of(each) for each in needs)
            raise UsageError(f"nothing is left for {name} to do; give {flags} something other than none")
        given, place = settle_destination(inputs, out, settings, name)
        _run_and_exit(given, place, settings, record, verbose=verbose, quiet=quiet)

    command.__name__, command.__doc__ = name, said
    command.__annotations__["out"] = where
    app.command(rich_help_panel="Images and video")(takes(command))


def _run_and_exit(
    inputs: list[str], out: str, settings: RunSettings, record: Path | None, *, verbose: bool, quiet: bool
) -> None:
    """Run images, print what becomes of them, and exit with the code for it."""
    from ..cluster import run_with
    from .views.run import RunView

    with RunView(settings, quiet=quiet) as view:
        result = run_with(inputs, out, view.settings, view.watch, lean=True, recorded=verbose or record is not None)
    view.end(result, verbose=verbose or record is not None)
    if record:
        result.record.write(record)
    raise typer.Exit(result.exit_code)
