"""PyAV, of the extra `video`: it opens containers only, from where the user said and within the pixel limit."""

from __future__ import annotations

import errno
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ...core import VideoError, needs_extra
from ..location import STANDARD

if TYPE_CHECKING:
    from types import ModuleType

    from av import VideoFrame
    from av.container import InputContainer
    from av.filter import Graph
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

__all__ = [
    "MEND",
    "PROTOCOLS",
    "Decoder",
    "ffmpeg_says",
    "graph_for",
    "is_cover",
    "is_piped",
    "is_stream",
    "load_av",
    "open_container",
    "open_decoder",
    "seek_to",
    "video_errors",
    "video_stream",
]


def load_av() -> ModuleType:
    """Return the package `av`.

    Raises:
        DependencyError: it is not installed.
    """
    with needs_extra("video", "av", "video"):
        import av
    return av


@contextmanager
def ffmpeg_says(name: str, what: str, codec: str) -> Generator[None]:
    """Turn a refusal in this block into a `VideoError` with the reason that FFmpeg or a codec's library wrote down."""
    av = load_av()
    level = av.logging.get_level()
    lines: list[tuple[int, str, str]] = []
    try:
        av.logging.set_level(av.logging.ERROR)
        with av.logging.Capture() as lines:
            yield
    except (av.error.FFmpegError, ValueError) as error:
        number = getattr(error, "errno", None)
        if number in _OF_SYSTEM:
            raise VideoError.of_system(OSError(number, "", name)) from error
        said = [" ".join(text.split()) for _, _, text in lines if text.strip()]
        reason = "; ".join(dict.fromkeys(said[:3])) or getattr(error, "strerror", None) or str(error)
        raise VideoError(
            f"{name}: {what} ({reason[:300]}); choose another codec than {codec}, or another size"
        ) from error
    finally:
        av.logging.set_level(level)


@contextmanager
def video_errors(name: str, doing: str, mend: str) -> Generator[None]:
    """Turn what FFmpeg says in this block into a `VideoError`: `name: it can't be <doing> (reason); <mend>`.

    What the system refuses, such as a disk that is full, is told as such.
    """
    av = load_av()
    try:
        yield
    except OSError as error:
        if error.errno in _OF_SYSTEM:
            raise VideoError.of_system(OSError(error.errno, error.strerror or "", name)) from error
        raise _refused(error, name, doing, mend) from error
    except (av.error.FFmpegError, OverflowError, ValueError) as error:
        raise _refused(error, name, doing, mend) from error
    except MemoryError as error:
        raise VideoError(f"{name}: it can't be {doing} (not enough memory); {mend}") from error


_OF_SYSTEM = {errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENOSPC, errno.EPERM, errno.EROFS}


def _refused(error: Exception, name: str, doing: str, mend: str) -> VideoError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return VideoError(f"{name}: it can't be {doing} ({' '.join(str(reason).split())[:200]}); {mend}")


PROTOCOLS = frozenset({"http", "https", "rtmp", "rtmps", "rtp", "rtsp", "srt", "tcp", "udp"})
"""What a stream's URL may begin with."""

# A playlist or a list of files inside a "video" would make FFmpeg open whatever it names: only containers are read.
_FORMATS = (
    "3g2,3gp,aac,apng,asf,av1,avi,dv,flv,gif,h264,hevc,ivf,m4a,m4v,matroska,mj2,mjpeg,mov,mp4,mpeg,mpegts,mpegvideo,"
    "mxf,nut,ogg,rm,vc1,webm,wtv,yuv4mpegpipe"
)

_TIMEOUT_S = (20.0, 10.0)

_ALPHA_PART = "matroska_block_additional"

MEND = "check that it is a whole video file"

# The decoders that FFmpeg takes by itself leave the alpha of these out.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


# Graphs that each thread keeps, for the sizes and formats that it converts by turns.
_MOST_GRAPHS = 8


class _Kept(threading.local):
    def __init__(self) -> None:
        self.graphs: OrderedDict[tuple[object, ...], Graph] = OrderedDict()


_kept = _Kept()


def graph_for(key: tuple[object, ...], make: Callable[[], Graph]) -> Graph:
    """Return this thread's filter graph by its key, made where there is none."""
    graph = _kept.graphs.pop(key, None) or make()
    _kept.graphs[key] = graph
    while len(_kept.graphs) > _MOST_GRAPHS:
        _kept.graphs.popitem(last=False)
    return graph


class Decoder:
    """A video's decoder.

    libvpx, which alone knows alpha, takes memory for whatever size a frame asks for. So FFmpeg's own decoder, which
    knows a limit, gets each packet first, and its alpha part too; what it refuses does not reach libvpx.
    """

    def __init__(
        self,
        context: VideoCodecContext,
        guard: VideoCodecContext | None = None,
        alpha_guard: VideoCodecContext | None = None,
    ) -> None:
        self._context = context
        self._guard = guard
        self._alpha_guard = alpha_guard

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """Return the frames that a packet completes; None asks for those that are still held.

        Raises what PyAV raises for damaged packets.
        """
        if packet is not None and self._guard is not None and self._alpha_guard is not None:
            self._guard.decode(packet)
            for part in packet.iter_sidedata():
                if part.data_type == _ALPHA_PART:
                    av = load_av()
                    # A number of 8 bytes says what kind of addition it is.
                    self._alpha_guard.decode(av.Packet(bytes(part)[8:]))
        return self._context.decode(packet)


def is_stream(location: str) -> bool:
    """Say whether this is the URL of a stream, and not a path."""
    protocol, separator, _ = location.partition("://")
    return bool(separator) and protocol.lower() in PROTOCOLS


def is_piped(location: str) -> bool:
    """Say whether this is the standard input."""
    return location == STANDARD


def open_container(location: str, max_pixels: int) -> InputContainer:
    """Open a file or a stream; a file can't make FFmpeg open others.

    Raises:
        VideoError: it can't be opened.
    """
    av = load_av()
    # Known to the decoders that look into the streams' first frames, before anybody can ask for their size.
    options = {"max_pixels": str(max_pixels)}
    live, mend = is_stream(location), MEND
    if live:
        options["protocol_whitelist"] = f"{','.join(sorted(PROTOCOLS))},crypto,httpproxy,tls"
        place = location
    elif is_piped(location):
        options |= {"protocol_whitelist": "pipe", "format_whitelist": _FORMATS}
        place, mend = "pipe:0", "an MP4 whose index comes last can't be read from a pipe: write it to a file first"
        location = "the standard input"
    else:
        _require_file(Path(location))
        options |= {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
        place = f"file:{Path(location).absolute()}"
    with video_errors(location, "opened as a video", mend):
        opened = av.open(
            place,
            options=options,
            metadata_errors="replace",
            timeout=_TIMEOUT_S if live else None,
        )
    return cast("InputContainer", opened)


def seek_to(container: InputContainer, seconds: Fraction) -> bool:
    """Go to the last key frame before a time; say whether that could be done: otherwise it is where it was."""
    av = load_av()
    try:
        container.seek(int(seconds * 1_000_000))
    except (av.error.FFmpegError, OSError):
        return False
    return True


def open_decoder(stream: VideoStream, max_pixels: int) -> Decoder:
    """Return what decodes the stream; a frame of more than `max_pixels` is refused before memory is taken for it."""
    av = load_av()
    context = stream.codec_context
    context.options = {**context.options, "max_pixels": str(max_pixels)}
    name = _WITH_ALPHA.get(context.name)
    if stream.metadata.get("alpha_mode") == "1" and name and name in av.codec.codecs_available:
        decoder = cast("VideoCodecContext", av.CodecContext.create(name, "r"))
        decoder.extradata = context.extradata
        alpha = cast("VideoCodecContext", av.CodecContext.create(context.name, "r"))
        # Only a frame's size is asked for.
        for guard in (context, alpha):
            guard.options = {"max_pixels": str(max_pixels), "skip_loop_filter": "all"}
        return Decoder(decoder, context, alpha)
    # Frames in threads would report a broken packet with a later one.
    context.thread_type = "SLICE"
    return Decoder(context)


def _require_file(path: Path) -> None:
    try:
        if path.is_file():
            return
        what = "this is a folder or a device" if path.exists() else "there is no such file"
    except (OSError, ValueError) as error:
        raise VideoError(f"{path}: it can't be looked at ({error}); check the name") from error
    raise VideoError(f"{path}: {what}; give a video file, a folder of frames, a camera's number or a stream's URL")


def is_cover(stream: VideoStream) -> bool:
    """Say whether a stream of images is the cover of what else there is."""
    return bool(stream.disposition & load_av().stream.Disposition.attached_pic)


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """Return the first video that is not a cover.

    Raises:
        VideoError: there is none.
    """
    for stream in container.streams.video:
        # A piece of music may carry its cover as a video of one image.
        # A stream of a codec that FFmpeg doesn't know has no decoder at all, whatever the type says.
        if not is_cover(stream) and getattr(stream, "codec_context", None):
            return stream
    raise VideoError(f"{name}: it holds no video of a known codec; give a file with one")
