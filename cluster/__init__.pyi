from .run import (
    Summary as Summary,
)
from .scale import (
    PipelineOptions as PipelineOptions,
)
from .scale import (
    run_on_ray as run_on_ray,
)
from .session import (
    cluster as cluster,
)
from .session import (
    rows_of as rows_of,
)
from .session import (
    whole_nodes as whole_nodes,
)
