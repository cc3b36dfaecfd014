"""A quantization on the terminal: what it does, and what came of it."""

from __future__ import annotations

import typer

from ...core import printable
from ...quantize import QuantizeResult

__all__ = ["print_quantization", "quantization_text", "show_step", "warn_of_synthetic"]


def warn_of_synthetic() -> None:
    """Say loudly what is calibrated on where no data are given."""
    typer.secho(
        "mattekit: WARNING: without --data, INT8 is calibrated on synthetic images, which look like no "
        "photo; its accuracy on yours may be poor: give --data a folder of your own",
        err=True,
        bold=True,
    )


def show_step(what: str, done: int, expected: int | None) -> None:
    """Print a line for each step, on a terminal or not: it says what was found out, and stays."""
    count = f"{done} of about {expected}" if expected and expected > done else str(done)
    typer.echo(printable(f"[{count}] {what}", lines=True), err=True)


def print_quantization(result: QuantizeResult) -> None:
    """Print the benchmark where there is one, then what was written, its accuracy, what it took, and the verdict."""
    if result.bench:
        from .bench import print_benchmark

        print_benchmark(result.bench)
    typer.echo(printable(quantization_text(result), lines=True))


def quantization_text(result: QuantizeResult) -> str:
    """Return what was written, its accuracy, what it took, and the verdict."""
    figures = {(figure.metric, figure.role): figure.value for figure in result.record.measurements}
    lines = [f"{result.variant.path}  {result.variant.size / 1e6:.2f} MB, {result.layers} quantized layers"]
    lines += [f"  in FP32: {name}" for name in result.ignored]
    for (metric, role), before in figures.items():
        after, drop = figures.get((metric, "")), figures.get((f"{metric}_drop", ""))
        if role == "source" and before is not None and after is not None and drop is not None:
            lines.append(f"{metric} {before:.4f} before, {after:.4f} after: drop {drop:.4f}")
    peak, seconds = figures["peak_memory", ""], figures["seconds", ""]
    spent = [f"{seconds:.0f} s"] if seconds is not None else []
    lines.append(", ".join([*spent, *([f"at most {peak / 1e6:.0f} MB of memory"] if peak else [])]))
    lines += [result.verdict.sentence] if result.verdict else []
    return "\n".join([*lines, str(result.path)])
