"""What a file holds beside frames and sound: tags, chapters, a cover, attachments; and what of it was lost."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from .pyav import load_av

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.container.core import Chapter
    from av.packet import Packet
    from av.stream import Stream
    from av.subtitles.stream import SubtitleStream
    from av.video.stream import VideoStream

__all__ = [
    "NO_EXTRAS",
    "Attachment",
    "Extras",
    "lost_extras",
    "read_extras",
    "write_attachments",
    "write_tags",
    "write_track_tags",
]

# What says how a file was written, which the new one says by itself.
_TECHNICAL = frozenset(
    {
        *("alpha_mode", "bps", "compatible_brands", "duration", "encoder", "filename", "handler_name", "is_sdtv"),
        *("major_brand", "mimetype", "minor_version", "number_of_bytes", "number_of_frames", "stereo_mode"),
        *("variant_bitrate", "vendor_id"),
    }
)

# Others of one family of containers each; and what FFmpeg says again for each language.
_PREFIXES = (
    *("_statistics", "bps-", "com.apple.quicktime.full-frame", "duration-", "isvbr", "location-", "number_of_"),
    *("wm/", "wmfsdk"),
)


@dataclass(frozen=True)
class Attachment:
    """A file inside of a video: its name, its type and its content."""

    name: str
    mimetype: str
    data: bytes


@dataclass(frozen=True, eq=False)
class Extras:
    """What a file holds beside frames and sound.

    Attributes:
        tags: of the whole, without those that say how it was written.
        video: tags of the video's track.
        disposition: of the video's track: FFmpeg's flags.
        chapters: with times of the clock that begins at the file's start.
        subtitles: tracks of them, which are handed on packet by packet.
        cover: an image of the whole.
        attachments: such as fonts.
        others: streams that no result holds, in words.
    """

    tags: dict[str, str]
    video: dict[str, str]
    disposition: int = 0
    chapters: tuple[Chapter, ...] = ()
    subtitles: tuple[SubtitleStream, ...] = ()
    cover: Attachment | None = None
    attachments: tuple[Attachment, ...] = ()
    others: tuple[str, ...] = ()


NO_EXTRAS = Extras({}, {})


def read_extras(container: InputContainer, stream: VideoStream, cover: bytes | None, origin: Fraction) -> Extras:
    """Return what a file holds beside frames and sound.

    Args:
        container: of the file.
        stream: whose frames are taken.
        cover: the content of its cover, where one was read.
        origin: the seconds at which its clock begins.
    """
    av = load_av()
    tags = _kept(container.metadata)
    video = _kept(stream.metadata)
    timecode = next(
        (one.metadata["timecode"] for one in (*container.streams, container) if "timecode" in one.metadata), None
    )
    if timecode is not None:
        video["timecode"] = timecode
        tags.pop("timecode", None)
    others: list[str] = []
    found: Attachment | None = None
    for one in container.streams:
        if one.type == "video" and one is not stream:
            if int(one.disposition) & int(av.stream.Disposition.attached_pic):
                if cover is not None and found is None:
                    name = one.metadata.get("filename", "cover")
                    kind = "image/png" if cover[:4] == b"\x89PNG" else "image/jpeg"
                    found = Attachment(name, one.metadata.get("mimetype", kind), cover)
                else:
                    others.append(f"another cover (stream {one.index})")
            else:
                others.append(f"another video (stream {one.index}, {_codec_of(one) or 'of an unknown codec'})")
        elif one.type in {"data", "unknown"} and not (timecode and "timecode" in one.metadata):
            others.append(
                f"data (stream {one.index}, {one.metadata.get('handler_name') or _codec_of(one) or 'unknown'})"
            )
        elif one.type in {"audio", "subtitle"} and getattr(one, "codec_context", None) is None:
            others.append(f"{one.type} of an unknown codec (stream {one.index})")
    return Extras(
        tags,
        video,
        int(stream.disposition),
        _chapters(container.chapters(), origin),
        tuple(one for one in container.streams.subtitles if getattr(one, "codec_context", None)),
        found,
        tuple(
            Attachment(one.metadata.get("filename", "attachment"), one.mimetype or "", bytes(one.data))
            for one in container.streams.attachments
        ),
        tuple(others),
    )


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in metadata.items()
        if name.lower() not in _TECHNICAL
        and not name.lower().startswith(_PREFIXES)
        and not (name.lower() == "language" and value == "und")
    }


def _codec_of(stream: Stream) -> str:
    context = getattr(stream, "codec_context", None)
    return str(context.name) if context is not None else ""


def _chapters(chapters: list[Chapter], origin: Fraction) -> tuple[Chapter, ...]:
    """Return chapters by the clock that begins at the file's start, in their own units."""
    found: list[Chapter] = []
    for one in chapters:
        by = round(origin / (one["time_base"] or 1))
        moved = {**one, "start": max(0, one["start"] - by), "end": max(0, one["end"] - by)}
        found.append(cast("Chapter", moved))
    return tuple(found)


# QuickTime knows languages by the older ones of their two codes alone.
_OLDER = {
    "ces": "cze",
    "cym": "wel",
    "deu": "ger",
    "ell": "gre",
    "eus": "baq",
    "fas": "per",
    "fra": "fre",
    "hye": "arm",
    "isl": "ice",
    "kat": "geo",
    "mkd": "mac",
    "mri": "mao",
    "msa": "may",
    "mya": "bur",
    "nld": "dut",
    "ron": "rum",
    "slk": "slo",
    "sqi": "alb",
    "bod": "tib",
    "zho": "chi",
}


def write_track_tags(target: Stream, tags: dict[str, str], disposition: int) -> None:
    """Give a new track the tags and the flags of the one that it is made of."""
    kept = _kept(tags)
    if target.container.format.name == "mov" and "language" in kept:
        kept["language"] = _OLDER.get(kept["language"], kept["language"])
    target.metadata.update(kept)
    target.disposition = load_av().stream.Disposition(disposition)


def write_tags(container: OutputContainer, extras: Extras) -> None:
    """Give a new file the tags and chapters of the one that it is made of, before its header is written."""
    container.metadata.update(extras.tags)
    if extras.chapters:
        container.set_chapters(list(extras.chapters))


def write_attachments(
    container: OutputContainer, form: str, extras: Extras, suffix: str
) -> tuple[list[str], list[Packet[Stream]]]:
    """Put the cover and the attachments into a new file, before its header is written.

    Args:
        container: the new file.
        form: FFmpeg's name of its format.
        extras: of the one that it is made of.
        suffix: of the new file's name.

    Returns:
        What it can't hold, in sentences, and what is to be written after the header.
    """
    notes: list[str] = []
    packets: list[Packet[Stream]] = []
    for one in (*((extras.cover,) if extras.cover else ()), *extras.attachments):
        if form == "matroska":
            container.add_attachment(one.name, one.mimetype, one.data)
        elif one is extras.cover and form == "mp4":
            packets.append(_add_cover(container, one))
        else:
            what = "cover" if one is extras.cover else "attachment"
            notes.append(f"{suffix} can't hold the {what} {one.name}, which was left out")
    return notes, packets


def _add_cover(container: OutputContainer, cover: Attachment) -> Packet[Stream]:
    """Give an MP4 its cover, which is a track of one image; return that."""
    av = load_av()
    packet: Packet[Stream] = av.Packet(cover.data)
    packet.pts = packet.dts = 0
    with av.open(io.BytesIO(cover.data)) as image:
        source = image.streams.video[0]
        track = container.add_stream_from_template(source, opaque=True)
        track.disposition = av.stream.Disposition.attached_pic
        packet.time_base, packet.stream = source.time_base, track
    return packet


def lost_extras(path: Path, extras: Extras, tracks: tuple[Stream, ...], suffix: str) -> list[str]:
    """Return sentences about what the new file does not hold, by a look into it.

    Args:
        path: of the new file.
        extras: of the one that it is made of.
        tracks: of sound and subtitles that were handed on.
        suffix: of the new file's name.
    """
    av = load_av()
    notes: list[str] = []
    with av.open(str(path), metadata_errors="replace") as file:
        there = {name.lower() for name in file.metadata}
        there |= {name.lower() for stream in file.streams for name in stream.metadata}
        tags = sorted(name for name in {**extras.tags, **extras.video} if name.lower() not in there | {"title"})
        if "title" in {name.lower() for name in extras.tags} - {name.lower() for name in file.metadata}:
            tags.append("title")
        if tags:
            notes.append(f"{suffix} has no room for these tags, which were left out: {', '.join(tags)}")
        if len(file.chapters()) < len(extras.chapters):
            notes.append(f"{suffix} has no room for the chapters, which were left out")
        for kind, what in (("audio", "sound"), ("subtitle", "subtitles")):
            new = [stream for stream in file.streams if stream.type == kind]
            old = [stream for stream in tracks if stream.type == kind]
            for number, (before, after) in enumerate(zip(old, new, strict=False), 1):
                said = {name.lower(): value for name, value in after.metadata.items()}
                mine = _kept(before.metadata)
                shown = {said.get("title"), said.get("name"), said.get("handler_name")}
                same = {mine.get("language"), _OLDER.get(mine.get("language", ""))}
                missing = [name for name in mine if name.lower() == "language" and said.get("language") not in same]
                missing += [name for name in mine if name.lower() == "title" and mine[name] not in shown]
                if missing:
                    notes.append(f"{suffix} has no room for the {' and '.join(missing)} of {what} track {number}")
    return notes
