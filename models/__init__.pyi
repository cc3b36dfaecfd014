from .grammar import (
    MODEL_GRAMMAR as MODEL_GRAMMAR,
)
from .loading import (
    open_at as open_at,
    open_model as open_model,
    open_variant as open_variant,
)
from .pipelines import (
    load_pipeline as load_pipeline,
    open_pipeline as open_pipeline,
    remove as remove,
)
from .reference import (
    ModelRef as ModelRef,
)
from .runtimes import (
    RUNTIMES as RUNTIMES,
    open_runtime as open_runtime,
    require_offered as require_offered,
)
from .video_runs import (
    VideoOutcome as VideoOutcome,
    VideosResult as VideosResult,
    process_videos as process_videos,
    run_video as run_video,
    run_videos as run_videos,
)
