from .quantization import (
    QuantizeResult as QuantizeResult,
    quantize_model as quantize_model,
    run_quantization as run_quantization,
)
from .quantize_settings import (
    QuantizeSettings as QuantizeSettings,
    parse_max_drop as parse_max_drop,
    read_scope as read_scope,
)
