from .blend import (
    over as over,
)
from .blend import (
    over_alpha as over_alpha,
)
from .blend import (
    over_colour as over_colour,
)
from .blend import (
    resize_straight as resize_straight,
)
from .decode import (
    upright as upright,
)
from .extensions import (
    READABLE_EXTENSIONS as READABLE_EXTENSIONS,
)
from .extensions import (
    WRITABLE_EXTENSIONS as WRITABLE_EXTENSIONS,
)
from .extensions import (
    format_of as format_of,
)
from .image import (
    Image as Image,
)
from .image import (
    Pixels as Pixels,
)
from .image import (
    to_depth as to_depth,
)
from .in_kind import (
    apply as apply,
)
from .kinds import (
    ImageLike as ImageLike,
)
from .kinds import (
    image_of as image_of,
)
from .pixels import (
    MAX_PIXELS as MAX_PIXELS,
)
from .pixels import (
    MAX_PIXELS_VARIABLE as MAX_PIXELS_VARIABLE,
)
from .pixels import (
    pixel_limit as pixel_limit,
)
from .profiles import (
    convert_rgb as convert_rgb,
)
from .profiles import (
    same_space as same_space,
)
from .read import (
    read_file as read_file,
)
from .read import (
    read_image as read_image,
)
from .samples import (
    sample_images as sample_images,
)
from .write import (
    clear_hidden as clear_hidden,
)
from .write import (
    encode_image as encode_image,
)
from .write import (
    encode_mask as encode_mask,
)
from .write import (
    save as save,
)
from .write import (
    write_image as write_image,
)
from .write import (
    write_mask as write_mask,
)
