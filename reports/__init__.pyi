from .benchmarks import (
    print_benchmark as print_benchmark,
)
from .comparisons import (
    print_comparison as print_comparison,
)
from .doctor import (
    print_diagnosis as print_diagnosis,
)
from .formats.console import (
    show as show,
)
from .formats.fitting import (
    print_lines as print_lines,
)
from .image_runs import (
    follow_run as follow_run,
)
from .image_runs import (
    print_cluster as print_cluster,
)
from .image_runs import (
    print_run as print_run,
)
from .making import (
    ReportRequest as ReportRequest,
)
from .making import (
    check_format as check_format,
)
from .making import (
    make_report as make_report,
)
from .making import (
    write_report as write_report,
)
from .progress import (
    ProgressBar as ProgressBar,
)
from .steps import (
    print_parity as print_parity,
)
from .terminal import (
    console_of as console_of,
)
from .terminal import (
    print_export as print_export,
)
from .terminal import (
    print_fetched as print_fetched,
)
from .terminal import (
    print_layouts as print_layouts,
)
from .terminal import (
    print_model as print_model,
)
from .terminal import (
    print_models as print_models,
)
from .validations import (
    print_validation as print_validation,
)
from .verdicts import (
    one_line as one_line,
)
from .verdicts import (
    publish as publish,
)
from .verification import (
    verification_lines as verification_lines,
)
from .video import (
    print_video as print_video,
)
