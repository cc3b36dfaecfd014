from .download import (
    fetch_layout as fetch_layout,
)
from .folders import (
    images_in as images_in,
)
from .images import (
    read_alpha as read_alpha,
    read_rgb as read_rgb,
    write_png as write_png,
)
from .layouts import (
    LAYOUTS as LAYOUTS,
    Layout as Layout,
)
from .opening import (
    DATASET_GRAMMAR as DATASET_GRAMMAR,
    open_dataset as open_dataset,
)
from .sample import (
    AlphaMatte as AlphaMatte,
    Dataset as Dataset,
    Pixels as Pixels,
    Sample as Sample,
)
from .sheet import (
    contact_sheet as contact_sheet,
    grey as grey,
    sample_row as sample_row,
)
from .synthetic import (
    synthetic as synthetic,
    write_synthetic as write_synthetic,
)
