"""The command line: the application, its commands, and what becomes of an error."""

from __future__ import annotations

import atexit
import ctypes
import gc
import io
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from .commands import (
    bench,
    bench_compare,
    build,
    compare,
    contract,
    datasets,
    doctor,
    export,
    gate,
    init,
    models,
    models_fetch,
    models_show,
    package,
    parity,
    plan,
    quantize,
    remove,
    report,
    run,
    superimpose,
    upscale,
    validate,
    verify,
    video,
)
from .core import InputError, MattekitError, __version__

__all__ = ["app", "main"]

_INTERRUPTED = 130
"""What Typer ends with after Ctrl-C."""


class _Commands(TyperGroup):
    """The commands; a file in the place of a command's name is an image whose background is to be removed."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command, and the arguments for it."""
        if args and self.get_command(ctx, args[0]) is None and Path(args[0]).is_file():
            return super().resolve_command(ctx, ["remove", *args])
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="mattekit",
    cls=_Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="A checkpoint goes in, a deployable OpenVINO model comes out, with the evidence.",
    epilog="Exit codes: 0 done, 1 an input cannot be used, 2 wrong usage, 3 a check or gate failed, "
    "4 not enough evidence, 5 some of several inputs failed.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"mattekit {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take in options that belong to no command."""
    del version


# In the order of work, which is that of the help.
export.register(app)
models.register(app)
models_show.register(models.models_app)
models_fetch.register(models.models_app)
parity.register(app)
quantize.register(app)
validate.register(app)
gate.register(app)
datasets.register(app)
bench.register(app)
bench_compare.register(bench.bench_app)
compare.register(app)
plan.register(app)
report.register(app)
for command in (run, remove, upscale, superimpose, video):
    command.register(app)
package.register(app)
verify.register(app)
init.register(app)
build.register(app)
contract.register(app)
doctor.register(app)


def main() -> None:
    """Run the command line; errors that mattekit raises on purpose become one sentence and an exit code."""
    # What OpenVINO and NNCF would tell their makers of each use, from a process that a Ctrl-C ends with a traceback.
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType, reportCallIssue]
    # What the interpreter would go through at its end, to free what the process gives back anyway: 0.14 s.
    atexit.register(gc.freeze)
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is written out, such as \xfc, and ends nothing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(standalone_mode=True)
    except MattekitError as error:
        _end(error)
    except OSError as error:
        _end(InputError.of_system(error))
    except MemoryError:
        _end(InputError("there is not enough memory; give smaller inputs, or fewer at a time"))
    except ImportError as error:
        # What a native module makes of a Ctrl-C while it is brought in.
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        _say_interrupted()
        sys.exit(_INTERRUPTED)
    except SystemExit as stop:
        if stop.code == _INTERRUPTED:
            _say_interrupted()
        raise


def _say_interrupted() -> None:
    # An interrupt inside of Python code that a library ran by itself is remembered, and would make the interpreter end
    # itself by a signal in place of the exit code; the next code that is run forgets it.
    ctypes.pythonapi.PyRun_SimpleString(b"")
    sys.stderr.write("mattekit: interrupted; what was not finished was removed\n")


def _end(error: MattekitError) -> NoReturn:
    sys.stderr.write(f"mattekit: {error}\n")
    from .reports import print_error

    print_error("mattekit", str(error))
    sys.exit(error.exit_code)
