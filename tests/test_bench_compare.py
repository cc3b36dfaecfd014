"""Two benchmarks' records compared: refused where they were not measured alike, and judged by their raw times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
import records as built

pytest.importorskip("scipy", reason="comparing times needs the extra `bench`")

from mattekit.bench import ComparisonSettings, Gate, benchmark, compare_benchmarks, gates_exit_code, judge
from mattekit.bench.benchmark_settings import Allowed, parse_allowed
from mattekit.bench.latency.benchmark_comparison import mismatches
from mattekit.cli import app
from mattekit.core import (
    MODEL,
    BenchRecord,
    CandidateResult,
    CompareRecord,
    Contract,
    Execution,
    InputContract,
    InputError,
    Machine,
    MattekitError,
    OutputContract,
    Series,
    read_record,
)
from openvino import opset13 as ops
from typer.testing import CliRunner

KEY = "net fp32 openvino:CPU latency b1 32x32"
EXECUTION = built.execution(size=(32, 32), batch=1, hint="latency", streams=1, threads=1)


def series(seed: int, count: int = 200, level: float = 10.0) -> list[float]:
    return [float(v) for v in level * np.exp(0.03 * np.random.default_rng(seed).standard_normal(count))]


def record(
    times: dict[str, list[float]],
    *,
    ran: Execution = EXECUTION,
    scenario: str = "single-stream",
    rounds: tuple[int, ...] = (),
    walls: tuple[float, ...] = (),
    disturbed: bool = False,
) -> BenchRecord:
    """A benchmark's record of candidates with these times, as the benchmark writes it."""
    figures = [
        built.measurement(
            name,
            float(np.percentile(values, percent)) if values else None,
            "ms",
            higher_is_better=False,
            variants=(built.variant("net"),),
            executions=(ran.model_copy(update={"hint": "throughput" if "throughput" in key else ran.hint}),),
            candidate=key,
            scenario=scenario,
            stage=stage,
        )
        for key, values in times.items()
        for name, percent in (("latency_p50", 50), ("latency_p90", 90), ("compile_time", 100))
        for stage in (MODEL, "total")
    ]
    candidates = {
        key: CandidateResult(
            task="segmentation",
            execution=ran,
            disturbed=disturbed,
            times={
                MODEL: Series(values=tuple(values), rounds=rounds, walls=walls),
                "total": Series(values=tuple(values)),
            }
            if values
            else {},
        )
        for key, values in times.items()
    }
    return BenchRecord(
        machine=built.machine(packages={"openvino": "2026.1"}),
        measurements=tuple(figures),
        scenario=scenario,
        rounds=20,
        threads=1,
        baseline=next(iter(times)),
        candidates=candidates,
    )


def changed(found: BenchRecord, **more: Any) -> BenchRecord:
    return BenchRecord.model_validate({**dict(found), **more})


def with_times(found: BenchRecord, change: Callable[[Series], Series]) -> dict[str, CandidateResult]:
    return {
        key: result.model_copy(update={"times": {stage: change(each) for stage, each in result.times.items()}})
        for key, result in found.candidates.items()
    }


def slowed(found: BenchRecord, factor: float) -> BenchRecord:
    """The same record with every time made longer, in samples and figures."""

    def longer(each: Series) -> Series:
        return Series(
            values=tuple(value * factor for value in each.values),
            rounds=each.rounds,
            walls=tuple(wall * factor for wall in each.walls),
        )

    figures = [
        figure.model_copy(update={"value": figure.value * factor}) if figure.unit == "ms" and figure.value else figure
        for figure in found.measurements
    ]
    return changed(found, candidates=with_times(found, longer), measurements=tuple(figures))


def compared(before: BenchRecord, after: BenchRecord, allow: tuple[Allowed, ...] = ()) -> CompareRecord:
    return compare_benchmarks(before, after, allow=allow).record


def verdicts(found: CompareRecord) -> dict[tuple[str, str], str]:
    return {(figure.candidate, figure.stage): figure.verdict for figure in found.measurements}


def test_two_runs_of_the_same_thing_and_one_that_is_slower() -> None:
    before, again = record({KEY: series(1)}), record({KEY: series(2)})
    assert verdicts(compared(before, again)) == {
        (KEY, "model"): "no difference",
        (KEY, "total"): "no difference",
    }
    found = compared(before, slowed(again, 1.1))
    assert set(verdicts(found).values()) == {"slower"}
    (speedup,) = (figure for figure in found.of_metric("speedup") if figure.stage == MODEL)
    assert speedup.value == pytest.approx(1 / 1.1, abs=0.02)
    assert speedup.interval is not None
    assert speedup.interval[0] < 1 / 1.1 < speedup.interval[1]
    assert set(verdicts(compared(slowed(before, 1.1), again)).values()) == {"faster"}
    assert set(verdicts(compared(record({KEY: [1.0] * 5}), record({KEY: [2.0] * 5}))).values()) == {
        "not enough samples"
    }


def test_files_are_compared_under_their_names_and_give_a_table(tmp_path: Path) -> None:
    paths = [tmp_path / "before.json", tmp_path / "after.json"]
    record({KEY: series(1)}).write(paths[0])
    slowed(record({KEY: series(2)}), 1.1).write(paths[1])
    found = compare_benchmarks(str(paths[0]), paths[1])
    assert (found.record.before, found.record.after) == tuple(map(str, paths))
    frame = found.to_frame()
    (speedup,) = frame[(frame.metric == "speedup") & (frame.stage == MODEL)].value
    assert speedup == pytest.approx(1 / 1.1, abs=0.02)


def test_candidates_that_only_one_has_are_listed() -> None:
    found = compared(record({KEY: series(1), "old": series(2)}), record({"new": series(3), KEY: series(4)}))
    assert (found.only_before, found.only_after) == (("old",), ("new",))
    assert {key for key, _ in verdicts(found)} == {KEY}
    # What was asked for and did not come about is no candidate that can be compared.
    with pytest.raises(InputError, match="no measured candidate in common"):
        compared(record({KEY: series(1)}), record({KEY: []}))


def test_a_model_at_another_size_is_told_as_such() -> None:
    sizes = [(320, 320), (256, 256)]
    before, after = (built.bench_record({"fp32": series(1)}, ran=built.execution(size=size, batch=1)) for size in sizes)
    with pytest.raises(InputError, match=r"size of m fp32: 320x320, then 256x256"):
        compared(before, after)
    # As a benchmark names its candidates, by their sizes too.
    renamed = after.model_copy(
        update={
            "candidates": {"m fp32 256x256": after.candidates["m fp32"]},
            "measurements": tuple(
                each.model_copy(update={"candidate": "m fp32 256x256"}) for each in after.measurements
            ),
        }
    )
    with pytest.raises(InputError, match=r"in common \(m fp32 and m fp32 256x256: size 320x320 and 256x256\)"):
        compared(before, renamed)


def elsewhere(found: BenchRecord, **more: Any) -> BenchRecord:
    return changed(found, machine=Machine.model_validate({**dict(found.machine), **more}))


def other_machine(found: BenchRecord) -> BenchRecord:
    return elsewhere(found, cpu="Another 9000")


def other_software(found: BenchRecord) -> BenchRecord:
    return elsewhere(found, packages={**found.machine.packages, "openvino": "2020.1"})


def other_settings(found: BenchRecord) -> BenchRecord:
    return changed(found, threads=7)


@pytest.mark.parametrize(
    ("aspect", "change", "what"),
    [
        ("machine", other_machine, "cpu: .* then Another 9000"),
        ("software", other_software, "openvino: .* then 2020.1"),
        ("settings", other_settings, "threads: 1, then 7"),
    ],
)
def test_what_was_not_measured_alike_is_refused_unless_told(
    aspect: str, change: Callable[[BenchRecord], BenchRecord], what: str
) -> None:
    before = record({KEY: series(1)})
    after = change(record({KEY: series(2)}))
    with pytest.raises(InputError, match=f"(?s){what}.*--allow {aspect}"):
        compared(before, after)
    found = compared(before, after, allow=parse_allowed(aspect))
    assert [each.aspect for each in mismatches(before, after)] == [aspect]
    assert len(found.differs) == 1
    assert found.allowed == (aspect,)


def test_what_was_executed_is_a_setting_too() -> None:
    half = record({KEY: series(2)}, ran=EXECUTION.model_copy(update={"arithmetic": "bf16"}))
    with pytest.raises(InputError, match=r"arithmetic of .*: f32, then bf16"):
        compared(record({KEY: series(1)}), half)
    older = record({KEY: series(2)}, ran=EXECUTION.model_copy(update={"instruction_set": "AVX2"}))
    with pytest.raises(InputError, match=r"settings of .*, then .*no further than AVX2"):
        compared(record({KEY: series(1)}), older)


def test_words_that_are_no_aspect_and_records_of_another_kind(tmp_path: Path) -> None:
    assert ComparisonSettings().allow == parse_allowed("") == ()
    assert parse_allowed("settings, machine") == ("machine", "settings")
    with pytest.raises(InputError, match="'speed' is none of machine, software, settings"):
        parse_allowed("speed")
    paths = [tmp_path / "validate.json", tmp_path / "bench.json"]
    built.validate_record([0.9, 0.8]).write(paths[0])
    record({KEY: series(1)}).write(paths[1])
    found = CliRunner().invoke(app, ["bench", "compare", *map(str, paths)])
    assert isinstance(found.exception, InputError)
    assert "kind 'validate', not 'bench'; make one with: mattekit bench" in str(found.exception)


def test_offline_times_are_those_of_bursts() -> None:
    # A query's latency there says how long it lay in the queue.
    times = {KEY: [30.0, 60.0, 90.0, 50.0]}
    found = record(times, scenario="offline", rounds=(0, 0, 0, 1), walls=(90.0, 50.0))
    assert found.times(KEY) == (30.0, 50.0)
    assert found.times("none") == ()
    # Of the whole way each image's time is its own, and so is each query's in another scenario.
    assert found.times(KEY, "total") == (30.0, 60.0, 90.0, 50.0)
    assert changed(found, scenario="single-stream").times(KEY) == (30.0, 60.0, 90.0, 50.0)


def gate(limit: float, metric: str = "latency_p50", **keywords: Any) -> Gate:
    return Gate(metric=metric, max_ratio=limit, **keywords)


@pytest.mark.parametrize(
    ("factor", "limit", "status"),
    [
        (1.0, 1.05, "passed"),
        (1.1, 1.05, "failed"),
        # Significantly slower, but not by more than is allowed.
        (1.1, 1.2, "passed"),
        # Beyond the limit, and no significant difference; or within it, and perhaps not.
        (1.0, 0.9, "not enough evidence"),
        (1.05, 1.0501, "not enough evidence"),
    ],
)
def test_a_gate_fails_only_on_a_significant_difference_above_it(factor: float, limit: float, status: str) -> None:
    before, after = record({KEY: series(1)}), slowed(record({KEY: series(2)}), factor)
    (verdict,) = judge([gate(limit)], [after], [before])
    assert verdict.status == status
    assert verdict.labels["stage"] == "model"
    assert gates_exit_code([verdict]) == {"passed": 0, "failed": 3, "not enough evidence": 4}[status]


def test_a_gate_without_enough_samples_does_not_judge() -> None:
    before, after = record({KEY: series(1, 8)}), slowed(record({KEY: series(2, 8)}), 2)
    (verdict,) = judge([gate(1.05)], [after], [before])
    assert verdict.status == "not enough evidence"
    (verdict,) = judge([gate(1.05, samples=500)], [slowed(record({KEY: series(2)}), 2)], [record({KEY: series(1)})])
    assert verdict.status == "not enough evidence"


def test_a_gate_on_a_percentile_on_another_stage_and_on_what_was_measured_once() -> None:
    before, after = record({KEY: series(1)}), slowed(record({KEY: series(2)}), 1.3)
    (verdict,) = judge([gate(1.1, "latency_p90", stage="total")], [after], [before])
    assert (verdict.status, verdict.labels["stage"]) == ("failed", "total")
    assert verdict.amount == pytest.approx(1.3, abs=0.05)
    (verdict,) = judge([gate(1.1, "compile_time")], [after], [before])
    assert verdict.status == "not enough evidence"
    assert "measured once" in verdict.reason


def test_a_gate_compares_a_candidate_with_itself() -> None:
    other = KEY.replace("latency", "throughput")
    before = record({KEY: series(1), other: series(2, level=5.0)})
    after = record({KEY: series(3), other: series(4, level=5.0)})
    assert [v.status for v in judge([gate(1.05)], [after], [before])] == ["passed", "passed"]
    assert [v.status for v in judge([gate(1.05, candidate="*throughput*")], [after], [before])] == ["passed"]
    (verdict,) = judge([gate(1.05)], [record({KEY: series(3)})], [record({other: series(2)})])
    assert verdict.status == "not enough evidence"
    assert "run otherwise" in verdict.reason
    assert "hint throughput; this CPU on CPU, batch 1, 1 streams, 1 threads, hint latency" in verdict.reason


def test_times_of_another_machine_are_gated_only_if_told() -> None:
    before, after = record({KEY: series(1)}), other_machine(record({KEY: series(2)}))
    assert judge([gate(1.05)], [after], [before])[0].status == "not enough evidence"
    assert judge([gate(1.05)], [after], [before], across_machines=True)[0].status == "passed"


def test_what_other_processes_disturbed_is_not_judged() -> None:
    before, after = record({KEY: series(1)}), slowed(record({KEY: series(2)}, disturbed=True), 2)
    assert set(verdicts(compared(before, after)).values()) == {"disturbed"}
    assert judge([gate(1.05)], [after], [before])[0].status == "not enough evidence"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> BenchRecord:
    """A real run of a real network: one convolution."""
    folder = tmp_path_factory.mktemp("tiny") / "fp32"
    folder.mkdir()
    source = ops.parameter([1, 3, 32, 32], np.float32, name="input")
    weights = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float32)
    construct: Any = openvino.Model
    model = construct([ops.convolution(source, ops.constant(weights), [1, 1], [1, 1], [1, 1], [1, 1])], [source])
    contract = Contract(task="super_resolution", input=InputContract(), output=OutputContract(kind="image", scale=1))
    model.set_rt_info(contract.to_json(), ["mattekit", "contract"])
    openvino.save_model(model, folder / "model.xml")
    return benchmark(folder / "model.xml", size=((32, 32),), rounds=20, iterations=400, threads=1).record


@pytest.mark.slow
def test_the_command_on_real_records(measured: BenchRecord, tmp_path: Path) -> None:
    (key,) = measured.candidates
    assert measured.times(key)
    # The machine's own noise is nobody's to promise: both runs get times without it, and one of them a tenth more.
    quiet, again = (
        changed(
            measured,
            candidates={
                key: measured.candidates[key].model_copy(
                    update={"times": {MODEL: Series(values=tuple(series(seed)))}, "disturbed": False}
                )
            },
        )
        for seed in (1, 2)
    )
    paths = [tmp_path / f"{name}.json" for name in ("before", "again", "slower", "elsewhere")]
    for path, each in zip(paths, (quiet, again, slowed(again, 1.1), other_machine(again)), strict=True):
        each.write(path)
    before, same, slower, other = map(str, paths)
    gates = tmp_path / "gates.toml"
    gates.write_text('[[gate]]\nmetric = "latency_p50"\nmax_ratio = 1.05\n', encoding="utf-8")
    run = CliRunner().invoke

    found = run(app, ["bench", "compare", before, same, "--gate", str(gates)])
    assert found.exit_code == 0, found.output
    assert "no difference" in found.output
    assert "PASSED" in found.output
    written = tmp_path / "comparison.json"
    found = run(app, ["bench", "compare", before, slower, "-o", str(written)])
    assert found.exit_code == 0
    assert "slower" in found.output
    assert set(verdicts(read_record(written, CompareRecord)).values()) == {"slower"}
    found = run(app, ["bench", "compare", before, slower, "--gate", str(gates), "--junit", str(tmp_path / "j.xml")])
    assert (found.exit_code, "FAILED" in found.output) == (3, True)
    assert "<failure" in (tmp_path / "j.xml").read_text(encoding="utf-8")
    found = run(app, ["bench", "compare", before, other])
    assert isinstance(found.exception, MattekitError)
    found = run(app, ["bench", "compare", before, other, "--allow", "machine"])
    assert found.exit_code == 0
    assert "differs (machine): cpu" in found.output
