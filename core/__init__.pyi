from .arithmetic import (
    Arithmetic as Arithmetic,
)
from .arithmetic import (
    parse_arithmetic as parse_arithmetic,
)
from .comparable import (
    Aspect as Aspect,
)
from .comparable import (
    Difference as Difference,
)
from .comparable import (
    comparable as comparable,
)
from .comparable import (
    differences as differences,
)
from .comparable import (
    identity as identity,
)
from .comparable import (
    thing as thing,
)
from .condition import (
    Condition as Condition,
)
from .contract import (
    Contract as Contract,
)
from .contract import (
    InputContract as InputContract,
)
from .contract import (
    OutputContract as OutputContract,
)
from .contract import (
    ResizeFilter as ResizeFilter,
)
from .contract import (
    Task as Task,
)
from .contract import (
    least_tile as least_tile,
)
from .download import (
    MAX_UNKNOWN_SIZE as MAX_UNKNOWN_SIZE,
)
from .download import (
    download as download,
)
from .errors import (
    ArithmeticUnavailableError as ArithmeticUnavailableError,
)
from .errors import (
    CheckpointError as CheckpointError,
)
from .errors import (
    ContractError as ContractError,
)
from .errors import (
    DependencyError as DependencyError,
)
from .errors import (
    DeviceError as DeviceError,
)
from .errors import (
    FetchError as FetchError,
)
from .errors import (
    HashMismatchError as HashMismatchError,
)
from .errors import (
    ImageError as ImageError,
)
from .errors import (
    InputError as InputError,
)
from .errors import (
    MattekitError as MattekitError,
)
from .errors import (
    ModelError as ModelError,
)
from .errors import (
    ParityError as ParityError,
)
from .errors import (
    PartialFailureError as PartialFailureError,
)
from .errors import (
    VideoError as VideoError,
)
from .execution import (
    Execution as Execution,
)
from .execution import (
    FloatArithmetic as FloatArithmetic,
)
from .execution import (
    Hint as Hint,
)
from .files import (
    add_to_list as add_to_list,
)
from .files import (
    atomic_directory as atomic_directory,
)
from .files import (
    atomic_path as atomic_path,
)
from .files import (
    digest_of as digest_of,
)
from .files import (
    remove_if_ours as remove_if_ours,
)
from .files import (
    sha256_of as sha256_of,
)
from .foreign import (
    first_mistake as first_mistake,
)
from .foreign import (
    openvino_errors_as as openvino_errors_as,
)
from .limits import (
    Limits as Limits,
)
from .locks import (
    locked as locked,
)
from .locks import (
    locked_folder as locked_folder,
)
from .machine import (
    HARDWARE as HARDWARE,
)
from .machine import (
    Machine as Machine,
)
from .measurement import (
    Data as Data,
)
from .measurement import (
    Interval as Interval,
)
from .measurement import (
    Measurement as Measurement,
)
from .measurement import (
    Unit as Unit,
)
from .measurement import (
    VariantRef as VariantRef,
)
from .onnx_files import (
    check_onnx as check_onnx,
)
from .ownership import (
    check_replaceable as check_replaceable,
)
from .places import (
    make_folder as make_folder,
)
from .progress import (
    Progress as Progress,
)
from .provenance import (
    CONTRACT_KEY as CONTRACT_KEY,
)
from .provenance import (
    PROVENANCE_KEY as PROVENANCE_KEY,
)
from .provenance import (
    ModelFormat as ModelFormat,
)
from .provenance import (
    Precision as Precision,
)
from .provenance import (
    Provenance as Provenance,
)
from .provenance import (
    Stage as Stage,
)
from .record import (
    Record as Record,
)
from .record import (
    SampleTable as SampleTable,
)
from .record import (
    Series as Series,
)
from .records.built import (
    BuildRecord as BuildRecord,
)
from .records.built import (
    StageResult as StageResult,
)
from .records.conversion import (
    ExportRecord as ExportRecord,
)
from .records.conversion import (
    ParityRecord as ParityRecord,
)
from .records.conversion import (
    ParityStep as ParityStep,
)
from .records.conversion import (
    QuantizeRecord as QuantizeRecord,
)
from .records.judged import (
    GateRecord as GateRecord,
)
from .records.judged import (
    OutputCheck as OutputCheck,
)
from .records.judged import (
    PackageCheck as PackageCheck,
)
from .records.judged import (
    Verdict as Verdict,
)
from .records.judged import (
    VerifyRecord as VerifyRecord,
)
from .records.kinds import (
    AnyRecord as AnyRecord,
)
from .records.kinds import (
    is_record as is_record,
)
from .records.kinds import (
    read_record as read_record,
)
from .records.kinds import (
    read_records as read_records,
)
from .records.kinds import (
    record_files as record_files,
)
from .records.measured import (
    MODEL as MODEL,
)
from .records.measured import (
    BenchRecord as BenchRecord,
)
from .records.measured import (
    CandidateResult as CandidateResult,
)
from .records.measured import (
    CompareRecord as CompareRecord,
)
from .records.measured import (
    ComparisonRow as ComparisonRow,
)
from .records.measured import (
    ExecutedLayers as ExecutedLayers,
)
from .records.measured import (
    LayerTime as LayerTime,
)
from .records.measured import (
    Mismatch as Mismatch,
)
from .records.measured import (
    RooflineLimits as RooflineLimits,
)
from .records.measured import (
    ValidateRecord as ValidateRecord,
)
from .records.processed import (
    ClusterRecord as ClusterRecord,
)
from .records.processed import (
    Failure as Failure,
)
from .records.processed import (
    RunRecord as RunRecord,
)
from .records.processed import (
    VideoRecord as VideoRecord,
)
from .requirements import (
    BASE as BASE,
)
from .requirements import (
    Need as Need,
)
from .requirements import (
    needs as needs,
)
from .settings import (
    Settings as Settings,
)
from .settings import (
    attributes_of as attributes_of,
)
from .settings import (
    flag_of as flag_of,
)
from .settings import (
    option as option,
)
from .settings import (
    with_settings as with_settings,
)
from .text import (
    did_you_mean as did_you_mean,
)
from .text import (
    first_line as first_line,
)
from .text import (
    json_bytes as json_bytes,
)
from .text import (
    last_line as last_line,
)
from .text import (
    printable as printable,
)
from .toml import (
    read_toml as read_toml,
)
from .unpack import (
    unpack as unpack,
)
from .variant import (
    PRECISIONS as PRECISIONS,
)
from .variant import (
    Variant as Variant,
)
from .variant import (
    files_of as files_of,
)
from .variant import (
    folder_name as folder_name,
)
from .variant import (
    format_of_model as format_of_model,
)
from .variant import (
    parse_name as parse_name,
)
from .version import (
    __version__ as __version__,
)
