from .backdrop import (
    Background as Background,
)
from .backdrop import (
    Blur as Blur,
)
from .backdrop import (
    Colour as Colour,
)
from .backdrop import (
    load_background as load_background,
)
from .batch import (
    run_batch as run_batch,
)
from .batch import (
    workers_for as workers_for,
)
from .collect import (
    collect_inputs as collect_inputs,
)
from .collect import (
    find_sources as find_sources,
)
from .collect import (
    name_results as name_results,
)
from .doctor import (
    Diagnosis as Diagnosis,
)
from .doctor import (
    diagnose as diagnose,
)
from .edges.refine import (
    Refine as Refine,
)
from .engine.budget import (
    Budget as Budget,
)
from .engine.overlap import (
    Stages as Stages,
)
from .engine.overlap import (
    in_series as in_series,
)
from .engine.overlap import (
    overlapped as overlapped,
)
from .location import (
    Location as Location,
)
from .machine import (
    package_versions as package_versions,
)
from .machine import (
    this_machine as this_machine,
)
from .outcome import (
    Outcome as Outcome,
)
from .outcome import (
    exit_code_of as exit_code_of,
)
from .outcome import (
    record_of as record_of,
)
from .pipeline import (
    STAGES as STAGES,
)
from .pipeline import (
    Pipeline as Pipeline,
)
from .placement import (
    Placement as Placement,
)
from .plan import (
    Batch as Batch,
)
from .plan import (
    OutputSettings as OutputSettings,
)
from .plan import (
    plan_batch as plan_batch,
)
from .processing import (
    MEMORY as MEMORY,
)
from .processing import (
    ImageJob as ImageJob,
)
from .processing import (
    ImageWork as ImageWork,
)
from .processing import (
    settle as settle,
)
from .remove import (
    Remover as Remover,
)
from .resize import (
    resize_mask as resize_mask,
)
from .resume import (
    open_manifest as open_manifest,
)
from .resume import (
    settings_fingerprint as settings_fingerprint,
)
from .runtimes.arithmetic import (
    arithmetic_config as arithmetic_config,
)
from .runtimes.arithmetic import (
    executed_layers as executed_layers,
)
from .runtimes.arithmetic import (
    require_capability as require_capability,
)
from .runtimes.available import (
    available_devices as available_devices,
)
from .runtimes.available import (
    require_device as require_device,
)
from .runtimes.base import (
    DEFAULTS as DEFAULTS,
)
from .runtimes.base import (
    BoundInput as BoundInput,
)
from .runtimes.base import (
    LoadedModel as LoadedModel,
)
from .runtimes.base import (
    Runtime as Runtime,
)
from .runtimes.base import (
    RuntimeSettings as RuntimeSettings,
)
from .runtimes.base import (
    Tensor as Tensor,
)
from .runtimes.compiled import (
    compile_model as compile_model,
)
from .runtimes.lean import (
    import_lean as import_lean,
)
from .runtimes.onnxruntime import (
    OnnxRuntime as OnnxRuntime,
)
from .runtimes.openvino import (
    OpenVinoRuntime as OpenVinoRuntime,
)
from .runtimes.openvino import (
    load as load,
)
from .runtimes.reading import (
    describe as describe,
)
from .runtimes.reading import (
    read_contract as read_contract,
)
from .runtimes.reading import (
    read_model as read_model,
)
from .runtimes.reading import (
    read_variant as read_variant,
)
from .runtimes.serial import (
    SerialRuntime as SerialRuntime,
)
from .runtimes.torch import (
    TorchRuntime as TorchRuntime,
)
from .shadow import (
    parse_shadow as parse_shadow,
)
from .sources import (
    Source as Source,
)
from .stores import (
    open_store as open_store,
)
from .tensors import (
    LEAST_SPREAD as LEAST_SPREAD,
)
from .tensors import (
    matte_from as matte_from,
)
from .tensors import (
    normalise as normalise,
)
from .tensors import (
    pixels_from as pixels_from,
)
from .tensors import (
    tensor_from as tensor_from,
)
from .upscale import (
    TILE as TILE,
)
from .upscale import (
    Upscaler as Upscaler,
)
from .video.plan import (
    plan_video as plan_video,
)
from .video.run import (
    VideoReport as VideoReport,
)
from .video.run import (
    VideoSettings as VideoSettings,
)
from .video.run import (
    run_video as run_video,
)
from .video.sources import (
    parse_fps as parse_fps,
)
