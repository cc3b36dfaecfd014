"""Which containers and codecs a video can be written in, chosen by the result's name; impossible pairs are refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ...core import DependencyError, InputError
from .abilities import codec_available, require_encoder

__all__ = [
    "CONTAINERS_WITH_SOUND",
    "VIDEO_EXTENSIONS",
    "Codec",
    "OutputFormat",
    "SoundChoice",
    "choose_format",
    "is_pattern",
    "numbered",
]

Codec = Literal[
    "h264",
    "vp9",
    "prores",
    "gif",
    "webp",
    "png",
    "hevc",
    "av1",
    "h264_nvenc",
    "hevc_nvenc",
    "av1_nvenc",
    "h264_qsv",
    "hevc_qsv",
    "av1_qsv",
]

SoundChoice = Literal["copy", "aac", "opus", "none"]
"""What becomes of the audio."""

VIDEO_EXTENSIONS = frozenset(
    f".{extension}"
    for extension in (
        *("3g2", "3gp", "asf", "avi", "flv", "ivf", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "mxf"),
        *("ogv", "ts", "webm", "wmv", "y4m"),
    )
)
"""The extensions, in lower case, by which a file is taken for a video where an image is asked for."""


@dataclass(frozen=True)
class OutputFormat:
    """How frames are written.

    Attributes:
        codec: the user's name of it.
        alpha: the frames are transparent somewhere.
        container: FFmpeg's name; empty for a folder of images.
        encoder: FFmpeg's name.
        pixel_format: of what is encoded.
        bits: of its samples, as far as they are of use: 8, 10, or 16.
        options: the encoder's.
        muxer_options: the container's.
        even: width and height must be.
        audio: whether there is room for it.
    """

    codec: Codec
    alpha: bool
    container: str = ""
    encoder: str = ""
    pixel_format: str = ""
    bits: int = 8
    options: tuple[tuple[str, str], ...] = ()
    muxer_options: tuple[tuple[str, str], ...] = ()
    even: bool = False
    audio: bool = True


PATTERN = re.compile(r"%0?[0-9]*d")
"""What stands for a frame's number in a file's name."""

_HARDWARE: tuple[Codec, ...] = ("h264_nvenc", "hevc_nvenc", "av1_nvenc", "h264_qsv", "hevc_qsv", "av1_qsv")

# By suffix: FFmpeg's container and what may be in it, the default for opaque frames first.
_CONTAINERS: dict[str, tuple[str, tuple[Codec, ...]]] = {
    ".mp4": ("mp4", ("h264", "hevc", "av1", *_HARDWARE)),
    ".m4v": ("mp4", ("h264", "hevc", "av1", *_HARDWARE)),
    ".mov": ("mov", ("h264", "prores", "hevc", *_HARDWARE[:2], *_HARDWARE[3:5])),
    ".mkv": ("matroska", ("h264", "vp9", "hevc", "av1", *_HARDWARE)),
    ".webm": ("webm", ("vp9", "av1", "av1_nvenc", "av1_qsv")),
    ".webp": ("webp", ("webp",)),
    ".gif": ("gif", ("gif",)),
    "": ("", ("png",)),
}

CONTAINERS_WITH_SOUND = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""FFmpeg's name of each container that holds sound, by its suffix."""

_ENCODERS: dict[Codec, str] = {
    **{codec: codec for codec in _HARDWARE},
    "hevc": "libx265",
    "av1": "libsvtav1",
    "h264": "libx264",
    "vp9": "libvpx-vp9",
    "prores": "prores_ks",
    "gif": "gif",
    "webp": "libwebp_anim",
    "png": "",
}

# The index of an MP4 goes to its front, so that it plays while it is downloaded.
_MUXER_OPTIONS = {
    "mp4": (("movflags", "+faststart"),),
    "mov": (("movflags", "+faststart"),),
    "webp": (("loop", "0"),),
}

_WITH_ALPHA: tuple[Codec, ...] = ("vp9", "prores", "gif", "webp", "png")

_TITLES: dict[Codec, str] = {
    **{codec: codec for codec in _HARDWARE},
    "hevc": "HEVC",
    "av1": "AV1",
    "h264": "H.264",
    "vp9": "VP9",
    "prores": "ProRes",
    "gif": "GIF",
    "webp": "WebP",
    "png": "PNG",
}


def is_pattern(out: Path) -> bool:
    """Say whether a result is a row of PNG files by a pattern of their names, such as `f_%03d.png`."""
    return out.suffix.lower() == ".png" and PATTERN.search(out.name) is not None


def numbered(name: str, number: int) -> str:
    """Return a name with a frame's number in its place."""
    return PATTERN.sub(lambda found: found[0] % number, name, count=1)


def choose_format(out: Path, codec: str | None, quality: int | None, *, alpha: bool, bits: int = 8) -> OutputFormat:
    """Choose how `out` is written.

    Args:
        out: its suffix decides the container; without one it is a folder of PNG files.
        codec: one of `Codec`; None takes the container's own.
        quality: 1-100, 100 without loss where the codec can; None takes what looks like the source. ProRes and PNG
            have none.
        alpha: the frames are transparent somewhere.
        bits: of the source's samples; of more than 8, 10 are kept by whatever can, and without a `codec` one is taken
            that can.

    Raises:
        InputError: an unknown suffix or codec, or a container, a codec and an alpha that don't go together.
        DependencyError: the installed PyAV has no such encoder.
    """
    suffix = "" if is_pattern(out) else out.suffix.lower()
    if suffix not in _CONTAINERS:
        known = ", ".join(filter(None, _CONTAINERS))
        raise InputError(
            f"{out}: no video is written to {suffix}; use {known}; for PNG a folder's name without a dot, or f_%03d.png"
        )
    container, codecs = _CONTAINERS[suffix]
    if codec is not None and codec not in get_args(Codec):
        raise InputError(f"the codec {codec!r} is unknown; use one of {', '.join(get_args(Codec))}")
    asked: list[Codec] = [one for one in codecs if codec is None or one == codec]
    if not asked:
        places = [key or "a folder" for key, (_, inside) in _CONTAINERS.items() if codec in inside]
        raise InputError(
            f"{out}: {suffix or 'a folder'} can't hold the codec {codec}; leave --codec out, or write "
            f"{' or '.join(places)}"
        )
    fitting: list[Codec] = [one for one in asked if not alpha or one in _WITH_ALPHA]
    if not fitting:
        raise InputError(
            f"{out}: {_TITLES[asked[0]]} in {suffix} can't hold transparency; give a --background, or write .webm "
            "(VP9), .mov (ProRes 4444), .webp, .gif or a folder of PNG files"
        )
    chosen, deep = (fitting[0], "") if bits <= 8 else _deepest(fitting, alpha=alpha)
    encoder = _ENCODERS[chosen]
    if encoder and not codec_available(encoder):
        raise DependencyError(
            f"{out}: the installed PyAV was built without the encoder {encoder}; install its official wheel, or choose "
            "another suffix"
        )
    if chosen in _HARDWARE:
        require_encoder(str(out), encoder)
    pixel_format, options, even = _encoding(chosen, quality, alpha)
    if deep:
        pixel_format = deep
        options |= {"qp": "0"} if chosen == "h264" and quality == 100 else {}
        options |= {"alpha_bits": "16"} if "alpha_bits" in options else {}
    return OutputFormat(
        codec=chosen,
        alpha=alpha,
        container=container,
        encoder=encoder,
        pixel_format=pixel_format,
        bits=(16 if chosen == "png" else 10) if deep else 8,
        options=tuple(options.items()),
        muxer_options=_MUXER_OPTIONS.get(container, ()),
        even=even,
        audio=chosen not in {"gif", "webp", "png"},
    )


_TEN_BITS: dict[Codec, str] = {
    **dict.fromkeys(("hevc", "av1", "vp9", "h264"), "yuv420p10le"),
    **dict.fromkeys(("hevc_nvenc", "av1_nvenc", "hevc_qsv", "av1_qsv"), "p010le"),
}
"""The pixel format of 10 bits of each codec that may have them; ProRes has no other."""


def _deepest(codecs: list[Codec], *, alpha: bool) -> tuple[Codec, str]:
    """Return the first codec that has more than 8 bits here, with its pixel format; the first one, where none has.

    HEVC comes before H.264, whose 10 bits few players take; a GPU is used where it alone was asked for.
    """
    order = sorted(codecs, key=lambda codec: (codec != "hevc", codec == "h264"))
    for codec in order:
        pixel_format = _deep(codec, alpha=alpha)
        if pixel_format and (codec not in _HARDWARE or len(codecs) == 1):
            return codec, pixel_format
    return codecs[0], ""


def _deep(codec: Codec, *, alpha: bool) -> str:
    """Return the pixel format of more than 8 bits in which a codec can be encoded here; empty where it can't."""
    if codec == "png":
        return "rgb48"
    if codec == "prores":
        return _encoding(codec, None, alpha)[0]
    wanted = "" if alpha else _TEN_BITS.get(codec, "")
    return wanted if wanted and codec_available(_ENCODERS[codec], wanted) else ""


def _encoding(codec: Codec, quality: int | None, alpha: bool) -> tuple[str, dict[str, str], bool]:
    """Return the pixel format, the encoder's options, and whether sides must be even."""
    if codec == "h264":
        # x264's scale ends at 51; 0 is without loss.
        crf = 18 if quality is None else round(51 * (100 - quality) / 99)
        return "yuv420p", {"crf": str(crf), "preset": "fast"}, True
    if codec in {"hevc", "av1", *_HARDWARE}:
        return _newer_encoding(codec, quality)
    if codec == "vp9":
        crf = 24 if quality is None else round(63 * (100 - quality) / 99)
        options = {"crf": str(crf), "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"}
        if quality == 100:
            options["lossless"] = "1"
        if alpha:
            # Frames that are never shown have no place in the alpha's stream.
            options["auto-alt-ref"] = "0"
        return ("yuva420p" if alpha else "yuv420p"), options, False
    if codec == "prores":
        profile = {"profile": "4444", "alpha_bits": "8"} if alpha else {"profile": "hq"}
        return "yuva444p10le" if alpha else "yuv422p10le", {**profile, "vendor": "apl0"}, not alpha
    if codec == "webp":
        lossless = {"lossless": "1"} if quality == 100 else {"quality": str(quality or 85)}
        return "bgra", lossless, False
    return "pal8" if codec == "gif" else "", {}, False


def _newer_encoding(codec: Codec, quality: int | None) -> tuple[str, dict[str, str], bool]:
    """Return the same of HEVC and AV1, and of what a GPU encodes."""
    if codec in _HARDWARE:
        level = 20 if quality is None else round(51 * (100 - quality) / 99)
        nvidia = codec.endswith("nvenc")
        options = {"rc": "vbr", "cq": str(level), "b": "0"} if nvidia else {"global_quality": str(max(1, level))}
        return ("yuv420p" if nvidia else "nv12"), options, True
    if codec == "hevc":
        crf = 20 if quality is None else round(51 * (100 - quality) / 99)
        lossless = ":lossless=1" if quality == 100 else ""
        return "yuv420p", {"crf": str(crf), "preset": "fast", "x265-params": f"log-level=error{lossless}"}, True
    crf = 28 if quality is None else max(1, round(63 * (100 - quality) / 99))
    return "yuv420p", {"crf": str(crf), "preset": "8"}, True
