"""An export as the command line prints it: each step while it works, then what was written."""

from __future__ import annotations

import math

from ...convert import ExportResult, ExportStep
from ...reports import Cell, Column, Table
from .console import console_of, escape, say
from .fitting import print_lines, print_table
from .progress import ProgressBar

__all__ = ["ExportSteps", "print_export"]


class ExportSteps(ProgressBar):
    """Tells when a step begins and what came of it, and bytes of a download as any progress bar.

    On a terminal the steps stand on stderr, above the bar; otherwise on stdout, before the result.

    Args:
        quiet: tell nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__(show=not quiet)
        self._quiet = quiet

    def tell(self, step: ExportStep) -> None:
        """Print a line for a step."""
        if self.live:
            print_lines(_said(step), self.console)
        elif not self._quiet:
            say(_said(step))


def _said(step: ExportStep) -> str:
    if step.seconds is None:
        return f"{step.name} …"
    verdict = "FAILED" if step.broken else "compared" if step.unproven else "passed" if step.judged else "done"
    took = f"{step.name}: {verdict} after {step.seconds:.1f} s"
    figures = [str(figure) for figure in step.judged if math.isfinite(figure.limit)]
    if step.unproven:
        figures.append(f"{step.unproven}; give --images that show what the network is for")
    # Outputs that cannot be compared have no figures, but a reason; the first step has nothing before it.
    return ": ".join((took, *([", ".join(figures) or step.broken] if figures or step.broken else [])))


def print_export(made: ExportResult, *, quiet: bool = False) -> None:
    """Print the checks of an export as a table, unless it is to be quiet, then what was written."""
    console = console_of()
    steps: dict[str, dict[str, str]] = {}
    worst = [figure for figure in made.record.measurements if figure.statistic == "worst"]
    for figure in worst:
        value = "identical" if figure.value == float("inf") else f"{figure.value:.3g}"
        steps.setdefault(figure.step, {})[figure.metric] = value
    names = list(dict.fromkeys(figure.metric for figure in worst))
    columns = (Column("step"), *(Column(name.replace("_", " "), numeric=True) for name in names))
    rows = [(Cell(step), *(Cell(values.get(name, "")) for name in names)) for step, values in steps.items()]
    if not quiet:
        print_table(Table("Each step against the one before, worst image", columns, tuple(rows)), console)
    for artifact in made.variants:
        digest = artifact.sha256[artifact.path.name]
        console.print(escape(f"{artifact.path}  {artifact.size / 1e6:.2f} MB  sha256 {digest[:16]}…"), soft_wrap=True)
    console.print(escape(str(made.record_path)), soft_wrap=True)
