"""What the command line prints of a video."""

from __future__ import annotations

from dataclasses import replace

from ...infer import VideoResult, VideoSettings
from .console import console_of, escape
from .fitting import print_lines
from .progress import ProgressBar
from .run import print_stages

__all__ = ["VideoView"]


class VideoView(ProgressBar):
    """Shows how far a video is, as a context, and then what became of it.

    Args:
        settings: of the run; those to run with, which tell of the progress, are in `settings`.
        quiet: print errors only.
    """

    def __init__(self, settings: VideoSettings, *, quiet: bool) -> None:
        super().__init__(show=not quiet)
        self._quiet = quiet
        self.settings = replace(settings, progress=self._progress)

    def _progress(self, what: str, done: int, total: int | None) -> None:
        """Show bytes of a download until the frames begin."""
        show = self.frames if what == "frames" else self.bytes
        show(what, done, total)

    def end(self, result: VideoResult) -> None:
        """Print the result's name and what is to be said of it; all figures come from the record."""
        if not self._quiet:
            console_of().print(escape(str(result.out)), soft_wrap=True)
        # Why the exit code is not 0, they say too.
        for note in result.notes if result.truncated or not self._quiet else ():
            print_lines(f"note: {note}", console_of(stderr=True))
        if self._quiet:
            return
        concealed = f", {result.broken} of them broken and concealed" if result.broken else ""
        print_stages(result.record, f"{result.frames} frames{concealed}")
