from .ray_cluster import (
    cluster as cluster,
    rows_of as rows_of,
    whole_nodes as whole_nodes,
)
from .running import (
    RunResult as RunResult,
    run_images as run_images,
    run_with as run_with,
)
