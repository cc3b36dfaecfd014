from .accuracy.golden import (
    Golden as Golden,
)
from .accuracy.golden import (
    golden_vectors as golden_vectors,
)
from .accuracy.outputs import (
    record_name as record_name,
)
from .accuracy.outputs import (
    write_sheet as write_sheet,
)
from .accuracy.runs import (
    ValidationRequest as ValidationRequest,
)
from .accuracy.runs import (
    run_validation as run_validation,
)
from .accuracy.specimens import (
    FOLDER_SUFFIX as FOLDER_SUFFIX,
)
from .accuracy.subjects import (
    Subject as Subject,
)
from .accuracy.subjects import (
    model_subject as model_subject,
)
from .accuracy.tables import (
    figure_interval as figure_interval,
)
from .accuracy.tables import (
    samples_table as samples_table,
)
from .accuracy.tables import (
    summary_table as summary_table,
)
from .accuracy.tables import (
    worst_samples as worst_samples,
)
from .accuracy.validate import (
    metrics_for as metrics_for,
)
from .accuracy.validate import (
    validate as validate,
)
from .gates.gate import (
    Gate as Gate,
)
from .gates.gate import (
    read_gates as read_gates,
)
from .gates.judge import (
    gates_exit_code as gates_exit_code,
)
from .gates.judge import (
    judge as judge,
)
from .int8 import (
    Int8Verdict as Int8Verdict,
)
from .int8 import (
    int8_verdicts as int8_verdicts,
)
from .intervals import (
    drop_interval as drop_interval,
)
from .intervals import (
    median_interval as median_interval,
)
from .intervals import (
    median_ratio_interval as median_ratio_interval,
)
from .latency.compare import (
    compare_records as compare_records,
)
from .latency.compare import (
    parse_aspects as parse_aspects,
)
from .latency.grid import (
    BenchRequest as BenchRequest,
)
from .latency.keeping import (
    keep as keep,
)
from .latency.recording import (
    benchmark_exit_code as benchmark_exit_code,
)
from .latency.session import (
    run_benchmark as run_benchmark,
)
from .latency.words import (
    Words as Words,
)
from .latency.words import (
    parse_request as parse_request,
)
from .parity.check import (
    check_stages as check_stages,
)
from .parity.check import (
    noisiest_layers as noisiest_layers,
)
from .parity.check import (
    write_scope as write_scope,
)
from .parity.opened_stages import (
    open_stages as open_stages,
)
from .significance import (
    compare_samples as compare_samples,
)
