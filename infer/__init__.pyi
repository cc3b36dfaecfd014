from .answers import (
    LEAST_SPREAD as LEAST_SPREAD,
    activated as activated,
    matte_from as matte_from,
    pixels_from as pixels_from,
)
from .background import (
    Background as Background,
    load_background as load_background,
)
from .batch import (
    ImageOutcome as ImageOutcome,
    exit_code_of as exit_code_of,
    open_manifest as open_manifest,
    record_of as record_of,
    run_batch as run_batch,
    workers_for as workers_for,
)
from .batch_plan import (
    Batch as Batch,
    plan_batch as plan_batch,
)
from .choices import (
    Blur as Blur,
    Colour as Colour,
    Crop as Crop,
    Refine as Refine,
    parse_crop as parse_crop,
)
from .collect import (
    collect_inputs as collect_inputs,
    find_sources as find_sources,
    name_results as name_results,
)
from .destination import (
    is_file_name as is_file_name,
    settle_destination as settle_destination,
)
from .devices import (
    available_devices as available_devices,
    describe_devices as describe_devices,
    package_versions as package_versions,
    require_device as require_device,
    this_machine as this_machine,
    this_processor as this_processor,
)
from .diagnosis import (
    Diagnosis as Diagnosis,
    diagnose as diagnose,
)
from .given_masks import (
    GivenMasks as GivenMasks,
)
from .inputs import (
    ImageSource as ImageSource,
)
from .instruction_sets import (
    INSTRUCTION_SETS as INSTRUCTION_SETS,
    ISA_VARIABLE as ISA_VARIABLE,
    playable_sets as playable_sets,
)
from .location import (
    BESIDE as BESIDE,
    STANDARD as STANDARD,
    Location as Location,
)
from .mask_edits import (
    MaskEdits as MaskEdits,
    edits_of as edits_of,
)
from .overlap import (
    Budget as Budget,
    Stages as Stages,
    in_series as in_series,
    overlapped as overlapped,
)
from .pipeline import (
    STAGES as STAGES,
    Pipeline as Pipeline,
)
from .pipeline_settings import (
    PipelineSettings as PipelineSettings,
    RunSettings as RunSettings,
)
from .placement import (
    Placement as Placement,
    placement_of as placement_of,
)
from .processing import (
    MEMORY as MEMORY,
    ImageJob as ImageJob,
    ImageWork as ImageWork,
    failure_of as failure_of,
    settle as settle,
)
from .remover import (
    Remover as Remover,
)
from .resampling import (
    resize_mask as resize_mask,
)
from .resume import (
    settings_fingerprint as settings_fingerprint,
)
from .runtimes.adapter import (
    Adapter as Adapter,
    adapted as adapted,
    adapter_for as adapter_for,
    bare as bare,
)
from .runtimes.base import (
    DEFAULTS as DEFAULTS,
    BoundInput as BoundInput,
    Feed as Feed,
    LoadedModel as LoadedModel,
    Runtime as Runtime,
    RuntimeSettings as RuntimeSettings,
    SerialRuntime as SerialRuntime,
    Tensor as Tensor,
)
from .runtimes.compiled import (
    compile_model as compile_model,
)
from .runtimes.interface import (
    Interface as Interface,
    TensorInfo as TensorInfo,
    interface_of as interface_of,
)
from .runtimes.mends import (
    mend_graph as mend_graph,
)
from .runtimes.model_file import (
    describe as describe,
    read_contract as read_contract,
    read_model as read_model,
    read_variant as read_variant,
    stored_precision as stored_precision,
    unreadable as unreadable,
)
from .runtimes.onnxruntime import (
    OnnxRuntime as OnnxRuntime,
)
from .runtimes.openvino import (
    OpenVinoRuntime as OpenVinoRuntime,
    import_lean as import_lean,
    load as load,
)
from .runtimes.ports import (
    feeder_of as feeder_of,
    input_of as input_of,
    output_of as output_of,
    require_still as require_still,
)
from .runtimes.precision import (
    arithmetic_config as arithmetic_config,
    executed_layers as executed_layers,
    require_capability as require_capability,
)
from .runtimes.torch import (
    TorchRuntime as TorchRuntime,
)
from .stores import (
    open_store as open_store,
)
from .tensors import (
    Placed as Placed,
    normalise as normalise,
    placed as placed,
    tensor_from as tensor_from,
)
from .upscaler import (
    TILE as TILE,
    Upscaler as Upscaler,
)
from .video.video_batch import (
    VideoBatch as VideoBatch,
    plan_videos as plan_videos,
)
from .video.video_plan import (
    film_of as film_of,
    plan_video as plan_video,
)
from .video.video_run import (
    VideoResult as VideoResult,
    process_video as process_video,
)
from .video_settings import (
    VideoSettings as VideoSettings,
)
