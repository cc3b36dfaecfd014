from .composite import (
    composite_error as composite_error,
)
from .registry import (
    METRICS as METRICS,
)
from .registry import (
    Metric as Metric,
)
from .registry import (
    get_metric as get_metric,
)
from .segmentation import (
    dice as dice,
)
from .segmentation import (
    iou as iou,
)
from .segmentation import (
    mae as mae,
)
from .super_resolution import (
    psnr as psnr,
)
from .super_resolution import (
    psnr_y as psnr_y,
)
from .super_resolution import (
    ssim as ssim,
)
from .super_resolution import (
    ssim_y as ssim_y,
)
