"""Videos through the pipeline, one or many, in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import InputError, PartialFailureError, Result, VideoError, VideoRecord, with_settings
from ..infer import VideoSettings
from .pipelines import load_pipeline

if TYPE_CHECKING:
    from ..infer import Pipeline, VideoBatch, VideoResult

__all__ = ["VideoOutcome", "VideosResult", "process_videos", "run_video", "run_videos"]


@dataclass(frozen=True)
class VideoOutcome:
    """What became of one video of several: its result, or why there is none.

    Attributes:
        source: the input.
        result: of it; None where there is none.
        error: why there is none.
        alone: there are no others.
    """

    source: Path
    result: VideoResult | None = None
    error: InputError | None = None
    alone: bool = False


@dataclass(frozen=True, kw_only=True)
class VideosResult(Result[VideoRecord]):
    """What became of a run over videos.

    Attributes:
        outcomes: what became of each, in the order of the inputs.
        exit_code: of the command: 0, 5 where some failed or were cut off and others are done, or the first error's own.
        folder: of the results.
        left_out: how many files of each extension the folders hold that are no videos.
    """

    outcomes: tuple[VideoOutcome, ...]
    exit_code: int
    folder: Path
    left_out: dict[str, int] = field(default_factory=dict[str, int], repr=False)

    @property
    def errors(self) -> tuple[str, ...]:
        """Return why videos failed, a sentence each."""
        return tuple(str(outcome.error) for outcome in self.outcomes if outcome.error is not None)

    def write_records(self, path: Path) -> None:
        """Write the record of a single video to a file, those of several into a folder, each under its result's name.

        Raises:
            InputError: they can't be written there.
        """
        if len(self.outcomes) == 1 and len(self.records) == 1:
            self.record.write(path)
            return
        for record in self.records:
            name = Path(record.output).relative_to(self.folder)
            record.write(path / f"{name.as_posix()}.json")


def process_videos(
    inputs: Sequence[str],
    out: str | Path,
    settings: VideoSettings,
    watch: Callable[[VideoOutcome], None] | None = None,
    *,
    lean: bool = False,
) -> VideosResult:
    """Run videos through the pipeline that settings describe; as `run_videos` otherwise.

    Args:
        inputs: as `run_videos` takes several.
        out: likewise.
        settings: how.
        watch: called with each outcome as it comes.
        lean: as for `load_pipeline`.
    """
    from ..infer import exit_code_of, plan_videos

    batch = plan_videos(inputs, Path(out), settings)
    outcomes: list[VideoOutcome] = []
    if batch is None:
        result = _one(inputs[0], Path(out), settings, lean=lean)
        outcomes.append(VideoOutcome(Path(inputs[0]), result, alone=True))
        if watch is not None:
            watch(outcomes[0])
    else:
        pipeline = load_pipeline(_with_first_frame(batch.settings), many=True, lean=lean)
        for number in range(len(batch.inputs)):
            outcomes.append(_outcome(batch, number, pipeline))
            if watch is not None:
                watch(outcomes[-1])
    done = [outcome.result for outcome in outcomes if outcome.result is not None]
    cut_off = PartialFailureError.exit_code if any(result.truncated for result in done) else 0
    return VideosResult(
        records=tuple(result.record for result in done),
        outcomes=tuple(outcomes),
        exit_code=exit_code_of(outcomes) or cut_off,
        folder=Path(out),
        left_out={} if batch is None else batch.left_out,
    )


def _one(source: str, out: Path, settings: VideoSettings, *, lean: bool = False) -> VideoResult:
    from ..infer import plan_video, process_video

    plan = plan_video(source, out, settings)
    try:
        # A camera's frame should come out soon; a file's should come out fast, one after another.
        pipeline = load_pipeline(
            replace(settings, background=plan.background), many=not plan.source.info.live, lean=lean
        )
    except BaseException:
        plan.close()
        raise
    return process_video(plan, pipeline)


def _outcome(batch: VideoBatch, number: int, pipeline: Pipeline) -> VideoOutcome:
    """Run one video of several; what is wrong with it is its outcome."""
    from ..infer import failure_of, plan_video, process_video

    source, out = batch.inputs[number], batch.targets[number]
    settings = replace(batch.settings, mask_out=batch.masks[number]) if batch.masks else batch.settings
    results: list[VideoResult] = []

    def run() -> None:
        plan = plan_video(str(source), out, settings)
        results.append(process_video(plan, pipeline))

    error = failure_of(source, run, VideoError)
    return VideoOutcome(source, results[0] if results else None, error)


def _with_first_frame(settings: VideoSettings) -> VideoSettings:
    """Return settings whose background is an image, where it is a video that plays."""
    from ..infer import film_of

    film = film_of(settings)
    if film is None:
        return settings
    film.close()
    return replace(settings, background=film.first)


@with_settings(VideoSettings)
def run_video(source: str | Path, out: str | Path, settings: VideoSettings) -> VideoResult:
    """Run a video through the pipeline; what `mattekit video` does with one.

    Frames keep their own times and the audio is handed on unchanged. The result appears whole or not at all. Ctrl-C
    ends the recording of a camera or a stream, and leaves nothing of anything else.

    Args:
        source: a video, a folder or pattern of numbered frames, a camera's number, or a stream's URL.
        out: the result: .mp4, .mov, .mkv, .webm, .webp, .gif, or a folder or f_%03d.png for PNG files.
        settings: how.

    Returns:
        How many frames there are, what is to be said of them, and the record.

    Raises:
        InputError: it can't be read or written, or too many frames are broken.
        MattekitError: as its message says.

    Example:
        >>> import mattekit
        >>> mattekit.run_video("photo*.jpg", "out.mp4", background="white").frames
        1
    """
    if settings.format != "auto":
        raise InputError("format is for a folder of results (run_videos); the result's suffix says its own")
    return _one(str(source), Path(out), settings)


@with_settings(VideoSettings)
def run_videos(inputs: str | Path | Sequence[str | Path], out: str | Path, settings: VideoSettings) -> VideosResult:
    """Run videos through the pipeline, each into a file of its name; what `mattekit video` does with several.

    A video that can't be processed stops nothing: the result counts it, and says why. The models are opened once.

    Args:
        inputs: videos, and folders and patterns of videos; a single input is as `run_video` takes it too.
        out: the folder of the results; of a single one as for `run_video`.
        settings: how.

    Returns:
        What became of each, and a record of each that is done.

    Raises:
        InputError: there is nothing to read, or the results can't be written there.
        MattekitError: as its message says.

    Example:
        >>> import mattekit
        >>> mattekit.run_videos(["photo*.jpg"], "out.mp4", background="white").exit_code
        0
    """
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    return process_videos([str(each) for each in given], out, settings)
