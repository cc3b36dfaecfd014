"""Several videos: which, and where the result of each goes, settled before a model is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...core import InputError, VideoError
from ...images import READABLE_EXTENSIONS
from ..background import load_background
from ..collect import find_sources, name_results
from ..inputs import ImageSource, SourceKind
from ..location import Location
from ..video_settings import VideoSettings
from .animation_source import is_animation
from .formats import VIDEO_EXTENSIONS, choose_format, is_pattern
from .source import comes_alone
from .video_plan import film_of, require_writable, shows_through

__all__ = ["VIDEOS", "VideoBatch", "plan_videos"]

_MAYBE = frozenset({".apng", ".gif", ".png", ".webp"})
"""Extensions of animations, and of images too."""


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_EXTENSIONS or is_animation(path)


def _require_video(path: Path) -> None:
    if path.suffix.lower() in READABLE_EXTENSIONS and not is_animation(path):
        raise VideoError(
            f"{path}: it is an image; of numbered frames name the folder, or a pattern in quotes such as "
            f"'{path.parent / f'*{path.suffix}'}', which is one video"
        )


VIDEOS = SourceKind("video", VIDEO_EXTENSIONS | _MAYBE, _require_video, _is_video, VideoError)


@dataclass(frozen=True)
class VideoBatch:
    """What is read, and where each result goes.

    Attributes:
        inputs: in their order.
        targets: of each.
        masks: likewise, where the mask of each is written beside it; else empty.
        settings: of each run, with the background read, unless it plays.
        left_out: how many files of each extension the folders hold that are no videos.
    """

    inputs: tuple[Path, ...]
    targets: tuple[Path, ...]
    masks: tuple[Path, ...]
    settings: VideoSettings
    left_out: dict[str, int] = field(default_factory=dict[str, int])


def plan_videos(inputs: Sequence[str], out: Path, settings: VideoSettings) -> VideoBatch | None:
    """Find the inputs and name the results after them, as `plan_batch` does for images.

    Args:
        inputs: what the user named: videos, and folders and patterns of them.
        out: the folder of the results.
        settings: of the run.

    Returns:
        None where it is one video, into one file or a folder of frames: that is what `plan_video` takes.

    Raises:
        InputError: an input is not there or no video, `out` names one file, or a result would overwrite an input.
    """
    (only,) = inputs if len(inputs) == 1 else ("",)
    if only and not _stands_for_several(only, settings) and settings.format == "auto":
        return None
    if settings.preview is not None:
        raise InputError("--preview is of one video; name that alone")
    if out.suffix and (out.suffix.lower() in VIDEO_EXTENSIONS | _MAYBE or is_pattern(out)) and not out.is_dir():
        what = f"{only} stands for several" if only else f"there are {len(inputs)} inputs"
        raise InputError(f"{out}: it names one file, and {what}; name a folder for the results")
    for each in inputs:
        if comes_alone(each):
            raise InputError(f"{each}: a stream or camera is recorded by itself; name one file, and leave --format out")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: it is a file; name a folder for the results")
    require_writable(out / "result")
    film = film_of(settings)
    behind = film.first if film is not None else load_background(settings.background)
    if film is not None:
        film.close()
    # What nothing is taken from is as its own file.
    removed = settings.model is not None or settings.mask is not None
    through = removed and not settings.only_mask and shows_through(behind)
    sources = find_sources(list(inputs), Location.parse(str(out)), recursive=settings.recursive, kind=VIDEOS)
    ending = {each: _ending(each, settings, through=through) for each in VIDEOS.extensions | {""}}

    def ending_of(name: str) -> str:
        found = ending.get(Path(name).suffix.lower())
        return ending[""] if found is None else found

    place = Location.parse(str(out))
    named = sorted(name_results(sources, place, ending_of), key=lambda each: each.order)
    masks: tuple[Path, ...] = ()
    if settings.mask_out is not None:
        if settings.mask_out.absolute() == out.absolute():
            raise InputError(f"{out}: the masks would overwrite the results; choose another folder for --mask-out")
        require_writable(settings.mask_out / "result")
        masks = tuple(settings.mask_out / Path(each.name).with_suffix(".mp4") for each in named)
    if film is None:
        settings = replace(settings, background=behind)
    left_out = Counter(extension for source in sources for extension in source.left_out())
    return VideoBatch(
        tuple(each.source.path_of(each.item) for each in named),
        tuple(out / each.name for each in named),
        masks,
        settings,
        dict(sorted(left_out.items())),
    )


def _stands_for_several(text: str, settings: VideoSettings) -> bool:
    """Say whether an argument is a folder or a pattern of videos; one of images is a video of numbered frames."""
    if comes_alone(text):
        return False
    try:
        source = ImageSource.of(text, deep=settings.recursive, kind=VIDEOS)
    except InputError:
        # What it is instead, or what is wrong with it, the one who opens it says.
        return False
    return not source.single and next(source.items(), None) is not None


def _ending(own: str, settings: VideoSettings, *, through: bool) -> str:
    """Return the extension of the results of inputs with this one.

    Raises:
        InputError: no container that may be taken can hold them.
    """
    if settings.format != "auto":
        choose_format(Path(f"video.{settings.format}"), settings.codec, settings.quality, alpha=through)
        return f".{settings.format}"
    first = own if own in {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".webp", ".gif"} else ".mp4"
    refused: InputError | None = None
    for each in (first, ".mp4", ".mov", ".mkv", ".webm", ".webp", ".gif", ""):
        try:
            choose_format(Path(f"video{each}"), settings.codec, settings.quality, alpha=through)
        except InputError as error:
            refused = refused or error
        else:
            return each
    raise refused or InputError(f"no container holds {settings.codec}")
