from .access import (
    DATASET_GRAMMAR as DATASET_GRAMMAR,
    check_dataset as check_dataset,
    draw_dataset as draw_dataset,
    fetch_layout as fetch_layout,
    make_dataset as make_dataset,
    open_dataset as open_dataset,
)
from .class_colours import (
    VOID as VOID,
)
from .class_masks import (
    ClassNames as ClassNames,
    ClassTruth as ClassTruth,
    read_classes as read_classes,
    read_mask as read_mask,
)
from .image_folders import (
    images_in as images_in,
    read_alpha as read_alpha,
    read_rgb as read_rgb,
)
from .layouts import (
    LAYOUTS as LAYOUTS,
    Layout as Layout,
)
from .sample import (
    AlphaMatte as AlphaMatte,
    Dataset as Dataset,
    Pixels as Pixels,
    Sample as Sample,
    contact_sheet as contact_sheet,
    grey as grey,
    sample_row as sample_row,
    write_png as write_png,
    write_sheet as write_sheet,
)
from .synthetic import (
    synthetic as synthetic,
    write_synthetic as write_synthetic,
)
