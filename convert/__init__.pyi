from . import zoo as zoo
from .checked import (
    export_model as export_model,
)
from .checkpoint import (
    load_module as load_module,
)
from .export import (
    ExportSettings as ExportSettings,
)
from .export import (
    folder_of as folder_of,
)
from .export import (
    parse_batch as parse_batch,
)
from .export import (
    parse_size as parse_size,
)
from .fetch import (
    Fetched as Fetched,
)
from .fetch import (
    cache_dir as cache_dir,
)
from .fetch import (
    cached_path as cached_path,
)
from .fetch import (
    fetch as fetch,
)
from .fetch import (
    require_cache as require_cache,
)
from .fetch import (
    retrieve as retrieve,
)
from .fetch import (
    verified_path as verified_path,
)
from .ir import (
    halve_weights as halve_weights,
)
from .ir import (
    name_by_position as name_by_position,
)
from .ir import (
    write_ir as write_ir,
)
from .layers import (
    LayerNoise as LayerNoise,
)
from .layers import (
    layer_influence as layer_influence,
)
from .layers import (
    layer_noise as layer_noise,
)
from .layers import (
    quantized_layers as quantized_layers,
)
from .layers import (
    restore_layers as restore_layers,
)
from .parity import (
    ARITHMETIC as ARITHMETIC,
)
from .parity import (
    EXACT as EXACT,
)
from .parity import (
    HALF as HALF,
)
from .parity import (
    IDENTICAL as IDENTICAL,
)
from .parity import (
    QUANTIZED as QUANTIZED,
)
from .parity import (
    ParityCheck as ParityCheck,
)
from .parity import (
    Tolerance as Tolerance,
)
from .ready import (
    BUNDLED_PRECISION as BUNDLED_PRECISION,
)
from .ready import (
    bundled_ir as bundled_ir,
)
from .ready import (
    bundled_sums as bundled_sums,
)
from .ready import (
    is_intact as is_intact,
)
from .recognition import (
    RECOGNISED as RECOGNISED,
)
from .recognition import (
    spec_for as spec_for,
)
from .servable.archive import (
    write_zip as write_zip,
)
from .servable.limits import (
    limits_from as limits_from,
)
from .servable.manifest import (
    MANIFEST_NAME as MANIFEST_NAME,
)
from .servable.manifest import (
    GoldenVector as GoldenVector,
)
from .servable.manifest import (
    OutputLimits as OutputLimits,
)
from .servable.manifest import (
    PackageManifest as PackageManifest,
)
from .servable.manifest import (
    Port as Port,
)
from .servable.pinning import (
    pin_surrounding as pin_surrounding,
)
from .servable.repository import (
    new_version as new_version,
)
from .servable.repository import (
    others_in as others_in,
)
from .servable.repository import (
    packages_in as packages_in,
)
from .servable.surround import (
    ALPHA as ALPHA,
)
from .servable.surround import (
    CONFIDENCE as CONFIDENCE,
)
from .servable.surround import (
    IMAGE as IMAGE,
)
from .servable.surround import (
    UPSCALED as UPSCALED,
)
from .servable.surround import (
    surround as surround,
)
from .spec import (
    ModelSpec as ModelSpec,
)
from .stage_input import (
    image_from as image_from,
)
from .stage_input import (
    stage_input as stage_input,
)
from .stage_input import (
    window as window,
)
from .zoo import (
    all_specs as all_specs,
)
from .zoo import (
    get as get,
)
