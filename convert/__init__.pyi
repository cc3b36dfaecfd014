from . import zoo as zoo
from .checkpoint import (
    fine_tuned_as as fine_tuned_as,
    load_module as load_module,
)
from .contracts.contract_inference import (
    Guess as Guess,
    InferredContract as InferredContract,
    infer_contract as infer_contract,
)
from .contracts.contract_trial import (
    Answer as Answer,
    ContractCheck as ContractCheck,
    attach_contract as attach_contract,
    check_contract as check_contract,
)
from .contracts.inspection import (
    InspectedModel as InspectedModel,
    inspect_model as inspect_model,
)
from .contracts.presets import (
    PRESETS as PRESETS,
)
from .contracts.proposal import (
    Proposal as Proposal,
    contract_text as contract_text,
    propose_contract as propose_contract,
)
from .export import (
    ExportResult as ExportResult,
    export_model as export_model,
    run_export as run_export,
)
from .export_settings import (
    ExportSettings as ExportSettings,
    ExportStep as ExportStep,
    JudgedFigure as JudgedFigure,
    parse_batch as parse_batch,
    parse_size as parse_size,
)
from .export_steps import (
    RECORD_NAME as RECORD_NAME,
    folder_of as folder_of,
)
from .fetching import (
    fetch as fetch,
    fetch_weights as fetch_weights,
    retrieve as retrieve,
)
from .full_precision import (
    image_layers as image_layers,
    keep_in_f32 as keep_in_f32,
)
from .int8_layers import (
    LayerNoise as LayerNoise,
    layer_influence as layer_influence,
    layer_noise as layer_noise,
    quantized_layers as quantized_layers,
    restore_layers as restore_layers,
)
from .ir import (
    halve_weights as halve_weights,
    ir_from_onnx as ir_from_onnx,
    name_by_position as name_by_position,
    write_ir as write_ir,
)
from .mixing import (
    mixed_weights as mixed_weights,
    require_mixable as require_mixable,
)
from .own_ir import (
    model_batch as model_batch,
    reshape_batch as reshape_batch,
    save_own_ir as save_own_ir,
)
from .own_model import (
    own_model as own_model,
    own_provenance as own_provenance,
)
from .recognition import (
    RECOGNISED as RECOGNISED,
    entry_of as entry_of,
    expanded as expanded,
    spec_for as spec_for,
)
from .resized_ir import (
    write_resized as write_resized,
)
from .servable.package_manifest import (
    ALPHA as ALPHA,
    CONFIDENCE as CONFIDENCE,
    IMAGE as IMAGE,
    MANIFEST_NAME as MANIFEST_NAME,
    SCORES as SCORES,
    UPSCALED as UPSCALED,
    GoldenVector as GoldenVector,
    OutputLimits as OutputLimits,
    PackageManifest as PackageManifest,
    Port as Port,
    limits_from as limits_from,
)
from .servable.repository import (
    new_version as new_version,
    others_in as others_in,
    packages_in as packages_in,
    write_zip as write_zip,
)
from .servable.surround import (
    pin_surrounding as pin_surrounding,
    surround as surround,
)
from .servable.triton import (
    TRITON_CONFIG as TRITON_CONFIG,
    new_triton_version as new_triton_version,
    triton_config as triton_config,
    triton_parameters as triton_parameters,
)
from .spec import (
    ModelSpec as ModelSpec,
    PublishedFigure as PublishedFigure,
)
from .step_check import (
    ParityCheck as ParityCheck,
    stage_input as stage_input,
    window as window,
)
from .tolerances import (
    ARITHMETIC as ARITHMETIC,
    EXACT as EXACT,
    HALF as HALF,
    IDENTICAL as IDENTICAL,
    QUANTIZED as QUANTIZED,
    Tolerance as Tolerance,
    image_from as image_from,
)
from .weights_cache import (
    BUNDLED_PRECISION as BUNDLED_PRECISION,
    Fetched as Fetched,
    bundled_ir as bundled_ir,
    bundled_sums as bundled_sums,
    cache_dir as cache_dir,
    cached_path as cached_path,
    require_cache as require_cache,
    verified_path as verified_path,
)
from .zoo import (
    get as get,
    list_models as list_models,
)
