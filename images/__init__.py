"""Pictures in and out of files: one type, read upright and written whole.

What enters: what knows a file format, a profile or a depth; nothing that knows a model.
"""

from .picture import Picture, Pixels, to_depth
from .read import MAX_PIXELS, READABLE_EXTENSIONS, read_picture
from .write import (
    WRITABLE_EXTENSIONS,
    clear_hidden,
    encode_mask,
    encode_picture,
    format_of,
    write_mask,
    write_picture,
)

__all__ = [
    "MAX_PIXELS",
    "READABLE_EXTENSIONS",
    "WRITABLE_EXTENSIONS",
    "Picture",
    "Pixels",
    "clear_hidden",
    "encode_mask",
    "encode_picture",
    "format_of",
    "read_picture",
    "to_depth",
    "write_mask",
    "write_picture",
]
