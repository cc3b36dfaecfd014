"""What the command line prints of a video."""

from __future__ import annotations

from ...infer import VideoReport
from .console import console_of, escape
from .fitting import print_lines
from .latencies import print_stages

__all__ = ["print_video"]


def print_video(report: VideoReport) -> None:
    """Print the result's name and what is to be said of it; all figures come from the record."""
    console_of().print(escape(str(report.out)), soft_wrap=True)
    for note in report.notes:
        print_lines(f"note: {note}", console_of(stderr=True))
    values = {figure.metric: figure.value or 0 for figure in report.record.measurements if not figure.stage}
    concealed = f", {values['broken']:.0f} of them broken and concealed" if values["broken"] else ""
    print_stages(report.record, f"{values['frames']:.0f} frames{concealed}")
