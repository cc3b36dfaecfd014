"""Images in and out of files: one type, read upright and written whole.

What enters: what knows a file format, a profile or a depth; nothing that knows a model.
"""

from .image import Image, Pixels, to_depth
from .read import MAX_PIXELS, READABLE_EXTENSIONS, read_image
from .write import (
    WRITABLE_EXTENSIONS,
    clear_hidden,
    encode_image,
    encode_mask,
    format_of,
    write_image,
    write_mask,
)

__all__ = [
    "MAX_PIXELS",
    "READABLE_EXTENSIONS",
    "WRITABLE_EXTENSIONS",
    "Image",
    "Pixels",
    "clear_hidden",
    "encode_image",
    "encode_mask",
    "format_of",
    "read_image",
    "to_depth",
    "write_image",
    "write_mask",
]
