"""What the command line prints of a video: its progress, then where the time went."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
from rich.text import Text

from ..infer.video.run import VideoReport
from .formats.fitting import print_lines
from .terminal import console_of, escape

__all__ = ["frame_progress", "print_video"]


class _Speed(ProgressColumn):
    """Frames per second, over the last seconds."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} fps")


@contextmanager
def frame_progress() -> Generator[Callable[[int, int | None], None]]:
    """Give a callback for frames, shown as a bar on a terminal and not at all elsewhere."""
    console = Console(stderr=True, highlight=False)
    columns = (BarColumn(), MofNCompleteColumn(), _Speed(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("frames", total=None)

        def update(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield update


def print_video(report: VideoReport) -> None:
    """Print the result's name and what is to be said of it; all figures come from the record."""
    errors = console_of(stderr=True)
    console_of().print(escape(str(report.out)), soft_wrap=True)
    for note in report.notes:
        print_lines(f"note: {note}", errors)
    record = report.record
    values = {figure.metric: figure.value for figure in record.measurements if not figure.stage}
    broken, speed = values.get("broken") or 0, values.get("throughput")
    concealed = f", {broken:.0f} of them broken and concealed" if broken else ""
    parts = [f"{values.get('frames') or 0:.0f} frames{concealed}"]
    if speed is not None:
        parts.append(f"{speed:.1f} frames/s")
    stages: dict[str, list[str]] = {}
    for figure in record.of_metric("latency"):
        if figure.value is not None:
            stages.setdefault(figure.stage, []).append(f"{figure.value:.1f}")
    if stages:
        shown = ", ".join(f"{stage} {'/'.join(times)}" for stage, times in stages.items())
        parts.append(f"p50/p90/p99 ms: {shown}")
    parts += [
        f"bottleneck: {figure.stage} (busy {figure.value:.0%} {figure.unit})"
        for figure in record.of_metric("bottleneck")
        if figure.value is not None
    ]
    print_lines("; ".join(parts), errors)
