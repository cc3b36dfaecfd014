from .build_report import (
    StageOutcome as StageOutcome,
)
from .building import (
    BuildRequest as BuildRequest,
    build as build,
)
from .reading import (
    schema_text as schema_text,
)
