from .run import (
    Summary as Summary,
)
from .scale import (
    PipelineOptions as PipelineOptions,
    run_on_ray as run_on_ray,
)
from .session import (
    cluster as cluster,
    rows_of as rows_of,
    whole_nodes as whole_nodes,
)
