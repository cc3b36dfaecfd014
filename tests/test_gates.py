"""Gates: what passes, what fails, what is not known, and what each exit code is for."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
import records as built
import typer
from mattekit.bench import Gate, gates_exit_code, judge, read_gates
from mattekit.commands import datasets, gate as gate_command, validate
from mattekit.core import (
    GateRecord,
    InputError,
    MattekitError,
    Measurement,
    QuantizeRecord,
    Record,
    RunRecord,
    ValidateRecord,
    read_record,
)
from mattekit.datasets import synthetic, write_synthetic
from mattekit.metrics import get_metric
from mattekit.reports import check_gates, one_line
from mattekit.reports.verdicts import junit_xml, markdown
from typer.testing import CliRunner


def _record(
    values: Sequence[float],
    *,
    metric: str = "iou",
    model: str = "net",
    precision: str = "fp32",
    weights: str = "w",
    device: str = "CPU",
    arithmetic: str = "f32",
    dataset: str = "set",
    hash_: str = "aa",
) -> ValidateRecord:
    return built.validate_record(
        {metric: values},
        of=built.variant(model, precision, weights=weights),
        ran=built.execution(device, arithmetic=arithmetic),
        on=built.data(dataset, sha256=hash_),
    )


def _single(
    metric: str, value: float | None, unit: str = "", *, better: bool = True, arithmetic: str = "f32", **more: Any
) -> Record:
    """A record of one figure without samples."""
    figure = built.measurement(
        metric,
        value,
        unit,
        higher_is_better=better,
        variants=(built.variant("net", weights="w"),),
        executions=(built.execution(arithmetic=arithmetic),),
        **more,
    )
    return Record(kind="validate", machine=built.machine(), measurements=(figure,))


def _spread(mean: float, count: int = 40, noise: float = 0.0, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(9)
    base = rng.normal(0, 0.03, count)
    return list(
        mean + base - base.mean() + np.random.default_rng(seed).normal(0, noise, count) if noise else mean + base
    )


GOOD = _record(_spread(0.9))


def _statuses(gate: Gate, records: Sequence[Record], baselines: Sequence[Record] = ()) -> list[str]:
    return [verdict.status for verdict in judge([gate], records, baselines)]


@pytest.mark.parametrize(
    ("gate", "command"),
    [
        (Gate(metric="mae", min=0.8), "mattekit validate --metrics mae"),
        (Gate(metric="mae", min=0.8, model="other"), "mattekit validate --metrics mae"),
        (Gate(metric="latency_p50", max=90), "mattekit bench"),
    ],
)
def test_a_figure_that_is_not_there_is_told_with_the_command_that_measures_it(gate: Gate, command: str) -> None:
    (verdict,) = judge([gate], [GOOD])
    assert verdict.status == "not enough evidence"
    assert verdict.reason.endswith(f": {command}")


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        (Gate(metric="iou", min=0.8), "passed"),
        (Gate(metric="iou", min=0.95), "failed"),
        (Gate(metric="iou", max=0.95), "passed"),
        (Gate(metric="iou", max=0.8), "failed"),
        (Gate(metric="mae", min=0.8), "not enough evidence"),
        (Gate(metric="iou", min=0.8, slice="kind=hair"), "not enough evidence"),
        (Gate(metric="iou", min=0.8, model="other"), "not enough evidence"),
        (Gate(metric="iou", min=0.8, dataset="other"), "not enough evidence"),
        (Gate(metric="iou", min=0.8, model="n?t", device="C*", dataset="s*", precision="fp32"), "passed"),
        (Gate(metric="iou", min=0.8, samples=41), "not enough evidence"),
        (Gate(metric="iou", min=0.8, samples=40), "passed"),
        (Gate(metric="iou", max_drop=0.1), "not enough evidence"),
    ],
)
def test_one_record(gate: Gate, expected: str) -> None:
    assert _statuses(gate, [GOOD]) == [expected]


def test_a_figure_without_a_value_never_passes() -> None:
    for value in (None, float("nan")):
        record = _single("iou", value, data=built.data("set", sha256="aa"))
        assert _statuses(Gate(metric="iou", min=0), [record]) == ["not enough evidence"]
        assert _statuses(Gate(metric="iou", max_drop=1), [GOOD], [record]) == ["not enough evidence"]
    assert gates_exit_code([]) == 4


def test_a_model_without_the_metric_does_not_hide_behind_another() -> None:
    other = _record(_spread(0.1), metric="mae", model="second")
    assert _statuses(Gate(metric="iou", min=0.8), [GOOD, other]) == ["passed", "not enough evidence"]


_LEVELS = {"fp32": 10.0, "int8": 5.0}
"""Milliseconds by precision."""


def test_a_benchmark_is_not_asked_for_what_a_validation_of_the_model_has() -> None:
    gate = Gate(metric="iou", min=0.8, model="net")
    bench, int8 = (built.bench_record({precision: [level] * 40}, model="net") for precision, level in _LEVELS.items())
    assert _statuses(gate, [GOOD, bench]) == ["passed"]
    assert _statuses(Gate(metric="latency_p50", max=20), [GOOD, bench]) == ["passed"]
    # Another precision needs evidence of its own; so does a model of which there is only a benchmark, and a second
    # device that was validated without the metric.
    assert _statuses(gate, [GOOD, bench, int8]) == ["passed", "not enough evidence"]
    assert _statuses(gate, [bench]) == ["not enough evidence"]
    elsewhere = _record(_spread(0.1), metric="mae", device="GPU")
    assert _statuses(gate, [GOOD, bench, elsewhere]) == ["passed", "not enough evidence"]


def test_figures_of_the_model_that_was_quantized_are_not_those_of_the_quantized_one() -> None:
    figures = [
        built.measurement(
            "iou",
            value,
            higher_is_better=True,
            variants=(built.variant("net", "int8", weights="w"),),
            executions=(built.execution(),),
            data=built.data("set"),
            role=role,
        )
        for role, value in (("source", 0.9), ("", 0.7))
    ]
    record = QuantizeRecord(machine=built.machine(), measurements=tuple(figures))
    assert _statuses(Gate(metric="iou", min=0.8), [record]) == ["failed"]
    # Nor is what it started from what it is compared with.
    (verdict,) = judge([Gate(metric="iou", max_drop=0)], [record], [record])
    assert (verdict.status, verdict.baseline) == ("passed", 0.7)


@pytest.mark.parametrize(
    ("after", "limit", "expected"),
    [
        (0.899, {"max_drop": 0.01}, "passed"),
        (0.95, {"max_drop": 0.0}, "passed"),
        (0.88, {"max_drop": 0.01}, "failed"),
        (0.89, {"max_drop_relative": 0.02}, "passed"),
        (0.87, {"max_drop_relative": 0.02}, "failed"),
        (0.89, {"max_ratio": 1.0}, "passed"),
        (0.99, {"max_ratio": 1.05}, "failed"),
    ],
)
def test_drops(after: float, limit: dict[str, float], expected: str) -> None:
    gate = Gate.model_validate({"metric": "iou", **limit})
    assert _statuses(gate, [_record(_spread(after))], [GOOD]) == [expected]


def test_lucky_samples_do_not_pass() -> None:
    gate = Gate(metric="iou", max_drop=0.01)
    lucky = _record(_spread(0.897, count=20, noise=0.06, seed=4))
    (verdict,) = judge([gate], [lucky], [_record(_spread(0.9, count=20))])
    assert verdict.amount is not None
    assert verdict.interval is not None
    assert verdict.amount <= 0.01 < verdict.interval[1]
    assert verdict.status == "not enough evidence"
    assert "could be more than 0.01" in verdict.reason


def test_errors_drop_upwards() -> None:
    before, worse, better = (_record(_spread(mean), metric="mae") for mean in (0.1, 0.12, 0.09))
    gate = Gate(metric="mae", max_drop=0.01)
    assert _statuses(gate, [worse], [before]) == ["failed"]
    assert _statuses(gate, [better], [before]) == ["passed"]
    (verdict,) = judge([gate], [worse], [before])
    assert verdict.interval == pytest.approx((0.02, 0.02))


def test_infinite_figures() -> None:
    perfect = _record([float("inf")] * 12, metric="psnr")
    gate = Gate(metric="psnr", max_drop=0.1)
    assert _statuses(gate, [perfect], [perfect]) == ["passed"]
    assert _statuses(gate, [_record([40.0] * 12, metric="psnr")], [perfect]) == ["failed"]
    assert _statuses(gate, [perfect], [_record([40.0] * 12, metric="psnr")]) == ["passed"]


@pytest.mark.parametrize(
    ("baselines", "reason"),
    [
        ([], "no baseline"),
        ([_record(_spread(0.9), hash_="bb")], "another data set hash"),
        ([_record(_spread(0.9), dataset="else", hash_="ee")], "no baseline"),
        ([_record(_spread(0.9), model="else")], "no baseline"),
        ([_record(_spread(0.9, count=39))], "samples are not those"),
        ([GOOD, GOOD], "2 baselines"),
    ],
)
def test_baselines_that_are_no_evidence(baselines: list[Record], reason: str) -> None:
    (verdict,) = judge([Gate(metric="iou", max_drop=0.5)], [GOOD], baselines)
    assert verdict.status == "not enough evidence"
    assert reason in verdict.reason


def test_the_nearest_baseline_is_taken() -> None:
    int8 = _record(_spread(0.9), precision="int8")
    fp32, old = _record(_spread(0.93)), _record(_spread(0.901), precision="int8")
    (verdict,) = judge([Gate(metric="iou", max_drop=0.01)], [int8], [fp32, old])
    assert verdict.status == "passed"
    (verdict,) = judge([Gate(metric="iou", max_drop=0.01)], [int8], [fp32])
    assert verdict.status == "failed"
    named = _record(_spread(0.9), model="teacher", weights="t")
    assert _statuses(Gate(metric="iou", max_drop=0.01, baseline_model="teach*"), [GOOD], [named]) == ["passed"]


def test_times_of_two_machines_are_not_compared() -> None:
    here = _timed("f32")
    elsewhere = _elsewhere(here)
    gate = Gate(metric="latency", max_ratio=1.1)
    assert _statuses(gate, [here], [here]) == ["passed"]
    assert _statuses(gate, [here], [elsewhere]) == ["not enough evidence"]
    assert _statuses(gate, [_timed("f32", 12.0)], [here]) == ["failed"]


def test_verdicts_for_machines_and_people() -> None:
    gates = [Gate(metric="iou", min=0.8), Gate(metric="iou", min=0.95), Gate(metric="mae", max=0.1)]
    verdicts = judge(gates, [GOOD])
    root = ET.fromstring(junit_xml(verdicts))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "1")
    assert [len(case) for case in root.iter("testcase")] == [0, 1, 1]
    text = markdown(verdicts)
    assert text.startswith("### Gates: failed")
    assert len(text.splitlines()) == 4 + len(verdicts)
    assert gates_exit_code(verdicts) == 3
    assert gates_exit_code(verdicts[:1]) == 0
    assert gates_exit_code([verdicts[0], verdicts[2]]) == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("gate = []", "it has no gate"),
        ("", r"it has no gate: add a \[\[gate\]\]"),
        ("[[gates]]\nmetric = 'iou'\nmin = 0.5", "did you mean gate"),
        ("[[gate]]\nmetric = 'iuo'\nmin = 0.5", "gate 1 metric: there is no 'iuo'; did you mean iou"),
        ("[[identity]]\nmodel = 'u2netp'", "identity 1: .*needs unchanged"),
        ("[[identity]]\nunchanged = ['contracts']", "identity 1 unchanged"),
        ("[[identity]]\nunchange = ['contract']", "did you mean unchanged"),
        ("[[agreement]]\nmodel = 'u2netp'", "agreement 1 max_difference"),
        ("[[gate]]\nmetric = 'iou'", "gate 1: .*a gate needs a limit"),
        ("[[gate]]\nmetric = 'iou'\nmin = 0.5\n[[gate]]\nmetric = 'iou'\nmaximum = 3", "gate 2 maximum"),
        ("[[gate]]\nmetric = 'iou'\nmin = nan", "finite"),
        ("[[gate]]\nmetric = 'iou'\nmax_drop = -1", "greater than or equal to 0"),
        ("version = 2\n[[gate]]\nmetric = 'iou'\nmin = 1", "version"),
        ("not toml", "not a TOML file"),
    ],
)
def test_gate_files_with_mistakes(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "gates.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_gates(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_gates(tmp_path / "none.toml")


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    application = typer.Typer(pretty_exceptions_enable=False)
    for command in (validate, gate_command, datasets):
        command.register(application)
    return application


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small data set, worse golden answers, and gate files for each outcome."""
    dataset = synthetic(12, seed=2, height=48, width=64)
    write_synthetic(dataset, tmp_path / "set")
    (tmp_path / "worse").mkdir()
    for path in (tmp_path / "set" / "masks").iterdir():
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert mask is not None
        cv2.imwrite(str(tmp_path / "worse" / path.name), cv2.erode(mask, np.ones((5, 5), dtype=np.uint8)))
    gates = {
        "pass": "metric = 'iou'\nmin = 0.1",
        "fail": "metric = 'iou'\nmin = 1.0",
        "drop": "metric = 'iou'\nmax_drop = 0.01\nbaseline_model = '*'",
    }
    for name, content in gates.items():
        (tmp_path / f"{name}.toml").write_text(f"[[gate]]\n{content}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def _called(app: typer.Typer, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, MattekitError):
        return result.exception.exit_code, str(result.exception)
    return result.exit_code, result.output


def test_every_exit_code(app: typer.Typer, folder: Path) -> None:
    arguments = ("validate", "golden:worse", "--data", "set", "--metrics", "iou,mae", "-o", "out")
    assert _called(app, *arguments)[0] == 0
    record = "out/golden_worse-files-set.json"
    assert (folder / record).is_file()
    assert _called(app, *arguments, "--gate", "pass.toml")[0] == 0
    assert _called(app, *arguments, "--gate", "none.toml") == (
        1,
        "none.toml: cannot be read (No such file or directory); give a TOML file of gates",
    )
    assert _called(app, *arguments, "--tile", "-1")[0] == 2
    assert _called(app, *arguments, "--junit", "gate.xml")[0] == 2
    assert _called(app, *arguments, "--gate", "fail.toml")[0] == 3
    assert _called(app, *arguments, "--gate", "drop.toml")[0] == 4
    assert _called(app, "gate", record, "--gate", "pass.toml")[0] == 0
    assert _called(app, "gate", "none.json", "--gate", "pass.toml")[0] == 1
    assert _called(app, "gate", record)[0] == 2
    code, output = _called(app, "gate", record, "--gate", "fail.toml")
    assert code == 3
    assert "FAILED: iou min" in output
    code, output = _called(app, "gate", record, "--gate", "drop.toml")
    assert code == 4
    assert "NOT ENOUGH EVIDENCE" in output
    perfect = ("validate", "golden:set/masks", "--data", "set", "--metrics", "iou,mae", "-o", "out")
    assert _called(app, *perfect)[0] == 0
    baseline = "out/golden_masks-files-set.json"
    code, output = _called(app, "gate", record, "--gate", "drop.toml", "--baseline", baseline)
    assert code == 3
    assert " in [" in output
    assert _called(app, "gate", baseline, "--gate", "drop.toml", "--baseline", record)[0] == 0


def test_files_are_judged_from_python_too(folder: Path) -> None:
    for name, level in (("before", 0.9), ("after", 0.7)):
        _record(_spread(level)).write(folder / "records" / f"{name}.json")
    result = check_gates(folder / "records" / "after.json", str(folder / "pass.toml"))
    assert (result.passed, result.exit_code) == (True, 0)
    assert result.record.settings["gates"] == str(folder / "pass.toml")
    result = check_gates(
        [str(folder / "records")], folder / "drop.toml", baseline=(folder / "records" / "before.json",)
    )
    assert (result.passed, result.exit_code) == (False, 3)
    assert [verdict.status for verdict in result.verdicts] == ["failed", "passed"]
    result.write_junit(folder / "gate.xml")
    assert ET.parse(folder / "gate.xml").getroot().get("failures") == "1"
    result.write_markdown(str(folder / "gate.md"))
    assert (folder / "gate.md").read_text(encoding="utf-8").startswith("### Gates: failed")
    frame = result.to_frame()
    assert list(frame.status) == ["failed", "passed"]
    assert set(frame.model) == {"net"}


def test_times_of_another_machine_are_judged_where_that_is_allowed(app: typer.Typer, folder: Path) -> None:
    _run().write(folder / "here.json")
    _elsewhere(_run()).write(folder / "there.json")
    gate = "metric = 'latency'\nstage = 'infer'\nstatistic = 'p50'\nmax_ratio = 1.1"
    (folder / "ratio.toml").write_text(f"[[gate]]\n{gate}\n", encoding="utf-8")
    arguments = ("gate", "here.json", "--gate", "ratio.toml", "--baseline", "there.json")
    code, output = _called(app, *arguments)
    assert (code, "measured on another machine" in output) == (4, True)
    assert _called(app, *arguments, "--allow", "machine")[0] == 0
    code, output = _called(app, *arguments, "--allow", "settings")
    assert (code, "'settings' is none of machine" in output) == (1, True)


def test_outputs_for_ci(app: typer.Typer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    arguments = ("validate", "golden:worse", "--data", "set", "-o", "out", "--limit", "10", "--worst", "2")
    files = ("--junit", "ci/gate.xml", "--markdown", "ci/gate.md", "--json", "ci/gate.json")
    assert _called(app, *arguments, "--gate", "fail.toml", *files)[0] == 3
    assert ET.parse(folder / "ci" / "gate.xml").getroot().get("failures") == "1"
    assert (folder / "summary.md").read_text(encoding="utf-8").startswith("### Gates: failed")
    record = read_record(folder / "ci" / "gate.json", GateRecord)
    assert record.kind == "gate"
    assert [verdict.status for verdict in record.verdicts] == ["failed"]
    assert json.loads((folder / "ci" / "gate.json").read_text(encoding="utf-8"))["outcome"] == "failed"


def test_data_set_commands(app: typer.Typer, folder: Path) -> None:
    code, output = _called(app, "datasets", "list")
    assert code == 0
    assert "duts_te" in output
    assert _called(app, "datasets", "make", "-o", "made", "--count", "3", "--size", "40x36")[0] == 0
    code, output = _called(app, "datasets", "check", "made")
    assert code == 0
    assert "3 samples for segmentation" in output
    assert _called(app, "datasets", "show", "made", "-o", "sheet.png")[0] == 0
    assert cv2.imread(str(folder / "sheet.png")) is not None
    assert _called(app, "datasets", "check", "nowhere")[0] == 1
    assert _called(app, "datasets", "make", "-o", "x", "--count", "0")[0] == 2
    code, output = _called(app, "datasets", "fetch", "ecssd", "-o", "x")
    assert code == 1
    assert "no direct download" in output


def _run(*, cpu: str = "a processor", arithmetic: str = "f32", speed: float = 1.0, model: str = "net") -> RunRecord:
    """A run's record with the stages' times alone, of which none is left to be tested."""
    common: dict[str, Any] = {
        "variants": (built.variant(model, weights="w"),),
        "executions": (built.execution(arithmetic=arithmetic),),
    }
    figures: list[Measurement] = [
        built.measurement("throughput", 20 / speed, "images/s", higher_is_better=True, **common)
    ]
    for stage, level in (("decode", 4.0), ("infer", 30.0)):
        figures += [
            built.measurement(
                "latency",
                level * rank * speed,
                "ms",
                higher_is_better=False,
                stage=stage,
                statistic=statistic,
                **common,
            )
            for statistic, rank in (("p50", 1.0), ("p90", 1.5), ("p99", 2.0))
        ]
        figures.append(built.measurement("load", 0.5, "of the time", stage=stage, **common))
    return RunRecord(machine=built.machine(cpu), measurements=tuple(figures))


def _elsewhere(record: Record, cpu: str = "another") -> Record:
    return type(record).model_validate({**dict(record), "machine": built.machine(cpu)})


def test_a_stage_of_a_run_is_held_alone_and_against_an_earlier_run() -> None:
    gate = {"metric": "latency", "stage": "infer", "statistic": "p50", "model": "net", "precision": "fp32"}
    assert _statuses(Gate.model_validate({**gate, "max": 31}), [_run()]) == ["passed"]
    assert _statuses(Gate.model_validate({**gate, "max": 29}), [_run()]) == ["failed"]
    ratio = Gate.model_validate({**gate, "max_ratio": 1.1})
    assert _statuses(ratio, [_run()], [_run()]) == ["passed"]
    assert _statuses(ratio, [_run(speed=1.2)], [_run()]) == ["failed"]
    # Without a statistic it holds all three, each against its own.
    every = Gate(metric="latency", stage="infer", max_ratio=1.1)
    assert _statuses(every, [_run()], [_run()]) == ["passed"] * 3
    assert _statuses(every, [_run(speed=1.2)], [_run()]) == ["failed"] * 3


def test_a_run_over_enough_images_is_judged_by_its_raw_times() -> None:
    times = [0.03 * float(each) for each in np.exp(0.03 * np.random.default_rng(1).standard_normal(200))]
    again = list(reversed(times))

    def run(values: Sequence[float]) -> RunRecord:
        return built.run_record({"infer": values})

    gate = {"metric": "latency", "stage": "infer", "statistic": "p50"}
    ratio = Gate.model_validate({**gate, "max_ratio": 1.05})
    (verdict,) = judge([ratio], [run(again)], [run(times)])
    assert (verdict.status, verdict.amount) == ("passed", 1)
    assert verdict.interval is not None
    assert verdict.interval[0] < 1 < verdict.interval[1] < 1.05
    assert _statuses(ratio, [run([1.2 * each for each in again])], [run(times)]) == ["failed"]
    # Beyond the limit, but no more than chance does.
    tight = Gate.model_validate({**gate, "max_ratio": 1.0})
    assert _statuses(tight, [run(again)], [run(times)]) == ["not enough evidence"]
    # Of a few, the figures are all that there is.
    (verdict,) = judge([ratio], [run(times[:5])], [run(times[:5])])
    assert (verdict.status, verdict.interval) == ("passed", None)


def test_a_run_of_another_model_is_no_baseline() -> None:
    gate = Gate(metric="throughput", max_drop_relative=0.1)
    assert _statuses(gate, [_run()], [_run()]) == ["passed"]
    (verdict,) = judge([gate], [_run()], [_run(model="other")])
    assert verdict.status == "not enough evidence"
    assert "no baseline" in verdict.reason


@pytest.mark.parametrize("unit", ["ms", "s", "µs", "fps", "1/s", "images/s", "frames/s", "GFLOP/s", "GB/s"])
def test_no_time_and_no_rate_is_compared_across_machines(unit: str) -> None:
    here = _single("figure", 10.0, unit)
    for limit in ("max_ratio", "max_drop", "max_drop_relative"):
        gate = Gate.model_validate({"metric": "figure", limit: 1.1})
        assert _statuses(gate, [here], [here]) == ["passed"]
        (verdict,) = judge([gate], [here], [_elsewhere(here)])
        assert verdict.status == "not enough evidence"
        assert "another machine" in verdict.reason


@pytest.mark.parametrize(
    ("name", "unit", "is_of_machine"),
    [
        ("peak_memory", "B of memory", True),
        ("size", "B", False),
        ("speedup", "\N{MULTIPLICATION SIGN}", True),
        ("load", "of the time", True),
        ("iou", "", False),
        ("psnr_y", "dB", False),
        ("failed", "", False),
    ],
)
def test_what_comes_from_times_or_a_process_is_of_its_machine_and_the_rest_is_not(
    name: str, unit: str, is_of_machine: bool
) -> None:
    here = _single(name, 10.0, unit)
    expected = "not enough evidence" if is_of_machine else "passed"
    assert _statuses(Gate(metric=name, max_ratio=1), [here], [_elsewhere(here)]) == [expected]


def _timed(arithmetic: str, value: float = 10.0) -> Record:
    return _single("latency", value, "ms", better=False, arithmetic=arithmetic)


def test_times_of_two_arithmetics_are_compared_only_where_the_gate_says_so() -> None:
    gate = Gate(metric="latency", max_ratio=1.1)
    (verdict,) = judge([gate], [_timed("f32")], [_timed("bf16")])
    assert verdict.status == "not enough evidence"
    assert "computed in bf16, this in f32" in verdict.reason
    # What was measured before anybody said in what is not known to be in the same.
    assert _statuses(gate, [_timed("f32")], [_timed("")]) == ["not enough evidence"]
    assert _statuses(gate, [_timed("f32")], [_timed("f32")]) == ["passed"]
    told = Gate(metric="latency", max_ratio=1.1, baseline_arithmetic="bf16")
    assert _statuses(told, [_timed("f32")], [_timed("bf16")]) == ["passed"]
    assert _statuses(told, [_timed("f32", 12.0)], [_timed("bf16")]) == ["failed"]
    assert _statuses(told, [_timed("f32")], [_timed("f32")]) == ["not enough evidence"]
    assert _statuses(gate, [_run()], [_run(arithmetic="bf16")])[0] == "not enough evidence"


def test_a_baseline_of_the_same_arithmetic_is_the_nearer_one() -> None:
    gate = Gate(metric="latency", max_ratio=1.1)
    (verdict,) = judge([gate], [_timed("f32")], [_timed("bf16", 2.0), _timed("f32")])
    assert (verdict.status, verdict.baseline) == ("passed", 10.0)
    # Answers, too, are held against those of another arithmetic only where the gate says so.
    half, whole = (_record(_spread(0.9), arithmetic=name) for name in ("bf16", "f32"))
    (verdict,) = judge([Gate(metric="iou", max_drop=0.01)], [half], [whole])
    assert verdict.status == "not enough evidence"
    assert "computed in f32, this in bf16" in verdict.reason
    told = Gate(metric="iou", max_drop=0.01, baseline_arithmetic="f32")
    assert _statuses(told, [half], [whole]) == ["passed"]
    assert _statuses(told, [_record(_spread(0.8), arithmetic="bf16")], [whole]) == ["failed"]


def test_a_gate_of_one_arithmetic_leaves_the_others_and_one_does_not_hide_behind_another() -> None:
    records = [_timed("f32"), _timed("bf16", 3.0)]
    assert _statuses(Gate(metric="latency", max=5), records) == ["failed", "passed"]
    assert _statuses(Gate(metric="latency", max=5, arithmetic="bf16"), records) == ["passed"]
    assert _statuses(Gate(metric="latency", max=5, arithmetic="f16"), records) == ["not enough evidence"]
    lacking = _record(_spread(0.9), arithmetic="bf16", metric="mae")
    found = judge([Gate(metric="iou", min=0.8)], [_record(_spread(0.9)), lacking])
    assert [(v.status, v.labels["arithmetic"]) for v in found] == [("passed", "f32"), ("not enough evidence", "bf16")]


def test_verdicts_say_the_arithmetic_the_stage_and_the_statistic() -> None:
    verdicts = judge([Gate(metric="latency", stage="inf*", max=100)], [_run(arithmetic="bf16")])
    assert [v.status for v in verdicts] == ["passed"] * 3
    labels = [f"net fp32 CPU bf16 infer {statistic}" for statistic in ("p50", "p90", "p99")]
    assert [case.get("classname") for case in ET.fromstring(junit_xml(verdicts)).iter("testcase")] == labels
    text = markdown(verdicts)
    assert all(f"| {label} |" in text for label in labels)
    assert labels[0] in one_line(verdicts[0])
    found = check_gates(_run(arithmetic="bf16"), [Gate(metric="latency", stage="inf*", max=100)])
    assert list(found.verdicts) == verdicts
    rows = [(verdict.labels["arithmetic"], verdict.labels["statistic"]) for verdict in found.record.verdicts]
    assert rows == [("bf16", "p50"), ("bf16", "p90"), ("bf16", "p99")]
    # What the gate names itself is not said twice.
    (verdict,) = judge([Gate(metric="latency", stage="infer", statistic="p50", max=100)], [_run()])
    assert one_line(verdict).count("infer") == 1


def test_the_limits_of_a_machine_are_no_model_that_lacks_a_latency() -> None:
    peak = built.measurement(
        "peak_compute", 90, "GFLOP/s", higher_is_better=True, executions=(built.execution(devices=()),)
    )
    bench = built.bench_record({"fp32": [10.0] * 40}, model="net", extra=(peak,))
    assert _statuses(Gate(metric="latency_p50", max=20), [bench]) == ["passed"]
    assert _statuses(Gate(metric="peak_compute", min=50), [bench]) == ["passed"]
    lacking = bench.model_copy(update={"measurements": bench.of_metric("peak_compute")})
    assert _statuses(Gate(metric="latency_p50", max=20), [lacking]) == ["not enough evidence"]


def test_two_fine_tunes_are_each_compared_with_what_they_were() -> None:
    def of(weights: str, mean: float) -> Record:
        return _record(_spread(mean), weights=weights)

    gate = Gate(metric="iou", max_drop=0.01)
    before, after = [of("a" * 64, 0.9), of("b" * 64, 0.7)], [of("b" * 64, 0.7), of("a" * 64, 0.9)]
    assert _statuses(gate, after, before) == ["passed", "passed"]
    # A third is compared with neither, unless the gate says that it may be, and then with the one that is meant.
    (verdict,) = judge([gate], [of("c" * 64, 0.9)], before)
    assert verdict.status == "not enough evidence"
    assert "of other weights (aaaaaaaa; this cccccccc)" in verdict.reason
    told = Gate(metric="iou", max_drop=0.01, baseline_model="net")
    (verdict,) = judge([told], [of("c" * 64, 0.9)], before)
    assert verdict.status == "not enough evidence"
    assert "equally near" in verdict.reason
    assert _statuses(told, [of("c" * 64, 0.9)], before[:1]) == ["passed"]


def test_what_was_left_to_the_device_is_what_it_computed_in() -> None:
    record = built.bench_record({"fp32": [10.0] * 40}, model="net", ran=built.execution(arithmetic="bf16"))
    left = {
        name: result.model_copy(update={"asked": {"arithmetic": "device"}})
        for name, result in record.candidates.items()
    }
    record = record.model_copy(update={"candidates": left})
    assert _statuses(Gate(metric="latency_p50", max=20, arithmetic="bf16"), [record]) == ["passed"]
    assert _statuses(Gate(metric="latency_p50", max=20, arithmetic="f32"), [record]) == ["not enough evidence"]


def test_a_mistyped_metric_or_key_is_told_with_what_may_be_meant(tmp_path: Path) -> None:
    record = built.validate_record([0.9] * 12)
    (verdict,) = judge([Gate(metric="iuo", min=0.5)], [record])
    assert verdict.status == "not enough evidence"
    assert "did you mean iou" in verdict.reason
    (tmp_path / "g.toml").write_text("[[gate]]\nmetric = 'iou'\nmax_dorp = 0.1\n")
    with pytest.raises(InputError, match="did you mean max_drop"):
        read_gates(tmp_path / "g.toml")
    with pytest.raises(InputError, match=r"did you mean psnr"):
        get_metric("pnsr")
