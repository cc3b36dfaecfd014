"""The options of a run over a video; light, since the command line's help is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from ..core import InputError, option
from .pipeline_settings import ModelLike, PipelineSettings, text_or_none

__all__ = ["VideoSettings", "parse_fps", "parse_time"]


def parse_fps(text: str) -> Fraction:
    """Read frames per second: `25`, `29.97` or `30000/1001`.

    Raises:
        InputError: it is no such number.
    """
    try:
        fps = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"--fps {text}: not a number of frames per second; write 25, 29.97 or 30000/1001") from error
    if not Fraction(1, 100) <= fps <= 1000:
        raise InputError(f"--fps {text}: use from 0.01 to 1000 frames per second")
    return fps.limit_denominator(100_000)


def parse_time(text: str) -> Fraction:
    """Read a time in a video: seconds (`63.5`), `1:03.5` or `0:01:03.5`.

    Raises:
        InputError: it is no such time.
    """
    parts = text.strip().split(":")
    try:
        numbers = [Fraction(part) for part in parts]
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"{text}: not a time; write seconds (63.5), 1:03.5 or 0:01:03.5") from error
    if len(numbers) > 3 or min(numbers) < 0 or any(number >= 60 for number in numbers[1:]):
        raise InputError(f"{text}: not a time; write seconds (63.5), 1:03.5 or 0:01:03.5")
    return sum((number * 60**power for power, number in enumerate(reversed(numbers))), Fraction(0))


@dataclass(frozen=True, kw_only=True)
class VideoSettings(PipelineSettings):
    """A run over a video.

    Attributes:
        background: an image or video, a colour (white, '#336699'), blur, blur:RADIUS, or none for transparency.
        smooth: strength of the mask's smoothing over time, such as 0.6; 0 leaves it.
        format: the container of several videos' results: mp4, mov, mkv, webm, webp, gif, or auto: each input's own, if
            that can hold the result.
        recursive: take what lies in folders inside a folder of videos too.
        codec: h264, hevc, av1, vp9, prores, gif, webp or png, or by a GPU: h264_nvenc, hevc_nvenc, av1_nvenc, h264_qsv,
            hevc_qsv, av1_qsv; by default what the result's suffix is for.
        quality: quality of the codec; 100 loses least.
        fps: frames per second of numbered frames: 25, 29.97 or 30000/1001.
        deinterlace: make whole frames of television's half images.
        start: begin so far in: seconds, or 1:03.5.
        end: end so far in.
        frames: end after so many frames.
        only_mask: write the mask as a video of its own, white on black, in place of the cut-out.
        mask_out: write the mask as a video of its own to this file, beside the result.
        preview: write one frame, before and after side by side, to this image, and no video: that of --start, or of the
            middle.
        max_broken: conceal so many broken frames before failing.
        audio: what becomes of the audio: copy hands it on as it is, aac and opus transcode it, none leaves it out.
        no_audio: leave the audio out, as --audio none does.
    """

    sr: str | Path | ModelLike | None = option(None, parse=text_or_none)
    smooth: float = option(0.0, least=0, most=0.99)
    format: Literal["auto", "mp4", "mov", "mkv", "webm", "webp", "gif"] = "auto"
    recursive: bool = option(True, identity=False)
    codec: str | None = None
    quality: int | None = option(None, least=1, most=100)
    fps: Fraction | None = option(None, parse=parse_fps)
    deinterlace: bool = False
    start: Fraction | None = option(None, parse=parse_time)
    end: Fraction | None = option(None, parse=parse_time)
    only_mask: bool = False
    mask_out: Path | None = None
    preview: Path | None = None
    frames: int | None = option(None, least=1)
    max_broken: int = option(25, least=0)
    audio: Literal["copy", "aac", "opus", "none"] = "copy"
    no_audio: bool = False

    def __post_init__(self) -> None:
        """Read frames per second that are given as a number, and refuse frames of many sizes."""
        super().__post_init__()
        if self.crop is not None and self.canvas is None:
            raise InputError("a video's frames are of one size; give the canvas that what is cropped is placed on")
        if self.no_audio:
            object.__setattr__(self, "audio", "none")
        if isinstance(self.fps, int | float):
            object.__setattr__(self, "fps", parse_fps(str(self.fps)))
        for name in ("start", "end"):
            if isinstance(getattr(self, name), int | float):
                object.__setattr__(self, name, parse_time(str(getattr(self, name))))
        if self.end is not None and self.end <= (self.start or 0):
            raise InputError(f"--end {float(self.end):g} is not after the start; give a later one")
        if self.model is None and self.mask is None and (self.only_mask or self.mask_out is not None):
            raise InputError("a mask was asked for, but nothing was removed; use it with a segmentation model")
        if self.only_mask and self.mask_out is not None:
            raise InputError("--only-mask and --mask-out ask for the same video twice; give one of them")
