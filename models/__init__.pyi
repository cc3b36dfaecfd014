from .grammar import (
    MODEL_GRAMMAR as MODEL_GRAMMAR,
)
from .opening import (
    open_at as open_at,
    open_variant as open_variant,
)
from .pipeline import (
    open_pipeline as open_pipeline,
)
from .reference import (
    ModelRef as ModelRef,
)
from .runtimes import (
    RUNTIMES as RUNTIMES,
    open_runtime as open_runtime,
    require_offered as require_offered,
)
