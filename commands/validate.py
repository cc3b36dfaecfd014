"""The command `validate`: parse → call a function → print → exit code."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .. import bench as room
from .gate import EXIT_HELP
from .options import JsonOption, JunitOption, MarkdownOption, ModelArguments, Quiet
from .settings_options import Flag, takes_settings

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add `validate` to the main application."""

    @app.command(rich_help_panel="Evidence", epilog=EXIT_HELP)
    @takes_settings(room.EvaluationSettings, out=Flag(("--out", "-o"), default=Path("validation")))
    def validate(
        models: ModelArguments,
        *,
        settings: room.EvaluationSettings,
        data: Annotated[
            str, typer.Option(help="A folder, LAYOUT:FOLDER, synthetic, or images=…,masks=….", show_default=False)
        ],
        gate: Annotated[Path | None, typer.Option("--gate", "--gates", help="A TOML file of gates.")] = None,
        baseline: Annotated[
            list[Path] | None, typer.Option(help="A record of an earlier validation, for drops; repeatable.")
        ] = None,
        junit: JunitOption = None,
        markdown: MarkdownOption = None,
        json_: JsonOption = None,
        quiet: Quiet = False,
    ) -> None:
        """Measure models on a data set: a table, records, the worst samples, and gates' verdicts."""
        from ..core import load_records
        from ..reports import check_gates, published_errors
        from .views import gate as gate_view, progress, validate as view

        if gate is None and (baseline or junit or markdown or json_):
            raise typer.BadParameter("--baseline, --junit, --markdown and --json are for verdicts; give --gate too")
        with published_errors(junit=junit, markdown=markdown, json=json_) if gate else nullcontext():
            # Mistakes in small files are found before a model runs.
            if gate:
                room.read_gates(gate)
            load_records(baseline or [])
            with progress.ProgressBar(show=not quiet) as bar:
                result = room.run_evaluation(models, data, replace(settings, progress=bar.counts))
        view.print_validation(result, settings)
        if gate:
            judged = check_gates(result.records, gate, baseline=tuple(baseline or []))
            gate_view.print_verdicts(judged)
            judged.publish(junit=junit, markdown=markdown, json=json_)
            raise typer.Exit(judged.exit_code)
