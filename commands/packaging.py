"""The commands `package` and `verify`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .saying import say

__all__ = ["register"]

_DIFFERS = 3


def register(app: typer.Typer) -> None:
    """Add `package` and `verify` to the main application."""

    @app.command()
    def package(
        artifact: Annotated[Path, typer.Argument(help="An IR, or the folder of an export.", show_default=False)],
        *,
        out: Annotated[Path, typer.Option("--out", "-o", help="Folder or .zip to make.", show_default=False)],
        layout: Annotated[
            Literal["openvino", "ovms", "zip"],
            typer.Option("--format", help="A plain folder, OpenVINO Model Server's repository, or one file."),
        ] = "openvino",
        colour_order: Annotated[
            Literal["RGB", "BGR"], typer.Option(help="Of the pixels in and out; OpenCV's is BGR.")
        ] = "RGB",
        require_commercial: Annotated[
            bool, typer.Option("--require-commercial", help="Refuse weights whose licence forbids commercial use.")
        ] = False,
    ) -> None:
        """Make a deployable folder: pixels of any size in, pixels out, with golden vectors, a card and a checker."""
        from ..deploy import PackageRequest
        from ..deploy import package as make_package

        request = PackageRequest(artifact, out, layout, colour_order, require_commercial)
        say(str(make_package(request)))

    @app.command(epilog="Exit codes: 0 the same answers, 1 the package cannot be used, 3 the answers differ.")
    def verify(
        folder: Annotated[Path, typer.Argument(help="A package.", show_default=False)],
        *,
        device: Annotated[str, typer.Option(help="OpenVINO device: CPU, GPU.0, NPU, …")] = "CPU",
        record: Annotated[
            Path | None, typer.Option("--record", help="Write the differences to this JSON file.")
        ] = None,
    ) -> None:
        """Replay a package's golden vectors on a device and compare with what was recorded."""
        from ..deploy import verify as verify_package
        from ..reports.verification import verification_lines

        outcome = verify_package(folder, device)
        if record:
            outcome.write(record)
        for line in verification_lines(outcome):
            say(line)
        if not outcome.settings["passed"]:
            raise typer.Exit(_DIFFERS)
