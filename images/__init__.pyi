from .blend import (
    over as over,
    over_alpha as over_alpha,
    over_colour as over_colour,
    resize_straight as resize_straight,
)
from .decode import (
    upright as upright,
)
from .extensions import (
    READABLE_EXTENSIONS as READABLE_EXTENSIONS,
    WRITABLE_EXTENSIONS as WRITABLE_EXTENSIONS,
    PngCompression as PngCompression,
    format_of as format_of,
)
from .image import (
    Image as Image,
    Pixels as Pixels,
    to_depth as to_depth,
)
from .image_kinds import (
    ImageLike as ImageLike,
    image_of as image_of,
)
from .in_kind import (
    apply as apply,
)
from .kept_metadata import (
    KeptMetadata as KeptMetadata,
)
from .metadata import (
    Metadata as Metadata,
)
from .pixels import (
    MAX_PIXELS as MAX_PIXELS,
    MAX_PIXELS_VARIABLE as MAX_PIXELS_VARIABLE,
    pixel_limit as pixel_limit,
)
from .profiles import (
    convert_rgb as convert_rgb,
    same_space as same_space,
)
from .read import (
    read_file as read_file,
    read_image as read_image,
    sample_images as sample_images,
)
from .write import (
    clear_hidden as clear_hidden,
    encode_image as encode_image,
    encode_mask as encode_mask,
    save as save,
    write_image as write_image,
    write_mask as write_mask,
)
