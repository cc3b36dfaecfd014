from .arithmetic import (
    ARITHMETICS as ARITHMETICS,
    Arithmetic as Arithmetic,
    Hint as Hint,
    Precision as Precision,
    parse_arithmetic as parse_arithmetic,
)
from .comparable import (
    Aspect as Aspect,
    Difference as Difference,
    comparable as comparable,
    differences as differences,
    identity as identity,
    thing as thing,
)
from .condition import (
    Condition as Condition,
)
from .contract import (
    ColourOrder as ColourOrder,
    Contract as Contract,
    InputContract as InputContract,
    InputType as InputType,
    Layout as Layout,
    OutputContract as OutputContract,
    ResizeFilter as ResizeFilter,
    Task as Task,
    least_tile as least_tile,
)
from .contract_files import (
    ContractLike as ContractLike,
    ContractSettings as ContractSettings,
    contract_beside as contract_beside,
    contract_from as contract_from,
    contract_schema as contract_schema,
    no_contract as no_contract,
    read_contract_file as read_contract_file,
)
from .contract_parts import (
    ConstantContract as ConstantContract,
    StateContract as StateContract,
)
from .documents import (
    first_mistake as first_mistake,
    read_toml as read_toml,
)
from .download import (
    ATTEMPTS as ATTEMPTS,
    MAX_UNKNOWN_SIZE as MAX_UNKNOWN_SIZE,
    download as download,
)
from .errors import (
    ArithmeticUnavailableError as ArithmeticUnavailableError,
    CheckpointError as CheckpointError,
    ContractError as ContractError,
    DependencyError as DependencyError,
    DeviceError as DeviceError,
    FetchError as FetchError,
    HashMismatchError as HashMismatchError,
    ImageError as ImageError,
    InputError as InputError,
    IntegrityError as IntegrityError,
    MattekitError as MattekitError,
    ModelError as ModelError,
    ParityError as ParityError,
    PartialFailureError as PartialFailureError,
    UsageError as UsageError,
    VideoError as VideoError,
    needs_extra as needs_extra,
    openvino_errors_as as openvino_errors_as,
)
from .execution import (
    HARDWARE as HARDWARE,
    Execution as Execution,
    FloatArithmetic as FloatArithmetic,
    Machine as Machine,
)
from .files import (
    add_to_list as add_to_list,
    atomic_directory as atomic_directory,
    atomic_path as atomic_path,
    digest_of as digest_of,
    remove_if_ours as remove_if_ours,
    sha256_of as sha256_of,
)
from .folders import (
    LIST_NAME as LIST_NAME,
    check_replaceable as check_replaceable,
    list_of as list_of,
    list_text as list_text,
    locked as locked,
    locked_folder as locked_folder,
    make_folder as make_folder,
    parse_name as parse_name,
)
from .limits import (
    Limits as Limits,
)
from .measurement import (
    Data as Data,
    Interval as Interval,
    Measurement as Measurement,
    Unit as Unit,
    VariantRef as VariantRef,
)
from .model_api import (
    MODEL_INFO as MODEL_INFO,
    MODEL_INFO_KEYS as MODEL_INFO_KEYS,
    contract_of_model_info as contract_of_model_info,
    matte_info as matte_info,
    model_info_of as model_info_of,
)
from .onnx_copy import (
    copy_onnx as copy_onnx,
)
from .onnx_files import (
    check_onnx as check_onnx,
    weight_files as weight_files,
)
from .onnx_operators import (
    check_operators as check_operators,
    operators_table as operators_table,
    refused_operators as refused_operators,
)
from .progress import (
    Progress as Progress,
)
from .provenance import (
    CONTRACT_KEY as CONTRACT_KEY,
    PROVENANCE_KEY as PROVENANCE_KEY,
    MixedWeights as MixedWeights,
    ModelFormat as ModelFormat,
    Provenance as Provenance,
    Stage as Stage,
)
from .record import (
    Record as Record,
    SampleTable as SampleTable,
    Series as Series,
)
from .records.conversion import (
    ExportRecord as ExportRecord,
    ParityRecord as ParityRecord,
    ParityStep as ParityStep,
    QuantizeRecord as QuantizeRecord,
)
from .records.jobs import (
    BuildRecord as BuildRecord,
    ClusterRecord as ClusterRecord,
    Failure as Failure,
    RunRecord as RunRecord,
    StageResult as StageResult,
    VideoRecord as VideoRecord,
)
from .records.judged import (
    GateRecord as GateRecord,
    OutputCheck as OutputCheck,
    PackageCheck as PackageCheck,
    Verdict as Verdict,
    VerifyRecord as VerifyRecord,
)
from .records.kinds import (
    AnyRecord as AnyRecord,
    is_record as is_record,
    load_records as load_records,
    read_record as read_record,
    record_files as record_files,
)
from .records.measured import (
    MODEL as MODEL,
    BenchRecord as BenchRecord,
    CandidateResult as CandidateResult,
    CompareRecord as CompareRecord,
    ComparisonRow as ComparisonRow,
    ExecutedLayers as ExecutedLayers,
    KeptAnswer as KeptAnswer,
    LayerTime as LayerTime,
    Mismatch as Mismatch,
    PeerRecord as PeerRecord,
    RooflineLimits as RooflineLimits,
    ValidateRecord as ValidateRecord,
)
from .requirements import (
    BASE as BASE,
    Need as Need,
    needs as needs,
)
from .result import (
    Result as Result,
    frame_of as frame_of,
    read_records as read_records,
)
from .settings import (
    Settings as Settings,
    alternatives as alternatives,
    attributes_of as attributes_of,
    flag_of as flag_of,
    hints_of as hints_of,
    option as option,
    with_settings as with_settings,
)
from .text import (
    did_you_mean as did_you_mean,
    first_line as first_line,
    json_bytes as json_bytes,
    last_line as last_line,
    printable as printable,
)
from .unpack import (
    unpack as unpack,
)
from .variant import (
    PRECISIONS as PRECISIONS,
    Variant as Variant,
    files_of as files_of,
    folder_name as folder_name,
    format_of_model as format_of_model,
)
from .version import (
    __version__ as __version__,
)
