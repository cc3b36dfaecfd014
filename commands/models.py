"""The commands around the zoo, `models` and `export`: parse → call functions → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import Offline, Out, VariantName

__all__ = ["models_app", "register"]

models_app = typer.Typer(help="The zoo: list its models, show one, fetch its weights.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add `export` and `models` to the main application."""
    app.add_typer(models_app, name="models", rich_help_panel="Models")

    @app.command(rich_help_panel="Models")
    def export(
        model: Annotated[
            str,
            typer.Argument(help="A model of the zoo, ID or ID@CHECKPOINT; see: mattekit models", show_default=False),
        ],
        *,
        out: Out,
        weights: Annotated[Path | None, typer.Option(help="A checkpoint of yours instead of the zoo's.")] = None,
        precision: Annotated[Literal["fp32", "fp16"], typer.Option(help="Of the stored weights.")] = "fp32",
        route: Annotated[
            Literal["onnx", "direct"], typer.Option(help="PyTorch → ONNX → IR, or PyTorch → IR.")
        ] = "onnx",
        exporter: Annotated[
            Literal["torchscript", "dynamo"], typer.Option(help="Which of PyTorch's ONNX exporters.")
        ] = "torchscript",
        size: Annotated[str | None, typer.Option(help="Fixed input size: N or HEIGHTxWIDTH.")] = None,
        dynamic: Annotated[bool, typer.Option("--dynamic", help="Leave height and width free.")] = False,
        batch: Annotated[str, typer.Option(help="A number, or dynamic.")] = "1",
        heads: Annotated[Literal["fused", "all"], typer.Option(help="A U²-Net's fused head, or all seven.")] = "fused",
        images: Annotated[
            list[str] | None,
            typer.Option(help="Images for the comparison of the steps: files, folders or globs; repeatable."),
        ] = None,
        name: VariantName = None,
        offline: Offline = False,
    ) -> None:
        """Export a checkpoint to ONNX and OpenVINO IR, comparing each step with the one before on real images."""
        from ..convert import ExportSettings, export_model, parse_batch, parse_size
        from ..core import parse_name
        from ..infer import collect_inputs
        from ..models import entry_of
        from .views.progress import ProgressBar
        from .views.terminal import print_export

        settings = ExportSettings(
            precision=precision,
            route=route,
            exporter=exporter,
            size=parse_size(size),
            dynamic=dynamic,
            batch=parse_batch(batch),
            heads=heads,
            name=parse_name(name),
        )
        entry, checkpoint = entry_of(model, weights)
        with ProgressBar() as bar:
            report = export_model(
                entry,
                out,
                settings,
                weights=checkpoint,
                images=collect_inputs(images) if images else (),
                offline=offline,
                progress=bar.bytes,
            )
        print_export(report.variants, report.record, report.record_path)


@models_app.callback()
def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the models."""
    if context.invoked_subcommand is None:
        from ..convert import all_specs
        from .views.terminal import print_models

        print_models(all_specs(), as_json=as_json)


@models_app.command("show")
def models_show(
    model: Annotated[str, typer.Argument(help="A model of the zoo.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show one model: contract, weights, licences, and its card where mattekit carries one."""
    from ..convert import get
    from .views.terminal import print_model

    print_model(get(model), as_json=as_json)


@models_app.command("fetch")
def models_fetch(
    model: Annotated[str, typer.Argument(help="A model of the zoo.", show_default=False)],
    offline: Offline = False,
) -> None:
    """Download a model's weights into the cache and verify them."""
    from ..convert import get, retrieve
    from .views.progress import ProgressBar
    from .views.terminal import print_fetched

    spec = get(model)
    with ProgressBar() as bar:
        fetched = retrieve(spec, offline=offline, progress=bar.bytes)
    print_fetched(spec, fetched)
