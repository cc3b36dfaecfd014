"""What the command line prints of a video."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...infer import VideoSettings
from .console import console_of, escape
from .fitting import print_lines
from .progress import ProgressBar
from .run import print_left_out, print_stages

if TYPE_CHECKING:
    from ...models import VideoOutcome, VideosResult

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

    def watch(self, outcome: VideoOutcome) -> None:
        """Print a result's name and what is to be said of it."""
        result = outcome.result
        if result is None:
            return
        if not self._quiet:
            shown = self.console if self.live and console_of().is_terminal else console_of()
            shown.print(escape(str(result.out)), soft_wrap=True)
        # Why the exit code is not 0, they say too.
        for note in result.notes if result.truncated or not self._quiet else ():
            whose = "" if outcome.alone else f"{outcome.source.name}: "
            print_lines(f"note: {whose}{note}", console_of(stderr=True))

    def end(self, result: VideosResult) -> None:
        """Print why videos failed, and what became of the others; all figures come from the records."""
        errors = console_of(stderr=True)
        for error in result.errors:
            errors.print(escape(f"mattekit: {error}"), soft_wrap=True)
        if self._quiet:
            return
        print_left_out(result.left_out)
        done = [outcome.result for outcome in result.outcomes if outcome.result is not None]
        for each in done if len(result.outcomes) == 1 else ():
            concealed = f", {each.broken} of them broken and concealed" if each.broken else ""
            print_stages(each.record, f"{each.frames} frames{concealed}")
        if len(result.outcomes) > 1:
            failed = f", {len(result.errors)} failed" if result.errors else ""
            frames = sum(each.frames for each in done)
            print_lines(f"{len(done)} of {len(result.outcomes)} done{failed}; {frames} frames", errors)
