from .backdrop import (
    Background as Background,
    Blur as Blur,
    Colour as Colour,
    load_background as load_background,
)
from .batch import (
    run_batch as run_batch,
    workers_for as workers_for,
)
from .collect import (
    collect_inputs as collect_inputs,
    find_sources as find_sources,
    name_results as name_results,
)
from .doctor import (
    Diagnosis as Diagnosis,
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
    in_series as in_series,
    overlapped as overlapped,
)
from .location import (
    Location as Location,
)
from .machine import (
    package_versions as package_versions,
    this_machine as this_machine,
)
from .outcome import (
    Outcome as Outcome,
    exit_code_of as exit_code_of,
    record_of as record_of,
)
from .pipeline import (
    STAGES as STAGES,
    Pipeline as Pipeline,
)
from .placement import (
    Placement as Placement,
)
from .plan import (
    Batch as Batch,
    OutputSettings as OutputSettings,
    plan_batch as plan_batch,
)
from .processing import (
    MEMORY as MEMORY,
    ImageJob as ImageJob,
    ImageWork as ImageWork,
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
    settings_fingerprint as settings_fingerprint,
)
from .runtimes.arithmetic import (
    arithmetic_config as arithmetic_config,
    executed_layers as executed_layers,
    require_capability as require_capability,
)
from .runtimes.available import (
    available_devices as available_devices,
    require_device as require_device,
)
from .runtimes.base import (
    DEFAULTS as DEFAULTS,
    BoundInput as BoundInput,
    LoadedModel as LoadedModel,
    Runtime as Runtime,
    RuntimeSettings as RuntimeSettings,
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
    load as load,
)
from .runtimes.reading import (
    describe as describe,
    read_contract as read_contract,
    read_model as read_model,
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
    matte_from as matte_from,
    normalise as normalise,
    pixels_from as pixels_from,
    tensor_from as tensor_from,
)
from .upscale import (
    TILE as TILE,
    Upscaler as Upscaler,
)
from .video.plan import (
    plan_video as plan_video,
)
from .video.run import (
    VideoReport as VideoReport,
    VideoSettings as VideoSettings,
    run_video as run_video,
)
from .video.sources import (
    parse_fps as parse_fps,
)
