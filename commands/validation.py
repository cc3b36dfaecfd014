"""The commands `validate` and `datasets`: parse → call functions → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Address, ArithmeticOption, Engine, JsonOption, JunitOption, MarkdownOption, ModelArguments
from .saying import say

__all__ = ["datasets_app", "register"]

EXIT_HELP = "Exit codes: 0 passed, 1 error, 2 wrong usage, 3 a gate failed, 4 not enough evidence."

datasets_app = typer.Typer(help="Data sets: list the layouts, show, check or fetch one, make the synthetic one.")

DataSet = Annotated[str, typer.Argument(help="A folder, LAYOUT:FOLDER, synthetic, or images=…,masks=….")]
ScaleOption = Annotated[int, typer.Option(min=1, help="Of super-resolution: how much larger the truth is.")]
GateOption = Annotated[Path | None, typer.Option("--gate", "--gates", help="A TOML file of gates.")]
BaselineOption = Annotated[
    list[Path] | None, typer.Option(help="A record of an earlier validation, for drops; repeatable.")
]


def register(app: typer.Typer) -> None:
    """Add `validate` and `datasets` to the main application."""

    @app.command(rich_help_panel="Evidence", epilog=EXIT_HELP)
    def validate(
        artifacts: ModelArguments,
        *,
        data: Annotated[
            str,
            typer.Option(help="A folder, LAYOUT:FOLDER, synthetic, or images=…,masks=….", show_default=False),
        ],
        reference: Annotated[
            str | None, typer.Option(help="Compare with this model's answers, or golden:FOLDER, in place of the truth.")
        ] = None,
        metrics: Annotated[str | None, typer.Option(help="Names with commas between, or all.")] = None,
        device: Annotated[str, typer.Option(help="OpenVINO device: CPU, GPU.0, NPU, AUTO, …")] = "CPU",
        arithmetic: ArithmeticOption = "f32",
        tile: Annotated[int, typer.Option(min=0, help="Side of a super-resolution tile; 0 never cuts.")] = 256,
        scale: Annotated[
            int | None, typer.Option(min=1, help="Of super-resolution, where only golden outputs are compared.")
        ] = None,
        limit: Annotated[int | None, typer.Option(min=1, help="Take so many samples, spread evenly.")] = None,
        gate: GateOption = None,
        baseline: BaselineOption = None,
        out: Annotated[Path, typer.Option("--out", "-o", help="Folder for records, tables and sheets.")] = Path(
            "validation"
        ),
        by: Annotated[str | None, typer.Option(help="The metric that orders samples; the first unless given.")] = None,
        worst: Annotated[int, typer.Option(min=0, help="Samples on the sheet of the worst.")] = 12,
        replace: Annotated[
            bool, typer.Option("--replace", help="Replace records of the same names, of other files too.")
        ] = False,
        junit: JunitOption = None,
        markdown: MarkdownOption = None,
        json_: JsonOption = None,
        engine: Engine = "local",
        address: Address = None,
    ) -> None:
        """Measure models on a data set: a table, records, the worst samples, and gates' verdicts."""
        from ..bench import ValidationRequest, read_gates, run_validation
        from ..core import read_records
        from ..reports import check_gates
        from .views.gate import print_verdicts
        from .views.progress import ProgressBar
        from .views.validate import print_validation

        if gate is None and (baseline or junit or markdown or json_):
            raise typer.BadParameter("--baseline, --junit, --markdown and --json are for verdicts; give --gate too")
        if address and engine != "ray":
            raise typer.BadParameter("--address is for --engine ray; add that, or leave it out")
        # Mistakes in small files are found before a model runs.
        if gate:
            read_gates(gate)
        read_records(baseline or [])
        with ProgressBar() as bar:
            report = run_validation(
                ValidationRequest(
                    artifacts=tuple(artifacts),
                    data=data,
                    reference=reference,
                    metrics=tuple(name.strip() for name in metrics.split(",")) if metrics else None,
                    device=device,
                    arithmetic=arithmetic,
                    tile=tile,
                    scale=scale,
                    limit=limit,
                    by=by,
                    worst=worst,
                    replace=replace,
                    ray=(address or "local") if engine == "ray" else None,
                ),
                out,
                progress=bar.counts,
            )
        print_validation(report.records, report.paths, by=by, worst=worst)
        if gate:
            result = check_gates(report.records, gate, baseline=tuple(baseline or []))
            print_verdicts(result)
            result.publish(junit=junit, markdown=markdown, json=json_)
            raise typer.Exit(result.exit_code)

    app.add_typer(datasets_app, name="datasets", rich_help_panel="Evidence")


@datasets_app.command("list")
def datasets_list() -> None:
    """List the published sets whose layouts are known, and what else can be opened."""
    from ..datasets import DATASET_GRAMMAR, LAYOUTS
    from .views.terminal import print_layouts

    print_layouts(LAYOUTS.values())
    say(f"\nA data set is {DATASET_GRAMMAR}.")


@datasets_app.command("show")
def datasets_show(
    data: DataSet,
    out: Annotated[Path, typer.Option("--out", "-o", help="The contact sheet, a PNG file.", show_default=False)],
    scale: ScaleOption = 2,
    count: Annotated[int, typer.Option(min=1, help="Samples on the sheet, spread evenly.")] = 24,
) -> None:
    """Write a contact sheet of samples with their truths."""
    from ..bench import write_sheet
    from ..datasets import contact_sheet, open_dataset, sample_row

    dataset = open_dataset(data, scale=scale)
    rows = [(sample.id, sample_row(sample)) for sample in dataset.take(count)]
    write_sheet(out, contact_sheet(rows))
    say(f"{out}: {len(rows)} of {len(dataset)} samples of {dataset.name}")


@datasets_app.command("make")
def datasets_make(
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder.", show_default=False)],
    count: Annotated[int, typer.Option(min=1, help="Images.")] = 42,
    seed: Annotated[int, typer.Option(min=0, help="Of the drawings: the same seed gives the same images.")] = 0,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT in pixels.")] = "384x288",
) -> None:
    """Write the synthetic set with its exact mattes and foregrounds as PNG files."""
    from ..datasets import open_dataset, write_synthetic

    dataset = open_dataset(f"synthetic:count={count},seed={seed},size={size}")
    write_synthetic(dataset, out)
    say(f"{out}: {len(dataset)} images with masks and foregrounds")


@datasets_app.command("fetch")
def datasets_fetch(
    name: Annotated[str, typer.Argument(help="A published set; see: mattekit datasets list", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder.", show_default=False)],
) -> None:
    """Download a published set, where its archive has a known hash, and unpack it."""
    from ..datasets import fetch_layout

    fetch_layout(name, out)
    say(f"{out}: {name}; open it as {name}:{out}")


@datasets_app.command("check")
def datasets_check(data: DataSet, scale: ScaleOption = 2) -> None:
    """Load every sample: partners, sizes, and for published sets their number and names; print the content's hash."""
    from ..datasets import open_dataset

    dataset = open_dataset(data, scale=scale)
    count = sum(1 for _ in dataset)
    say(f"{dataset.name}: {count} samples for {dataset.task}, all readable, sha256 {dataset.content_hash}")
