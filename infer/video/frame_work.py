"""What is done to each frame between reading and writing: depth and range, its matte, its composite."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from time import perf_counter

import numpy as np

from ...images import Image, Pixels
from ..cutting import Matte
from ..overlap import in_order, in_thread
from ..pipeline import Pipeline, timed
from ..remover import Remover
from ..runtimes import FrameMemory
from .colour import STANDARD_COLOUR
from .frames import FrameItem, Tally
from .hdr import USUAL_PEAK, background_for, brought, to_standard
from .motion import Motion, Sight
from .smooth import Smoother
from .video_plan import VideoPlan

__all__ = ["FrameJob", "FrameWork"]

_WITHOUT_RANGE = {"gif", "png", "webp"}
"""What can't say that it is of high dynamic range."""


@dataclass
class FrameJob:
    """A frame on its way.

    Attributes:
        item: as it was read.
        image: the frame, as the result can hold it; None where it is broken.
        behind: the background video's frame.
        seen: the frame in standard range, as the network sees it.
        matte: of it.
        result: what is written.
        mask: what is written beside it.
        seconds: that each stage took.
    """

    item: FrameItem
    image: Image | None = None
    behind: Image | None = None
    seen: Image | None = None
    matte: Matte | None = None
    result: Image | None = None
    mask: Image | None = None
    seconds: dict[str, float] = field(default_factory=dict)


class FrameWork:
    """What is done to the frames of one video, in several threads.

    Args:
        plan: what is read and written.
        pipeline: what each frame goes through.

    Attributes:
        info: of the source, as its result is.
        empty: frames without a subject.
    """

    def __init__(self, plan: VideoPlan, pipeline: Pipeline) -> None:
        self._plan, self._settings = plan, plan.settings
        info, format_ = plan.source.info, plan.format
        self._own = info.colour
        self._peak = (info.light.peak if info.light else None) or USUAL_PEAK
        flat = info.colour.is_hdr and (format_.codec in _WITHOUT_RANGE or plan.settings.only_mask)
        self.info = replace(info, colour=STANDARD_COLOUR, light=None) if flat else info
        self._depth = 8 if format_.bits == 8 else 16
        background = plan.background if plan.background is not None else pipeline.background
        blank = background_for(pipeline.placement.blank, self.info.colour)
        self._pipeline = replace(
            pipeline,
            background=background_for(background, self.info.colour),
            placement=replace(pipeline.placement, blank=blank),
        )
        self._masks = self._settings.only_mask or self._settings.mask_out is not None
        self.empty = 0

    def mattes(self, jobs: Generator[FrameJob], workers: int) -> Generator[FrameJob]:
        """Bring frames to the result's depth and range, find their mattes, and smooth those: stages that overlap."""
        remover = self._pipeline.remover
        follows = isinstance(remover, Remover) and remover.is_recurrent
        jobs = in_order(jobs, self.prepare if follows else self.find_matte, workers, workers + 1)
        if isinstance(remover, Remover) and follows:
            jobs = in_thread(self._followed(jobs, remover), 1)
        if remover is None or not self._settings.smooth:
            return jobs
        return in_thread(self.smoothed(jobs), 1)

    def note_losses(self, tally: Tally) -> None:
        """Say what of the source's depth and range the result can't hold."""
        info, format_ = self._plan.source.info, self._plan.format
        if self._settings.only_mask or self._settings.preview is not None:
            return
        if info.bits > 8 and format_.bits < info.bits:
            kept = "10" if format_.bits > 8 else "8"
            tally.note(f"its samples of {'more than 8' if kept == '8' else info.bits} bits were rounded to {kept}")
        if not info.colour.is_hdr:
            return
        if not self.info.colour.is_hdr:
            tally.note(
                f"it is high dynamic range, which {format_.codec} has no word for: it was brought to standard range"
            )
        elif format_.bits == 8:
            tally.note("it is high dynamic range, for which 8 bits are few: smooth areas may show bands")
        if self._settings.linear:
            tally.note("--linear mixes as standard range does, which high dynamic range is not")

    def begin(self, item: FrameItem, first: int) -> FrameJob:
        """Return a frame's job, with what is behind it; `first` is the time of the first one."""
        job = FrameJob(item, None if item.frame is None else item.frame.image)
        if item.frame is not None and self._plan.film is not None:
            job.behind = self._plan.film.at((item.frame.pts - first) * Fraction(self.info.time_base))
        return job

    def prepare(self, job: FrameJob) -> FrameJob:
        """Bring the frame to the depth and range of the result, and of the network."""
        if job.image is None:
            return job
        begun = perf_counter()
        if self._own.is_hdr:
            job.seen = to_standard(job.image, self._own, self._peak)
            job.image = job.image if self.info.colour.is_hdr else job.seen
        job.image = job.image.with_depth(self._depth)
        job.seen = job.image if job.seen is None else job.seen.with_depth(self._depth)
        job.seconds["decode"] = job.seconds.get("decode", 0.0) + perf_counter() - begun
        return job

    def find_matte(self, job: FrameJob) -> FrameJob:
        """Prepare the frame, and find its matte."""
        self.prepare(job)
        if job.seen is not None and self._pipeline.remover is not None:
            with timed(job.seconds, "remove", *self._pipeline.remover.models):
                job.matte = self._pipeline.remover.matte(job.seen)
        return job

    def _followed(self, jobs: Generator[FrameJob], remover: Remover) -> Generator[FrameJob]:
        """Find the mattes by a network that remembers, one after another; a cut makes it forget."""
        memory, motion = FrameMemory(), Motion()
        last: Sight | None = None
        with closing(jobs):
            for job in jobs:
                if job.seen is not None:
                    with timed(job.seconds, "remove", *remover.models):
                        sight = Sight.of(job.seen)
                        if last is not None and motion.is_cut(last, sight):
                            memory.forget()
                        last = sight
                        job.matte = remover.matte_next(job.seen, memory)
                yield job

    def smoothed(self, jobs: Generator[FrameJob]) -> Generator[FrameJob]:
        """Smooth the mattes over time, in the order of the frames."""
        smoother = Smoother(self._settings.smooth)
        # Of the first one that waits the smoothed matte is the next that the smoother gives.
        waiting: deque[FrameJob] = deque()
        with closing(jobs):
            for job in jobs:
                waiting.append(job)
                if job.seen is None or job.matte is None:
                    continue
                begun = perf_counter()
                alpha = smoother.push(job.seen, job.matte.alpha)
                job.seconds["smooth"] = perf_counter() - begun
                if alpha is not None:
                    yield from self._with_next(waiting, alpha)
        for alpha in smoother.flush():
            yield from self._with_next(waiting, alpha)
        yield from waiting

    def _with_next(self, waiting: deque[FrameJob], alpha: Pixels) -> Generator[FrameJob]:
        """Give the first frame that has a matte the smoothed one, and hand it on with what comes before it."""
        while waiting:
            job = waiting.popleft()
            matte = job.matte
            if matte is not None:
                job.matte = replace(matte, alpha=alpha)
            yield job
            if matte is not None:
                return

    def compose(self, job: FrameJob) -> FrameJob:
        """Make the result of a frame and its matte."""
        if job.image is None:
            return job
        if job.matte is not None and self._masks:
            job.mask = Image(np.repeat(job.matte.alpha[..., None], 3, axis=2), source=job.image.source)
        if self._settings.only_mask:
            job.result = job.mask
            self.empty += job.matte is not None and not job.matte.foreground
            return job
        pipeline = self._pipeline
        if job.behind is not None and self._plan.film is not None:
            behind = brought(job.behind, self._plan.film.colour, self.info.colour)
            pipeline = replace(pipeline, background=behind.with_depth(self._depth))
        result = pipeline.run(job.image, matte=job.matte)
        for stage, seconds in result.seconds.items():
            job.seconds[stage] = job.seconds.get(stage, 0.0) + seconds
        job.result = result.image
        if result.matte is not None and not result.matte.foreground:
            self.empty += 1
        return job
