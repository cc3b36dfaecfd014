"""The pipeline over a video: decoding, the models and encoding overlap, in bounded memory, the order kept."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from ...core import Data, PartialFailureError, Result, VideoError, VideoRecord
from ...images import Image
from ..devices import this_machine
from ..latencies import Latencies, of_models
from ..overlap import in_order, in_thread
from ..pipeline import Pipeline
from .frame_sources import ended_by_signals
from .frame_work import FrameJob, FrameWork
from .frames import Frame, VideoInfo
from .preview import PREVIEW, PreviewSink
from .sinks import Sink, open_sink
from .video_plan import VideoPlan

__all__ = ["VideoResult", "process_video"]

_STAGES = ("decode", "remove", "infer", "smooth", "upscale", "superimpose", "encode")
"""In the order in which a frame passes them; `infer` is the time of all models, which their stages leave out."""

_MOST_TIMES = 4096
"""Of each stage, so that a record's size doesn't grow with the video."""

# Frames that wait between two stages; with those that the stages hold, about a dozen are in memory.
_DEPTH = 2


@dataclass(frozen=True, kw_only=True)
class VideoResult(Result[VideoRecord]):
    """What became of a video.

    Attributes:
        out: the result.
        frames: that it has.
        broken: frames that were concealed.
        truncated: the input ended before it should have.
        notes: what its owner may want to know, one sentence each.
    """

    out: Path
    frames: int
    broken: int
    truncated: bool
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """Return 0, or 5 where the input was cut off."""
        return PartialFailureError.exit_code if self.truncated else 0


def process_video(plan: VideoPlan, pipeline: Pipeline) -> VideoResult:
    """Run a video through the pipeline; the result appears whole or not at all.

    A broken frame takes the result of the one before it. Of a camera or a stream, Ctrl-C ends the recording, and what
    there is is kept; of anything else it leaves nothing.

    Args:
        plan: what is read and written, and how; it is closed at the end.
        pipeline: what each frame goes through.

    Raises:
        VideoError: too many broken frames, no frame at all, or a result that can't be written.
        ImageError: a frame can't be processed, such as one that would become too large.
        DeviceError: the device failed.
    """
    run = _Run(plan, pipeline)
    try:
        return run()
    finally:
        plan.close()


class _Run:
    def __init__(self, plan: VideoPlan, pipeline: Pipeline) -> None:
        self._plan, self._pipeline, self._settings = plan, pipeline, plan.settings
        self._source = plan.source
        self._work = FrameWork(plan, pipeline)
        requests = min((model.runtime.info.requests for model in pipeline.models), default=1)
        self._workers = requests + 1
        parallel = ("remove", "upscale", "superimpose")
        threads = {**dict.fromkeys(parallel, self._workers), "infer": requests}
        self._latencies = Latencies(_STAGES, threads, most=_MOST_TIMES)
        self._frames = self._broken = 0

    def __call__(self) -> VideoResult:
        progress = self._settings.progress
        info = self._work.info
        if self._settings.audio == "none":
            info = replace(info, audio=())
        self._work.note_losses(self._source.tally)
        total = min(filter(None, (info.frames, self._settings.frames)), default=None)
        started = time.perf_counter()
        with ExitStack() as opened:
            sink, beside = self._sinks(opened, info)
            opened.enter_context(ended_by_signals(self._source.stop, info.live))
            last: Image | None = None
            mask: Image | None = None
            waiting: list[Frame] = []
            jobs = self._jobs()
            try:
                for job in jobs:
                    frame = job.item.frame
                    sink.hand_on(job.item.packets)
                    if frame is None:
                        continue
                    if job.result is None:
                        self._count_broken()
                    last, mask = job.result or last, job.mask or mask
                    if last is None:
                        # Before the first good frame there is nothing to show: it stands in for them.
                        waiting.append(frame)
                        continue
                    begun = time.perf_counter()
                    for one in (*waiting, frame):
                        sink.write(last, one)
                        if beside is not None and mask is not None:
                            beside.write(mask, one)
                        self._frames += 1
                    waiting.clear()
                    job.seconds["encode"] = time.perf_counter() - begun
                    self._latencies.add(job.seconds)
                    if progress is not None:
                        progress("frames", self._frames, total)
            finally:
                jobs.close()
            sink.finish()
            if beside is not None:
                beside.finish()
        wall = time.perf_counter() - started
        return self._result(wall)

    def _sinks(self, opened: ExitStack, info: VideoInfo) -> tuple[Sink, Sink | None]:
        """Open what takes the result, and what takes the mask beside it."""
        plan, settings, tally = self._plan, self._settings, self._source.tally
        if plan.format is PREVIEW:
            return PreviewSink(plan.out, self._source.info), None
        sink = opened.enter_context(open_sink(plan.out, plan.format, info, tally, sound=settings.audio))
        if plan.mask_format is None or settings.mask_out is None:
            return sink, None
        alone = info.of_frames_alone()
        return sink, opened.enter_context(open_sink(settings.mask_out, plan.mask_format, alone, tally))

    def _jobs(self) -> Generator[FrameJob]:
        """Chain the stages: each has a thread of its own, or several, and a queue in front."""
        workers, work = self._workers, self._work
        # A camera goes on whether its frames are taken or not; the others wait.
        drop = self._dropped if self._source.info.live and self._source.info.rate is None else None
        jobs: Generator[FrameJob] = in_thread(self._read(), _DEPTH, drop=drop)
        return in_order(work.mattes(jobs, workers), work.compose, workers, workers + 1)

    def _read(self) -> Generator[FrameJob]:
        count, first = 0, None
        items = self._source.items()
        while True:
            begun = time.perf_counter()
            item = next(items, None)
            if item is None:
                return
            if item.frame is not None:
                if count == self._settings.frames:
                    return
                count += 1
                first = item.frame.pts if first is None else first
            job = self._work.begin(item, first or 0)
            job.seconds["decode"] = time.perf_counter() - begun
            yield job

    def _dropped(self) -> None:
        self._source.tally.dropped += 1

    def _count_broken(self) -> None:
        self._broken += 1
        if self._broken > self._settings.max_broken:
            first = self._source.tally.broken
            raise VideoError(
                f"{self._source.info.name}: more than {self._settings.max_broken} frames are broken; nothing was "
                f"written{f' (the first: {first})' if first else ''}: take another copy if there is one, or allow more "
                "with --max-broken"
            )

    def _result(self, wall_s: float) -> VideoResult:
        tally, info = self._source.tally, self._source.info
        if tally.dropped:
            tally.note(f"{tally.dropped} frames came faster than they could be processed, and were dropped")
        if self._work.empty:
            tally.note(f"no foreground was found in {self._work.empty} frames")
        format_ = self._plan.format
        common = of_models(self._pipeline.models, Data(name=info.name, reference="", count=self._frames))
        figures = [
            common.measured("frames", self._frames),
            common.measured("broken", self._broken, higher_is_better=False),
            common.measured("dropped", tally.dropped, "late frames", higher_is_better=False),
            common.measured("empty", self._work.empty, higher_is_better=False),
        ]
        speed = self._frames / wall_s if wall_s > 0 else None
        figures.append(common.measured("throughput", speed, "frames/s", higher_is_better=True))
        figures += self._latencies.measurements(common, wall_s)
        record = VideoRecord(
            machine=this_machine(),
            variants=common.variants,
            measurements=tuple(figures),
            settings={
                **self._settings.described(),
                **self._pipeline.describe(),
                "codec": format_.encoder or format_.codec,
                "pixel_format": format_.pixel_format,
                "encoder_options": dict(format_.options),
                "time_base": str(info.time_base),
            },
            input=info.name,
            output=str(self._plan.out),
            seconds=self._latencies.seconds(),
            bottleneck=self._latencies.bottleneck or "",
            workers={"frames": self._workers},
            notes=tuple(tally.notes),
            truncated=self._source.truncated,
        )
        return VideoResult(
            records=(record,),
            out=self._plan.out,
            frames=self._frames,
            broken=self._broken,
            truncated=self._source.truncated,
            notes=tuple(tally.notes),
        )
