"""Two benchmarks' records compared: refused where they were not measured alike, and judged by their raw times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest

pytest.importorskip("scipy", reason="comparing times needs the extra `bench`")

from mattekit.bench.gates.gate import Gate
from mattekit.bench.gates.judge import exit_code, judge
from mattekit.bench.latency.compare import compare_records, mismatches, parse_aspects
from mattekit.bench.latency.grid import Request
from mattekit.bench.latency.session import measure
from mattekit.bench.timings import candidates_of, milliseconds
from mattekit.cli import app
from mattekit.core.contract import Contract, InputContract, OutputContract
from mattekit.core.errors import InputError, MattekitError
from mattekit.core.record import Figure, Record
from openvino import opset13 as ops
from typer.testing import CliRunner

KEY = "net fp32 openvino:CPU latency b1 32x32"
LABELS = {"candidate": KEY, "model": "net", "precision": "fp32", "device": "CPU", "runtime": "openvino"}
EXECUTED = {"devices": ["CPU"], "arithmetic": "f32", "streams": 1, "threads": 1}


def series(seed: int, count: int = 200, level: float = 10.0) -> list[float]:
    return [float(v) for v in level * np.exp(0.03 * np.random.default_rng(seed).standard_normal(count))]


def record(times: dict[str, list[float]], *, executed: dict[str, Any] | None = None, **settings: Any) -> Record:
    """A benchmark's record of candidates with these times, as the benchmark writes it."""
    entries: list[Any] = [
        {**LABELS, "candidate": key, "status": "measured", "executed": executed or EXECUTED, "unstable": []}
        for key in times
    ]
    figures = [
        Figure(
            name=name,
            value=float(np.percentile(values, percent)) if values else None,
            unit="ms",
            higher_is_better=False,
            labels={**LABELS, "candidate": key, "scenario": "single-stream", "stage": stage},
        )
        for key, values in times.items()
        for name, percent in (("latency_p50", 50), ("latency_p90", 90), ("compile_time", 100))
        for stage in ("model", "total")
    ]
    return Record(
        kind="bench",
        settings={"scenario": "single-stream", "threads": 1, "rounds": 20, "candidates": entries, **settings},
        figures=tuple(figures),
        samples={f"{key}: {stage}": [*values] for key, values in times.items() for stage in ("model", "total")},
    )


def slowed(found: Record, factor: float) -> Record:
    """The same record with every time made longer, in samples and figures."""
    samples = {
        name: [value * factor if isinstance(value, float) else value for value in values]
        for name, values in found.samples.items()
    }
    figures = [
        figure.model_copy(update={"value": figure.value * factor}) if figure.unit == "ms" and figure.value else figure
        for figure in found.figures
    ]
    return found.model_copy(update={"samples": samples, "figures": tuple(figures)})


def verdicts(found: Record) -> dict[tuple[str, str], str]:
    return {(f.labels["candidate"], f.labels["stage"]): f.labels["verdict"] for f in found.figures}


def test_two_runs_of_the_same_thing_and_one_that_is_slower() -> None:
    before, again = record({KEY: series(1)}), record({KEY: series(2)})
    assert verdicts(compare_records(before, again)) == {
        (KEY, "model"): "no difference",
        (KEY, "total"): "no difference",
    }
    found = compare_records(before, slowed(again, 1.1))
    assert set(verdicts(found).values()) == {"slower"}
    values = {figure.name: figure.value for figure in found.figures if figure.labels["stage"] == "model"}
    assert values["ratio"] == pytest.approx(1.1, abs=0.02)
    assert (values["ratio_low"] or 0) < 1.1 < (values["ratio_high"] or 0)
    assert set(verdicts(compare_records(slowed(before, 1.1), again)).values()) == {"faster"}
    assert set(verdicts(compare_records(record({KEY: [1.0] * 5}), record({KEY: [2.0] * 5}))).values()) == {
        "not enough samples"
    }


def test_candidates_that_only_one_has_are_listed() -> None:
    found = compare_records(record({KEY: series(1), "old": series(2)}), record({"new": series(3), KEY: series(4)}))
    assert (found.settings["only_before"], found.settings["only_after"]) == (["old"], ["new"])
    assert {key for key, _ in verdicts(found)} == {KEY}
    # What was asked for and did not come about is no candidate that can be compared.
    with pytest.raises(InputError, match="no measured candidate in common"):
        compare_records(record({KEY: series(1)}), record({KEY: []}))


def other_machine(found: Record) -> Record:
    return found.model_copy(update={"environment": found.environment.model_copy(update={"cpu": "Another 9000"})})


def other_software(found: Record) -> Record:
    packages = {**found.environment.packages, "openvino": "2020.1"}
    return found.model_copy(update={"environment": found.environment.model_copy(update={"packages": packages})})


def other_settings(found: Record) -> Record:
    return found.model_copy(update={"settings": {**found.settings, "threads": 7}})


@pytest.mark.parametrize(
    ("aspect", "change", "what"),
    [
        ("machine", other_machine, "cpu: .* then Another 9000"),
        ("software", other_software, "openvino: .* then 2020.1"),
        ("settings", other_settings, "threads: 1, then 7"),
    ],
)
def test_what_was_not_measured_alike_is_refused_unless_told(
    aspect: str, change: Callable[[Record], Record], what: str
) -> None:
    before = record({KEY: series(1)})
    after = change(record({KEY: series(2)}))
    with pytest.raises(InputError, match=f"(?s){what}.*--allow {aspect}"):
        compare_records(before, after)
    found = compare_records(before, after, allow=parse_aspects(aspect))
    assert [each.aspect for each in mismatches(before, after)] == [aspect]
    assert len(found.settings["differs"]) == 1  # pyright: ignore[reportArgumentType]


def test_what_was_executed_is_a_setting_too() -> None:
    half = record({KEY: series(2)}, executed={**EXECUTED, "arithmetic": "bf16"})
    with pytest.raises(InputError, match=r"arithmetic of .*: f32, then bf16"):
        compare_records(record({KEY: series(1)}), half)


def test_words_that_are_no_aspect_and_records_of_another_kind() -> None:
    assert parse_aspects(None) == ()
    assert parse_aspects("settings, machine") == ("machine", "settings")
    with pytest.raises(InputError, match="'speed' is none of machine, software, settings"):
        parse_aspects("speed")
    with pytest.raises(InputError, match="kind 'validation'"):
        compare_records(Record(kind="validation"), record({KEY: series(1)}))


def test_offline_times_are_those_of_bursts() -> None:
    # A query's latency there says how long it lay in the queue.
    found = record({KEY: [30.0, 60.0, 90.0, 50.0]}, scenario="offline")
    found.samples[f"{KEY}: model round"] = [0, 0, 0, 1]
    found.samples[f"{KEY}: model wall"] = [90.0, 50.0]
    assert milliseconds(found, KEY) == [30.0, 50.0]
    assert milliseconds(found, "none") is None


def gate(limit: float, metric: str = "latency_p50", **words: Any) -> Gate:
    return Gate(metric=metric, max_ratio=limit, **words)


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
    assert exit_code([verdict]) == {"passed": 0, "failed": 3, "not enough evidence": 4}[status]


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
    assert (verdict.status, KEY in verdict.reason) == ("not enough evidence", True)


def test_times_of_another_machine_are_gated_only_if_told() -> None:
    before, after = record({KEY: series(1)}), other_machine(record({KEY: series(2)}))
    assert judge([gate(1.05)], [after], [before])[0].status == "not enough evidence"
    assert judge([gate(1.05)], [after], [before], across_machines=True)[0].status == "passed"


def test_what_other_processes_disturbed_is_not_judged() -> None:
    load = Figure(name="other_load", value=0.5, labels={**LABELS, "stage": "model"})
    before, after = record({KEY: series(1)}), slowed(record({KEY: series(2)}), 2)
    after = after.model_copy(update={"figures": (*after.figures, load)})
    assert set(verdicts(compare_records(before, after)).values()) == {"disturbed"}
    assert judge([gate(1.05)], [after], [before])[0].status == "not enough evidence"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Record:
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
    return measure(Request((str(folder / "model.xml"),), sizes=((32, 32),), rounds=20, iterations=400, threads=1))


@pytest.mark.slow
def test_the_command_on_real_records(measured: Record, tmp_path: Path) -> None:
    (entry,) = candidates_of(measured)
    assert milliseconds(measured, str(entry["candidate"]))
    # The machine's own noise is nobody's to promise: both runs get times without it, and one of them a tenth more.
    name = f"{entry['candidate']}: model"
    figures = tuple(figure for figure in measured.figures if figure.name != "other_load")
    quiet = measured.model_copy(update={"figures": figures, "samples": {**measured.samples, name: [*series(1)]}})
    again = measured.model_copy(update={"figures": figures, "samples": {**measured.samples, name: [*series(2)]}})
    paths = [tmp_path / f"{name}.json" for name in ("before", "again", "slower", "elsewhere")]
    for path, each in zip(paths, (quiet, again, slowed(again, 1.1), other_machine(again)), strict=True):
        each.write(path)
    before, same, slower, elsewhere = map(str, paths)
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
    assert set(verdicts(Record.read(written)).values()) == {"slower"}
    found = run(app, ["bench", "compare", before, slower, "--gate", str(gates), "--junit", str(tmp_path / "j.xml")])
    assert (found.exit_code, "FAILED" in found.output) == (3, True)
    assert "<failure" in (tmp_path / "j.xml").read_text(encoding="utf-8")
    found = run(app, ["bench", "compare", before, elsewhere])
    assert isinstance(found.exception, MattekitError)
    found = run(app, ["bench", "compare", before, elsewhere, "--allow", "machine"])
    assert found.exit_code == 0
    assert "differs (machine): cpu" in found.output
