from .bench.accuracy.evaluation import (
    EvaluationResult as EvaluationResult,
    evaluate as evaluate,
)
from .bench.latency.benchmark import (
    BenchmarkResult as BenchmarkResult,
    benchmark as benchmark,
)
from .bench.latency.benchmark_comparison import (
    ComparisonResult as ComparisonResult,
    compare_benchmarks as compare_benchmarks,
)
from .bench.parity.parity_check import (
    ParityResult as ParityResult,
    check_parity as check_parity,
)
from .cluster.running import (
    RunResult as RunResult,
    run_images as run_images,
)
from .convert.export import (
    ExportResult as ExportResult,
    export_model as export_model,
)
from .convert.weights_cache import (
    fetch_weights as fetch_weights,
)
from .convert.zoo import (
    list_models as list_models,
)
from .core.contract import (
    Contract as Contract,
)
from .core.errors import (
    MattekitError as MattekitError,
)
from .core.result import (
    read_records as read_records,
)
from .core.version import (
    __version__ as __version__,
)
from .datasets.access import (
    check_dataset as check_dataset,
    make_dataset as make_dataset,
)
from .images.image import (
    Image as Image,
)
from .images.read import (
    read_image as read_image,
)
from .images.write import (
    write_image as write_image,
)
from .infer.diagnosis import (
    Diagnosis as Diagnosis,
    diagnose as diagnose,
)
from .infer.pipeline import (
    Pipeline as Pipeline,
)
from .infer.remover import (
    Remover as Remover,
)
from .infer.upscaler import (
    Upscaler as Upscaler,
)
from .infer.video.video_run import (
    VideoResult as VideoResult,
)
from .models.loading import (
    open_model as open_model,
)
from .models.pipelines import (
    open_pipeline as open_pipeline,
    remove as remove,
    run_video as run_video,
)
from .package.assembly import (
    PackageResult as PackageResult,
    package_model as package_model,
)
from .package.verification import (
    VerifyResult as VerifyResult,
    verify_package as verify_package,
)
from .quantize.quantization import (
    QuantizeResult as QuantizeResult,
    quantize_model as quantize_model,
)
from .reports.rendering import (
    ReportResult as ReportResult,
    write_report as write_report,
)
from .reports.verdicts import (
    GateResult as GateResult,
    check_gates as check_gates,
)
from .workflow.build_result import (
    BuildResult as BuildResult,
)
from .workflow.building import (
    build_recipe as build_recipe,
)
