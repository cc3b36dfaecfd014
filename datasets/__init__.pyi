from .download import (
    fetch_layout as fetch_layout,
)
from .folders import (
    images_in as images_in,
)
from .images import (
    read_alpha as read_alpha,
)
from .images import (
    read_rgb as read_rgb,
)
from .images import (
    write_png as write_png,
)
from .layouts import (
    LAYOUTS as LAYOUTS,
)
from .layouts import (
    Layout as Layout,
)
from .opening import (
    DATASET_GRAMMAR as DATASET_GRAMMAR,
)
from .opening import (
    open_dataset as open_dataset,
)
from .sample import (
    AlphaMatte as AlphaMatte,
)
from .sample import (
    Dataset as Dataset,
)
from .sample import (
    Pixels as Pixels,
)
from .sample import (
    Sample as Sample,
)
from .sheet import (
    contact_sheet as contact_sheet,
)
from .sheet import (
    grey as grey,
)
from .sheet import (
    sample_row as sample_row,
)
from .synthetic import (
    synthetic as synthetic,
)
from .synthetic import (
    write_synthetic as write_synthetic,
)
