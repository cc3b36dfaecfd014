from .accuracy.evaluation import (
    EvaluationResult as EvaluationResult,
    evaluate as evaluate,
    run_evaluation as run_evaluation,
    validate as validate,
)
from .accuracy.golden import (
    Golden as Golden,
    golden_vectors as golden_vectors,
)
from .accuracy.outputs import (
    FOLDER_SUFFIX as FOLDER_SUFFIX,
    record_name as record_name,
    samples_table as samples_table,
    summary_table as summary_table,
)
from .accuracy.predictors import (
    Predictor as Predictor,
    model_predictor as model_predictor,
)
from .accuracy.remembering import (
    remembering as remembering,
)
from .accuracy.sample_choice import (
    typical_samples as typical_samples,
    worst_samples as worst_samples,
)
from .benchmark_settings import (
    BenchmarkSettings as BenchmarkSettings,
    ComparisonSettings as ComparisonSettings,
    GateSettings as GateSettings,
)
from .deployment import (
    AccuracyChange as AccuracyChange,
    Deployment as Deployment,
    DeploymentRow as DeploymentRow,
)
from .deployment_reading import (
    deployment_of as deployment_of,
)
from .evaluation_settings import (
    EvaluationSettings as EvaluationSettings,
    ParitySettings as ParitySettings,
)
from .gates.agreement import (
    AgreementGate as AgreementGate,
)
from .gates.gate import (
    Gate as Gate,
)
from .gates.gate_file import (
    AnyGate as AnyGate,
    gate_lines as gate_lines,
    read_gates as read_gates,
)
from .gates.identity import (
    IdentityGate as IdentityGate,
)
from .gates.judge import (
    judge as judge,
)
from .gates.outcome import (
    gates_exit_code as gates_exit_code,
    gates_outcome as gates_outcome,
)
from .int8 import (
    ALLOWED_DROP as ALLOWED_DROP,
    MAIN_METRIC as MAIN_METRIC,
    Int8Verdict as Int8Verdict,
    int8_verdicts as int8_verdicts,
)
from .intervals import (
    drop_interval as drop_interval,
    figure_interval as figure_interval,
    median_interval as median_interval,
    median_ratio_interval as median_ratio_interval,
)
from .latency.benchmark import (
    BenchmarkResult as BenchmarkResult,
    benchmark as benchmark,
    benchmark_until as benchmark_until,
    run_benchmark as run_benchmark,
)
from .latency.benchmark_comparison import (
    ComparisonResult as ComparisonResult,
    compare_benchmarks as compare_benchmarks,
    run_comparison as run_comparison,
)
from .latency.candidate_accuracy import (
    AccuracySamples as AccuracySamples,
)
from .latency.candidates import (
    Candidate as Candidate,
)
from .latency.recording import (
    benchmark_exit_code as benchmark_exit_code,
    keep as keep,
)
from .latency.rembg_process import (
    rembg_candidate as rembg_candidate,
)
from .latency.speeds import (
    MeasuredSpeed as MeasuredSpeed,
    measured_speeds as measured_speeds,
)
from .pareto import (
    hypervolume as hypervolume,
    pareto_front as pareto_front,
)
from .parity.opened_stages import (
    open_stages as open_stages,
)
from .parity.parity_check import (
    ParityResult as ParityResult,
    check_parity as check_parity,
    check_stages as check_stages,
    noisiest_layers as noisiest_layers,
    run_parity as run_parity,
    write_scope as write_scope,
)
from .significance import (
    MIN_SAMPLES as MIN_SAMPLES,
    compare_samples as compare_samples,
    more_needed as more_needed,
)
