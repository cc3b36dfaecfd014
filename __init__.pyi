from .bench.accuracy.evaluation import (
    EvaluationResult as EvaluationResult,
    evaluate as evaluate,
)
from .bench.benchmark_settings import (
    BenchmarkSettings as BenchmarkSettings,
    Scenario as Scenario,
)
from .bench.deployment import (
    AccuracyChange as AccuracyChange,
    Deployment as Deployment,
    DeploymentRow as DeploymentRow,
)
from .bench.evaluation_settings import (
    EvaluationSettings as EvaluationSettings,
)
from .bench.gates.gate import (
    Gate as Gate,
)
from .bench.int8 import (
    Int8Verdict as Int8Verdict,
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
from .bench.significance import (
    TimeDifference as TimeDifference,
)
from .cluster.running import (
    RunResult as RunResult,
    run_images as run_images,
)
from .convert.contracts.contract_inference import (
    Guess as Guess,
    InferredContract as InferredContract,
    infer_contract as infer_contract,
)
from .convert.contracts.contract_trial import (
    Answer as Answer,
    ContractCheck as ContractCheck,
    attach_contract as attach_contract,
    check_contract as check_contract,
)
from .convert.contracts.inspection import (
    InspectedModel as InspectedModel,
    inspect_model as inspect_model,
)
from .convert.contracts.proposal import (
    Proposal as Proposal,
    propose_contract as propose_contract,
)
from .convert.export import (
    ExportResult as ExportResult,
    export_model as export_model,
)
from .convert.export_settings import (
    ExportSettings as ExportSettings,
    ExportStep as ExportStep,
    JudgedFigure as JudgedFigure,
)
from .convert.fetching import (
    fetch_weights as fetch_weights,
)
from .convert.int8_layers import (
    LayerNoise as LayerNoise,
)
from .convert.servable.package_manifest import (
    GoldenVector as GoldenVector,
    PackageManifest as PackageManifest,
    Port as Port,
)
from .convert.spec import (
    Licence as Licence,
    ModelSpec as ModelSpec,
    PublishedFigure as PublishedFigure,
    TrainingData as TrainingData,
    Weights as Weights,
)
from .convert.weights_cache import (
    Fetched as Fetched,
)
from .convert.zoo import (
    list_models as list_models,
)
from .core.condition import (
    Condition as Condition,
)
from .core.contract import (
    Contract as Contract,
    InputContract as InputContract,
    OutputContract as OutputContract,
)
from .core.contract_parts import (
    ConstantContract as ConstantContract,
    StateContract as StateContract,
)
from .core.errors import (
    InputError as InputError,
    MattekitError as MattekitError,
)
from .core.execution import (
    Execution as Execution,
    Machine as Machine,
)
from .core.limits import (
    Limits as Limits,
)
from .core.measurement import (
    Data as Data,
    Measurement as Measurement,
    Unit as Unit,
    VariantRef as VariantRef,
)
from .core.provenance import (
    MixedWeights as MixedWeights,
    Provenance as Provenance,
)
from .core.record import (
    Record as Record,
    SampleTable as SampleTable,
    Series as Series,
)
from .core.records.measured import (
    BenchRecord as BenchRecord,
    CandidateResult as CandidateResult,
    ComparisonRow as ComparisonRow,
    ExecutedLayers as ExecutedLayers,
    LayerTime as LayerTime,
    RooflineLimits as RooflineLimits,
)
from .core.requirements import (
    Need as Need,
)
from .core.result import (
    read_records as read_records,
)
from .core.variant import (
    Variant as Variant,
)
from .core.version import (
    __version__ as __version__,
)
from .datasets.access import (
    check_dataset as check_dataset,
    make_dataset as make_dataset,
)
from .datasets.class_masks import (
    ClassTruth as ClassTruth,
)
from .datasets.sample import (
    Dataset as Dataset,
    LazySample as LazySample,
    Sample as Sample,
)
from .images.image import (
    Image as Image,
)
from .images.metadata import (
    Metadata as Metadata,
)
from .images.read import (
    read_image as read_image,
)
from .images.write import (
    write_image as write_image,
)
from .infer.batch import (
    ImageOutcome as ImageOutcome,
)
from .infer.choices import (
    Blur as Blur,
    Colour as Colour,
    Crop as Crop,
    Shadow as Shadow,
)
from .infer.cutting import (
    Cutter as Cutter,
)
from .infer.devices import (
    Device as Device,
)
from .infer.diagnosis import (
    Diagnosis as Diagnosis,
    Finding as Finding,
    diagnose as diagnose,
)
from .infer.mask_edits import (
    MaskEdits as MaskEdits,
)
from .infer.pipeline import (
    Pipeline as Pipeline,
)
from .infer.pipeline_settings import (
    PipelineSettings as PipelineSettings,
    RunSettings as RunSettings,
)
from .infer.placement import (
    Placement as Placement,
)
from .infer.remover import (
    Remover as Remover,
)
from .infer.runtimes.base import (
    LoadedModel as LoadedModel,
    Runtime as Runtime,
)
from .infer.runtimes.interface import (
    Interface as Interface,
    TensorInfo as TensorInfo,
)
from .infer.upscaler import (
    Upscaler as Upscaler,
)
from .infer.video.video_run import (
    VideoResult as VideoResult,
)
from .infer.video_settings import (
    VideoSettings as VideoSettings,
)
from .models.loading import (
    open_model as open_model,
)
from .models.pipelines import (
    open_pipeline as open_pipeline,
    remove as remove,
)
from .models.reference import (
    ModelRef as ModelRef,
)
from .models.video_runs import (
    VideoOutcome as VideoOutcome,
    VideosResult as VideosResult,
    run_video as run_video,
    run_videos as run_videos,
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
from .quantize.quantize_settings import (
    MaxDrop as MaxDrop,
    QuantizeSettings as QuantizeSettings,
)
from .reports.configurations import (
    Configurations as Configurations,
)
from .reports.document import (
    Document as Document,
    Section as Section,
)
from .reports.evidence import (
    Evidence as Evidence,
    RecordSource as RecordSource,
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
    BuildStage as BuildStage,
    StageData as StageData,
    StageOutcome as StageOutcome,
    StageStart as StageStart,
)
from .workflow.building import (
    build_recipe as build_recipe,
)
from .workflow.deploying import (
    DeploymentResult as DeploymentResult,
    compare_models as compare_models,
)
from .workflow.deployment_settings import (
    DeploymentSettings as DeploymentSettings,
    Peer as Peer,
)
from .workflow.plan_deployment import (
    PlanResult as PlanResult,
    plan_deployment as plan_deployment,
)
from .workflow.plan_points import (
    PlanPoint as PlanPoint,
)
from .workflow.plan_search import (
    Tried as Tried,
)
from .workflow.plan_settings import (
    PlanSettings as PlanSettings,
)
from .workflow.plan_variants import (
    PlannedVariant as PlannedVariant,
)
