"""The commands `package` and `verify`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import ArithmeticOption, ModelArgument
from .views.console import say

__all__ = ["register"]

_DIFFERS = 3


def register(app: typer.Typer) -> None:
    """Add `package` and `verify` to the main application."""

    @app.command(rich_help_panel="Deploy")
    def package(
        model: ModelArgument,
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
        arithmetic: ArithmeticOption = "f32",
        model_version: Annotated[
            int | None, typer.Option(min=1, help="Of the model in a server's repository; the next one unless given.")
        ] = None,
    ) -> None:
        """Make a deployable folder: pixels of any size in, pixels out, with golden vectors, a card and a checker."""
        from ..package import PackageRequest, package as make_package

        if model_version and layout != "ovms":
            raise typer.BadParameter("--model-version is for --format ovms; add that, or leave it out")
        request = PackageRequest(model, out, layout, colour_order, require_commercial, arithmetic, model_version)
        say(str(make_package(request)))

    @app.command(
        rich_help_panel="Deploy",
        epilog="Exit codes: 0 the same answers, 1 the package cannot be used, 3 the answers differ.",
    )
    def verify(
        folder: Annotated[Path, typer.Argument(help="A package, or a repository of them.", show_default=False)],
        *,
        device: Annotated[str, typer.Option(help="OpenVINO device: CPU, GPU.0, NPU, …")] = "CPU",
        arithmetic: ArithmeticOption = "f32",
        record: Annotated[
            Path | None, typer.Option("--record", help="Write the differences to this JSON file.")
        ] = None,
    ) -> None:
        """Replay a package's golden vectors on a device and compare with what was recorded."""
        from ..convert import others_in
        from ..package import verify_all
        from .views.verify import verification_lines

        outcome = verify_all(folder, device, arithmetic)
        if record:
            outcome.write(record)
        for line in verification_lines(outcome):
            say(line)
        for other in others_in(folder):
            say(f"{other}: not packaged by mattekit, so it was not checked")
        if not outcome.passed:
            raise typer.Exit(_DIFFERS)
