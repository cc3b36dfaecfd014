from . import zoo as zoo
from .checked import (
    export_model as export_model,
)
from .checkpoint import (
    load_module as load_module,
)
from .export import (
    ExportSettings as ExportSettings,
    folder_of as folder_of,
    parse_batch as parse_batch,
    parse_size as parse_size,
)
from .fetch import (
    Fetched as Fetched,
    cache_dir as cache_dir,
    cached_path as cached_path,
    fetch as fetch,
    require_cache as require_cache,
    retrieve as retrieve,
    verified_path as verified_path,
)
from .ir import (
    halve_weights as halve_weights,
    name_by_position as name_by_position,
    write_ir as write_ir,
)
from .layers import (
    LayerNoise as LayerNoise,
    layer_influence as layer_influence,
    layer_noise as layer_noise,
    quantized_layers as quantized_layers,
    restore_layers as restore_layers,
)
from .parity import (
    ARITHMETIC as ARITHMETIC,
    EXACT as EXACT,
    HALF as HALF,
    IDENTICAL as IDENTICAL,
    QUANTIZED as QUANTIZED,
    ParityCheck as ParityCheck,
    Tolerance as Tolerance,
)
from .ready import (
    BUNDLED_PRECISION as BUNDLED_PRECISION,
    bundled_ir as bundled_ir,
    bundled_sums as bundled_sums,
    is_intact as is_intact,
)
from .recognition import (
    RECOGNISED as RECOGNISED,
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
    GoldenVector as GoldenVector,
    OutputLimits as OutputLimits,
    PackageManifest as PackageManifest,
    Port as Port,
)
from .servable.pinning import (
    pin_surrounding as pin_surrounding,
)
from .servable.repository import (
    new_version as new_version,
    others_in as others_in,
    packages_in as packages_in,
)
from .servable.surround import (
    ALPHA as ALPHA,
    CONFIDENCE as CONFIDENCE,
    IMAGE as IMAGE,
    UPSCALED as UPSCALED,
    surround as surround,
)
from .spec import (
    ModelSpec as ModelSpec,
)
from .stage_input import (
    image_from as image_from,
    stage_input as stage_input,
    window as window,
)
from .zoo import (
    all_specs as all_specs,
    get as get,
)
