"""The command `video`: parse → call the function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..infer import VideoSettings
from .options import Quiet, RecordFile
from .run import SHOWN
from .settings_options import Flag, takes_settings

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""

    @app.command(rich_help_panel="Images and video")
    @takes_settings(VideoSettings, sr=Flag(default="none"), shown=SHOWN)
    def video(
        inputs: Annotated[
            list[str],
            typer.Argument(
                help="A video, a folder or glob of numbered frames, a camera's number, a stream's URL, or - for the "
                "standard input; or several videos, folders and globs of them.",
                metavar="INPUT",
                show_default=False,
            ),
        ],
        *,
        out: Annotated[
            Path,
            typer.Option(
                "--out",
                "-o",
                help="The result: .mp4, .mov, .mkv, .webm, .webp, .gif, or a folder or f_%03d.png for PNG files; of "
                "several videos the folder of the results.",
                show_default=False,
            ),
        ],
        settings: VideoSettings,
        record: RecordFile = None,
        quiet: Quiet = False,
    ) -> None:
        """Remove the background of a video, improve its resolution, superimpose on a new background.

        Frames keep their own times and the audio is handed on unchanged. Ctrl-C ends the recording of a camera or a
        stream, and leaves nothing of anything else.
        """
        from ..models import process_videos
        from .views.video import VideoView

        with VideoView(settings, quiet=quiet) as view:
            result = process_videos(inputs, out, view.settings, view.watch, lean=True)
        view.end(result)
        if record:
            result.write_records(record)
        raise typer.Exit(result.exit_code)
