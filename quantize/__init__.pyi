from .layer_variants import (
    LayerVariants as LayerVariants,
)
from .quantization import (
    QuantizeResult as QuantizeResult,
    quantize as quantize,
    quantize_model as quantize_model,
    run_quantization as run_quantization,
)
from .quantize_settings import (
    MaxDrop as MaxDrop,
    QuantizeSettings as QuantizeSettings,
    parse_max_drop as parse_max_drop,
    read_scope as read_scope,
)
from .source_ir import (
    Accuracy as Accuracy,
    SourceIr as SourceIr,
    accuracy_on as accuracy_on,
    open_source as open_source,
)
