from .classes import (
    Confusion as Confusion,
    class_iou as class_iou,
    class_shares as class_shares,
    confusion as confusion,
)
from .mattes import (
    composite_error as composite_error,
)
from .registry import (
    METRICS as METRICS,
    Metric as Metric,
    default_metrics as default_metrics,
    get_metric as get_metric,
    metrics_for as metrics_for,
)
from .segmentation import (
    dice as dice,
    iou as iou,
    mae as mae,
)
from .super_resolution import (
    psnr as psnr,
    psnr_y as psnr_y,
    ssim as ssim,
    ssim_y as ssim_y,
)
