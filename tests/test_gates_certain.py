"""Gates that ask to be certain, and what is measured until they are: what is missing is said, and permission too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from mattekit import cli
from mattekit.bench import BenchmarkSettings, Gate, GateSettings, benchmark_until, judge, read_gates
from mattekit.core import BenchRecord, Record, UsageError, Verdict
from mattekit.reports import decided_by
from test_bench_compare import KEY, gate, other_machine, record, series, slowed
from test_gates import _record, _single, _spread  # pyright: ignore[reportPrivateUsage]
from typer.testing import CliRunner


def one(gate: Gate, after: Record, before: Sequence[Record] = (), **permitted: bool) -> Verdict:
    (verdict,) = judge([gate], [after], before, **permitted)
    return verdict


def test_a_certain_limit_holds_the_whole_interval() -> None:
    good = _record(_spread(0.9))
    known = one(Gate(metric="iou", min=0.8, certain=True), good)
    assert known.status == "passed"
    assert known.interval is not None
    assert known.value is not None
    # Inside of the interval of 95%, outside of that of 60%.
    bound = known.value - 0.6 * (known.value - known.interval[0])
    unsure = one(Gate(metric="iou", min=bound, certain=True), good)
    assert unsure.status == "not enough evidence"
    assert "it could be less than 0.8" in unsure.reason
    assert f"about {unsure.needed} more samples would decide it" in unsure.reason
    assert one(Gate(metric="iou", min=bound), good).status == "passed"
    assert one(Gate(metric="iou", min=bound, certain=True, confidence=0.6), good).status == "passed"
    assert one(Gate(metric="iou", min=known.value + 0.001, certain=True), good).status == "failed"


def test_an_upper_limit_is_certain_by_the_upper_end() -> None:
    bad = _record(_spread(0.1), metric="mae")
    assert one(Gate(metric="mae", max=0.12, certain=True), bad).status == "passed"
    unsure = one(Gate(metric="mae", max=0.102, certain=True), bad)
    assert (unsure.status, "it could be more than 0.102" in unsure.reason) == ("not enough evidence", True)
    assert one(Gate(metric="mae", max=0.09, certain=True), bad).status == "failed"


def test_as_many_samples_as_are_missing_decide_it() -> None:
    limit = Gate(metric="iou", min=0.895, certain=True)
    few = one(limit, _record(_spread(0.9, 24)))
    assert few.needed is not None
    assert 10 < few.needed < 2000
    # The same spread with that many more, and some for luck.
    enough = [*_spread(0.9, 24), *(_spread(0.9, 24) * (1 + 2 * few.needed // 24))]
    assert one(limit, _record(enough)).status == "passed"


def test_nobody_is_certain_of_what_has_no_samples_nor_right_at_the_limit() -> None:
    alone = one(Gate(metric="iou", min=0.5, certain=True), _single("iou", 0.9))
    assert (alone.status, alone.needed) == ("not enough evidence", None)
    assert "no samples of iou are kept" in alone.reason
    values = _record([0.75, 1.0] * 10)
    edge = one(Gate(metric="iou", min=one(Gate(metric="iou", min=0), values).value, certain=True), values)
    assert (edge.status, edge.needed) == ("not enough evidence", None)
    assert "right at the limit" in edge.reason


def test_a_drop_that_nobody_knows_says_how_many_samples_are_missing() -> None:
    before, after = _record(_spread(0.9)), _record(_spread(0.897, noise=0.02, seed=3))
    verdict = one(Gate(metric="iou", max_drop=0.0065), after, [before])
    assert verdict.status == "not enough evidence", verdict
    assert verdict.needed
    assert f"about {verdict.needed:,} more samples would decide it" in verdict.reason


def test_certain_needs_a_limit_that_can_be(tmp_path: Path) -> None:
    file = tmp_path / "gates.toml"
    file.write_text('[[gate]]\nmetric = "iou"\nmax_drop = 0.1\ncertain = true\n')
    with pytest.raises(UsageError, match="certain is for min and max"):
        read_gates(file)
    file.write_text('[[gate]]\nmetric = "iou"\nmin = 0.1\ncertan = true\n')
    with pytest.raises(UsageError, match="did you mean certain"):
        read_gates(file)


def test_a_noisy_machine_is_judged_where_that_is_permitted_and_the_verdict_says_so() -> None:
    before, after = record({KEY: series(1)}), slowed(record({KEY: series(2)}, disturbed=True), 2)
    refused = one(gate(1.05), after, [before])
    assert (refused.status, "--allow noise" in refused.reason) == ("not enough evidence", True)
    assert refused.needed is not None
    judged = one(gate(1.05), after, [before], noisy=True)
    assert judged.status == "failed"
    assert judged.reason.endswith("(disturbed by other processes, by --allow noise)")
    calm = one(gate(1.05), record({KEY: series(3)}), [before], noisy=True)
    assert (calm.status, "--allow" in calm.reason) == ("passed", False)
    # A baseline that was disturbed stays so however long one measures.
    assert one(gate(1.05), record({KEY: series(3)}), [after]).needed is None


def test_another_machine_is_told_in_the_verdict_that_was_permitted() -> None:
    before, after = record({KEY: series(1)}), other_machine(record({KEY: series(2)}))
    judged = one(gate(1.05), after, [before], across_machines=True)
    assert (judged.status, judged.reason[-38:]) == ("passed", " (of two machines, by --allow machine)")


def test_few_times_say_how_many_are_missing() -> None:
    before, after = record({KEY: series(1)}), record({KEY: series(2)[:6]})
    verdict = one(gate(1.05), after, [before])
    assert verdict.status == "not enough evidence"
    assert verdict.needed
    assert f"about {verdict.needed:,} more times would decide it" in verdict.reason


def test_measuring_goes_on_while_more_of_it_may_decide_and_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from mattekit.reports import verdicts

    now = [0.0]
    monkeypatch.setattr(verdicts.time, "monotonic", lambda: now[0])
    before, few, many = record({KEY: series(1)}), record({KEY: series(2)[:6]}), record({KEY: series(2)})
    settings = GateSettings()
    limits = [gate(1.05)]
    assert decided_by(limits, settings, 60)(few), "without a baseline no measurement decides"

    broken = decided_by([Gate(metric="latency_p50", max=0, samples=1)], settings, 60)
    assert broken(few), "what failed is decided"
    monkeypatch.setattr(verdicts, "_read", lambda given: [before] if given == () else [given])
    going = decided_by(limits, settings, 60)
    assert going(few) is False
    now[0] = 59.0
    assert going(few) is False
    now[0] = 60.0
    assert going(few) is True
    assert decided_by(limits, settings, 60)(many) is True
    assert decided_by(limits, settings, 0)(few) is True


def test_rounds_go_on_until_it_is_enough(light_ir: Path) -> None:
    seen: list[BenchRecord] = []

    def enough(measured: BenchRecord) -> bool:
        seen.append(measured)
        return len(seen) == 3

    result = benchmark_until(light_ir, BenchmarkSettings(rounds=2, iterations=4, warm_up=0), enough)
    assert [each.rounds for each in seen] == [2, 4, 6]
    (key,) = result.record.candidates
    assert [len(each.times(key, "model")) for each in seen] == [4, 8, 12]
    assert result.record.rounds == 6
    assert result.record.times(key, "model")[:4] == seen[0].times(key, "model")


@pytest.mark.parametrize(
    ("limit", "code", "status"), [("max = 0.0", 3, "<failure "), ("max_ratio = 2.0", 4, "<error ")]
)
def test_a_benchmark_is_judged_by_its_gates(limit: str, code: int, status: str, light_ir: Path, tmp_path: Path) -> None:
    file = tmp_path / "gates.toml"
    file.write_text(f'[[gate]]\nmetric = "latency_p50"\n{limit}\n')
    asked = ["--rounds", "1", "--iterations", "12", "--gate", str(file), "--budget", "5", "-q"]
    outputs = ["-o", str(tmp_path / "bench.json"), "--junit", str(tmp_path / "gate.xml")]
    done = CliRunner().invoke(cli.app, ["bench", str(light_ir), *asked, *outputs])
    assert done.exit_code == code, done.output
    assert json.loads((tmp_path / "bench.json").read_text())["rounds"] == 1, "more rounds would decide nothing here"
    assert status in (tmp_path / "gate.xml").read_text()


def test_a_mistyped_gate_ends_a_benchmark_before_it_begins(light_ir: Path, tmp_path: Path) -> None:
    file = tmp_path / "gates.toml"
    file.write_text('[[gate]]\nmetric = "latency_p50"\nmax_rato = 2\n')
    done = CliRunner().invoke(cli.app, ["bench", str(light_ir), "--gate", str(file), "-o", str(tmp_path / "b.json")])
    assert isinstance(done.exception, UsageError)
    assert not (tmp_path / "b.json").exists()
