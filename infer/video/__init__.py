"""Video: frames with their times from files, cameras and streams, through the pipeline, into files.

What enters: what knows of time, containers and codecs; a frame's own way is the pipeline's.
"""

from __future__ import annotations

__all__ = ["VIDEO_EXTENSIONS"]

VIDEO_EXTENSIONS = frozenset(
    f".{extension}"
    for extension in (
        *("3g2", "3gp", "asf", "avi", "flv", "ivf", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "mxf"),
        *("ogv", "ts", "webm", "wmv", "y4m"),
    )
)
"""The extensions, in lower case, by which a file is taken for a video where an image is asked for."""
