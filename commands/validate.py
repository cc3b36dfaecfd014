"""The command `validate`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..bench import EvaluationSettings
from .gate import EXIT_HELP
from .options import JsonOption, JunitOption, MarkdownOption, ModelArguments, Quiet
from .settings import Flag, takes_settings

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add `validate` to the main application."""

    @app.command(rich_help_panel="Evidence", epilog=EXIT_HELP)
    @takes_settings(EvaluationSettings, out=Flag(("--out", "-o"), default=Path("validation")))
    def validate(
        models: ModelArguments,
        *,
        settings: EvaluationSettings,
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
        from dataclasses import replace

        from ..bench import read_gates, run_evaluation
        from ..core import load_records
        from ..reports import check_gates
        from .views.gate import print_verdicts
        from .views.progress import ProgressBar
        from .views.validate import print_validation

        if gate is None and (baseline or junit or markdown or json_):
            raise typer.BadParameter("--baseline, --junit, --markdown and --json are for verdicts; give --gate too")
        # Mistakes in small files are found before a model runs.
        if gate:
            read_gates(gate)
        load_records(baseline or [])
        with ProgressBar(show=not quiet) as bar:
            result = run_evaluation(models, data, replace(settings, progress=bar.counts))
        print_validation(result, settings)
        if gate:
            judged = check_gates(result.records, gate, baseline=tuple(baseline or []))
            print_verdicts(judged)
            judged.publish(junit=junit, markdown=markdown, json=json_)
            raise typer.Exit(judged.exit_code)
